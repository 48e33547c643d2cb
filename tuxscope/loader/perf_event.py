"""perf_event_open(2): the events behind tracepoints and rings."""

from __future__ import annotations

import ctypes
import fcntl
import struct
from enum import IntEnum

from tuxscope.loader.bit_fields import bit_field
from tuxscope.loader.fd import Fd
from tuxscope.loader.syscalls import SystemCall, syscall
from tuxscope.record import Record, s32, u32, u64

TYPE_SOFTWARE, TYPE_TRACEPOINT = 1, 2
COUNT_SW_BPF_OUTPUT = 10
SAMPLE_RAW = 1 << 10
FORMAT_TOTAL_TIME_ENABLED = 1 << 0
FORMAT_LOST = 1 << 4  # PERF_FORMAT_LOST, Linux 6.0, commit 119a784c8127
FLAG_FD_CLOEXEC = 8


class Ioctl(IntEnum):
    """An IntEnum: ioctl requests (PERF_EVENT_IOC_...), the same on all machines in syscalls.py.
    Members: ENABLE = 0x2400, SET_BPF = 0x40042408."""

    ENABLE = 0x2400
    SET_BPF = 0x40042408


class PerfEventAttributes(Record):
    """A Record: ``struct perf_event_attr`` up to version 5 (112 bytes), which Linux 4.8 and later
    take.

    Attributes:
        type, size, wakeup, bp_type, sample_stack_user, aux_watermark, sample_max_stack: u32 each.
        config, sample_period, sample_type, read_format, flags, config1, config2,
            branch_sample_type, sample_regs_user, sample_regs_intr: u64 each.
        clockid: s32.
    """

    type = u32
    size = u32
    config = u64
    sample_period = u64
    sample_type = u64
    read_format = u64
    flags = u64
    wakeup = u32
    bp_type = u32
    config1 = u64
    config2 = u64
    branch_sample_type = u64
    sample_regs_user = u64
    sample_stack_user = u32
    clockid = s32
    sample_regs_intr = u64
    aux_watermark = u32
    sample_max_stack = u32


DISABLED = bit_field(0, 64)
WATERMARK = bit_field(14, 64)


def perf_event_open(attributes: PerfEventAttributes, cpu: int) -> Fd:
    """Open the event with ``attributes``, PerfEventAttributes, for all processes on ``cpu``, an
    int; return its Fd.

    Raises OSError: ENODEV for a CPU that is offline, EACCES or EPERM without CAP_PERFMON.
    """
    sized = bytearray(bytes(attributes))
    struct.pack_into("=I", sized, PerfEventAttributes.fields["size"].offset, len(sized))
    buffer = (ctypes.c_char * len(sized)).from_buffer(sized)
    return Fd(
        syscall(SystemCall.PERF_EVENT_OPEN, ctypes.addressof(buffer), -1, cpu, -1, FLAG_FD_CLOEXEC)
    )


def open_tracepoint(tracepoint_id: int, cpu: int) -> Fd:
    """Open the event of the tracepoint with ID ``tracepoint_id``, an int, disabled; return its Fd.

    Its programs run on all CPUs, whatever ``cpu``, an int, is. Raises OSError.
    """
    return perf_event_open(
        PerfEventAttributes(
            type=TYPE_TRACEPOINT, config=tracepoint_id, sample_period=1, flags=DISABLED
        ),
        cpu,
    )


def open_bpf_output(cpu: int, watermark: int, read_format: int) -> Fd:
    """Open the event that BPF programs on ``cpu``, an int, write samples to
    (PERF_COUNT_SW_BPF_OUTPUT); return its Fd.

    poll(2) reports it readable after ``watermark`` bytes, an int; ``read_format``, an int, is what
    read(2) returns (PERF_FORMAT_...). Raises OSError.
    """
    return perf_event_open(
        PerfEventAttributes(
            type=TYPE_SOFTWARE,
            config=COUNT_SW_BPF_OUTPUT,
            sample_period=1,
            sample_type=SAMPLE_RAW,
            read_format=read_format,
            flags=WATERMARK,
            wakeup=watermark,
        ),
        cpu,
    )


def ioctl(event: int, request: Ioctl, argument: int = 0) -> None:
    """Send ``request``, an Ioctl, with the integer ``argument`` to ``event``, an fd, an int. Raises
    OSError."""
    fcntl.ioctl(event, request, argument)
