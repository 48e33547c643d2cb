"""Typical bugs of BPF interpreters, put in one at a time: does a test notice?

``make mutants`` runs this. Each mutant is a copy of the project with one place changed; the tests
of the interpreter must fail on it. What the tests themselves need (a kernel, clang) they use
where it is there; the oracles beside the project do not count.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("tuxscope", "tests", "pyproject.toml")
WORKERS = 2
# Seconds after which tests that hang on a mutant have noticed it, in their way.
LIMIT = 600


@dataclass(frozen=True)
class Mutant:
    """One bug.

    Attributes:
        bug: in words.
        module: of the package: ``vm/memory``.
        right, wrong: a piece of its source, which is there once, and what is put in its place.
    """

    bug: str
    module: str
    right: str
    wrong: str


MUTANTS = (
    Mutant("arsh shifts zeros in", "asm/meaning", "signed(a, bits) >> (b & last)",
           "a >> (b & last)"),
    Mutant("lsh32 takes six bits of the amount", "asm/meaning", "a << (b & last)", "a << (b & 63)"),
    Mutant("rsh32 takes six bits of the amount", "asm/meaning", "a >> (b & last)\n\n    def arsh",
           "a >> (b & 63)\n\n    def arsh"),
    Mutant("division by zero gives dst", "asm/meaning", "a // b if b else 0", "a // b if b else a"),
    Mutant("remainder by zero gives 0", "asm/meaning", "a % b if b else a", "a % b if b else 0"),
    Mutant("signed division rounds down", "asm/meaning", "else -quotient", "else -quotient - 1"),
    Mutant("a signed remainder has no sign", "asm/meaning", "-rest if a < 0 else rest", "rest"),
    Mutant("jset compares", "asm/meaning", "a & b != 0", "a == b"),
    Mutant("jsgt is unsigned", "asm/meaning", "a ^ sign > b ^ sign", "a > b"),
    Mutant("jsle is jslt", "asm/meaning", "a ^ sign <= b ^ sign", "a ^ sign < b ^ sign"),
    Mutant("movsx does not extend the sign", "asm/meaning", "signed(value & mask, bits)",
           "value & mask"),
    Mutant("a byte swap takes all 64 bits", "asm/meaning", "return int.from_bytes((value & mask)"
           ".to_bytes(size, \"little\"), \"big\")", "return int.from_bytes(value.to_bytes(8, "
           "\"little\"), \"big\")"),
    Mutant("be and le are each other", "vm/operations",
           "operation is not native", "operation is native"),
    Mutant("32-bit arithmetic keeps the upper half", "vm/operations",
           "r[dst] = compute(r[dst] & M32, r[src] & M32) & M32",
           "r[dst] = r[dst] & ~M32 | compute(r[dst] & M32, r[src] & M32) & M32"),
    Mutant("32-bit arithmetic reads all 64 bits", "vm/operations",
           "r[dst] = compute(r[dst] & M32, imm) & M32", "r[dst] = compute(r[dst], imm) & M32"),
    Mutant("an immediate is not sign-extended", "vm/operations",
           "dst, src, imm = instruction.dst, instruction.src, instruction.imm & mask\n\n"
           "        def register64", "dst, src, imm = instruction.dst, instruction.src, "
           "instruction.imm & M32\n\n        def register64"),
    Mutant("a jump's immediate is not sign-extended", "vm/operations",
           "instruction.imm & mask\n        if not uses_register",
           "instruction.imm & M32\n        if not uses_register"),
    Mutant("32-bit jumps compare 64 bits", "vm/operations",
           "bits = instruction.form.bits\n        test", "bits = 64\n        test"),
    Mutant("ldsx fills with zeros", "vm/operations", "letter = letter.lower()", "pass"),
    Mutant("st zero-extends", "vm/operations", "imm = instruction.imm & mask\n        pack",
           "imm = instruction.imm & M32 & mask\n        pack"),
    Mutant("ld_imm64 forgets its upper half", "vm/operations", "instruction.imm64",
           "instruction.imm & M32"),
    Mutant("a fetching atomic returns the new value", "vm/operations", "r[fetched] = old",
           "r[fetched] = new"),
    Mutant("a 32-bit cmpxchg compares all of r0", "vm/operations", "old == r[0] & mask",
           "old == r[0]"),
    Mutant("cmpxchg returns in src", "vm/operations", "fetched = 0", "fetched = src"),
    Mutant("neg32 keeps the upper half", "vm/operations", "r[dst] = -r[dst] & mask",
           "r[dst] = -r[dst] & M64"),
    Mutant("gotol takes its distance from offset", "vm/branches",
           "following + instruction.distance", "following + instruction.offset"),
    Mutant("jumps count from themselves", "vm/branches",
           "following + instruction.distance", "place + instruction.distance"),
    Mutant("frames share a stack", "vm/cpu", "self.memory.add(region, number << WINDOW)",
           "self.memory.add(region, FIRST_STACK << WINDOW)"),
    Mutant("a callee's r6 to r9 stay", "vm/cpu", "self.registers[6:11] = frame.saved",
           "self.registers[10] = frame.saved[4]"),
    Mutant("a call leaves r1 to r5", "vm/branches", "result & M64\n            r[1:6] = CLOBBERED",
           "result & M64"),
    Mutant("stack that was never set reads as 0", "vm/memory", "if hole >= 0 and",
           "if hole < -1 and"),
    Mutant("an access may go past the end", "vm/memory", "offset + size > len(region.data):",
           "offset > len(region.data):"),
    Mutant("the budget is one too many", "vm/machine", "if self.steps >= self.budget:",
           "if self.steps > self.budget:"),
    Mutant("stepping back forgets memory", "vm/machine",
           "        self.memory.restore(state.memory,",
           "        0 and self.memory.restore(state.memory,"),
)  # fmt: skip


def noticed(mutant: Mutant | None) -> str:
    """The first test that fails on a mutant, or on the project as it is; empty where none does."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, copy / name, ignore=ignored)
            else:
                shutil.copy(source, copy)
        if mutant is None:
            return failure(copy)
        module = copy / "tuxscope" / f"{mutant.module}.py"
        module.write_text(module.read_text().replace(mutant.right, mutant.wrong))
        return failure(copy)


def failure(copy: Path) -> str:
    """The first test of the interpreter that fails in a copy of the project."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider",
               "--hypothesis-profile=unshrunk", "tests/vm"]  # fmt: skip
    try:
        result = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return "the tests hang"
    if result.returncode == 0:
        return ""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", result.stdout, re.MULTILINE)
    if not found:
        raise SystemExit(f"the tests did not run:\n{result.stdout}{result.stderr}")
    return found[1]


def main(bugs: Iterable[str]) -> int:
    """Try all mutants, or those whose bug has one of the words; 1 where one goes unnoticed."""
    words = list(bugs)
    chosen = [each for each in MUTANTS if not words or any(word in each.bug for word in words)]
    if broken := noticed(None):
        print(f"{broken} fails without any mutant: there is nothing to be learned from it")
        return 1
    missed = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for mutant, test in zip(chosen, pool.map(noticed, chosen), strict=True):
            missed += not test
            print(f"{mutant.bug}: {test or 'NOT NOTICED'}", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - missed} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
