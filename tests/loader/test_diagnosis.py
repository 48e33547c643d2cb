"""Which loads follow one that was refused: what each log lacks, and when no other is asked for."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Mapping
from typing import Any

import pytest

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r3
from tuxscope.loader import bpf, verification
from tuxscope.loader.bpf_attributes import ProgLoad
from tuxscope.loader.diagnosis import REPEATED_LOADS
from tuxscope.loader.program import load
from tuxscope.loader.verification import LogLevel
from tuxscope.loader.verifier import VerifierError

pytestmark = pytest.mark.kernel  # BTF is loaded; of the program, nothing

NONE, LEVEL1, LEVEL2, STATS = LogLevel.NONE, LogLevel.LEVEL1, LogLevel.LEVEL2, LogLevel.STATS
SIZE = 4096
PATH = "0: (bf) r0 = r3\nR3 !read_ok\n"
REGISTERS = f"0: R1=ctx() R10=fp0\n{PATH}"
END = "processed 1 insns (limit 1000000)\n"
LAST_WORDS = f"R3 !read_ok\n{END}"


def program() -> Program:
    a = Assembler("sample", attach=RawTracepoint())
    a.mov(r0, r3)
    a.exit()
    return a.program(check=False)


def loads(
    asked: LogLevel, logs: Mapping[int, str | None], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[int], VerifierError]:
    """The levels of all loads, where a kernel refuses the program with these logs, and the error.

    A log of None has the beginning of one, and no room for its end.
    """
    levels: list[int] = []

    def refuse(attributes: ProgLoad) -> Any:
        levels.append(attributes.log_level)
        log = logs.get(attributes.log_level, "")
        if attributes.log_buf:
            text = b"0: (bf) r0 = r3\n" if log is None else log.encode()
            ctypes.memmove(attributes.log_buf, text + b"\0", len(text) + 1)
        raise OSError(errno.ENOSPC if log is None else errno.EACCES, "no")

    for name in ("FIRST_LOG", "LARGEST_LOG", "LARGEST_LOG_BEFORE"):
        monkeypatch.setattr(verification, name, SIZE)
    monkeypatch.setattr(bpf, "prog_load", refuse)
    with pytest.raises(VerifierError) as caught:
        load(program(), log_level=asked)
    assert caught.value.cause == "uninitialised-register"
    return levels, caught.value


@pytest.mark.parametrize(
    ("asked", "logs", "levels", "log"),
    [
        (LEVEL1, {LEVEL1: REGISTERS + END}, [LEVEL1], REGISTERS + END),
        (LEVEL2, {LEVEL2: REGISTERS + END}, [LEVEL2], REGISTERS + END),
        (NONE, {LEVEL1: REGISTERS + END}, [NONE, LEVEL1], REGISTERS + END),
        (STATS, {STATS: LAST_WORDS, LEVEL1: REGISTERS + END}, [STATS, LEVEL1], REGISTERS + END),
        (LEVEL1, {LEVEL1: PATH + END, LEVEL2: REGISTERS + END}, [LEVEL1, LEVEL2], REGISTERS + END),
        (LEVEL1, {LEVEL1: PATH + END, LEVEL2: None}, [LEVEL1, LEVEL2], PATH + END),
        (NONE, {LEVEL1: None, STATS: LAST_WORDS}, [NONE, LEVEL1, STATS],
         "0: (bf) r0 = r3\n" + LAST_WORDS),
        (LEVEL2, {LEVEL2: None, LEVEL1: REGISTERS + END}, [LEVEL2, NONE, LEVEL1], REGISTERS + END),
    ],
    ids=[
        "a whole log at level 1", "a whole log at level 2", "no log", "statistics alone",
        "no registers at level 1", "no registers, and too long at level 2", "no end",
        "too long for the level that was asked for",
    ],
)  # fmt: skip
def test_a_program_is_loaded_again_for_what_its_log_lacks(
    asked: LogLevel,
    logs: Mapping[int, str | None],
    levels: list[int],
    log: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded, error = loads(asked, logs, monkeypatch)
    assert (loaded, error.log) == (levels, log)


def test_the_ladder_asks_for_more_at_each_rung() -> None:
    assert [rung.level for rung in REPEATED_LOADS] == [LEVEL1, LEVEL2, STATS]
    assert all(rung.reason for rung in REPEATED_LOADS)
