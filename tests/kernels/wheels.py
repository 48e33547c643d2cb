"""The project, and what it and its tests need, as wheels for a Python that is not ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from kernels.mirror import MirrorError

PROJECT = Path(__file__).resolve().parents[2]
# Of the dev extra, what looks at the source and is compiled for one machine: the host runs it.
HOST_ONLY = {"mypy", "ruff"}
PATIENCE = 300.0  # seconds for one run of pip


class PipError(Exception):
    """pip could not do it."""


def build_wheel(folder: Path) -> Path:
    """The wheel of the working tree."""
    shutil.rmtree(folder, ignore_errors=True)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, PROJECT)
    return next(folder.glob("*.whl"))


def libraries(cache: Path, python: str) -> Path:
    """A folder with what the project and its tests need, fetched once for each list of them.

    Raises MirrorError.
    """
    wanted = requirements()
    recipe = sha256(" ".join([python, *wanted]).encode()).hexdigest()[:12]
    folder = cache / f"libraries-{recipe}"
    if not folder.exists():
        for stale in cache.glob("libraries*"):
            shutil.rmtree(stale)
        new = cache / "libraries.new"
        try:
            install(new, wanted, python)
        except PipError as error:
            raise MirrorError(str(error)) from None
        compile_modules(new, python)
        new.rename(folder)
    return folder


def requirements() -> list[str]:
    """What the project and its tests depend on."""
    with open(PROJECT / "pyproject.toml", "rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    for_tests = [
        each
        for each in project["optional-dependencies"]["dev"]
        if re.split(r"[^\w.-]", each)[0] not in HOST_ONLY
    ]
    return [*project["dependencies"], *for_tests]


def install(folder: Path, what: Iterable[str | Path], python: str) -> None:
    """Install pure wheels, and nothing but pure wheels, to a folder.

    Nobody compiles the others for all architectures.
    """
    pip(
        "install", "--target", folder, "--upgrade", "--no-compile", "--python-version", python,
        "--implementation", "py", "--abi", "none", "--platform", "any", "--only-binary", ":all:",
        *what,
    )  # fmt: skip


def install_wheel(wheel: Path, libraries: Path, root: Path, python: str) -> Path:
    """Put the project and the libraries where Debian's Python below ``root`` looks for them.

    Returns the folder of modules; the commands are in ``usr/local/bin``.
    """
    site = root / f"usr/local/lib/python{python}/dist-packages"
    shutil.copytree(libraries, site)
    install(site, ["--no-deps", wheel], python)
    scripts = root / "usr/local/bin"
    scripts.mkdir()
    for script in (site / "bin").iterdir():
        # The first line names the interpreter of whoever installs.
        _, _, rest = script.read_text().partition("\n")
        (scripts / script.name).write_text(f"#!/usr/bin/python{python}\n{rest}")
        (scripts / script.name).chmod(0o755)
    return site


def pip(*arguments: str | Path) -> None:
    """Raises PipError."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PipError(f"pip {arguments[0]} took longer than {PATIENCE:.0f} s") from None
    if done.returncode:
        raise PipError(f"pip {arguments[0]}: {done.stderr.strip().splitlines()[-1]}")


def compile_modules(folder: Path, python: str) -> None:
    """Spare the guests the compiling, which takes minutes there; of use to one version only."""
    if sys.version_info[:2] == tuple(map(int, python.split("."))):
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", "-j", "0",
             "--invalidation-mode", "unchecked-hash", folder],
            check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
