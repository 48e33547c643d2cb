"""Namespaces are found, named and entered, and nobody else's thread moves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from circumstances import without
from networks import End, make_named_namespace, make_namespace, process_in
from pace import LIMIT

from tuxscope.programs.net.sockets import (
    Namespace,
    NamespaceError,
    all_namespaces,
    names,
    namespaces,
    own_namespace,
)

NAME = f"tuxscope-{os.getpid()}"  # no other test run's


def inode_of(path: str) -> int:
    return os.stat(path).st_ino


def test_our_own() -> None:
    ours = own_namespace()
    assert ours.inode == inode_of("/proc/self/ns/net") == inode_of(ours.path)
    assert ours.run(own_namespace).inode == ours.inode
    assert ours in all_namespaces()


@pytest.mark.parametrize("error", [OSError(5, "from inside"), ValueError("from inside")])
def test_what_a_function_raises_comes_out(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        own_namespace().run(fail)
    assert raised.value is error


def test_no_proc_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "OURS", "/nowhere/ns/net")
    with pytest.raises(NamespaceError) as raised:
        all_namespaces()
    assert str(raised.value) == (
        "cannot read /nowhere/ns/net: No such file or directory (ENOENT); is /proc mounted?"
    )
    assert names() == {}


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_a_function_runs_inside_and_its_caller_stays(wire: tuple[End, End]) -> None:
    left, right = wire
    before = own_namespace().inode
    inside = left.namespace.run(own_namespace)
    assert inside.inode == left.namespace.inode != before
    assert left.namespace.run(socket.if_nameindex) == [(1, "lo"), (left.index, left.name)]
    assert own_namespace().inode == before
    # From one inside of another.
    assert left.namespace.run(lambda: right.namespace.run(own_namespace)).inode == (
        right.namespace.inode
    )


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_who_is_in_one_is_found() -> None:
    with make_namespace() as namespace:
        assert namespace.inode not in {each.inode for each in all_namespaces()}
        with process_in(namespace) as pid, process_in(namespace):
            (found,) = [each for each in all_namespaces() if each.inode == namespace.inode]
            assert found.run(own_namespace).inode == namespace.inode
            assert found.path.startswith("/proc/")
            assert inode_of(f"/proc/{pid}/ns/net") == found.inode
        with pytest.raises(NamespaceError, match=r"No such file or directory \(ENOENT\)$"):
            found.run(own_namespace)


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_named_ones_are_found_once_by_their_name() -> None:
    with make_named_namespace(NAME) as namespace, process_in(namespace):
        assert named_like_ours() == {namespace.inode: NAME}
        found = [each for each in all_namespaces() if each.inode == namespace.inode]
        assert found == [Namespace(namespace.inode, f"/run/netns/{NAME}")]
        # A file that a namespace could be mounted on, but is not.
        with open(f"/run/netns/{NAME}-not", "w"):
            pass
        try:
            assert named_like_ours() == {namespace.inode: NAME}
            not_one = Namespace(inode_of(f"/run/netns/{NAME}-not"), f"/run/netns/{NAME}-not")
            with pytest.raises(NamespaceError, match=r"Invalid argument \(EINVAL\)$"):
                not_one.run(own_namespace)
        finally:
            os.unlink(f"/run/netns/{NAME}-not")
    assert named_like_ours() == {}


def named_like_ours() -> dict[int, str]:
    """Without those that others make at the same time."""
    return {inode: name for inode, name in names().items() if name.startswith(NAME)}


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_another_one_by_now_is_not_entered() -> None:
    with make_namespace() as namespace:
        stale = Namespace(namespace.inode + 1, namespace.path)
        with pytest.raises(NamespaceError, match=r"now refers to another network namespace$"):
            stale.run(own_namespace)


UNPRIVILEGED = """
from tuxscope.programs.net.sockets import *
left_out = []
existing_sockets([own_namespace(), *(each for each in all_namespaces() if each.inode == {inode})],
                 left_out)
print(*(each.path for each in left_out))
"""


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_one_that_may_not_be_entered_is_left_out() -> None:
    with make_named_namespace(NAME) as namespace:
        command = [*without("sys_admin"), sys.executable]
        script = UNPRIVILEGED.format(inode=namespace.inode)
        done = subprocess.run(
            [*command, "-c", script], capture_output=True, text=True, timeout=LIMIT
        )
    assert (done.stdout, done.stderr) == (f"/run/netns/{NAME}\n", "")
