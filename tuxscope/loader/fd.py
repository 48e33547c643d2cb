"""A file descriptor with one owner."""

from __future__ import annotations

import os

from tuxscope.lean_typing import NoReturn, Self


class Fd:
    """Owns ``number``, a file descriptor, an int, and closes it once; a context manager."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        """Return the fd as an int. Raises ValueError after :meth:`close`."""
        if self._number < 0:
            raise ValueError("this file descriptor is closed")
        return self._number

    def close(self) -> None:
        """Close the fd; closing again does nothing."""
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        number = getattr(self, "_number", -1)
        if number >= 0:
            self.close()  # first: the warning may be an error
            import warnings

            warnings.warn(f"unclosed file descriptor {number}", ResourceWarning, stacklevel=2)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a file descriptor cannot be copied or pickled")

    def __repr__(self) -> str:
        return f"Fd({self._number})"
