from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest

from loader.texts import one_line
from tuxscope.errors import TuxscopeError
from tuxscope.loader.bit_fields import bit_field
from tuxscope.loader.syscalls import NUMBERS, SystemCall, number, syscall

pytestmark = pytest.mark.matrix

lookup = number.__wrapped__  # without what was asked before


def pretend(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(machine=machine))


# As in arch/*/entry/syscalls/*.tbl and asm-generic/unistd.h.
@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("x86_64", (321, 298, 324, 125)),
        ("aarch64", (280, 241, 283, 90)),
        ("riscv64", (280, 241, 283, 90)),
        ("loongarch64", (280, 241, 283, 90)),
        ("s390x", (351, 331, 356, 184)),
    ],
)
def test_numbers_are_those_of_the_machine(
    machine: str, expected: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(machine, monkeypatch)
    own = (SystemCall.BPF, SystemCall.PERF_EVENT_OPEN, SystemCall.MEMBARRIER, SystemCall.CAPGET)
    everywhere = (SystemCall.FSOPEN, SystemCall.FSCONFIG, SystemCall.FSMOUNT)
    assert tuple(lookup(call) for call in own) == expected
    assert tuple(lookup(call) for call in everywhere) == (430, 431, 432)
    assert {*own, *everywhere} == set(SystemCall)


@pytest.mark.parametrize("machine", ["m68k", "armv7l", ""])
def test_an_unknown_machine_is_refused_in_one_line(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(machine, monkeypatch)
    with pytest.raises(TuxscopeError) as caught:
        lookup(SystemCall.BPF)
    assert machine in one_line(caught)
    assert ", ".join(NUMBERS) in str(caught.value)


def test_a_python_of_32_bits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend("x86_64", monkeypatch)
    monkeypatch.setattr("struct.calcsize", lambda _: 4)
    with pytest.raises(TuxscopeError, match="64-bit"):
        lookup(SystemCall.BPF)


def test_a_call_that_fails_raises_its_errno() -> None:
    with pytest.raises(OSError, match="membarrier: ") as caught:
        syscall(SystemCall.MEMBARRIER, 1 << 20, 0, 0)
    assert caught.value.errno in (errno.EINVAL, errno.ENOSYS)


@pytest.mark.parametrize(
    ("byteorder", "index", "bits", "expected"),
    [
        ("little", 0, 64, 1),
        ("little", 14, 64, 1 << 14),
        ("big", 0, 64, 1 << 63),
        ("big", 14, 64, 1 << 49),
        ("big", 0, 32, 1 << 31),
    ],
)
def test_bit_fields_begin_at_the_end_that_the_machine_begins_at(
    byteorder: str, index: int, bits: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.byteorder", byteorder)
    assert bit_field(index, bits) == expected
