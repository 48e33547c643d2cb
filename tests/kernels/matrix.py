"""Which kernels on which machines: a row for each guest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuxscope.loader.cpus import parse_cpu_list


@dataclass(frozen=True)
class Guest:
    """One kernel of Debian's on one machine of QEMU's."""

    series: str  # "6.12": any package of it will do, the newest first
    flavour: str  # the last part of the package's name
    cpus: str = "0-1"  # which are online; those missing below the highest are taken offline
    asleep: int = 0  # how many more there are that the kernel never starts
    ci: bool = False  # .ci/run boots it, too

    @property
    def architecture(self) -> str:
        """Debian's name of it."""
        return next(each for each in ARCHITECTURES if each in self.flavour)

    @property
    def present(self) -> int:
        """How many CPUs the machine has: up to the highest that is online."""
        return 1 + max(parse_cpu_list(self.cpus))

    @property
    def offline(self) -> list[int]:
        """Those of them that are switched off before the tests."""
        return sorted(set(range(self.present)).difference(parse_cpu_list(self.cpus)))

    @property
    def name(self) -> str:
        return f"{self.series} {self.flavour}"

    @property
    def words(self) -> set[str]:
        """What chooses it on a command line."""
        kind = {"ci"} if self.ci else set()
        return {self.series, self.flavour, self.architecture, self.name} | kind


ARCHITECTURES = ("amd64", "arm64", "s390x")

# The CPUs differ from row to row, so that each number and each kind of hole is somewhere.
MATRIX = (
    Guest("5.10", "cloud-amd64", ci=True),
    Guest("6.1", "amd64", cpus="0"),  # serves x32
    Guest("6.12", "cloud-amd64", cpus="0,2-3"),
    Guest("6.16", "cloud-amd64", cpus="0-7"),
    Guest("6.18", "cloud-amd64", cpus="0-2", asleep=1),
    Guest("7.0", "cloud-amd64", cpus="0,3"),
    Guest("7.3", "cloud-amd64", cpus="0-3"),
    Guest("5.10", "cloud-arm64"),
    Guest("6.1", "cloud-arm64", cpus="0,2"),
    Guest("6.12", "cloud-arm64", cpus="0-3"),
    Guest("7.3", "cloud-arm64", cpus="0"),
    Guest("7.3", "arm64-16k", ci=True),
    Guest("6.1", "s390x", ci=True),
    Guest("6.12", "s390x", cpus="0,2-3"),
)


def choose(words: Sequence[str]) -> list[Guest]:
    """The guests that answer to all words; raise LookupError where there is none."""
    chosen = [each for each in MATRIX if each.words.issuperset(words)]
    if not chosen:
        known = sorted({word for each in MATRIX for word in each.words if " " not in word})
        raise LookupError(f"no guest is {' '.join(words)!r}; the words are {', '.join(known)}")
    return chosen
