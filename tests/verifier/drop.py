"""Without CAP_PERFMON and CAP_SYS_ADMIN for a moment: some refusals are for the others alone."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tuxscope.loader.privilege import VERSION_3, Capability, CapData, CapHeader

libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, header: object, data: object) -> None:
    """capget(2) or capset(2) of this thread. Raises OSError."""
    if getattr(libc, function)(header, data):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextmanager
def unprivileged() -> Iterator[None]:
    """CAP_BPF is kept: it takes that to load at all. All of it is back afterwards."""
    header = ctypes.create_string_buffer(bytes(CapHeader(version=VERSION_3)))
    data = ctypes.create_string_buffer(2 * CapData.size)
    call("capget", header, data)
    before = data.raw
    halves = [CapData.unpack(before, at * CapData.size) for at in (0, 1)]
    dropped = [Capability.SYS_ADMIN, Capability.PERFMON]
    bits = [sum(1 << each % 32 for each in dropped if each // 32 == at) for at in (0, 1)]
    after = [
        CapData(
            effective=half.effective & ~gone,
            permitted=half.permitted,
            inheritable=half.inheritable,
        )
        for half, gone in zip(halves, bits, strict=True)
    ]
    call("capset", header, b"".join(map(bytes, after)))
    try:
        yield
    finally:
        call("capset", header, before)
