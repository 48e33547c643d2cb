"""``python -m pythons [VERSION ...] [-- PYTEST_ARGUMENT ...]``: the tests that touch no kernel, on
the Pythons of other releases of Debian than this machine's, each in its own Debian.

A version that cannot be had is NOT RUN, with the reason, and fails nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from kernels.mirror import MirrorError
from kernels.wheels import PROJECT, PipError, build_wheel, install_wheel, libraries

from pythons import chroot
from pythons.debian import RELEASES, Release, unpacked

LIMIT = 600.0  # seconds for the tests of one version
TOOLS = ("apt-get", "dpkg", "dpkg-deb", "mount", "setpriv", "timeout", "unshare")
OPTIONS = ("-q", "-p", "no:cacheprovider", "--dist", "loadgroup", "-m", "not kernel and not guest")
PROCESSES = ("--numprocesses", str(os.cpu_count() or 1))
REASONS = (MirrorError, PipError, chroot.ChrootError, OSError, subprocess.SubprocessError)


class NotRunError(Exception):
    """A version's tests cannot be run here."""


def main(arguments: Sequence[str]) -> int:
    versions, for_pytest = list(arguments), []
    if "--" in versions:
        at = versions.index("--")
        versions, for_pytest = versions[:at], versions[at + 1 :]
    known = [each.python for each in RELEASES]
    if unknown := [each for each in versions if each not in known]:
        print(f"pythons: no version is {unknown[0]!r}; try: {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = [each for each in RELEASES if not versions or each.python in versions]
    return max([run(each, for_pytest) for each in chosen])


def run(release: Release, arguments: Sequence[str]) -> int:
    """Run the tests and say how they ended; 1 is a failure."""
    name = f"Python {release.python} of {release.name}"
    print(f"{name}:", flush=True)
    begin = time.monotonic()
    try:
        status = status_of_tests(release, arguments)
    except NotRunError as error:
        print(f"NOT RUN: the tests on {name}: {error}", flush=True)
        return 0
    if status is None:
        print(f"{name}: FAILED: not done after {LIMIT:.0f} s", flush=True)
    else:
        state = "FAILED" if status else "passed"
        print(f"{name}: {state} in {time.monotonic() - begin:.0f} s", flush=True)
    return int(status != 0)


def status_of_tests(release: Release, arguments: Sequence[str]) -> int | None:
    """pytest's, None where it hung. Raises NotRunError."""
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        raise NotRunError(f"this machine has no {missing[0]}")
    command = ["python3", "-m", "pytest", *OPTIONS, *PROCESSES, *arguments]
    try:
        with locked(cache_folder() / release.codename) as cache, TemporaryDirectory() as temporary:
            debian = unpacked(release, cache)
            project = project_folder(libraries(cache, release.python), release, Path(temporary))
            return chroot.run([debian, project], command, LIMIT)
    except REASONS as error:
        raise NotRunError(str(error)) from None


def project_folder(libraries: Path, release: Release, temporary: Path) -> Path:
    """What is put over Debian: the installed wheel, and the sources with their tests."""
    root = temporary / "root"
    install_wheel(build_wheel(temporary / "wheel"), libraries, root, release.python)
    (root / "project").mkdir()
    for path in PROJECT.iterdir():
        if path.is_dir() and not path.name.startswith("."):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, root / "project" / path.name, ignore=ignored)
        elif path.is_file():
            shutil.copy(path, root / "project")
    return root


def cache_folder() -> Path:
    return Path(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tuxscope-pythons"
    )


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """One run at a time uses a release's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
