"""The command line of ``tuxscope syscall``: what is wrong with it is said in one line."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("-c", "unknown option -c; use --summary"),
        ("-f", "unknown option -f; use --follow"),
        ("-ff -o x", "unknown option -f; use --follow"),
        ("-e trace=openat", "unknown option -e; use --name openat"),
        ("-e trace=openat -- ls", "unknown option -e; use --name openat"),
        ("-etrace=openat,close", "unknown option -e; use --name openat,close"),
        ("-e %file", "unknown option -e; use --name %file"),
        ("-e !futex", "unknown option -e; use --name '!futex'"),
        ("-e", "unknown option -e; use --name LIST"),
        ("-e --follow", "unknown option -e; use --name LIST"),
        ("-e a\nb", "unknown option -e; use --name LIST"),
        ("-e status=failed", "unknown option -e; use --failed"),
        ("-e signal=none", "unknown option -e; of the kinds of -e there is trace=LIST alone"),
        ("-p 1842", "unknown option -p; use --pid 1842"),
        ("-p1842", "unknown option -p; use --pid 1842"),
        ("-T", "unknown option -T; durations are always printed"),
        ("-o calls.txt", "unknown option -o; use --output calls.txt"),
        ("-s 100", "unknown option -s; use --string-size 100"),
        ("-s", "unknown option -s; use --string-size N"),
        ("-ttt", "unknown option -t; use --timestamps time"),
        ("-yy", "unknown option -y; paths are always printed"),
        ("-P /etc", "unknown option -P; no option chooses calls by path"),
        ("-C", "unknown option -C; use --summary for the counts"),
        ("-S time", "unknown option -S; use --summary --sort COLUMN"),
        ("-z", "unknown option -z; no option chooses calls that succeeded"),
        ("-Z", "unknown option -Z; use --failed"),
        ("-k", "unknown option -k; see --help"),
    ],
)
def test_an_option_of_strace_has_a_hint(tuxscope: Any, typed: str, problem: str) -> None:
    assert problem in refused(tuxscope, *typed.split(" "))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--string-size", "4096"), "--string-size takes at most 4095 bytes, not 4096"),
        (("--string-size", "-1"), "--string-size takes a number of bytes, as in"),
        (("--string-size", "1k"), "not '1k'"),
        (("--string-size",), "not nothing"),
        (("--string-size", "9" * 5000), "--string-size takes"),
        (("--timestamps", "date"), "--timestamps is time, ns or none, not 'date'"),
        (("--timestamps",), "--timestamps is time, ns or none, not nothing"),
        (("--output",), "--output takes a file, as in --output calls.txt, or -, not nothing"),
        (("--output", ""), "--output takes a file"),
        (("--count", "0"), "--count takes a number of lines, as in --count 100, not '0'"),
        (("--count", "x"), "not 'x'"),
        (("--interval", "1"), "--interval needs --summary"),
        (("--rows", "5"), "--rows needs --summary"),
        (("--sort", "calls"), "--sort needs --summary"),
        (("--by", "process"), "--by needs --summary"),
        (("--hist", "read"), "--hist needs --summary"),
        (("--summary", "--string-size", "5"), "--summary and --string-size"),
        (("--summary", "--timestamps", "ns"), "--summary and --string-size, --timestamps"),
        (("--summary", "--output", "x"), "or --output conflict"),
        (("--name", "raed"), "did you mean read?"),
        (("--error", "ENOEND"), "did you mean ENOENT?"),
        (("--min", "-1"), "--min takes seconds"),
        (("--uid", "no-such-user"), "--uid takes a user id or name"),
        (("1842",), "unexpected argument '1842'; try --pid 1842"),
        (("ls",), "unexpected argument 'ls'; a command to trace comes after --"),
        (("--",), "-- needs a command"),
        (("--pid", "1", "--", "true"), "--pid"),
    ],
    ids=lambda each: " ".join(each)[:30] if isinstance(each, tuple) else "",
)
def test_bad_input_is_one_line(tuxscope: Any, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in refused(tuxscope, *arguments)


def refused(tuxscope: Any, *arguments: str) -> str:
    """What is said about bad arguments."""
    result = tuxscope("syscall", *arguments).finish()
    assert result.status == 2, result.stderr
    assert result.stderr.startswith("tuxscope: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    said: str = result.stderr
    return said
