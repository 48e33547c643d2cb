"""What an argument is: how it is read in the kernel, and how it is shown."""

from __future__ import annotations

from tuxscope.calls.reads import Read
from tuxscope.lean_typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call


class Kind:
    """A kind of argument; this one is a number that is shown as an address.

    A call's declaration names the kind of each argument (calls.tsv). What it says in brackets are
    the other arguments that the kind refers to: ``buf:output(count)``; an instance gets their
    indexes.
    """

    def reads(self, index: int) -> tuple[Read, ...]:
        """Return what the kernel is to read for argument ``index``, an int: a tuple of Read."""
        return ()

    def is_shown(self, call: Call, index: int) -> bool:
        """Return whether ``call``, a Call, has argument ``index``, an int: open's mode is one only
        with O_CREAT."""
        return True

    def text(self, call: Call, index: int) -> str:
        """Return argument ``index``, an int, of ``call``, a Call, as text, as strace(1) has it."""
        return call.address(index)

    def json(self, call: Call, index: int) -> Any:
        """Return argument ``index``, an int, of ``call``, a Call, as a value for JSON: a number, or
        else its text."""
        return self.text(call, index)
