"""What a guest boots into: Debian's Python, and the project as its users install it.

An initramfs is a row of cpio archives, so the part that seldom changes (one for each
architecture) is made once, and the project's part is put behind it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from kernels.mirror import Mirror
from kernels.wheels import PROJECT, compile_modules, install_wheel

PYTHON = "3.11"
RELEASE = "bookworm"  # its Python is the oldest that we promise to run on
# unshare, setpriv and mount as the tests use them; busybox is the shell and all the rest.
PACKAGES = (f"python{PYTHON}", "util-linux", "mount", "busybox-static")
NOT_NEEDED = (
    "usr/share", "usr/games", "usr/lib/*/gconv", "usr/lib/*/perl*", "usr/lib/*/systemd",
    "usr/lib/systemd", "usr/lib/debug", "usr/lib/dpkg", "usr/bin/dpkg*", "var",
    *(f"usr/lib/python{PYTHON}/{each}" for each in
      ("test", "idlelib", "ensurepip", "lib2to3", "turtledemo", "tkinter", "distutils")),
)  # fmt: skip


def base(mirror: Mirror, architecture: str, cache: Path) -> Path:
    """The archive of Debian's part; made where the cache has none of this recipe.

    Raises MirrorError.
    """
    recipe = sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    archive = cache / f"base-{architecture}-{recipe}.cpio"
    if archive.exists():
        return archive
    for old in cache.glob(f"base-{architecture}-*.cpio"):
        old.unlink()
    root = cache / f"base-{architecture}"
    shutil.rmtree(root, ignore_errors=True)
    for each in ("dev", "proc", "sys", "tmp", "run", "root"):
        (root / each).mkdir(parents=True)
    for package in mirror.download_with_dependencies(PACKAGES, RELEASE, architecture):
        subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    for pattern in NOT_NEEDED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
    )
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    for name in ("python3", "python"):
        (root / "usr/bin" / name).unlink(missing_ok=True)
        (root / "usr/bin" / name).symlink_to(f"python{PYTHON}")
    (root / "bin/sh").unlink(missing_ok=True)
    (root / "bin/sh").symlink_to("busybox")
    compile_modules(root / f"usr/lib/python{PYTHON}", PYTHON)
    pack(root, archive)
    shutil.rmtree(root)
    return archive


def project(wheel: Path, libraries: Path, arguments: Iterable[str], cache: Path) -> Path:
    """The archive of the project's part: the installed wheel, its tests, and init."""
    root = cache / "project"
    shutil.rmtree(root, ignore_errors=True)
    site = install_wheel(wheel, libraries, root, PYTHON)
    home = root / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "tests", home / "tests", ignore=ignored)
    shutil.copytree(PROJECT / "docs", home / "docs")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT / name, home)
    (home / "arguments").write_text("\n".join(arguments))
    shutil.copy(Path(__file__).with_name("init.py"), root / "init")
    (root / "init").chmod(0o755)
    compile_modules(site / "tuxscope", PYTHON)
    compile_tests(home, site)
    archive = cache / "project.cpio"
    pack(root, archive)
    return archive


def initramfs(parts: Iterable[Path], path: Path) -> Path:
    """One file of several archives."""
    with open(path, "wb") as whole:
        for part in parts:
            with open(part, "rb") as file:
                shutil.copyfileobj(file, whole)
    return path


def compile_tests(home: Path, site: Path) -> None:
    """The same for the tests, which pytest compiles in its own way when it collects them."""
    if sys.version_info[:2] == tuple(map(int, PYTHON.split("."))):
        environment = {**os.environ, "PYTHONPATH": str(site)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run(
            [sys.executable, "-s", "-m", "pytest", "--collect-only", "-q"],
            cwd=home, env=environment, check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def pack(root: Path, archive: Path) -> None:
    """Write a folder as a cpio archive of the kind that Linux unpacks at its start."""
    names = [str(path.relative_to(root)) for path in sorted(root.rglob("*"))]
    part = archive.with_suffix(".part")
    with open(part, "wb") as output:
        subprocess.run(
            ["cpio", "--create", "--format=newc", "--owner=0:0", "--quiet", "--null"],
            cwd=root, input="\0".join(names).encode(), stdout=output, check=True,
        )  # fmt: skip
    os.rename(part, archive)
