"""``tuxscope net``: which connections it is asked for, and how it shows them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from circumstances import with_mounts
from networks import NODAD, make_named_namespace, make_namespace, make_veth
from pace import LIMIT, fewer

from e2e.tcp import (
    comm,
    connect,
    listen,
    make_socket,
    pair,
    port_of,
    programs_on_this_kernel,
    read_all,
    told,
)
from tuxscope.programs.net.sockets import Namespace

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

HEADER = (
    "TIME         PID     COMM            DIR IP LADDR           LPORT RADDR           RPORT "
    "STATE       MS         TX       RX"
)
VMLINUX = Path("/sys/kernel/btf/vmlinux")


def call(network: Namespace, listener: socket.socket, source: str = "") -> int:
    """Connect, send a byte, and end; returns the client's port."""
    with make_socket(network, listener.family) as ours:
        if source:
            ours.bind((source, 0))
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs:
            ours.sendall(b"x")
            ours.shutdown(socket.SHUT_WR)
            assert read_all(theirs) == b"x"
        assert read_all(ours) == b""
        return port_of(ours)


STATES = ["accept", "close", "close", "connect"]


def states(events: Any) -> list[str]:
    return sorted(each["state"] for each in events)


def test_text(tuxscope: Any, watch: Any, network: Namespace) -> None:
    with listen(network, address="127.8.9.10") as listener:
        port = port_of(listener)
        run = tuxscope("net", "--port", port)
        assert run.wait_for_lines(1) == [HEADER]
        client = call(network, listener, "127.100.200.250")
        run.wait_for_lines(5)
        run.signal(signal.SIGINT)
        result = run.finish()
    assert result.totals == (4, 0)
    widths = [12, 7, 15, 3, 2, 15, 5, 15, 5, 11, 10, 8]
    for line, row in zip(result.stdout.splitlines()[1:], result.rows, strict=True):
        filled = [each.ljust(width) for each, width in zip(row, widths, strict=False)]
        assert line == " ".join([*filled, row[12]])
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d\d\d", row[0])
        assert re.fullmatch(r"\d+\.\d\d\d", row[10])
        assert row[1:3] == [str(os.getpid()), comm()]
    us, them = ["127.100.200.250", str(client)], ["127.8.9.10", str(port)]
    rows = sorted([*row[3:10], *row[11:]] for row in result.rows)
    assert rows[0][:7] == ["in", "4", *them, *us, "accept"]
    assert rows[1:] == [
        ["in", "4", *them, *us, "close", "0", "1"],
        ["out", "4", *us, *them, "close", "1", "0"],
        ["out", "4", *us, *them, "connect", "0", "0"],
    ]


def test_pid(watch: Any, network: Namespace, peer: Any) -> None:
    with listen(network) as listener:
        caller = peer("connect", "127.0.0.1", port_of(listener), 1, 5)
        run = watch("--pid", caller.pid)
        caller.start()
        theirs, _ = listener.accept()
        assert read_all(theirs) == bytes(5)
        theirs.close()
        caller.finish()
        events = run.of(run.result())  # it ends with the process
    assert [told(each, "state", "pid", "dir") for each in events] == [
        ["connect", caller.pid, "out"],
        ["close", caller.pid, "out"],
    ]


def test_exclude(watch: Any, network: Namespace, peer: Any) -> None:
    """The side of it that another process has is shown."""
    with listen(network) as listener:
        caller = peer("connect", "127.0.0.1", port_of(listener), 1, 5)
        run = watch("--exclude", f"1,{caller.pid}")
        caller.start()
        theirs, _ = listener.accept()
        assert read_all(theirs) == bytes(5)
        theirs.close()
        caller.finish()
        run.wait(2)
        events = run.stop()
    assert sorted(told(each, "state", "pid", "dir") for each in events) == [
        ["accept", os.getpid(), "in"],
        ["close", os.getpid(), "in"],
    ]


def test_exclude_of_those_that_exist(watch: Any, network: Namespace) -> None:
    ours, theirs = pair(network)
    with ours, theirs:
        run = watch("--existing")
        run.wait(2)
        assert {each["pid"] for each in run.stop()} == {os.getpid()}
        run = watch("--existing", "--duration", "0.3", "--exclude", os.getpid())
        assert run.of(run.result()) == []


@pytest.mark.parametrize("side", ["the server's", "the client's"])
def test_port(watch: Any, network: Namespace, side: str) -> None:
    with listen(network) as listener, listen(network) as other:
        with make_socket(network) as ours:
            ours.bind(("127.0.0.1", 0))
            chosen = port_of(listener if side == "the server's" else ours)
            run = watch("--port", chosen)
            call(network, other)
            ours.connect(listener.getsockname())
            listener.accept()[0].close()
            assert ours.recv(1) == b""
        assert states(run.wait(4)) == STATES
        call(network, other)
        events = run.stop()
    assert states(events) == STATES
    assert all(chosen in (each["lport"], each["rport"]) for each in events)


@pytest.mark.parametrize(
    ("chosen", "family", "inside", "outside"),
    [
        ("127.1.2.3", socket.AF_INET, "127.1.2.3", "127.1.2.4"),
        ("127.1.0.0/16", socket.AF_INET, "127.1.255.255", "127.2.0.0"),
        ("127.128.0.0/9", socket.AF_INET, "127.128.0.1", "127.127.255.255"),
        ("::1", socket.AF_INET6, "::1", "::2"),
        ("::2/127", socket.AF_INET6, "::3", "::1"),
        ("2001:db8:0:2::/63", socket.AF_INET6, "2001:db8:0:3::9", "2001:db8::1"),
    ],
)
def test_local_and_remote(
    watch: Any, network: Namespace, chosen: str, family: int, inside: str, outside: str
) -> None:
    if family == socket.AF_INET6:
        network.run(lambda: add_addresses(inside, outside))
    local, remote = watch("--local", chosen), watch("--remote", chosen)
    home = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::5"}[family]
    if family == socket.AF_INET6:
        network.run(lambda: add_addresses(home))
    for address in (outside, inside):
        with listen(network, family, address) as listener:
            call(network, listener, home)
    for run, key, direction in ((local, "laddr", "in"), (remote, "raddr", "out")):
        events = run.wait(2)
        assert run.stop() == events
        assert {(each[key], each["dir"]) for each in events} == {(inside, direction)}


def add_addresses(*addresses: str) -> None:
    from pyroute2 import IPRoute

    with IPRoute() as ip:
        (loopback,) = ip.link_lookup(ifname="lo")
        for each in addresses:
            if each != "::1":
                ip.addr("replace", index=loopback, address=each, prefixlen=128, flags=NODAD)


def test_state(watch: Any, network: Namespace) -> None:
    run = watch("--state", "refused,accept")
    with listen(network) as listener:
        call(network, listener)
    with make_socket(network) as ours, pytest.raises(ConnectionRefusedError):
        ours.connect(("127.0.0.1", 9))
    run.wait(2)
    assert [each["state"] for each in run.stop()] == ["accept", "refused"]


def test_listen(watch: Any, network: Namespace) -> None:
    run = watch("--listen")
    with listen(network) as four, listen(network, socket.AF_INET6, "::") as six:
        ports = port_of(four), port_of(six)
        run.wait(2)
    run.wait(4)
    events = run.stop()
    begun = [
        ["listen", 4, "127.0.0.1", ports[0], "0.0.0.0"],
        ["listen", 6, "::", ports[1], "::"],
    ]
    ended = [["close", *each[1:]] for each in reversed(begun)]
    keys = ("state", "ip", "laddr", "lport", "raddr")
    assert [told(each, *keys) for each in events] == begun + ended
    for each in events:
        assert told(each, "dir", "pid", "comm", "rport") == ["-", os.getpid(), comm(), 0]
        assert told(each, "tx", "rx") == [0, 0]
        assert each["ms"] >= 0


def test_a_command_to_its_last_close(tuxscope: Any, watch: Any, network: Namespace) -> None:
    """All of it, and nothing of others, and its exit status."""
    script = (
        "import os, socket, sys\n"
        "ours = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "ours.sendall(bytes(12345))\n"
        "os._exit(7)\n"
    )
    with listen(network) as listener:
        prefix = ["nsenter", f"--net={network.path}"]
        run = tuxscope(
            "net", "--format", "json",
            "--", sys.executable, "-S", "-c", script, port_of(listener), prefix=prefix,
        )  # fmt: skip
        theirs, _ = listener.accept()
        with theirs:
            assert len(read_all(theirs)) == 12345
        result = run.finish()
    assert result.status == 7
    assert [told(each, "state", "dir", "tx", "rx") for each in result.objects] == [
        ["connect", "out", 0, 0],
        ["close", "out", 12345, 0],
    ]
    assert result.totals == (2, 0)


def test_count_and_duration(watch: Any, network: Namespace) -> None:
    run = watch("--state", "refused", "--port", 9, "--count", 3)
    for _ in range(5):
        with make_socket(network) as ours, pytest.raises(ConnectionRefusedError):
            ours.connect(("127.0.0.1", 9))
    result = run.result()
    assert len(result.objects) == result.totals[0] == 3
    result = watch("--duration", "0.3").result()
    seconds = float(result.stderr.split(", ")[2].split()[0])
    assert 0.3 <= seconds < 5


def test_interval(watch: Any, network: Namespace) -> None:
    """What is there, with its bytes so far."""
    ours, theirs = pair(network)
    there = port_of(ours)
    with ours, theirs:
        run = watch("--existing", "--interval", "0.05")
        run.wait(2)
        ours.sendall(bytes(1 << 16))
        assert len(theirs.recv(1 << 16, socket.MSG_WAITALL)) == 1 << 16
        run.run.wait_for_text(b'"tx":65536,"rx":0', 2)
        events = run.stop()
    assert {each["state"] for each in events} == {"established"}
    assert {each["pid"] for each in events} == {os.getpid()}
    rows = Counter(tuple(told(each, "tx", "rx")) for each in events if each["lport"] == there)
    assert set(rows) == {(0, 0), (65536, 0)}


@pytest.mark.skipif(not shutil.which("ss"), reason="there is no ss; apt install iproute2")
def test_existing_is_what_ss_shows(watch: Any, network: Namespace) -> None:
    with (
        listen(network) as four,
        listen(network, socket.AF_INET6, "::") as dual,
        connect(network, four) as a,
        connect(network, dual, "::1") as b,
        connect(network, dual, "127.0.0.1") as c,
        connect(network, four),  # nobody accepts it
    ):
        pairs = [(a, four.accept()[0]), (b, dual.accept()[0]), (c, dual.accept()[0])]
        for size, (ours, theirs) in enumerate(pairs, 1000):
            ours.sendall(bytes(size))
            theirs.sendall(bytes(2 * size))
            assert len(theirs.recv(size, socket.MSG_WAITALL)) == size
            assert len(ours.recv(2 * size, socket.MSG_WAITALL)) == 2 * size
        a.shutdown(socket.SHUT_WR)  # FIN_WAIT2 here, CLOSE_WAIT there
        assert read_all(pairs[0][1]) == b""
        run = watch("--existing", "--listen")
        events = run.wait(10)
        expected = network.run(ss)
        assert run.stop() == events
        for _, theirs in pairs:
            theirs.close()
    keys = ("laddr", "lport", "raddr", "rport", "state", "pid", "tx", "rx")
    assert sorted(map(str, (told(each, *keys) for each in events))) == sorted(map(str, expected))
    assert len(expected) == 10
    assert {each["ms"] for each in events} == {None}


def ss() -> list[list[Any]]:
    """What it tells of the sockets of this namespace: in our words, and with our bytes."""
    names = {"ESTAB": "established", "LISTEN": "listening", "FIN-WAIT-2": "fin-wait-2"}
    lines = subprocess.run(
        ["ss", "--no-header", "-tnpiaO"], capture_output=True, text=True, check=True, timeout=LIMIT
    ).stdout.splitlines()
    rows = []
    for line in lines:
        state, _, _, *ends = line.split()[:5]
        (laddr, lport), (raddr, rport) = (address(each) for each in ends)
        if raddr == "*":
            raddr = "::" if ":" in laddr else "0.0.0.0"
        pid = re.search(r"pid=(\d+)", line)
        tx, rx = (int(found[1]) if (found := re.search(rf"\b{name}:(\d+)", line)) else 0
                  for name in ("bytes_sent", "bytes_received"))  # fmt: skip
        if state == "CLOSE-WAIT":
            rx -= 1  # the FIN
        counted = [None, None] if state == "LISTEN" else [tx, rx]
        word = names.get(state, state.lower())
        rows.append([laddr, lport, raddr, rport, word, int(pid[1]) if pid else None, *counted])
    return rows


def address(end: str) -> tuple[str, int]:
    host, _, port = end.rpartition(":")
    host = host.strip("[]").removeprefix("::ffff:")
    return ("::" if host == "*" and port != "*" else host), 0 if port == "*" else int(port)


def test_names_of_network_namespaces(tuxscope: Any, network: Namespace) -> None:
    """Of a named one its name, of another its inode, and of our own none."""
    name = f"tuxscope-{os.getpid()}"
    with make_named_namespace(name) as named, listen(network) as a, listen(named) as b:
        ours = socket.create_server(("127.0.0.1", 0))
        with ours:
            for port, place in (
                (port_of(a), network), (port_of(b), named), (port_of(ours), None),
            ):  # fmt: skip
                run = tuxscope("net", "--netns", "--port", port)
                assert run.wait_for_lines(1) == [f"{HEADER}       NETNS"]
                one = make_socket(place) if place else socket.socket()
                with one:
                    one.connect(("127.0.0.1", port))
                run.wait_for_lines(2)
                run.signal(signal.SIGINT)
                shown = {row[-1] for row in run.finish().rows}
                expected = {network: str(network.inode), named: name, None: "-"}[place]
                assert shown == {expected}


def test_names_of_interfaces(tuxscope: Any, watch: Any, network: Namespace) -> None:
    """Behind an address that is bound to one: by its user, or as it is link-local."""
    with make_namespace() as other, make_veth(network, other) as (end, _):
        run = watch()
        text = tuxscope("net", "--existing", "--pid", os.getpid())
        text.wait_until_attached(programs_on_this_kernel())
        with listen(network) as listener:
            bound = make_socket(network)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            bound.connect(listener.getsockname())
            theirs, _ = listener.accept()
        link_local = f"fe80::213:{end.index}"
        network.run(lambda: add_address(end.index, link_local))
        with make_socket(network, socket.AF_INET6) as local:
            local.bind((link_local, 0, 0, end.index))
            local.listen()
            caller = make_socket(network, socket.AF_INET6)
            caller.connect((link_local, local.getsockname()[1], 0, end.index))
            called, _ = local.accept()
        with bound, theirs, caller, called:
            shown = {each["lport"]: each for each in run.wait(4)}
            ports = [port_of(each) for each in (bound, theirs, caller, called)]
            names = [shown[port]["interface"] for port in ports]
            assert names == ["lo", None, end.name, end.name]
            assert shown[port_of(caller)]["laddr"] == link_local
            existing = watch("--existing")
            listed = {each["lport"]: each["interface"] for each in existing.wait(4)}
            assert [listed[port] for port in ports] == names
            existing.stop()
        run.stop()
        text.signal(signal.SIGINT)
        rows = [line.split() for line in text.finish().stdout.splitlines()]
        addresses = {row[6]: row[5] for row in rows if row[9:10] == ["connect"]}
        assert addresses[str(ports[0])] == "127.0.0.1%lo"
        assert addresses[str(ports[2])] == f"{link_local}%{end.name}"


def add_address(index: int, address: str) -> None:
    from pyroute2 import IPRoute

    with IPRoute() as ip:
        ip.addr("add", index=index, address=address, prefixlen=64, flags=NODAD)


def test_a_small_ring_loses_and_says_how_much(watch: Any, network: Namespace) -> None:
    count = fewer(3000)
    run = watch(
        "--state", "refused", "--port", 9, "--buffer-pages", 1, "--strict", "--lost-records"
    )
    run.run.signal(signal.SIGSTOP)
    for _ in range(count):
        with make_socket(network) as ours:
            assert ours.connect_ex(("127.0.0.1", 9))
    run.run.signal(signal.SIGCONT)
    run.run.signal(signal.SIGINT)
    result = run.run.finish()
    events, lost = result.totals
    assert lost > 0
    assert events + lost == count
    assert result.status == 3
    assert len(run.of(result)) == events
    assert sum(each["count"] for each in result.objects if each.get("type") == "lost") == lost


def without_types(state: str, folder: Path) -> tuple[str, ...]:
    """A prefix to a command, for which the kernel's BTF is in some other state than it is."""
    mount = "mount -t tmpfs t /sys/kernel/btf"
    if state != "missing":
        file = folder / "vmlinux"
        file.write_bytes(VMLINUX.read_bytes()[: {"empty": 0, "cut": -1}[state]])
        mount = f"mount --bind {file} {VMLINUX}"
    return with_mounts(mount)


@pytest.mark.parametrize("state", ["missing", "empty", "cut"])
def test_without_the_kernels_types(
    tuxscope: Any, network: Namespace, state: str, tmp_path: Path
) -> None:
    """What the tracepoints tell alone."""
    prefix = without_types(state, tmp_path)
    with listen(network) as listener:
        port = port_of(listener)
        run = tuxscope("net", "--port", port, "--format", "json", prefix=prefix)
        run.wait_until_attached()
        client = call(network, listener)
        run.wait_for_lines(3)
        run.signal(signal.SIGINT)
        result = run.finish()
    assert str(VMLINUX) in result.stderr.splitlines()[0]
    assert "accepts, bytes, namespaces and processes" in result.stderr.splitlines()[0]
    events = sorted(result.objects, key=lambda each: (each["dir"], each["state"]))
    assert [told(each, "dir", "state", "lport", "rport", "pid") for each in events] == [
        ["in", "close", port, client, os.getpid()],
        ["out", "close", client, port, os.getpid()],
        ["out", "connect", client, port, os.getpid()],
    ]
    assert all(told(each, "tx", "rx") == [None, None] for each in events)


def summary(run: Any) -> list[dict[str, Any]]:
    """The last table."""
    run.signal(signal.SIGINT)
    result = run.finish()
    assert result.status == 0
    rows: list[dict[str, Any]] = result.objects[-1]["rows"]
    assert result.stderr.startswith(f"tuxscope: {len(rows)} rows, ")
    return rows


@pytest.mark.parametrize("by", ["process", "remote", "port"])
def test_summary(tuxscope: Any, network: Namespace, peer: Any, by: str) -> None:
    """Counts and bytes are what was done, of each."""
    count = fewer(50)
    with listen(network, address="127.77.0.1") as listener:
        fd, port = listener.fileno(), port_of(listener)
        server = peer("serve", fd, pass_fds=[fd])
        callers = [peer("connect", "127.77.0.1", port, count, 100 * n) for n in (1, 2)]
        run = tuxscope(
            "net", "--summary", "--by", by, "--port", port, "--format", "json", "--interval", 0.1
        )
        run.wait_until_attached(programs_on_this_kernel())
        comms = {each.pid: each.comm for each in (server, *callers)}
        for each in (server, *callers):
            each.start()
        out = {each.pid: each.finish() for each in callers}
        server.stop()
    with make_socket(network) as ours:
        assert ours.connect_ex(("127.77.0.1", port))
    rows = summary(run)
    sums = {
        pid: (sum(row[1] for row in done), sum(row[2] for row in done)) for pid, done in out.items()
    }
    sent, came = (sum(each) for each in zip(*sums.values(), strict=True))
    names = ("connects", "accepts", "failed", "resets", "closes", "tx", "rx")
    found = {
        tuple(each[key] for key in each if key in ("pid", "comm", "raddr", "port")): each
        for each in rows
    }
    n = len(callers) * count
    if by == "process":
        expected: dict[Any, list[int]] = {
            (pid, comms[pid]): [count, 0, 0, 0, count, *both] for pid, both in sums.items()
        }
        expected[server.pid, comms[server.pid]] = [0, n, 0, 0, n, came, sent]
        expected[os.getpid(), comm()] = [0, 0, 1, 0, 0, 0, 0]
    elif by == "remote":
        expected = {
            ("127.77.0.1",): [n, 0, 1, 0, n, sent, came],
            ("127.0.0.1",): [0, n, 0, 0, n, came, sent],
        }
    else:
        expected = {(port,): [n, n, 1, 0, 2 * n, sent + came, sent + came]}
    assert {key: told(each, *names) for key, each in found.items()} == expected
    for each in rows:
        p50, p99 = each["connect_p50_ms"], each["connect_p99_ms"]
        if each["connects"]:
            assert 0 < p50 <= p99 < LIMIT * 1e3
        else:
            assert p50 is p99 is None


def test_summary_in_text(tuxscope: Any, network: Namespace) -> None:
    with listen(network) as listener:
        port = port_of(listener)
        run = tuxscope("net", "--summary", "--by", "port", "--port", port, "--interval", "0.1")
        run.wait_until_attached(programs_on_this_kernel())
        call(network, listener)
        run.wait_for_text(f"\n{port}".encode())
        run.signal(signal.SIGINT)
        result = run.finish()
    *_, header, row = result.stdout.splitlines()
    assert header == (
        "PORT  CONNECTS ACCEPTS  FAILED   RESETS   CLOSES   TX           RX           "
        "P50_MS       P99_MS"
    )
    assert row.split()[:8] == [str(port), "1", "1", "0", "0", "2", "1", "1"]
