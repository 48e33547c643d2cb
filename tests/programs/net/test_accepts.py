"""Which calls of socketcall() are seen as accepting, in the interpreter."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from tuxscope.asm.layout import Layout, Place
from tuxscope.programs.net.accepts import ACCEPTING, accepting, accepts
from tuxscope.programs.net.layout import LINUX_6_18
from tuxscope.vm import Machine, World

pytestmark = pytest.mark.matrix

S390X = replace(
    LINUX_6_18,
    fields={
        **LINUX_6_18.fields,
        "syscalls/sys_enter_socketcall": {"call": Place(16, 8)},
        "syscalls/sys_exit_socketcall": {"ret": Place(16, 8)},
    },
)


@pytest.mark.parametrize("call", range(1, 21))
def test_accept_and_accept4_alone_are_remembered(call: int) -> None:
    context = struct.pack("=16xQ", call)
    machine = Machine(accepting(S390X), context, world=World(pid=7, tid=9))
    machine.run()
    # SYS_ACCEPT, SYS_ACCEPT4
    assert bool(list(machine.maps[ACCEPTING].items())) is (call in (5, 18))


def test_who_has_socketcall_has_two_programs_more() -> None:
    def names(layout: Layout) -> list[str]:
        return [each.name for each in accepts(layout, lambda *_: None, None, None)]

    assert names(S390X) == [*names(LINUX_6_18), "net_accepting", "net_socketcall"]
