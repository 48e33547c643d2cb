"""Random words, in both byte orders: each is one instruction, or none.

    cd tests && python -m asm.fuzz_words 1000000 7

What decodes encodes to the same bytes, and the text of some reads back to it; what does not raises
DecodeError and nothing else.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

from tuxscope.asm import DecodeError, Instruction, OperandError, TextError
from tuxscope.asm.forms import BY_OPCODE
from tuxscope.asm.instruction import ByteOrder
from tuxscope.asm.parser import parse

BYTE_ORDERS: tuple[ByteOrder, ...] = ("little", "big")
READ_BACK = 16  # of so many instructions, the text of one


def word(source: random.Random) -> bytes:
    """Eight random bytes; every other word is near to an instruction, as few others would be."""
    data = bytearray(source.randbytes(8))
    if source.random() < 0.5:
        data[0] = source.choice([*BY_OPCODE])
        data[1] &= 0x77
        if source.random() < 0.5:
            data[2:4] = bytes(2)
        if source.random() < 0.25:
            data[4:8] = bytes(4)
    # The second slot of a wide instruction, right more often than not.
    second = source.randbytes(8) if source.random() < 0.1 else bytes(4) + source.randbytes(4)
    return bytes(data) + second


def fuzz(count: int, seed: int) -> Counter[str]:
    """Try so many words. Returns how many decoded and how many did not.

    Raises AssertionError with the first word that is wrongly taken.
    """
    source = random.Random(seed)
    outcomes = Counter[str]()
    for _ in range(count):
        data = word(source)
        for byteorder in BYTE_ORDERS:
            try:
                instruction = Instruction.decode(data, byteorder)
            except DecodeError:
                outcomes["none"] += 1
                continue
            outcomes["instructions"] += 1
            again = instruction.encode(byteorder)
            assert again == data[: 8 * instruction.slots], (data.hex(), byteorder, instruction)
            if outcomes["instructions"] % READ_BACK == 0:
                check_text(instruction)
    return outcomes


def check_text(instruction: Instruction) -> None:
    """What Linux takes is read back from its text, and what it refuses is refused there, too."""
    text = str(instruction)
    try:
        instruction.check_for_linux()
    except OperandError:
        try:
            parse(text)
        except TextError:
            return
        raise AssertionError(text) from None
    assert parse(text).instructions == (instruction,), text


if __name__ == "__main__":
    tried, chosen = int(sys.argv[1]), int(sys.argv[2])
    print(f"{tried} words, seed {chosen}: {dict(fuzz(tried, chosen))}")
