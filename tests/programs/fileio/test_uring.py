"""The programs that follow io_uring, for kernels whose tracepoints differ."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tuxscope.abi.architecture import X86_64
from tuxscope.asm import Program
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.calls.decoding import EventHead
from tuxscope.calls.events import EventKind
from tuxscope.calls.filters import Chosen
from tuxscope.errors import TuxscopeError
from tuxscope.loader.btf_reader import BtfError
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.fileio.layout import LINUX_6_18
from tuxscope.programs.fileio.operation import FileOperation
from tuxscope.programs.fileio.operations import URING, calls_of, opcodes_of
from tuxscope.programs.fileio.page import page
from tuxscope.programs.fileio.uring_decoding import uring_row
from tuxscope.programs.fileio.uring_requests import RequestArgument, require_uring, submissions

COMPLETE, SUBMIT, FAIL = "io_uring_complete", "io_uring_submit_req", "io_uring_req_failed"
OF_LINUX_6_1 = {
    "io_uring_submit_sqe": ("io_kiocb", ""),
    COMPLETE: ("", "", "", "", "", "", ""),
    FAIL: ("io_uring_sqe", "io_kiocb", ""),
}
OF_LINUX_5_15 = {"io_uring_submit_sqe": ("",) * 7, COMPLETE: ("",) * 4}
OF_LINUX_5_10 = {"io_uring_submit_sqe": ("",) * 5, COMPLETE: ("",) * 3}


def layout(raw: Mapping[str, tuple[str, ...]]) -> RecordedLayout:
    return RecordedLayout(LINUX_6_18.fields, LINUX_6_18.members, raw)


def test_the_tracepoints_of_kernels_that_tell_the_request() -> None:
    assert submissions(LINUX_6_18) == (RequestArgument(SUBMIT, 0), RequestArgument(FAIL, 1, 0))
    assert submissions(layout(OF_LINUX_6_1)) == (
        RequestArgument("io_uring_submit_sqe", 0),
        RequestArgument(FAIL, 1, 0),
    )
    without_rejected = {name: OF_LINUX_6_1[name] for name in OF_LINUX_6_1 if name != FAIL}
    assert submissions(layout(without_rejected)) == (RequestArgument("io_uring_submit_sqe", 0),)


@pytest.mark.parametrize("raw", [{}, OF_LINUX_5_15, OF_LINUX_5_10, {SUBMIT: ("io_kiocb",)}])
def test_others_have_no_programs_for_it(raw: Mapping[str, tuple[str, ...]]) -> None:
    assert submissions(layout(raw)) == ()
    names = {each.name for each in programs(layout(raw))}
    assert "syscall_exit" in names
    assert not any(name.startswith("uring") for name in names)


class Renamed(RunningKernelLayout):
    """A kernel that has the tracepoints, and not a member that is read."""

    has_structs = True

    def arguments(self, tracepoint: str) -> tuple[str, ...] | None:
        return LINUX_6_18.arguments(tracepoint)

    def member(self, struct: str, name: str) -> Place:
        if (struct, name) == ("io_kiocb", "cqe.fd"):
            raise BtfError("this kernel has no cqe.fd in struct io_kiocb")
        return LINUX_6_18.member(struct, name)


def test_a_kernel_without_a_member_has_none() -> None:
    assert submissions(Renamed()) == ()
    with pytest.raises(TuxscopeError, match="does not tell of io_uring's operations"):
        require_uring(Renamed())
    require_uring(LINUX_6_18)


def test_a_kernel_without_structs_has_none() -> None:
    assert submissions(RecordedLayout(LINUX_6_18.fields, {}, LINUX_6_18.raw)) == ()


def test_what_is_not_asked_for_has_no_programs() -> None:
    names = {each.name for each in programs(LINUX_6_18, "read")}
    assert {"syscall_enter", "syscall_exit"} <= names
    assert not any(name.startswith("uring") for name in names)
    names = {each.name for each in programs(LINUX_6_18, "uring_fsync")}
    assert {"uring_submit", "uring_complete", "uring_reject"} <= names
    assert not {"syscall_enter", "syscall_exit"} & names


def programs(layout: RecordedLayout, *ops: str) -> tuple[Program, ...]:
    asked = frozenset(ops) or frozenset({"read", "uring_read"})
    chosen = Chosen(numbers=calls_of(asked, X86_64))
    made = page(chosen, opcodes=opcodes_of(asked)).program(layout=layout)
    assert isinstance(made, tuple)
    return made


# Offset asked for, position at the end, result; bytes and offset that are shown.
@pytest.mark.parametrize(
    ("asked", "position", "result", "moved", "began"),
    [
        (10, 110, 100, 100, 10),
        (-1, 110, 100, 100, 10),
        (-1, 110, 0, 0, 110),
        (5, 130, 100, 100, 30),  # O_APPEND
        (5, 5, 100, 100, 5),  # a device that leaves the position as it is
        (-1, 3, 100, 100, 0),
        (10, 10, -14, None, 10),
        (-1, 77, -14, None, None),
        (10, 10, -(1 << 63), None, 10),
    ],
)
def test_where_an_operation_began(
    asked: int, position: int, result: int, moved: int | None, began: int | None
) -> None:
    values = [1 << 32 | 2, 0, asked, position, 0, 0]
    head = EventHead(
        tuple(each & (1 << 64) - 1 for each in values), result & (1 << 64) - 1,
        22, 0, 3, 4, b"name", EventKind.URING, 0,
    )  # fmt: skip
    row = uring_row(head, lambda _: None)
    assert row is not None
    operation = FileOperation.decode((7, 8, *row))
    assert (operation.bytes, operation.offset) == (moved, began)
    assert operation.ret == (None if result == -(1 << 63) else result)
    assert operation.error == ("EFAULT" if result == -14 else None)
    assert (operation.op, operation.ppid, operation.uid, operation.path) == (
        "uring_read", 1, 2, None,
    )  # fmt: skip


def test_an_opcode_that_is_not_known_has_no_row() -> None:
    head = EventHead((0,) * 6, 0, 255, 0, 3, 4, b"name", EventKind.URING, 0)
    assert 255 not in URING
    assert uring_row(head, lambda _: None) is None
