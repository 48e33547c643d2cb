"""C types with a Python value of their own: IP addresses, named states, optional numbers, times.

A program stores such a field as the integer that it is in C: ``a.st(u8[event.state], 1)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuxscope.errors import shown
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.record.types import FieldType, Integer, RecordError, Value_co, u8, u64

if TYPE_CHECKING:
    from construct import Construct

V4_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291, section 2.5.5.2


class Interpreted(FieldType[Value_co]):
    """Base of these types, a FieldType called ``name``, a str: laid out as ``stored``, a FieldType,
    decoded to another value."""

    stored: FieldType[Any]

    def __init__(self, name: str, stored: FieldType[Any]) -> None:
        self.name = name
        self.stored = stored
        self.size = stored.size
        self.alignment = stored.alignment
        self.format = stored.format

    def construct(self) -> Construct[Any, Any]:
        import construct

        return construct.ExprAdapter(
            self.stored.construct(),
            lambda value, _: self.decode(self.stored.encode(value)),
            lambda value, _: self.stored.decode(self.encode(value)),
        )


class Named(Interpreted[str]):
    """An Interpreted: an integer, laid out as ``stored``, an Integer, as its name (``names``, a
    mapping of int to str); one without a name as its digits. The value is a str."""

    def __init__(self, stored: Integer, names: Mapping[int, str]) -> None:
        super().__init__(f"named {stored.name}", stored)
        self.names = dict(names)

    def identity(self) -> tuple[Any, ...]:
        return (Named, self.stored, *self.names.items())

    def decode(self, flat: Sequence[Any]) -> str:
        return self.names.get(flat[0], str(flat[0]))

    def encode(self, value: Any) -> tuple[Any, ...]:
        for number, name in self.names.items():
            if name == value:
                return (number,)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            encoded: tuple[Any, ...] = self.stored.encode(int(value))
            return encoded
        raise RecordError(f"{shown(value)} is not one of {', '.join(self.names.values())}")


class Optional(Interpreted[int | None]):
    """An Interpreted: an integer, laid out as ``stored``, an Integer; the number ``nothing``, an
    int, stands for None."""

    def __init__(self, stored: Integer, nothing: int) -> None:
        super().__init__(f"optional {stored.name}", stored)
        self.nothing = nothing

    def identity(self) -> tuple[Any, ...]:
        return (type(self), self.stored, self.nothing)

    def decode(self, flat: Sequence[Any]) -> Any:
        return None if flat[0] == self.nothing else int(flat[0])

    def encode(self, value: Any) -> tuple[Any, ...]:
        encoded: tuple[Any, ...] = self.stored.encode(self.nothing if value is None else value)
        return encoded


class OptionalMilliseconds(Optional):
    """An Optional: a u64 of nanoseconds as milliseconds, rounded to microseconds; all ones stand
    for None."""

    def __init__(self) -> None:
        super().__init__(u64, (1 << 64) - 1)
        self.name = "milliseconds"

    def decode(self, flat: Sequence[Any]) -> Any:
        return None if flat[0] == self.nothing else round(flat[0] / 1e6, 3)

    def encode(self, value: Any) -> tuple[Any, ...]:
        if value is not None and not isinstance(value, int | float):
            raise RecordError(f"{shown(value)} is not a number of milliseconds")
        return super().encode(None if value is None else round(value * 1e6))


class IpAddress(Interpreted[str]):
    """An Interpreted: 16 bytes in network order; the value is a str, with v4-mapped addresses as
    IPv4."""

    def __init__(self) -> None:
        super().__init__("ip address", u8[16])

    def decode(self, flat: Sequence[Any]) -> str:
        from socket import AF_INET, AF_INET6, inet_ntop

        raw = bytes(flat[0])
        if raw.startswith(V4_MAPPED):
            return inet_ntop(AF_INET, raw[12:])
        return inet_ntop(AF_INET6, raw)

    def encode(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, bytes) and len(value) == self.size:
            return (value,)
        try:
            return (packed(value),)
        except (OSError, TypeError) as error:
            raise RecordError(f"{shown(value)} is not an IP address") from error


def packed(address: str) -> bytes:
    """Return ``address``, the text of an IP address, as 16 bytes in network order.

    An IPv4 address is v4-mapped. Raises OSError.
    """
    from socket import AF_INET, AF_INET6, inet_pton

    if ":" in address:
        return inet_pton(AF_INET6, address)
    return V4_MAPPED + inet_pton(AF_INET, address)
