"""The interpreter against C: the same functions compiled for BPF, and for this machine."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

import pytest
from llvm import needs_llvm, run

from tuxscope.asm import ByteOrder, Instruction, Label, Program, RawTracepoint, decode_all
from tuxscope.asm.parser import parse
from tuxscope.vm import Machine

pytestmark = needs_llvm

FOLDER = Path(__file__).with_name("c")
SOURCES = sorted(each.stem for each in FOLDER.glob("*.c"))
TARGETS: dict[ByteOrder, str] = {"little": "bpfel", "big": "bpfeb"}
NEEDS_V4 = {"division"}  # before, LLVM refuses to divide signed numbers
COMPILED = [
    (source, cpu, order)
    for source, cpu, order in product(SOURCES, ("v2", "v3", "v4"), TARGETS)
    if cpu == "v4" or source not in NEEDS_V4
]

RANDOM = Random(9669)
EDGES = (0, 1, 7, -1, -7, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63)
PAIRS = [
    *((a & (1 << 64) - 1, b & (1 << 64) - 1) for a, b in product(EDGES, EDGES)),
    *((RANDOM.getrandbits(64), RANDOM.getrandbits(64)) for _ in range(20)),
]


def tool(name: str, *arguments: object) -> str:
    """What one of LLVM's tools says."""
    done = run(name, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Compiled:
    """A source, compiled for BPF. LLVM resolves the calls in it, and puts entry first."""

    source: str
    order: ByteOrder
    path: Path
    code: tuple[Instruction, ...]


@pytest.fixture(scope="module", params=COMPILED, ids=lambda each: "-".join(each))
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    source, cpu, order = request.param
    path = tmp_path_factory.mktemp("bpf") / f"{source}.o"
    # -fno-builtin: there is no library to call.
    flags = ("-target", TARGETS[order], f"-mcpu={cpu}", "-O2", "-fno-builtin", "-Wall", "-Werror")
    tool("clang", *flags, "-c", FOLDER / f"{source}.c", "-o", path)
    text = path.with_suffix(".text")
    tool("llvm-objcopy", "-O", "binary", "--only-section=.text", path, text)
    return Compiled(source, order, path, tuple(decode_all(text.read_bytes(), order)))


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[int, int], int]]:
    """Each source's function, compiled for this machine."""
    folder = tmp_path_factory.mktemp("native")
    functions = {}
    for source in SOURCES:
        library = folder / f"{source}.so"
        tool("clang", "-O2", "-fwrapv", "-shared", "-fPIC", FOLDER / f"{source}.c", "-o", library)
        entry = ctypes.CDLL(str(library)).entry
        entry.argtypes = (ctypes.c_uint64, ctypes.c_uint64)
        entry.restype = ctypes.c_uint64
        functions[source] = entry
    return functions


def test_it_computes_what_c_does(
    compiled: Compiled, native: dict[str, Callable[[int, int], int]]
) -> None:
    functions = (Label("entry", 0),)
    program = Program(compiled.source, RawTracepoint(), compiled.code, functions)
    machine = Machine(program, byteorder=compiled.order)
    for a, b in PAIRS:
        assert machine.run(a, b) == native[compiled.source](a, b), (hex(a), hex(b))


def test_it_reads_what_llvm_lists(compiled: Compiled) -> None:
    listing = tool("llvm-objdump", "-d", "--no-show-raw-insn", "--no-leading-addr", compiled.path)
    lines = [
        re.sub(r" <[^<>]+>$", "", line).strip()  # the name of where a jump goes
        for line in listing.splitlines()
        if line.startswith("\t")
    ]
    for line, instruction in zip(lines, compiled.code, strict=True):
        if instruction.form.name == "call_local":  # LLVM lists it as it does a helper's
            assert line == f"call {instruction.imm:#x}"
        else:
            assert parse(line).instructions == (instruction,), line
