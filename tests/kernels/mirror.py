"""Debian's packages of any release and architecture, by an apt state of our own.

Nothing of the machine's apt is changed: only its mirror's address is read.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Each release with the architectures that we take from it: one index that a mirror lacks
# would make apt forget the whole release.
RELEASES = {
    "debian bookworm": "amd64,arm64,s390x",
    "debian bookworm-backports": "s390x",
    "debian trixie-backports": "amd64,arm64",
    "debian-security bookworm-security": "amd64,arm64",
    "debian bullseye": "arm64",  # its security archive lists more, and may not have them
    "debian-security bullseye-security": "amd64,arm64",
}


class MirrorError(Exception):
    """The package mirror does not answer, or not sensibly."""


class NotThereError(Exception):
    """The mirror answers, and has not what we ask for."""


class Mirror:
    """Packages, downloaded to ``folder``. What it lists is fetched when it is first asked.

    ``releases`` is like RELEASES, and ``patience`` in seconds, for one run of apt. All methods
    raise MirrorError where the mirror does not answer.
    """

    def __init__(
        self, folder: Path, releases: Mapping[str, str] = RELEASES, patience: float = 300.0
    ) -> None:
        self.folder = folder
        self.releases = releases
        self.patience = patience
        self._state = folder / "apt"
        self._asked = False
        self._unanswered = ""  # the last release's complaint

    def names(self, pattern: str) -> list[str]:
        """The packages whose whole name matches, the highest version first."""
        self._update()
        known = self._apt("apt-cache", "pkgnames").split()
        names = sorted(filter(re.compile(pattern).fullmatch, known), key=version, reverse=True)
        if not names and self._unanswered:
            raise MirrorError(self._unanswered)
        return names

    def download(self, package: str, architecture: str) -> Path:
        """One package's file; raise NotThereError if it is listed only."""
        self._update()
        folder = self.folder / "packages" / architecture
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._apt("apt-get", "download", f"{package}:{architecture}", cwd=folder)
        except MirrorError as error:
            if "404" in str(error):
                raise NotThereError("listed, but not there (404)") from None
            raise
        return next(folder.glob(f"{package}_*_{architecture}.deb"))

    def download_with_dependencies(
        self, packages: Iterable[str], release: str, architecture: str
    ) -> list[Path]:
        """The files of packages and of all that they depend on, as on an empty machine."""
        self._update()
        archives = self.folder / "packages" / f"{release}-{architecture}"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        self._apt(
            "apt-get", "install", "--yes", "--download-only", "--no-install-recommends",
            "--target-release", release,
            "-o", f"APT::Architecture={architecture}", "-o", f"APT::Architectures={architecture}",
            "-o", f"Dir::Cache::archives={archives}",
            *packages,
        )  # fmt: skip
        return sorted(archives.glob("*.deb"))

    def _update(self) -> None:
        """Fetch the indices, each release's by itself, so that one that fails costs no other."""
        if self._asked:
            return
        self._asked = True
        for name in ("lists/partial", "cache/archives/partial", "parts", "sources"):
            (self._state / name).mkdir(parents=True, exist_ok=True)
        (self._state / "status").touch()
        answered = []
        for release, architectures in self.releases.items():
            archive, suite = release.split()
            options = f"signed-by={KEYRING} arch={architectures}"
            source = f"deb [{options}] {address(archive)} {suite} main\n"
            (self._state / "sources.list").write_text(source)
            try:
                self._apt("apt-get", "update", "--error-on=any", "-o", "APT::Get::List-Cleanup=0")
            except MirrorError as error:
                self._unanswered = f"{suite}: {error}"
            else:
                answered.append(source)
        if not answered:
            raise MirrorError(self._unanswered)
        (self._state / "sources.list").write_text("".join(answered))

    def _apt(self, *command: str, cwd: Path | None = None) -> str:
        # As options: these win over the machine's own apt.conf.d.
        options = {
            "Dir::Etc::sourcelist": self._state / "sources.list",
            "Dir::Etc::sourceparts": self._state / "parts",
            "Dir::State::lists": self._state / "lists",
            "Dir::State::status": self._state / "status",
            "Dir::Cache": self._state / "cache",
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
            "APT::Architectures": "amd64,arm64,s390x",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": "20",
            "Debug::NoLocking": "true",
        }
        name, *rest = command
        flags = [each for key, value in options.items() for each in ("-o", f"{key}={value}")]
        try:
            done = subprocess.run(
                [name, "-q", *flags, *rest],
                cwd=cwd, capture_output=True, text=True, timeout=self.patience, check=False,
                env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MirrorError(str(error)) from None
        if done.returncode:
            raise MirrorError(f"{name} {rest[0]}: {telling(done.stderr)}")
        return done.stdout


def telling(stderr: str) -> str:
    """The first of apt's errors, without the address."""
    lines = [line[3:] for line in stderr.splitlines() if line.startswith("E: ")]
    return re.sub(r"\w+://[^/ ]+", "", lines[0] if lines else stderr.strip())


def version(package: str) -> tuple[list[int], bool]:
    """What orders the packages of a series.

    From Linux 6.19 on linux-image depends on linux-binary, which has the kernel.
    """
    return [int(each) for each in re.findall(r"\d+", package)], "-binary-" in package


def address(archive: str) -> str:
    """Where this machine has an archive, ``debian`` or ``debian-security``, from."""
    for uri in machine_uris():
        if uri.rstrip("/").endswith(f"/{archive}"):
            return uri
    raise MirrorError(f"no source of this machine's apt is a {archive} archive")


def machine_uris() -> Iterator[str]:
    """The addresses in the machine's own list of sources, of either syntax (man 5 sources.list)."""
    root = Path("/etc/apt")
    for path in (root / "sources.list", *sorted((root / "sources.list.d").glob("*"))):
        if path.is_file():
            for line in path.read_text().splitlines():
                if line.startswith(("URIs:", "deb ")):
                    yield from re.findall(r"\w+://\S+", line)
