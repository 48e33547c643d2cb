from __future__ import annotations

import errno
import os
import select
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pace import LIMIT

from tuxscope.output import sink as sink_module
from tuxscope.output.sink import LiveSink, OutputError, Sink
from tuxscope.run.interrupt import Interrupt

TEXT = "schön\n" * 60_000  # more than a pipe holds


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's two ends; a test may close them itself."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError as error:
            assert error.errno == errno.EBADF  # noqa: PT017  # closed already


def read_all(reader: int) -> bytes:
    """What is there until the end, once the writer is closed."""
    return b"".join(iter(lambda: os.read(reader, 1 << 20), b""))


def test_lines_arrive_as_utf_8(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    sink = Sink(writer)
    sink.write("schön\n")
    sink.write("")
    assert sink.fileno() == writer
    os.close(writer)
    assert read_all(reader) == "schön\n".encode()


def test_a_write_that_takes_a_part_is_followed_by_another(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    Sink(writer).write("schön und gut\n")
    os.close(writer)
    assert read_all(reader) == "schön und gut\n".encode()


def test_a_full_pipe_that_does_not_block_is_waited_for(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    wait, received = select.select, bytearray()

    def read_and_wait(*arguments: Any) -> Any:
        received.extend(os.read(reader, 1 << 20))
        return wait(*arguments)

    monkeypatch.setattr(select, "select", read_and_wait)
    Sink(writer).write(TEXT)
    os.close(writer)
    assert received
    assert received + read_all(reader) == TEXT.encode()


def test_nobody_reads_any_more(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    sink = Sink(writer)
    assert not sink.closed
    sink.write("nothing\n")
    assert sink.closed
    sink.write("nothing\n")
    assert sink.closed


def test_the_reader_goes_while_we_wait(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    wait = select.select

    def close_and_wait(*arguments: Any) -> Any:
        os.close(reader)
        return wait(*arguments)

    monkeypatch.setattr(select, "select", close_and_wait)
    sink = Sink(writer)
    sink.write(TEXT)
    assert sink.closed


def test_a_full_disk_is_said_in_one_line() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OutputError) as caught:
            Sink(full).write("text\n")
    finally:
        os.close(full)
    assert str(caught.value) == "cannot write the output: No space left on device (ENOSPC)"


def test_a_run_goes_on_to_its_end_where_the_disk_is_full() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    interrupted, interrupt = os.pipe()
    with open(interrupted, "rb") as asked, open(interrupt, "wb"), open(full, "wb"):
        sink = LiveSink(asked, fd=full)
        assert sink.write("one\ntwo\n") == 2
        assert sink.done
        assert str(sink.error).endswith("(ENOSPC)")
        assert sink.write("three\n") == 1


def test_somebody_is_told_while_nobody_reads(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_module, "BLOCKED", 0.01)
    reader, writer = pipe
    interrupted, interrupt = os.pipe()
    received: list[bytes] = []

    def blocked() -> None:
        received.append(os.read(reader, 1 << 20))

    with open(interrupted, "rb") as asked, open(interrupt, "wb"):
        os.set_blocking(writer, False)
        assert LiveSink(asked, blocked, writer).write(TEXT) == 0
    os.close(writer)
    assert received
    assert b"".join(received) + read_all(reader) == TEXT.encode()


def test_a_closed_output_is_said_in_one_line(pipe: tuple[int, int]) -> None:
    _, writer = pipe
    os.close(writer)
    with pytest.raises(OutputError) as caught:
        Sink(writer).write("text\n")
    assert str(caught.value) == "cannot write the output: Bad file descriptor (EBADF)"


def test_after_an_interrupt_a_reader_who_takes_nothing_is_not_waited_for(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_module, "EXIT_TIMEOUT", 0.01)
    reader, writer = pipe
    interrupted, interrupt = os.pipe()
    os.write(interrupt, b"!")
    with open(interrupted, "rb") as asked, open(interrupt, "wb"):
        sink = LiveSink(asked, fd=writer)
        dropped = sink.write(TEXT)
        assert sink.blocked_at_exit
        assert not sink.closed
        assert sink.write("one\ntwo\n") == 2
    os.close(writer)
    taken = read_all(reader)
    assert TEXT.encode().startswith(taken)
    assert 0 < taken.count(b"\n") == TEXT.count("\n") - dropped


def test_after_an_interrupt_a_reader_who_reads_gets_all(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    interrupted, interrupt = os.pipe()
    os.write(interrupt, b"!")
    received: list[bytes] = []
    reading = threading.Thread(target=lambda: received.append(read_all(reader)))
    reading.start()
    with open(interrupted, "rb") as asked, open(interrupt, "wb"):
        assert LiveSink(asked, fd=writer).write(TEXT) == 0
    os.close(writer)
    reading.join(LIMIT)
    assert received == [TEXT.encode()]


def test_a_write_that_waits_is_ended_by_an_interrupt(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes when the pipe is full already: there the write could not have begun."""
    monkeypatch.setattr(sink_module, "EXIT_TIMEOUT", 0.01)
    _, writer = pipe
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    with Interrupt() as interrupt:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        assert LiveSink(interrupt, fd=writer).write("one\n") == 1
        timer.join(LIMIT)
        assert interrupt.requested
