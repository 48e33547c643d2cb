"""The running kernel's layout: tracepoints' fields from tracefs, structs' members from BTF."""

from __future__ import annotations

from functools import cached_property

from tuxscope.asm.attach import Tracepoint
from tuxscope.asm.layout import Place
from tuxscope.loader.btf_reader import BtfError
from tuxscope.loader.struct_layout import kernel_structs
from tuxscope.loader.tracefs import Tracefs, TracepointError
from tuxscope.loader.tracepoint_format import fields_of


class RunningKernelLayout:
    """Offsets in the running kernel, looked up on demand; tracepoint formats are cached.

    Implements :class:`tuxscope.asm.layout.Layout`.
    """

    def __init__(self) -> None:
        self._fields: dict[Tracepoint, dict[str, Place]] = {}

    @property
    def has_structs(self) -> bool:
        return self.without_structs is None

    @cached_property
    def without_structs(self) -> BtfError | None:
        """The error of reading the kernel's BTF; None if it can be read."""
        try:
            kernel_structs()
        except BtfError as error:
            return error
        return None

    def has(self, tracepoint: Tracepoint) -> bool:
        """Whether the kernel has ``tracepoint``. Raises OSError if tracefs is not available."""
        try:
            self._fields_of(tracepoint)
        except TracepointError:
            return False
        return True

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        """Return the place of field ``name`` in the context of ``tracepoint``. Raises
        TracepointError if it does not exist."""
        fields = self._fields_of(tracepoint)
        if name not in fields:
            raise TracepointError(f"{tracepoint} has no field {name} on this kernel")
        return fields[name]

    def member(self, struct: str, name: str) -> Place:
        """Return the place of member ``name`` of ``struct``. Raises BtfError if it does not exist,
        or without BTF."""
        return kernel_structs().member(struct, name)

    def _fields_of(self, tracepoint: Tracepoint) -> dict[str, Place]:
        if tracepoint not in self._fields:
            with Tracefs() as tracefs:
                found = fields_of(tracepoint, tracefs)
            self._fields[tracepoint] = {each.name: Place(each.offset, each.size) for each in found}
        return self._fields[tracepoint]
