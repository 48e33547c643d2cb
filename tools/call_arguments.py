"""Declares system calls that tuxscope/programs/syscall/arguments/calls.tsv does not have yet.

    sudo python tools/call_arguments.py >> tuxscope/programs/syscall/arguments/calls.tsv

The kernel's formats of the tracepoints syscalls:sys_enter_* say what the arguments are called and
of which C type they are. That is enough for numbers, descriptors, paths and addresses; flags,
structs and buffers are for a person to declare.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tuxscope.loader.tracefs import Tracefs  # noqa: E402
from tuxscope.loader.tracepoint_format import ContextField, fields_of, tracepoints  # noqa: E402
from tuxscope.programs.syscall.arguments.declarations import lines  # noqa: E402

PREFIX = "sys_enter_"
# Kinds by C type, where the name tells no more.
BY_TYPE = {
    "int": "int", "long": "long", "pid_t": "int", "key_t": "hex", "mqd_t": "int",
    "clockid_t": "int",
    "unsigned int": "uint", "unsigned": "uint", "u32": "uint", "__u32": "uint", "uid_t": "uint",
    "gid_t": "uint", "umode_t": "octal", "size_t": "size", "loff_t": "long", "off_t": "long",
    "unsigned long": "hex",
}  # fmt: skip
# The names of tracepoints that are not those of their calls.
CALLED = {
    "newfstat": "fstat", "newlstat": "lstat", "newstat": "stat", "newuname": "uname",
    "sendfile64": "sendfile", "umount": "umount2",
}  # fmt: skip
DESCRIPTORS = ("fd", "dfd", "dirfd", "fildes", "olddfd", "newdfd", "oldfd", "newfd", "epfd", "ufd",
               "fd_in", "fd_out", "in_fd", "out_fd", "fs_fd", "pidfd", "from_dfd",
               "to_dfd", "dfd_in", "group_fd", "mnt_fd")  # fmt: skip
PATHS = ("filename", "pathname", "path", "oldname", "newname", "old_name", "new_name", "_pathname",
         "from_pathname", "to_pathname", "dev_name", "dir_name", "type", "name", "put_old",
         "new_root", "specialfile", "library", "special", "key", "u_name")  # fmt: skip


def kind(c_type: str, name: str) -> str:
    """Return the kind of an argument ``name`` of ``c_type``, as the kernel writes it."""
    bare = c_type.replace("const ", "").strip()
    if bare == "char *" and name in PATHS:
        return "path"
    if "*" in bare:
        return "address"
    if name in DESCRIPTORS and bare in ("int", "unsigned int", "unsigned long"):
        return "fd"
    return BY_TYPE.get(bare, "hex")


def arguments(fields: Iterable[ContextField]) -> str:
    """Return the arguments among the ``fields`` of a tracepoint, which follow the number."""
    names = [each.name for each in fields]
    own = list(fields)[names.index("__syscall_nr") + 1 :]
    return " ".join(f"{each.name}:{kind(each.type, each.name)}" for each in own)


def main() -> None:
    """Print the lines."""
    with Tracefs() as tracefs:
        for each in tracepoints(f"syscalls/{PREFIX}*", tracefs):
            name = each.name.removeprefix(PREFIX)
            name = CALLED.get(name, name)
            if name not in lines():
                print(name, arguments(fields_of(each, tracefs)), sep="\t")


if __name__ == "__main__":
    main()
