"""A release of Debian as a folder: what its packages unpack to, none of them configured.

That is all that Python needs, takes seconds, and nobody has to be root for it.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from kernels.mirror import Mirror

PATIENCE = 100.0  # seconds for one run of apt or dpkg


@dataclass(frozen=True)
class Release:
    """A release of Debian, and the Python that it has."""

    name: str
    codename: str
    python: str


RELEASES = (
    Release("Debian 13", "trixie", "3.13"),
    Release("Debian 14", "forky", "3.14"),  # not released yet: what it has changes
)
# What the tests call, with the packages that a newcomer is told to install.
PACKAGES = (
    "base-files", "bash", "ca-certificates", "coreutils", "dash", "findutils", "grep", "make",
    "mount", "procps", "python3", "python3-venv", "sed", "util-linux",
)  # fmt: skip
NOT_NEEDED = ("usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/perl*", "var/lib")
USER = 1000
PASSWD = f"""\
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
user:x:{USER}:{USER}:user:/home/user:/bin/bash
"""
GROUP = f"root:x:0:\nnogroup:x:65534:\nuser:x:{USER}:\n"


def unpacked(release: Release, cache: Path) -> Path:
    """The release's folder; made where the cache has none of this recipe.

    Raises MirrorError, also where the release has another Python by now; OSError and
    SubprocessError where it cannot be unpacked.
    """
    recipe = sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    folder = cache / f"root-{recipe}"
    if folder.exists():
        return folder
    for old in cache.glob("root*"):
        shutil.rmtree(old)
    new = cache / "root.new"
    architecture = output_of("dpkg", "--print-architecture").strip()
    mirror = Mirror(cache / "apt", {f"debian {release.codename}": architecture}, PATIENCE)
    wanted = (*PACKAGES, f"python{release.python}-venv")
    for package in mirror.download_with_dependencies(wanted, release.codename, architecture):
        output_of("dpkg-deb", "--extract", package, new)
    shutil.rmtree(mirror.folder)
    for pattern in NOT_NEEDED:
        for path in new.glob(pattern):
            shutil.rmtree(path)
    (new / "etc/passwd").write_text(PASSWD)
    (new / "etc/group").write_text(GROUP)
    shell = new / "usr/bin/sh"  # Debian makes it when it configures dash
    if not shell.is_symlink():
        shell.symlink_to("dash")
    # And this when it configures ca-certificates; without it a venv gets no pip.
    certificates = sorted((new / "usr/share/ca-certificates").rglob("*.crt"))
    (new / "etc/ssl/certs/ca-certificates.crt").write_text(
        "".join(each.read_text() for each in certificates)
    )
    new.rename(folder)
    return folder


def output_of(*command: str | Path) -> str:
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE
    ).stdout
