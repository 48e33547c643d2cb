"""The arguments of calls about sockets, as strace -y 6.1 printed them."""

from __future__ import annotations

import socket
import struct

import pytest

from programs.syscall.arguments.reading import called, line, packed
from tuxscope.abi.architecture import Abi
from tuxscope.programs.syscall.arguments.socket_addresses import sockaddr_text

A, B, C, D, E = 0x7FF100, 0x7FF200, 0x7FF300, 0x7FF800, 0x7FF900
FILES = {3: b"socket:[1]", 5: b"socket:[2]"}
S = "3<socket:[1]>"


def inet(port: int, address: str = "127.0.0.1") -> bytes:
    family = packed("H", socket.AF_INET)
    return family + struct.pack(">H", port) + socket.inet_aton(address) + bytes(8)


def inet6(port: int, flow: int, address: str, scope: int) -> bytes:
    head = packed("H", socket.AF_INET6) + struct.pack(">HI", port, flow)
    return head + socket.inet_pton(socket.AF_INET6, address) + packed("I", scope)


LOCAL = '{sa_family=AF_INET, sin_port=htons(8081), sin_addr=inet_addr("127.0.0.1")}'


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (inet(8081), LOCAL),
        (inet(8081)[:8], '{sa_family=AF_INET, sa_data="\\37\\221\\177\\0\\0\\1"}'),
        (
            inet6(5, 7, "::ffff:1.2.3.4", 99),
            "{sa_family=AF_INET6, sin6_port=htons(5), sin6_flowinfo=htonl(7), "
            'inet_pton(AF_INET6, "::ffff:1.2.3.4", &sin6_addr), sin6_scope_id=99}',
        ),
        (
            inet6(5, 7, "fe80::1", 1),
            "{sa_family=AF_INET6, sin6_port=htons(5), sin6_flowinfo=htonl(7), "
            'inet_pton(AF_INET6, "fe80::1", &sin6_addr), sin6_scope_id=if_nametoindex("lo")}',
        ),
        (
            inet6(5, 7, "::1", 0)[:24],
            "{sa_family=AF_INET6, sin6_port=htons(5), sin6_flowinfo=htonl(7), "
            'inet_pton(AF_INET6, "::1", &sin6_addr)}',
        ),
        (b"\1\0", "{sa_family=AF_UNIX}"),
        (b"\1\0\0", '{sa_family=AF_UNIX, sun_path=@""}'),
        (b"\1\0\0abc\0", '{sa_family=AF_UNIX, sun_path=@"abc\\0"}'),
        (b"\1\0/run/a\nb\0xx", '{sa_family=AF_UNIX, sun_path="/run/a\\nb"}'),
        (packed("HHiI", 16, 0, 7, 3), "{sa_family=AF_NETLINK, nl_pid=7, nl_groups=0x000003}"),
        (packed("HHiI", 16, 0, 0, 0), "{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}"),
        (
            packed("H", 17) + b"\0\3" + packed("IHBB", 1, 1, 0, 6) + b"\1\2\3\0\0\0\0\0",
            "{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), "
            'sll_ifindex=if_nametoindex("lo"), sll_hatype=ARPHRD_ETHER, '
            "sll_pkttype=PACKET_HOST, sll_halen=6, sll_addr=[0x1, 0x2, 0x3, 00, 00, 00]}",
        ),
        (
            packed("HHIIBBBB", 40, 0, 1024, 2, 0, 0, 0, 0),
            "{sa_family=AF_VSOCK, svm_cid=VMADDR_CID_HOST, svm_port=0x400, svm_flags=0}",
        ),
        (packed("H", 77) + b"\1", '{sa_family=0x4d /* AF_??? */, sa_data="\\1"}'),
        (b"\0", None),
    ],
)
def test_addresses(data: bytes, text: str | None) -> None:
    assert sockaddr_text(data) == text


def test_socket() -> None:
    call = called("socket", 2, 0o2000001, 6, result=3, files=FILES)
    assert line(call) == f"socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = {S}"
    for values, text in (
        ((1, 2 | 0o4000, 0), "AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0"),
        ((16, 3, 15), "AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT"),
        ((10, 3, 58), "AF_INET6, SOCK_RAW, IPPROTO_ICMPV6"),
        ((2, 3, 255), "AF_INET, SOCK_RAW, IPPROTO_RAW"),
        ((2, 1, 0), "AF_INET, SOCK_STREAM, IPPROTO_IP"),
        ((2, 1, 999), "AF_INET, SOCK_STREAM, 0x3e7 /* IPPROTO_??? */"),
        ((17, 3, 0x300), "AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)"),
        ((17, 3, 0x3412), "AF_PACKET, SOCK_RAW, htons(0x1234 /* ETH_P_??? */)"),
        ((1, 0x100001, 5), "AF_UNIX, SOCK_STREAM|0x100000 /* SOCK_??? */, 5"),
        ((1, 0x80007, 0), "AF_UNIX, SOCK_CLOEXEC|0x7, 0"),
    ):
        assert line(called("socket", *values, result=-22)) == f"socket({text}) = -1 EINVAL"


def test_socketpair() -> None:
    memory = {A: packed("ii", 3, 5)}
    call = called("socketpair", 1, 0o2000001, 0, A, memory=memory, files=FILES)
    assert line(call) == (
        f"socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [{S}, 5<socket:[2]>]) = 0"
    )
    assert line(called("socketpair", 2, 1, 0, A, result=-95)) == (
        f"socketpair(AF_INET, SOCK_STREAM, 0, {A:#x}) = -1 EOPNOTSUPP"
    )


def test_bind_and_connect() -> None:
    memory = {A: inet(8081)}
    assert line(called("connect", 3, A, 16, memory=memory, files=FILES)) == (
        f"connect({S}, {LOCAL}, 16) = 0"
    )
    assert line(called("bind", 3, A, 1, memory=memory, files=FILES, result=-22)) == (
        f"bind({S}, {A:#x}, 1) = -1 EINVAL"
    )
    assert (
        line(called("bind", 3, 0, 5, files=FILES, result=-14)) == f"bind({S}, NULL, 5) = -1 EFAULT"
    )


def test_accept() -> None:
    after, before = {A: inet(8081), B: packed("i", 16)}, {B: packed("i", 128)}
    call = called("accept4", 3, A, B, 0o2000000, result=5, memory=after, before=before, files=FILES)
    assert line(call) == (f"accept4({S}, {LOCAL}, [128 => 16], SOCK_CLOEXEC) = 5<socket:[2]>")
    assert line(called("accept", 3, 0, 0, result=-22, files=FILES)) == (
        f"accept({S}, NULL, NULL) = -1 EINVAL"
    )
    call = called("getpeername", 3, A, B, result=-107, memory=before, before=before, files=FILES)
    assert line(call) == f"getpeername({S}, {A:#x}, [128]) = -1 ENOTCONN"


def test_an_address_that_did_not_fit() -> None:
    after, before = {A: b"\1\0\0a..", B: packed("i", 110)}, {B: packed("i", 4)}
    call = called("getsockname", 3, A, B, memory=after, before=before, files=FILES)
    assert line(call) == (f'getsockname({S}, {{sa_family=AF_UNIX, sun_path=@"a"}}, [4 => 110]) = 0')


def test_sendto_and_recvfrom() -> None:
    memory = {A: inet(8081), B: packed("i", 16), C: b"hello"}
    assert line(called("sendto", 3, C, 5, 0x4000, 0, 0, result=5, memory=memory, files=FILES)) == (
        f'sendto({S}, "hello", 5, MSG_NOSIGNAL, NULL, 0) = 5'
    )
    call = called("recvfrom", 3, C, 100, 0x40, A, B, result=5, memory=memory, files=FILES)
    assert line(call) == f'recvfrom({S}, "hello", 100, MSG_DONTWAIT, {LOCAL}, [16]) = 5'


def header(vectors: int, count: int, name: int = 0, size: int = 0, *control: int) -> bytes:
    return packed("QIQQQQI", name, size, vectors, count, *(control or (0, 0)), 0).ljust(56, b"\0")


NUMBERS = b"0123456789" * 4
VECTORS = {B: packed("4Q", C, 5, D, 40), C: b"hello", D: NUMBERS}
SHOWN = (
    '[{iov_base="hello", iov_len=5}, {iov_base="01234567890123456789012345678901"..., iov_len=40}]'
)


def test_sendmsg() -> None:
    memory = {A: header(B, 2), **VECTORS}
    assert line(called("sendmsg", 3, A, 0x4000, result=45, memory=memory, files=FILES)) == (
        f"sendmsg({S}, {{msg_name=NULL, msg_namelen=0, msg_iov={SHOWN}, msg_iovlen=2, "
        "msg_controllen=0, msg_flags=0}, MSG_NOSIGNAL) = 45"
    )
    memory = {A: header(0, 0)}
    assert line(called("sendmsg", -1, A, 0, result=-9, memory=memory)) == (
        "sendmsg(-1, {msg_name=NULL, msg_namelen=0, msg_iov=[], msg_iovlen=0, msg_controllen=0, "
        "msg_flags=0}, 0) = -1 EBADF"
    )
    memory = {A: header(5, 3, 0, 0, 0, 32)}
    assert line(called("sendmsg", -1, A, 1, result=-9, memory=memory)) == (
        "sendmsg(-1, {msg_name=NULL, msg_namelen=0, msg_iov=0x5, msg_iovlen=3, msg_control=NULL, "
        "msg_controllen=32, msg_flags=0}, MSG_OOB) = -1 EBADF"
    )
    assert line(called("sendmsg", -1, 5, 1, result=-9)) == "sendmsg(-1, 0x5, MSG_OOB) = -1 EBADF"


def test_control_messages() -> None:
    rights = packed("Qii2i", 24, 1, 1, 1, 2)
    memory = {A: header(B, 2, 0, 0, E, 24), E: rights, **VECTORS}
    assert line(called("sendmsg", 3, A, 0, result=45, memory=memory, files=FILES)) == (
        f"sendmsg({S}, {{msg_name=NULL, msg_namelen=0, msg_iov={SHOWN}, msg_iovlen=2, "
        "msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
        "cmsg_data=[1, 2]}], msg_controllen=24, msg_flags=0}, 0) = 45"
    )
    credentials = packed("Qii3i", 28, 1, 2, 23634, 0, 0).ljust(32, b"\0")
    memory = {A: header(B, 2, 0, 0, E, 32), E: credentials, **VECTORS}
    assert (
        "msg_control=[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, "
        "cmsg_data={pid=23634, uid=0, gid=0}}], msg_controllen=32, "
    ) in line(called("sendmsg", 3, A, 0, result=45, memory=memory, files=FILES))


def test_recvmsg_shows_what_was_received() -> None:
    memory = {A: header(B, 2, E, 16), E: inet(8081), B: packed("4Q", C, 10, D, 100)}
    memory |= {C: b"0123456789", D: b"ab" + bytes(98)}
    assert line(called("recvmsg", 3, A, 0, result=12, memory=memory, files=FILES)) == (
        f"recvmsg({S}, {{msg_name={LOCAL}, msg_namelen=16, "
        'msg_iov=[{iov_base="0123456789", iov_len=10}, {iov_base="ab", iov_len=100}], '
        "msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 12"
    )
    memory = {A: header(B, 2, E, 128)}
    assert line(called("recvmsg", 99, A, 0x40, result=-9, memory=memory)) == (
        "recvmsg(99, {msg_namelen=128}, MSG_DONTWAIT) = -1 EBADF"
    )


def test_a_message_that_was_only_measured() -> None:
    memory = {A: header(B, 1), B: packed("2Q", 0, 0)}
    assert "msg_iov=[{iov_base=NULL, iov_len=0}], msg_iovlen=1" in line(
        called("recvmsg", 3, A, 0x22, result=2952, memory=memory, files=FILES)
    )


def test_a_message_of_the_32_bit_abi() -> None:
    memory = {
        A: struct.pack("=7I", 0, 0, B, 1, 0, 0, 0) + bytes(28), B: struct.pack("=II", C, 5),
        C: b"hello",
    }  # fmt: skip
    assert line(called("sendmsg", 3, A, 0, result=5, memory=memory, abi=Abi.IA32)) == (
        'sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hello", iov_len=5}], '
        "msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 5"
    )


def test_sendmmsg() -> None:
    first = header(B, 1, E, 16) + packed("Q", 5)
    second = header(B, 2) + packed("Q", 45)
    memory = {A: first + second, E: inet(8081), **VECTORS}
    text = (
        f"[{{msg_hdr={{msg_name={LOCAL}, msg_namelen=16, "
        'msg_iov=[{iov_base="hello", iov_len=5}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, '
        "msg_len=5}, {msg_hdr={msg_name=NULL, msg_namelen=0, "
        f"msg_iov={SHOWN}, msg_iovlen=2, msg_controllen=0, msg_flags=0}}, msg_len=45}}]"
    )
    call = called("sendmmsg", 3, A, 2, 0x4000, result=2, memory=memory, files=FILES)
    assert line(call) == f"sendmmsg({S}, {text}, 2, MSG_NOSIGNAL) = 2"
    assert line(called("sendmmsg", -1, A, 2, 0, result=-9, memory=memory)) == (
        f"sendmmsg(-1, {text.replace(', msg_len=5', '').replace(', msg_len=45', '')}, 2, 0) "
        "= -1 EBADF"
    )


def test_options() -> None:
    memory = {A: packed("i", 1), B: packed("i", 4)}
    for level, option, text in (
        (1, 2, "SOL_SOCKET, SO_REUSEADDR"), (6, 1, "SOL_TCP, TCP_NODELAY"),
        (0, 1, "SOL_IP, IP_TOS"), (41, 26, "SOL_IPV6, IPV6_V6ONLY"),
        (17, 103, "SOL_UDP, UDP_SEGMENT"), (263, 23, "SOL_PACKET, PACKET_IGNORE_OUTGOING"),
        (270, 12, "SOL_NETLINK, NETLINK_GET_STRICT_CHK"), (1, 75, "SOL_SOCKET, SO_RCVMARK"),
        (6, 37, "SOL_TCP, TCP_TX_DELAY"), (0, 50, "SOL_IP, IP_UNICAST_IF"),
        (41, 78, "SOL_IPV6, IPV6_FREEBIND"), (1, 999, "SOL_SOCKET, 0x3e7 /* SO_??? */"),
        (6, 1000, "SOL_TCP, 0x3e8 /* TCP_??? */"),
    ):  # fmt: skip
        call = called("setsockopt", 3, level, option, A, 4, memory=memory, files=FILES)
        assert line(call) == f"setsockopt({S}, {text}, [1], 4) = 0"
        call = called("getsockopt", 3, level, option, A, B, memory=memory, files=FILES)
        assert line(call) == f"getsockopt({S}, {text}, [1], [4]) = 0"


def test_values_of_options() -> None:
    for level, option, value, text in (
        (1, 13, packed("ii", 1, 5), "SO_LINGER, {l_onoff=1, l_linger=5}"),
        (1, 17, packed("iii", 0, -1, -1), "SO_PEERCRED, {pid=0, uid=-1, gid=-1}"),
        (1, 4, packed("i", 111), "SO_ERROR, [ECONNREFUSED]"),
        (1, 4, packed("i", 0), "SO_ERROR, [0]"),
        (1, 20, packed("ii", 5, 0), 'SO_RCVTIMEO_OLD, "\\5\\0\\0\\0\\0\\0\\0\\0"'),
        (6, 13, b"cubic", 'TCP_CONGESTION, "cubic"'),
        (1, 25, b"lo\0", 'SO_BINDTODEVICE, "lo\\0"'),
        (
            0, 35, bytes([1, 0, 0, 0, 2, 0, 0, 0]),
            'IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr("1.0.0.0"), '
            'imr_interface=inet_addr("2.0.0.0")}',
        ),
        (
            41, 20, bytes(16) + packed("I", 1),
            'IPV6_ADD_MEMBERSHIP, {inet_pton(AF_INET6, "::", &ipv6mr_multiaddr), '
            'ipv6mr_interface=if_nametoindex("lo")}',
        ),
    ):  # fmt: skip
        memory = {A: value, B: packed("i", len(value))}
        call = called("getsockopt", 3, level, option, A, B, memory=memory, files=FILES)
        assert f", {text}, [{len(value)}]) = 0" in line(call)
        call = called("setsockopt", 3, level, option, A, len(value), memory=memory)
        assert f", {text}, {len(value)}) = 0" in line(call)


def test_shutdown_and_listen() -> None:
    assert line(called("shutdown", 3, 1, files=FILES)) == f"shutdown({S}, SHUT_WR) = 0"
    assert line(called("shutdown", 3, 9, files=FILES, result=-22)) == (
        f"shutdown({S}, 0x9 /* SHUT_??? */) = -1 EINVAL"
    )
    assert line(called("listen", 3, 4096, files=FILES)) == f"listen({S}, 4096) = 0"
    assert line(called("socketcall", 3, A, abi=Abi.IA32)) == f"socketcall(SYS_CONNECT, {A:#x}) = 0"


@pytest.mark.parametrize(("abi", "word"), [(Abi.IA32, "I"), (Abi.S390, "I"), (Abi.S390X, "Q")])
def test_socketcall_has_the_arguments_of_its_call(abi: Abi, word: str) -> None:
    memory = {A: packed(word * 6, 5, 0x400000, 16, 1, 2, 3)}
    shown = {3: "[5, 4194304, 16]", 4: "[5, 4194304]", 12: "[5, 4194304, 16, 1, 2, 3]"}
    for number, text in shown.items():
        assert f", {text}) = 0" in line(called("socketcall", number, A, abi=abi, memory=memory))
    for number, held in ((0, memory), (21, memory), (3, {})):
        assert f", {A:#x}) = 0" in line(called("socketcall", number, A, abi=abi, memory=held))
