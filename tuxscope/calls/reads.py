"""What the kernel's side reads of a call's arguments: a plan of up to eight reads."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from tuxscope.lean_dataclasses import dataclass

ARGUMENTS = 6
RESULT = 6  # in place of an argument's index
STACK_POINTER = 7  # so, too: the stack pointer of the thread when it made the call
MOST_READS = 8
# A read of several bytes has at most so many; a path is the longest.
LONGEST_READ = 4096
AT_FDCWD = -100


class ReadKind(IntEnum):
    """An IntEnum: the kind of a read.

    Attributes:
        BYTES: ``count`` elements of ``size`` bytes, of user memory.
        STRING: up to the NUL, of user memory.
        STRINGS: an array of addresses of strings, up to NULL: each string is an element.
        COUNT: how many addresses there are up to NULL, as 8 bytes.
        VECTOR: what an array of ``struct iovec`` says, element by element; ``count`` are the
            elements of the array.
        FILE: the file of a descriptor, as 8 bytes: the id of its path. AT_FDCWD is the working
            directory.
        FILES: the files of descriptors in user memory: ``count`` elements of ``size`` bytes, each
            with an int at its start; each file is an element, as of FILE.
        DIRECTORY: the working directory, as of FILE; there is no argument.
        POSITION: where a descriptor's open file is read or written next, as 8 bytes: f_pos.
        OWNER: who makes the call, as 8 bytes: its parent process's ID << 32 | its user ID; the ID
            as the initial PID namespace counts, 0 where the kernel does not say.
    """

    BYTES = 1
    STRING = 2
    STRINGS = 3
    COUNT = 4
    VECTOR = 5
    FILE = 6
    FILES = 7
    DIRECTORY = 8
    POSITION = 9
    OWNER = 10


class Status(IntEnum):
    """An IntEnum: how a read ended.

    Attributes:
        WHOLE: all was read.
        CUT: there is more than was read.
        FAULT: it is not readable.
    """

    WHOLE = 0
    CUT = 1  # there is more than was read
    FAULT = 2  # not readable


class When(IntFlag):
    """An IntFlag: when a read is done; without ENTRY at the exit of the call. Members: EXIT = 0,
    ENTRY = 1, SUCCESS = 2, FAILURE = 4.

    Attributes:
        ENTRY: before the call, as the memory or the descriptor is not there any more after it.
        SUCCESS: at the exit, if the call did not fail.
        FAILURE: at the exit, if it failed.
    """

    EXIT = 0
    ENTRY = 1
    SUCCESS = 2
    FAILURE = 4


class Count(IntEnum):
    """An IntEnum: where the number of elements is from; the rest of the byte is the argument's
    index.

    Attributes:
        CONSTANT: the read itself: one.
        ARGUMENT: an argument's value.
        POINTED: the u32 that an argument is the address of, as in accept(2).
        RETURNED: the call's result.
        FOLLOWING: the word behind the address that a read is ``through``, as iov_len is.
    """

    CONSTANT = 0x00
    ARGUMENT = 0x10
    POINTED = 0x20
    RETURNED = 0x30
    FOLLOWING = 0x40


@dataclass(frozen=True, slots=True)
class Read:
    """A frozen dataclass: one read of user memory, or of a descriptor's file.

    Attributes:
        what: its kind, a ReadKind.
        argument: the index of the argument with the address or descriptor, an int, or RESULT.
        size: of an element, in bytes, an int.
        count: an int: a Count, or a Count plus the index of an argument.
        most: bytes that are read at most, an int; of several elements, each.
        when: a When: whether before or after the call.
        offset: bytes from the address to what is read, an int.
        buffer: whether of what is read only as many bytes are shown as the user asked for, a bool.
        through: which word, an int counted from 1, of the struct at the address has the address to
            read, as msg_iov is the third of struct msghdr; 0 for none. A word has the size of the
            ABI's long.
    """

    what: ReadKind
    argument: int
    size: int = 1
    count: int = Count.CONSTANT
    most: int = LONGEST_READ
    when: When = When.EXIT
    offset: int = 0
    buffer: bool = False
    through: int = 0
