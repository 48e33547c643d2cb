"""``python -m explain.corpus``: how many logs are explained rightly, wrongly, or not at all.

They are what the kernels of the matrix said to the gallery, and the files in ``logs``: programs and
names are made up, the forms are those in which loaders and kernels of ten years print them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from verifier.logs import all_series, recorded

from tuxscope.explain.explain import explain

FOLDER = Path(__file__).with_name("logs")
# The cause of each; None where the log tells of none, as it was cut or the program accepted.
CAUSES: dict[str, str | None] = {
    "accepted": None,
    "accepted-524": None,
    "accepted-524-bcc": None,
    "aya-no-walk": "unbounded-access",
    "aya-no-exit": "falls-off-the-end",
    "bcc-4.4": "missing-null-check",
    "bcc-inv-fp": "argument-type",
    "before-5.17": "unbounded-access",
    "before-5.17-backwards": "missing-null-check",
    "before-5.17-branch": "not-an-address",
    "byproduct-alone": None,
    "byproduct-of-memory": None,
    "byproduct-of-the-entry": "missing-null-check",
    "byproduct-then-unknown": "an argument that a later kernel checks",  # of no row
    "byproduct-then-lock": "locked-region",
    "callee-r6": "uninitialised-register",
    "co-re": "failed-relocation",
    "cut": None,
    "cut-behind-a-byproduct": None,
    "cut-cilium": None,
    "entry-alone": None,
    "global-argument": "function-argument",
    "journal": "unreleased-reference",
    "json-error": "not-an-address",
    "json-lines": "map-value-out-of-bounds",
    "known-value": "return-value",
    "known-value-5.10": "return-value",
    "known-value-callback": "return-value",
    "larger-than-the-value": "map-value-out-of-bounds",
    "ld-imm64": "unresolved-relocation",
    "ld-imm64-reserved": "unresolved-relocation",
    "level-1": "missing-null-check",
    "level-1-loop": "endless-loop",
    "level-2": "missing-null-check",
    "level-2-before-5.18": "missing-null-check",
    "level-2-7.3": "missing-result",
    "logfmt-agent": "context-access",
    "logfmt-error": "too-many-instructions",
    "missing-kfunc": "kernel-function",
    "missing-map": "missing-map",
    "negative-access": "memory-out-of-bounds",
    "opcode-00-bcc": "unresolved-relocation",
    "opcode-0d": "unknown-opcode",
    "opcode-10": "unresolved-relocation",
    "opcode-8d": "function-pointer",
    "opcode-a0": "unresolved-relocation",
    "opcode-d7": "unknown-opcode",
    "sleeping": "sleeping-call",
    "spin-lock": "locked-region",
    "struct-bpf-map": "a field of the map's own that programs may not read",  # of no row
    "subprogram-result": "return-value",
    "too-complex": "too-many-instructions",
    "tracing-argument": "memory-out-of-bounds",
    "trusted-helper": "argument-type",
    "trusted-kfunc": "argument-type",
    "unreachable-cilium": "unreachable-code",
    "unreachable-cilium-long": "unreachable-code",
    "untrusted-helper": "argument-type",
    "veristat": "uninitialised-stack",
    "zero-sized": "argument-size",
}


class Verdict(StrEnum):
    RIGHT = "right"
    UNKNOWN = "not known"
    WRONG = "wrong"


class Sample(NamedTuple):
    """A log and its cause; None where there is none to be found in it."""

    name: str
    log: str
    cause: str | None

    def verdict(self) -> Verdict:
        found = explain(self.log).cause
        if found == self.cause:
            return Verdict.RIGHT
        return Verdict.WRONG if found else Verdict.UNKNOWN


def log(name: str) -> str:
    return (FOLDER / f"{name}.log").read_text()


def samples() -> Iterator[tuple[str, list[Sample]]]:
    """All of them, by where they are from."""
    for series in all_series():
        logs = recorded(series).items()
        yield f"gallery, Linux {series}", [Sample(key, said, key) for key, said in logs]
    yield "tests/explain/logs", [Sample(name, log(name), cause) for name, cause in CAUSES.items()]


def main() -> None:
    print(f"{'':24}{'logs':>6}" + "".join(f"{each:>12}" for each in Verdict))
    whole: Counter[Verdict] = Counter()
    for place, each in samples():
        verdicts = Counter(sample.verdict() for sample in each)
        whole += verdicts
        row(place, verdicts)
    row("all", whole)


def row(name: str, verdicts: Counter[Verdict]) -> None:
    print(f"{name:24}{verdicts.total():6}" + "".join(f"{verdicts[each]:12}" for each in Verdict))


if __name__ == "__main__":
    main()
