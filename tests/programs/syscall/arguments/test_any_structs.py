"""No bytes that a program passes to a call make the text of a struct fail."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.siginfo import siginfo_text
from tuxscope.programs.syscall.arguments.socket_addresses import sockaddr_text


@given(st.binary(max_size=140), st.sampled_from([4, 8]))
@example(b"\1\0\0", 8)
def test_structs(data: bytes, word: int) -> None:
    for text in (sockaddr_text(data), siginfo_text(data, word)):
        assert text is None or text.isprintable()


@given(st.binary(max_size=140), st.sampled_from([1, 2, 10, 16, 17, 40]))
def test_addresses_of_known_families(data: bytes, family: int) -> None:
    assert str(sockaddr_text(bytes([family, 0]) + data)).isprintable()


@given(st.sampled_from(range(1, 65)), st.integers(-10, 10), st.binary(min_size=32, max_size=48))
def test_signals_with_any_details(number: int, code: int, rest: bytes) -> None:
    data = number.to_bytes(4, "little") + bytes(4) + code.to_bytes(4, "little", signed=True) + rest
    assert str(siginfo_text(data)).isprintable()


def test_no_bytes_in_quotes() -> None:
    assert quoted(b"") == '""'
