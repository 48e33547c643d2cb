"""What is imported from ``tuxscope`` itself: each name, when it is used."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from e2e.tcp import is_refused
from pace import LIMIT

import tuxscope
from tuxscope import Connection, RunningKernelLayout, net, own_pid

PACKAGE = Path(tuxscope.__file__).parent
DOCS = PACKAGE.parent / "docs"
PAGES = [PACKAGE.parent / "README.md", *(DOCS / name for name in ("library.md", "interpreter.md"))]


def printed_by(script: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=LIMIT,
        cwd=PACKAGE.parent,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("name", tuxscope.__all__)
def test_a_name_is_that_of_its_module(name: str) -> None:
    found = getattr(tuxscope, name)
    assert found is getattr(import_module(tuxscope.MODULES[name]), name)
    assert name in dir(tuxscope)


def test_all_names_can_be_imported_at_once() -> None:
    names = printed_by("from tuxscope import *\nprint(*dir())").split()
    assert set(tuxscope.__all__) <= set(names)


def test_type_checkers_are_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE.parent / "tools"))
    tool = import_module("face_stub")
    assert tool.FILE.read_text() == tool.text(), "type make face"
    told: dict[str, str] = {}
    names: list[str] = []
    for node in ast.parse(tool.text()).body:
        if isinstance(node, ast.ImportFrom):
            told |= {alias.name: node.module or "" for alias in node.names}
        elif isinstance(node, ast.Assign):
            names = ast.literal_eval(node.value)
    assert told == tuxscope.MODULES
    assert sorted(names) == tuxscope.__all__


def test_the_assembler_s_whole_face_is_there() -> None:
    from tuxscope import asm

    assert set(asm.__all__) <= set(tuxscope.__all__)


def test_no_name_hides_a_module() -> None:
    modules = {each.stem for each in PACKAGE.iterdir()}
    assert not modules & set(tuxscope.__all__)


def test_what_assembles_and_interprets_loads_nothing_of_the_kernel_s_side() -> None:
    names = "Assembler, Column, Hash, Machine, Page, Record, helper, hello, r0, u32"
    loaded = printed_by(f"import sys\nfrom tuxscope import {names}\nprint(*sys.modules)").split()
    assert "tuxscope.asm" in loaded
    assert not {"ctypes", "mmap", "tuxscope.loader", "tuxscope.run"} & set(loaded)


def test_a_misspelt_name_is_python_s_own_error() -> None:
    script = "try:\n from tuxscope import laod\nexcept ImportError as error:\n print(error)"
    assert printed_by(script).startswith("cannot import name 'laod' from 'tuxscope'")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_import_nothing_deeper(page: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert examples
    for code in examples:
        assert not re.search(r"^\s*(from|import) tuxscope\.", code, re.MULTILINE)


@pytest.mark.kernel
@pytest.mark.parametrize("events", [Connection, None], ids=["by its record", "by itself"])
def test_net_is_a_library(events: Any) -> None:
    """Its programs are those for this kernel, whose layout the caller need not know."""
    if not RunningKernelLayout().has_structs:
        pytest.skip("this kernel has no BTF: no accepts and no bytes")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with tuxscope.open(
            net(pid=own_pid(), port=port), events, order_by=Connection.timestamp_ns
        ) as connections:
            with socket.create_connection(("127.0.0.1", port)) as ours:
                theirs, _ = server.accept()
                ours.sendall(bytes(1000))
                ours.shutdown(socket.SHUT_WR)
                with theirs:
                    assert len(theirs.recv(1000, socket.MSG_WAITALL)) == 1000
                    assert theirs.recv(1) == b""
                assert ours.recv(1) == b""
            found = list(islice(connections, 4))
    seen = [(each.state, each.dir, each.pid, each.raddr) for each in found]
    assert seen[:2] == [
        ("connect", "out", own_pid(), "127.0.0.1"),
        ("accept", "in", own_pid(), "127.0.0.1"),
    ]
    assert sorted(each[:2] for each in seen[2:]) == [("close", "in"), ("close", "out")]
    assert connections.lost == 0


@pytest.mark.kernel
def test_net_filters_by_state() -> None:
    """As the command's --state does, in the kernel."""
    if not is_refused(4):
        pytest.skip("this kernel drops its own RSTs")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with tuxscope.open(net(port=port, state="refused"), Connection) as connections:
            socket.create_connection(("127.0.0.1", port)).close()
            server.close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
        assert [each.state for each in connections] == ["refused"]


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("refusd", "net has no state 'refusd'; did you mean refused?"),
        (("close", "x"), "net has no state 'x'; it has connect, accept, close"),
    ],
)
def test_net_says_which_states_there_are(state: Any, says: str) -> None:
    with pytest.raises(tuxscope.TuxscopeError) as raised:
        net(state=state)
    assert str(raised.value).startswith(says)
