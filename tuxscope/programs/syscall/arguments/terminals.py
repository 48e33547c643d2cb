"""The structs of terminals, as ioctl(2) takes and returns them."""

from __future__ import annotations

import struct
import termios

from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.flags import flag_text
from tuxscope.programs.syscall.arguments.structs import choice_text

# c_iflag, c_oflag, c_cflag, c_lflag (include/uapi/asm-generic/termbits.h); of the numbers in a
# mask, the names of all that Linux has
INPUT = named(
    termios,
    "IGNBRK BRKINT IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IUCLC IXON IXANY IXOFF IMAXBEL "
    "IUTF8",
    IUCLC=0o1000,
    IUTF8=0o40000,
)
DELAYS = (
    (0o400, {0: "NL0", 0o400: "NL1"}),
    (0o3000, {0: "CR0", 0o1000: "CR1", 0o2000: "CR2", 0o3000: "CR3"}),
    (0o14000, {0: "TAB0", 0o4000: "TAB1", 0o10000: "TAB2", 0o14000: "XTABS"}),
    (0o20000, {0: "BS0", 0o20000: "BS1"}),
    (0o40000, {0: "VT0", 0o40000: "VT1"}),
    (0o100000, {0: "FF0", 0o100000: "FF1"}),
)
OUTPUT = {
    0o1: "OPOST", 0o2: "OLCUC", 0o4: "ONLCR", 0o10: "OCRNL", 0o20: "ONOCR", 0o40: "ONLRET",
    0o100: "OFILL", 0o200: "OFDEL",
}  # fmt: skip
DELAY_MASK = sum(mask for mask, _ in DELAYS)
SPEED_MASK = 0o10017
INPUT_SHIFT = 16  # of the speed of what is received, if it is another
# The kernel's: those of module termios are from glibc 2.42 on the speeds themselves.
SLOW = (0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400)
FAST = (
    57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
    2500000, 3000000, 3500000, 4000000,
)  # fmt: skip
SPEEDS = {number: f"B{speed}" for number, speed in enumerate(SLOW)}
SPEEDS |= {0o10000: "BOTHER"} | {0o10001 + at: f"B{speed}" for at, speed in enumerate(FAST)}
SIZE_MASK = 0o60
SIZES = {0: "CS5", 0o20: "CS6", 0o40: "CS7", 0o60: "CS8"}
CONTROL = {
    0o100: "CSTOPB", 0o200: "CREAD", 0o400: "PARENB", 0o1000: "PARODD", 0o2000: "HUPCL",
    0o4000: "CLOCAL", 0o10000000000: "CMSPAR", 0o20000000000: "CRTSCTS",
}  # fmt: skip
LOCAL = {
    0o1: "ISIG", 0o2: "ICANON", 0o4: "XCASE", 0o10: "ECHO", 0o20: "ECHOE", 0o40: "ECHOK",
    0o100: "ECHONL", 0o200: "NOFLSH", 0o100000: "IEXTEN", 0o1000: "ECHOCTL", 0o2000: "ECHOPRT",
    0o4000: "ECHOKE", 0o10000: "FLUSHO", 0o40000: "PENDIN", 0o400: "TOSTOP", 0o200000: "EXTPROC",
}  # fmt: skip
SETTINGS = struct.Struct("=IIII")
OLD_SETTINGS = struct.Struct("=HHHH")
WINDOW = struct.Struct("=HHHH")


def bits_text(flags: int, names: dict[int, str]) -> str:
    """Return ``flags``, an int, as text by ``names``, a dict of str by bit; empty for 0."""
    return flag_text(flags, names, "", zero="").removesuffix(" /*  */")


def output_text(flags: int) -> str:
    """Return ``flags``, the c_oflag of a struct termios, an int, as text, the delays first."""
    names = [delays[flags & mask] for mask, delays in DELAYS]
    return "|".join([*names, bits_text(flags & ~DELAY_MASK, OUTPUT)])


def control_text(flags: int) -> str:
    """Return ``flags``, the c_cflag of a struct termios, an int, as text, the speed and the size of
    a character first."""
    speed, size = flags & SPEED_MASK, SIZES[flags & SIZE_MASK]
    names = [choice_text(speed, SPEEDS, "B???")]
    if given := flags >> INPUT_SHIFT & SPEED_MASK:
        names.append(f"{choice_text(given, SPEEDS, 'B???')}<<IBSHIFT")
    rest = flags & ~(SPEED_MASK | SPEED_MASK << INPUT_SHIFT | SIZE_MASK)
    return "|".join([*names, size, bits_text(rest, CONTROL)])


def settings_text(data: bytes, old: bool) -> str | None:
    """Return the struct termios in ``data``, bytes, or with ``old``, a bool, the struct termio, as
    text; None if ``data`` is too short."""
    form = OLD_SETTINGS if old else SETTINGS
    if len(data) < form.size:
        return None
    given, shown, control, local = form.unpack_from(data)
    parts = (
        f"c_iflag={bits_text(given, INPUT)}",
        f"c_oflag={output_text(shown)}",
        f"c_cflag={control_text(control)}",
        f"c_lflag={bits_text(local, LOCAL)}",
    )
    return "{" + ", ".join([*parts, "..."]) + "}"


def window_text(data: bytes) -> str | None:
    """Return the struct winsize in ``data``, bytes, as text; None if ``data`` is too short."""
    if len(data) < WINDOW.size:
        return None
    row, column, width, height = WINDOW.unpack_from(data)
    return f"{{ws_row={row}, ws_col={column}, ws_xpixel={width}, ws_ypixel={height}}}"
