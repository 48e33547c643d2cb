"""Interfaces have the names that the kernel tells, each in its own namespace."""

from __future__ import annotations

import socket

import pytest
from networks import End, process_in

from tuxscope.programs.net.sockets import InterfaceNames, own_namespace

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

NOBODY = 1 << 30  # neither an interface's index nor a namespace's inode


def test_names_are_of_their_namespace(wire: tuple[End, End]) -> None:
    names = InterfaceNames()
    for end in wire:
        with process_in(end.namespace):
            assert names.name(end.namespace.inode, end.index) == end.name
            assert names.name(end.namespace.inode, 1) == "lo"
    ours = own_namespace().inode
    assert {index: names.name(ours, index) for index, _ in socket.if_nameindex()} == dict(
        socket.if_nameindex()
    )


def test_what_is_unknown_is_a_number(wire: tuple[End, End]) -> None:
    names = InterfaceNames()
    with process_in(wire[0].namespace):
        assert names.name(wire[0].namespace.inode, NOBODY) == str(NOBODY)
    assert names.name(NOBODY, 7) == "7"
