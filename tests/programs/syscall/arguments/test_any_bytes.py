"""No bytes that a program passes to a call make its text fail."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from tuxscope.abi.architecture import X86_64, Abi
from tuxscope.programs.syscall.arguments.call import Call, Piece, Status
from tuxscope.programs.syscall.arguments.declarations import declaration, lines
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.siginfo import siginfo_text
from tuxscope.programs.syscall.arguments.socket_addresses import sockaddr_text
from tuxscope.programs.syscall.arguments.text import arguments_json, arguments_text, result_text

NAMES = sorted(lines())
WORDS = st.one_of(
    st.integers(0, 300), st.integers(0, 2**64 - 1), st.sampled_from([2**32 - 1, 2**64 - 1])
)
PIECES = st.builds(Piece, st.sampled_from(Status), st.integers(0, 40), st.binary(max_size=200)).map(
    lambda piece: Piece(piece.status, piece.element, b"" if piece.status == 2 else piece.data)
)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Any call, with any bytes for each of its reads."""
    name = draw(st.sampled_from(NAMES))
    read = {
        planned.key: draw(st.lists(PIECES, max_size=3))
        for planned in declaration(name).plan
        if draw(st.booleans())
    }
    return Call(
        name=name,
        abi=draw(st.sampled_from([Abi.X86_64, Abi.IA32, Abi.S390X])),
        architecture=X86_64,
        values=tuple(draw(st.lists(WORDS, min_size=6, max_size=6))),
        result=draw(st.one_of(st.integers(-600, 300), st.integers(-(2**63), 2**63 - 1))),
        finished=draw(st.booleans()),
        pieces=read,
        string_size=draw(st.integers(0, 64)),
    )


@given(calls())
def test_calls(call: Call) -> None:
    assert arguments_text(call).isprintable()
    assert result_text(call).isprintable()
    json.dumps(arguments_json(call))


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
