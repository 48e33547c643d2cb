from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from loader.texts import one_line
from tuxscope.asm import (
    Array,
    Assembler,
    Program,
    RawTracepoint,
    Tracepoint,
    decode_all,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
)
from tuxscope.loader import bpf
from tuxscope.loader import verification as loading
from tuxscope.loader.privilege import PrivilegeError
from tuxscope.loader.program import load
from tuxscope.loader.verifier import LoadError, VerifierError
from tuxscope.record import u64

pytestmark = pytest.mark.kernel

COUNT = Array("COUNT", value=u64, max_entries=1)


def assembler(license: str = "GPL") -> Assembler:
    return Assembler("wrong", attach=RawTracepoint(), license=license)


def finished(a: Assembler) -> Program:
    """The program, with an end put to it."""
    a.mov(r0, 0)
    a.exit()
    return a.program(check=False)


def refused(program: Program) -> VerifierError:
    with pytest.raises(VerifierError) as caught:
        load(program)
    assert program.name in one_line(caught)
    return caught.value


def uses_what_was_never_set() -> Program:
    a = assembler()
    a.ld_map_value(r1, COUNT)  # takes two slots
    a.mov(r0, r3)
    a.exit()
    return a.program(check=False)


def without_lines(program: Program) -> Program:
    """The same instructions as somebody's bytes, of which no line of Python is known."""
    decoded = tuple(decode_all(program.encode(dict.fromkeys(program.maps, 0))))
    assert not any(each.source for each in decoded)
    return replace(program, instructions=decoded)


def test_a_refusal_shows_the_line_that_is_to_blame() -> None:
    error = refused(uses_what_was_never_set())
    assert error.source is not None
    assert error.source.text == "a.mov(r0, r3)"
    assert error.cause == "uninitialised-register"
    assert error.slot == 2
    assert str(error) == (
        f"test_verifier.py:{error.source.line}: a.mov(r0, r3): "
        "r3 is read, but it is uninitialised on this path; "
        "set it first, as in a.mov(r3, 0) (program wrong, slot 2)"
    )


def test_the_log_shows_the_author_s_lines() -> None:
    log = refused(uses_what_was_never_set()).log
    assert "; a.ld_map_value(r1, COUNT)" in log
    assert "; a.mov(r0, r3)" in log


def test_the_log_shows_the_file_and_line() -> None:
    error = refused(uses_what_was_never_set())
    if " @ " not in error.log:
        pytest.skip("this kernel's log names no files")
    assert error.source is not None
    assert f"; a.mov(r0, r3) @ test_verifier.py:{error.source.line}\n" in error.log


def test_instructions_that_nothing_reaches_are_refused() -> None:
    a = assembler()
    a.mov(r0, 0)
    a.exit()
    error = refused(finished(a))
    assert error.slot == 2
    assert error.cause == "unreachable-code"
    assert error.source is not None
    assert error.source.text == "a.mov(r0, 0)"


def test_a_loop_without_end_is_refused() -> None:
    a = assembler()
    a.mov(r0, 0)
    a.label("top")
    a.jne(r0, 1, "top")
    a.exit()
    error = refused(a.program(check=False))
    assert error.slot == 1
    assert error.cause == "endless-loop"
    assert error.source is not None
    assert error.source.text == 'a.jne(r0, 1, "top")'


def test_a_refusal_in_a_function_shows_that_function_s_line() -> None:
    a = assembler()
    a.call("inner")
    a.exit()
    a.function("inner")
    a.mov(r0, r4)
    a.exit()
    error = refused(a.program(check=False))
    assert (error.slot, error.cause) == (2, "uninitialised-register")
    assert error.source is not None
    assert error.source.text == "a.mov(r0, r4)"


def test_a_gpl_helper_is_refused_to_another_licence() -> None:
    a = assembler(license="Proprietary")
    a.mov(r1, 0)
    a.mov(r2, 0)
    a.call(helper.trace_printk)
    error = refused(finished(a))
    assert error.cause == "gpl-only"
    assert error.source is not None
    assert error.source.text == "a.call(helper.trace_printk)"


def many(count: int) -> Assembler:
    """A program whose log is about 40 bytes for each of ``count`` instructions."""
    a = assembler()
    a.mov(r0, 0)
    for _ in range(count):
        a.add(r0, 1)
    return a


def test_the_log_grows_until_all_of_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "FIRST_LOG", 1 << 14)
    with load(finished(many(4000)), log_level=2) as program:
        lines = program.log.splitlines()
    assert len(program.log) > loading.FIRST_LOG
    assert any(line.startswith("0: (b7) r0 = 0") for line in lines)
    assert lines[-1].startswith("processed 4003 insns")


def refused_at_the_end(log_level: int) -> VerifierError:
    a = many(4000)
    a.mov(r0, r3)
    with pytest.raises(VerifierError) as caught:
        load(finished(a), log_level=log_level)
    assert caught.value.cause == "uninitialised-register"
    return caught.value


def test_all_of_a_refusal_s_log_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "FIRST_LOG", 1 << 14)
    error = refused_at_the_end(1)
    assert error.slot == 4001
    assert len(error.log) > loading.FIRST_LOG
    assert "\n0: (b7) r0 = 0" in error.log
    assert "\n4001: (bf) r0 = r3" in error.log


@pytest.mark.one_kernel  # before Linux 6.4 it is the beginning that is there
def test_the_end_of_a_long_log_is_enough_to_explain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "FIRST_LOG", 1 << 14)
    error = refused_at_the_end(0)
    assert error.slot == 4001
    assert len(error.log) < loading.FIRST_LOG
    assert "\n0: (b7) r0 = 0" not in error.log
    assert "\n4001: (bf) r0 = r3" in error.log


def test_a_log_beyond_all_bounds_does_not_keep_a_program_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "FIRST_LOG", 1024)
    monkeypatch.setattr(loading, "LARGEST_LOG", 2048)
    monkeypatch.setattr(loading, "LARGEST_LOG_BEFORE", 2048)
    with load(finished(many(200)), log_level=2) as program:
        assert program.test_run().retval == 0
        assert 0 < len(program.log) < 2048


def test_instructions_of_unknown_origin_can_be_loaded() -> None:
    with load(without_lines(finished(many(10)))) as program:
        assert program.test_run().retval == 0


def test_a_refusal_without_lines_still_tells_the_slot() -> None:
    a = assembler()
    a.ld_imm64(r1, 1 << 40)
    a.mov(r0, r3)
    a.exit()
    error = refused(without_lines(a.program(check=False)))
    assert (error.slot, error.source, error.cause) == (
        2, None, "uninitialised-register",
    )  # fmt: skip
    assert str(error).endswith("a.mov(r3, 0) (program wrong, slot 2)")


@pytest.fixture
def no_btf(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A kernel before 5.0; how many times it was asked."""
    asked: list[int] = []

    def refuse(data: bytes) -> Any:
        asked.append(len(data))
        raise OSError(errno.EINVAL, "no BTF")

    monkeypatch.setattr(bpf, "btf_load", refuse)
    yield asked
    assert asked


@pytest.mark.usefixtures("no_btf")
def test_a_kernel_without_btf_takes_the_program() -> None:
    with load(finished(many(10))) as program:
        assert program.info().nr_line_info == 0
        assert program.test_run().retval == 0


@pytest.mark.usefixtures("no_btf")
def test_a_refusal_without_btf_still_shows_the_line() -> None:
    error = refused(uses_what_was_never_set())
    assert error.source is not None
    assert error.source.text == "a.mov(r0, r3)"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EPERM, PrivilegeError), (errno.ENOMEM, LoadError)]
)
def test_other_errors_of_btf_are_not_swallowed(
    number: int, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: bytes) -> Any:
        raise OSError(number, "no")

    monkeypatch.setattr(bpf, "btf_load", refuse)
    with pytest.raises(kind) as caught:
        load(uses_what_was_never_set())
    assert "did not load wrong" in one_line(caught)


def test_a_refusal_without_a_word_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> Any:
        raise OSError(errno.E2BIG, "too much")

    monkeypatch.setattr(bpf, "prog_load", refuse)
    with pytest.raises(LoadError) as caught:
        load(finished(many(1)))
    assert "E2BIG" in one_line(caught)


def test_a_program_whose_name_is_no_c_name_keeps_its_lines() -> None:
    for name in ("1st", "a.b", "..."):
        a = Assembler(name, attach=Tracepoint("syscalls", "sys_enter_write"))
        a.mov(r0, r3)
        assert "; a.mov(r0, r3)" in refused(finished(a)).log
