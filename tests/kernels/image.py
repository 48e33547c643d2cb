"""What a guest boots into: Debian's Python, and the project as its users install it.

An initramfs is a row of cpio archives, so the part that seldom changes (one for each
architecture) is made once, and the project's part is put behind it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from kernels.mirror import Mirror, MirrorError

PROJECT = Path(__file__).resolve().parents[2]
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
# What nobody compiles for an architecture: these wheels must be pure, and are the same for all.
FOR_TESTS = ("pytest", "pytest-timeout", "hypothesis", "pyte")
SITE = f"usr/local/lib/python{PYTHON}/dist-packages"


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
    compile_modules(root / f"usr/lib/python{PYTHON}")
    pack(root, archive)
    shutil.rmtree(root)
    return archive


def build_wheel(folder: Path) -> Path:
    """The wheel of the working tree."""
    shutil.rmtree(folder, ignore_errors=True)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, PROJECT)
    return next(folder.glob("*.whl"))


def libraries(cache: Path) -> Path:
    """A folder with what the project and its tests need, fetched once for each list of them."""
    wanted = [*requirements(), *FOR_TESTS]
    folder = cache / f"libraries-{sha256(' '.join(wanted).encode()).hexdigest()[:12]}"
    if not folder.exists():
        for stale in cache.glob("libraries*"):
            shutil.rmtree(stale)
        new = cache / "libraries.new"
        try:
            install(new, wanted)
        except PipError as error:
            raise MirrorError(str(error)) from None
        compile_modules(new)
        new.rename(folder)
    return folder


def requirements() -> list[str]:
    """What the project depends on."""
    with open(PROJECT / "pyproject.toml", "rb") as file:
        return list(tomllib.load(file)["project"]["dependencies"])


def project(wheel: Path, libraries: Path, arguments: Iterable[str], cache: Path) -> Path:
    """The archive of the project's part: the installed wheel, its tests, and init."""
    root = cache / "project"
    shutil.rmtree(root, ignore_errors=True)
    site = root / SITE
    shutil.copytree(libraries, site)
    install(site, ["--no-deps", wheel])
    scripts = root / "usr/local/bin"
    scripts.mkdir()
    for script in (site / "bin").iterdir():
        # The first line names the interpreter of whoever installs.
        _, _, rest = script.read_text().partition("\n")
        (scripts / script.name).write_text(f"#!/usr/bin/python{PYTHON}\n{rest}")
        (scripts / script.name).chmod(0o755)
    home = root / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "tests", home / "tests", ignore=ignored)
    shutil.copytree(PROJECT / "docs", home / "docs")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT / name, home)
    (home / "arguments").write_text("\n".join(arguments))
    shutil.copy(Path(__file__).with_name("init.py"), root / "init")
    (root / "init").chmod(0o755)
    compile_modules(site / "tuxscope")
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


def install(folder: Path, what: Iterable[str | Path]) -> None:
    """Install pure wheels, and nothing but pure wheels, to a folder."""
    pip(
        "install", "--target", folder, "--upgrade", "--no-compile", "--python-version", PYTHON,
        "--implementation", "py", "--abi", "none", "--platform", "any", "--only-binary", ":all:",
        *what,
    )  # fmt: skip


class PipError(Exception):
    """pip could not do it."""


def pip(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PipError(f"pip {arguments[0]}: {done.stderr.strip().splitlines()[-1]}")


def compile_modules(folder: Path) -> None:
    """Spare the guests the compiling, which takes minutes there; of use to this version only."""
    if sys.version_info[:2] == tuple(map(int, PYTHON.split("."))):
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", "-j", "0",
             "--invalidation-mode", "unchecked-hash", folder],
            check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip


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
