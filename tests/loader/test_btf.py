from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from pace import LIMIT

from tuxscope.asm import Assembler, Instruction, Program, RawTracepoint, r0, r1, r6
from tuxscope.loader import bpf, btf
from tuxscope.loader.btf import FuncInfo, Header, LineInfo, ProgramBtf
from tuxscope.loader.program import load
from tuxscope.programs.hello import hello

HELLO = hello(exclude=(7,))


def built(program: Program) -> ProgramBtf:
    info = btf.build(program)
    assert info is not None
    return info


def line_infos(info: ProgramBtf) -> list[LineInfo]:
    starts = range(0, len(info.line_info), LineInfo.size)
    return [LineInfo.unpack(info.line_info, start) for start in starts]


def func_infos(info: ProgramBtf) -> list[FuncInfo]:
    starts = range(0, len(info.func_info), FuncInfo.size)
    return [FuncInfo.unpack(info.func_info, start) for start in starts]


def string_section(info: ProgramBtf) -> bytes:
    header = Header.unpack(info.data)
    return info.data[header.hdr_len + header.str_off :]


def string(info: ProgramBtf, offset: int) -> str:
    section = string_section(info)
    return section[offset : section.index(0, offset)].decode()


def three_functions() -> Program:
    """Two functions whose first instructions come from one line, and a wide instruction."""
    a = Assembler("three.fns", attach=RawTracepoint())
    a.ld_imm64(r1, 1 << 40)
    a.call("first")
    a.call("second")
    a.exit()
    for name in ("first", "second"):
        a.function(name)
        a.mov(r0, 0), a.exit()  # one line, two instructions
    return a.program()


def test_the_header_says_how_long_the_sections_are() -> None:
    info = built(HELLO)
    header = Header.unpack(info.data)
    assert (header.magic, header.version, header.hdr_len) == (0xEB9F, 1, 24)
    assert (header.type_off, header.str_off) == (0, header.type_len)
    assert len(info.data) == header.hdr_len + header.type_len + header.str_len


def test_each_string_is_there_once() -> None:
    section = string_section(built(HELLO))
    assert section[:1] == section[-1:] == b"\0"
    strings = section[:-1].split(b"\0")
    assert len(strings) == len(set(strings))
    assert b"a.rsh(r0, 32)" in strings


@pytest.mark.parametrize("program", [HELLO, three_functions()], ids=["hello", "three functions"])
def test_lines_come_with_ever_higher_slots(program: Program) -> None:
    slots = [each.insn_off for each in line_infos(built(program))]
    assert slots == sorted(set(slots))
    assert set(slots) <= set(program.slots)
    assert {function.slot for function in program.functions} <= set(slots)


@pytest.mark.parametrize("program", [HELLO, three_functions()], ids=["hello", "three functions"])
def test_each_instruction_finds_its_line(program: Program) -> None:
    info = built(program)
    lines = line_infos(info)
    for slot, instruction in program.by_slot.items():
        line = next(each for each in reversed(lines) if each.insn_off <= slot)
        assert instruction.source is not None
        assert string(info, line.file_name_off) == instruction.source.file
        assert string(info, line.line_off) == instruction.source.text
        assert line.line_col >> 10 == instruction.source.line


def test_each_function_has_its_own_type() -> None:
    info = built(three_functions())
    assert [each.insn_off for each in func_infos(info)] == [0, 5, 7]
    assert len({each.type_id for each in func_infos(info)}) == 3
    section = string_section(info)
    for name in (b"three_fns", b"first", b"second"):
        assert name + b"\0" in section


def looping(is_global: bool) -> Program:
    """A function that is called a hundred times."""
    a = Assembler("looping", attach=RawTracepoint())
    a.mov(r6, 100)
    a.label("again")
    a.call("step")
    a.sub(r6, 1)
    a.jne(r6, 0, "again")
    a.mov(r0, 0)
    a.exit()
    a.function("step", is_global=is_global)
    for _ in range(50):
        a.mov(r0, 0)
    a.exit()
    return a.program()


@pytest.mark.parametrize("is_global", [False, True])
def test_a_global_functions_type_says_so(is_global: bool) -> None:
    info = built(looping(is_global))
    header = Header.unpack(info.data)
    types = info.data[header.hdr_len : header.hdr_len + header.type_len]
    last = btf.Type.unpack(types[-btf.Type.size :])
    assert string(info, last.name_off) == "step"
    assert last.info & 0xFFFF == is_global


@pytest.mark.kernel
def test_a_global_function_is_verified_once() -> None:
    with load(looping(False), log_level=4) as plain, load(looping(True), log_level=4) as quick:
        assert processed(plain.log) > 100 * 50 > 1000 > processed(quick.log)


def processed(log: str) -> int:
    """How many instructions the verifier followed, as its statistics say."""
    found = re.search(r"processed (\d+) insns", log)
    assert found
    return int(found[1])


def test_a_function_whose_first_line_is_unknown_cannot_have_btf() -> None:
    program = three_functions()
    unknown = tuple(replace(each, source=None) for each in program.instructions)
    assert btf.build(replace(program, instructions=unknown)) is None


def test_an_instruction_without_a_line_goes_with_the_one_before() -> None:
    program = three_functions()
    exit_without_line = Instruction(program.instructions[3].opcode)
    changed = (*program.instructions[:3], exit_without_line, *program.instructions[4:])
    lines = line_infos(built(replace(program, instructions=changed)))
    assert [each.insn_off for each in lines] == [0, 2, 3, 5, 7]


def test_the_largest_line_number_is_as_large_as_its_field() -> None:
    program = three_functions()
    first = program.instructions[0]
    assert first.source is not None
    far = replace(first, source=replace(first.source, line=1 << 30))
    lines = line_infos(built(replace(program, instructions=(far, *program.instructions[1:]))))
    assert lines[0].line_col >> 10 == (1 << 22) - 1


@pytest.mark.kernel
@pytest.mark.parametrize("program", [HELLO, three_functions()], ids=["hello", "three functions"])
def test_the_kernel_takes_it(program: Program) -> None:
    info = built(program)
    bpf.btf_load(info.data).close()
    with load(program) as loaded:
        known = loaded.info()
    assert known.nr_line_info == len(line_infos(info))
    assert known.nr_func_info == len(program.functions)


@pytest.mark.kernel
def test_bpftool_shows_the_lines() -> None:
    bpftool = shutil.which("bpftool", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not bpftool:
        pytest.skip("there is no bpftool")
    with load(HELLO) as loaded:
        command = [bpftool, "prog", "dump", "xlated", "id", str(loaded.info().id), "linum"]
        shown = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=LIMIT
        ).stdout
    sources = dict.fromkeys(each.source for each in HELLO.instructions)
    assert len(sources) > 15
    for source in sources:
        assert source is not None
        assert f"; {source.text} [file:{source.file} line_num:{source.line} line_col:0]" in shown
