"""ioctl(2) is shown as strace(1) shows it."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import termios
from collections.abc import Iterator

import pytest

from programs.syscall.arguments.live import made, text
from tuxscope.programs.syscall.arguments.ioctls import command_text
from tuxscope.programs.syscall.arguments.terminals import settings_text
from tuxscope.programs.syscall.arguments.text import arguments_text

ROOM = ctypes.create_string_buffer(200)
COOKED = (
    "{c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, "
    "c_cflag=B38400|CS8|CREAD, "
    "c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}"
)


@pytest.fixture
def terminal() -> Iterator[int]:
    """A descriptor of a new terminal."""
    controller, terminal = os.openpty()
    yield terminal
    os.close(terminal)
    os.close(controller)


@pytest.fixture
def pipe() -> Iterator[int]:
    """The reading end of a pipe with 5 bytes in it."""
    reading, writing = os.pipe()
    os.write(writing, b"hello")
    yield reading
    os.close(reading)
    os.close(writing)


def shown(
    descriptor: int, command: int, argument: int | bytes | ctypes.Array[ctypes.c_char]
) -> str:
    """Return the command and the argument of a call as text, with its result."""
    return text("ioctl", descriptor, command, argument).partition(", ")[2]


def test_settings(terminal: int) -> None:
    assert shown(terminal, termios.TCGETS, ROOM) == f"TCGETS, {COOKED}) = 0"
    assert shown(terminal, termios.TCSETS, ROOM) == (f"SNDCTL_TMR_START or TCSETS, {COOKED}) = 0")


def test_settings_with_everything() -> None:
    assert settings_text(bytes(16), old=False) == (
        "{c_iflag=, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|, c_cflag=B0|CS5|, c_lflag=, ...}"
    )
    assert settings_text(b"\xff" * 16, old=False) == (
        "{c_iflag=IGNBRK|BRKINT|IGNPAR|PARMRK|INPCK|ISTRIP|INLCR|IGNCR|ICRNL|IUCLC|IXON|IXANY|"
        "IXOFF|IMAXBEL|IUTF8|0xffff8000, c_oflag=NL1|CR3|XTABS|BS1|VT1|FF1|OPOST|OLCUC|ONLCR|"
        "OCRNL|ONOCR|ONLRET|OFILL|OFDEL|0xffff0000, c_cflag=B4000000|B4000000<<IBSHIFT|CS8|"
        "CSTOPB|CREAD|PARENB|PARODD|HUPCL|CLOCAL|CMSPAR|CRTSCTS|0x2ff0e000, c_lflag=ISIG|ICANON|"
        "XCASE|ECHO|ECHOE|ECHOK|ECHONL|NOFLSH|IEXTEN|ECHOCTL|ECHOPRT|ECHOKE|FLUSHO|PENDIN|"
        "TOSTOP|EXTPROC|0xfffe2000, ...}"
    )


def test_not_a_terminal(pipe: int) -> None:
    address = f"{ctypes.addressof(ROOM):#x}"
    failed = ") = -1 ENOTTY (Inappropriate ioctl for device)"
    assert shown(pipe, termios.TCGETS, ROOM) == f"TCGETS, {address}{failed}"
    assert shown(pipe, termios.TIOCGWINSZ, ROOM) == f"TIOCGWINSZ, {address}{failed}"


def test_window(terminal: int) -> None:
    size = struct.pack("=HHHH", 24, 80, 0, 0)
    expected = "{ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0"
    assert shown(terminal, termios.TIOCSWINSZ, size) == f"TIOCSWINSZ, {expected}"
    assert shown(terminal, termios.TIOCGWINSZ, ROOM) == f"TIOCGWINSZ, {expected}"


def test_numbers(pipe: int) -> None:
    assert shown(pipe, termios.FIONREAD, ROOM) == "FIONREAD, [5]) = 0"
    assert shown(pipe, termios.FIONBIO, struct.pack("=i", 1)) == "FIONBIO, [1]) = 0"
    assert shown(pipe, termios.FIONBIO, 0) == "FIONBIO, NULL) = -1 EFAULT (Bad address)"


def test_without_argument(pipe: int) -> None:
    assert text("ioctl", pipe, termios.FIOCLEX, 7).endswith(">, FIOCLEX) = 0")


def test_constants(terminal: int) -> None:
    assert shown(terminal, termios.TCFLSH, 0) == "TCFLSH, TCIFLUSH) = 0"
    assert shown(terminal, termios.TCFLSH, 7) == (
        "TCFLSH, 0x7 /* TC??? */) = -1 EINVAL (Invalid argument)"
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0x12345678, "_IOC(_IOC_NONE, 0x56, 0x78, 0x1234)"),
        (0x80085430, "_IOC(_IOC_READ, 0x54, 0x30, 0x8)"),
        (0x9409, "_IOC(_IOC_NONE, 0x94, 0x9, 0)"),
        (0x40049409, "BTRFS_IOC_CLONE or FICLONE"),
        (0x80041272 | 8 << 16, "_IOC(_IOC_READ, 0x12, 0x72, 0xc)"),
    ],
)
def test_command(number: int, expected: str) -> None:
    assert command_text(number) == expected


def test_unknown_argument(pipe: int) -> None:
    assert arguments_text(made("ioctl", pipe, 0x12345678, 5)).endswith("0x1234), 0x5")
    assert arguments_text(made("ioctl", pipe, 0x12345678, 0)).endswith("0x1234), 0")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (0x8933, 'SIOCGIFINDEX, {ifr_name="lo", ifr_ifindex=1}) = 0'),
        (0x8927, 'SIOCGIFHWADDR, {ifr_name="lo", '
         "ifr_hwaddr={sa_family=ARPHRD_LOOPBACK, sa_data=00:00:00:00:00:00}}) = 0"),
    ],
)  # fmt: skip
def test_interface(command: int, expected: str) -> None:
    request = b"lo".ljust(40, b"\0")
    with socket.socket() as made_socket:
        assert shown(made_socket.fileno(), command, request) == expected
