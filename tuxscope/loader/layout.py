"""The running kernel's layout: tracepoints' fields from tracefs, structs' members from BTF."""

from __future__ import annotations

from functools import cached_property

from tuxscope.asm.assembler import Assembler
from tuxscope.asm.attach import RawTracepoint, Tracepoint
from tuxscope.asm.layout import Place, PointerCast
from tuxscope.asm.registers import r0, r1, r2
from tuxscope.errors import TuxscopeError
from tuxscope.loader.btf_reader import BtfError
from tuxscope.loader.program import load
from tuxscope.loader.struct_layout import kernel_structs
from tuxscope.loader.tracefs import Tracefs, TracepointError
from tuxscope.loader.tracepoint_format import fields_of


class RunningKernelLayout:
    """A Layout of the running kernel, whose offsets are looked up on demand; tracepoint formats are
    cached.

    Implements :class:`tuxscope.asm.layout.Layout`.

    Attributes:
        has_structs: a bool, a property.
        without_structs: a BtfError or None, a property.
    """

    def __init__(self) -> None:
        self._fields: dict[Tracepoint, dict[str, Place]] = {}

    @property
    def has_structs(self) -> bool:
        return self.without_structs is None

    @cached_property
    def without_structs(self) -> BtfError | None:
        """The BtfError of reading the kernel's BTF; None if it can be read."""
        try:
            kernel_structs()
        except BtfError as error:
            return error
        return None

    def has(self, tracepoint: Tracepoint) -> bool:
        """Return whether the kernel has ``tracepoint``, a Tracepoint. Raises OSError if tracefs is
        not available."""
        try:
            self._fields_of(tracepoint)
        except TracepointError:
            return False
        return True

    def has_helper(self, name: str) -> bool:
        """Return whether ``enum bpf_func_id`` in the kernel's BTF has the helper ``name``, a str
        without ``bpf_``; False without BTF."""
        return self.has_structs and kernel_structs().has_name(f"BPF_FUNC_{name}")

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        """Return the Place of field ``name``, a str, in the context of ``tracepoint``, a
        Tracepoint. Raises TracepointError if it does not exist."""
        fields = self._fields_of(tracepoint)
        if name not in fields:
            raise TracepointError(f"{tracepoint} has no field {name} on this kernel")
        return fields[name]

    def member(self, struct: str, name: str) -> Place:
        """Return the Place of member ``name`` of ``struct``, both str. Raises BtfError if it does
        not exist, or without BTF."""
        return kernel_structs().member(struct, name)

    def arguments(self, tracepoint: str) -> tuple[str, ...] | None:
        """Return the names of the structs that the arguments of raw ``tracepoint``, a name, point
        to, a tuple; None if the kernel has no such tracepoint. Raises BtfError without BTF."""
        return kernel_structs().arguments(tracepoint)

    def constant(self, name: str) -> int | None:
        """Return the constant ``name`` of an enum, an int; None if there is none. Raises BtfError
        without BTF."""
        return kernel_structs().constant(name)

    def cast(self, struct: str) -> PointerCast | None:
        """Return the PointerCast to ``struct``, a name, or None if the kernel has no
        bpf_rdonly_cast. Raises BtfError if there is no such struct, or no BTF."""
        function = self._casting
        return None if function is None else PointerCast(function, kernel_structs().type_id(struct))

    @cached_property
    def _casting(self) -> int | None:
        """The number of bpf_rdonly_cast, where programs may call it: a kernel that has it may have
        no JIT for it."""
        function = kernel_structs().function_id("bpf_rdonly_cast")
        if function is None:
            return None
        a = Assembler("casts", attach=RawTracepoint())
        a.mov(r1, 0)
        a.mov(r2, kernel_structs().type_id("file"))
        a.call_btf_id(function)
        a.mov(r0, 0)
        a.exit()
        try:
            load(a.program(check=False)).close()
        except TuxscopeError:
            return None
        return function

    def _fields_of(self, tracepoint: Tracepoint) -> dict[str, Place]:
        if tracepoint not in self._fields:
            with Tracefs() as tracefs:
                found = fields_of(tracepoint, tracefs)
            self._fields[tracepoint] = {each.name: Place(each.offset, each.size) for each in found}
        return self._fields[tracepoint]
