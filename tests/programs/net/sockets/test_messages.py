"""The kernel's messages as this machine lays them out, and what it says instead of a list."""

from __future__ import annotations

import errno
import struct
from typing import Any

import pytest
from pyroute2.netlink.diag import DiagSocket, MarshalDiag

from programs.net.sockets.connections import mapped
from tuxscope.programs.net.sockets import Socket, SocketsError, existing_sockets, own_namespace
from tuxscope.programs.net.sockets.existing import _note_refusal, _socket
from tuxscope.programs.net.tcp_states import TcpState

INODE = 4026531840


def message(family: int, state: int, local: bytes, remote: bytes, info: bytes) -> bytes:
    """``struct inet_diag_msg`` behind its header, with tcp_info (include/uapi/linux)."""
    body = struct.pack("=4B", family, state, 0, 0)
    body += struct.pack(">HH16s16s", 0x1234, 0xABCD, local, remote)
    # The interface; the cookie, its low word first; no timer, two queues, a user, the inode.
    body += struct.pack("=I2I5I", 3, 0x9ABCDEF0, 0x12345678, 0, 1, 2, 1000, 4_000_000_000)
    if info:
        body += struct.pack("=HH", 4 + len(info), 2) + info
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 7, 1) + body


def tcp_info(rtt: int, received: int, sent: int, again: int) -> bytes:
    info = bytearray(232)
    struct.pack_into("=I", info, 68, rtt)
    struct.pack_into("=Q", info, 128, received)
    struct.pack_into("=QQ", info, 200, sent, again)
    return bytes(info)


def parsed(data: bytes) -> list[Any]:
    marshal = MarshalDiag()
    marshal.fix_message = _note_refusal
    return list(marshal.parse(data, 7))


V4 = b"\x0a\x01\x02\x03".ljust(16, b"\0")
V6 = bytes.fromhex("20010db8 00000000 00000000 00000001")


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("family", "address", "expected"), [(2, V4, mapped("10.1.2.3")), (10, V6, V6)], ids=["v4", "v6"]
)
def test_every_field_is_read_in_its_byte_order(
    family: int, address: bytes, expected: bytes
) -> None:
    info = tcp_info(1500, received=2**40 + 1, sent=2**41 + 9, again=5)
    (one,) = parsed(message(family, 1, address, address, info))
    assert _socket(one, INODE) == Socket(
        cookie=0x123456789ABCDEF0,
        inode=4_000_000_000,
        state=TcpState.ESTABLISHED,
        local=expected,
        remote=expected,
        local_port=0x1234,
        remote_port=0xABCD,
        netns=INODE,
        interface=3,
        sent=2**41 + 4,
        received=2**40 + 1,
        rtt_us=1500,
    )


@pytest.mark.parametrize("state", [each for each in TcpState if each is not TcpState.LISTEN])
def test_the_fin_that_came_is_no_payload(state: TcpState) -> None:
    (one,) = parsed(message(2, state, V4, V4, tcp_info(0, received=8, sent=0, again=0)))
    came = state in (TcpState.CLOSE_WAIT, TcpState.LAST_ACK, TcpState.CLOSING)
    told = _socket(one, INODE)
    assert (told.state, told.received, told.sent, told.rtt_us) == (state, 8 - came, 0, None)


def test_less_than_nothing_was_never_sent() -> None:
    (one,) = parsed(message(2, TcpState.ESTABLISHED, V4, V4, tcp_info(1, 0, sent=5, again=10)))
    assert _socket(one, INODE).sent == 0


def test_what_is_not_told_is_none() -> None:
    (one,) = parsed(message(2, TcpState.TIME_WAIT, V4, V4, b""))
    told = _socket(one, INODE)
    assert (told.sent, told.received, told.rtt_us) == (None, None, None)


@pytest.mark.matrix
@pytest.mark.parametrize("kind", [2, 3])  # NLMSG_ERROR, NLMSG_DONE
def test_a_refusal_is_no_end_of_the_list(kind: int) -> None:
    def answer(code: int) -> bytes:
        return struct.pack("=IHHIIi", 20, kind, 2, 7, 1, code)

    (refusal,) = parsed(answer(-errno.ENOENT))
    assert isinstance(refusal["header"]["error"], OSError)
    assert refusal["header"]["error"].errno == errno.ENOENT
    (end,) = parsed(answer(0))
    assert end["header"]["error"] is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOENT, "No such file or directory (ENOENT); try: modprobe tcp_diag"),
        (errno.EMFILE, "Too many open files (EMFILE); try: ulimit -n 4096"),
    ],
)
def test_a_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch, code: int, said: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, "sock_diag")

    monkeypatch.setattr(DiagSocket, "get_sock_stats", refuse)
    with pytest.raises(SocketsError) as raised:
        existing_sockets([own_namespace()])
    assert str(raised.value) == f"the kernel does not list its TCP sockets: {said}"


@pytest.mark.matrix
def test_a_kernel_lists_its_sockets_or_says_why_not() -> None:
    try:
        sockets = existing_sockets([own_namespace()])
    except SocketsError as error:  # sock_diag is a module, which this machine has not
        assert "(ENOENT); try: modprobe tcp_diag" in str(error)  # noqa: PT017
    else:
        assert {each.netns for each in sockets} <= {own_namespace().inode}
