"""Kinds of calls that mount file systems, and watch what happens in them."""

from __future__ import annotations

import os
from collections.abc import Callable

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.basic import Descriptor
from tuxscope.programs.syscall.arguments.files import AT_FLAGS, Name
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import choice_text

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# include/uapi/linux/mount.h, include/linux/fs.h
MOUNT_BITS = (
    "MS_RDONLY", "MS_NOSUID", "MS_NODEV", "MS_NOEXEC", "MS_SYNCHRONOUS", "MS_REMOUNT",
    "MS_MANDLOCK", "MS_DIRSYNC", "MS_NOSYMFOLLOW", "", "MS_NOATIME", "MS_NODIRATIME", "MS_BIND",
    "MS_MOVE", "MS_REC", "MS_SILENT", "MS_POSIXACL", "MS_UNBINDABLE", "MS_PRIVATE", "MS_SLAVE",
    "MS_SHARED", "MS_RELATIME", "MS_KERNMOUNT", "MS_I_VERSION", "MS_STRICTATIME", "MS_LAZYTIME",
    "MS_SUBMOUNT", "MS_NOREMOTELOCK", "MS_NOSEC", "MS_BORN", "MS_ACTIVE", "MS_NOUSER",
)  # fmt: skip
MOUNT_FLAGS = {1 << bit: name for bit, name in enumerate(MOUNT_BITS) if name}
REMOUNT, BIND, MOVE = 0x20, 0x1000, 0x2000
PROPAGATION = 0x20000 | 0x40000 | 0x80000 | 0x100000
IGNORED = BIND | MOVE | PROPAGATION
# Before Linux 2.4 the upper half had to be this.
MAGIC, MAGIC_MASK = 0xC0ED0000, 0xFFFF0000
UNMOUNT_FLAGS = {1: "MNT_FORCE", 2: "MNT_DETACH", 4: "MNT_EXPIRE", 8: "UMOUNT_NOFOLLOW"}
ATTRIBUTES = {
    0x01: "MOUNT_ATTR_RDONLY", 0x02: "MOUNT_ATTR_NOSUID", 0x04: "MOUNT_ATTR_NODEV",
    0x08: "MOUNT_ATTR_NOEXEC", 0x10: "MOUNT_ATTR_NOATIME", 0x20: "MOUNT_ATTR_STRICTATIME",
    0x80: "MOUNT_ATTR_NODIRATIME",
}  # fmt: skip
TREE_FLAGS = {1: "OPEN_TREE_CLONE", os.O_CLOEXEC: "OPEN_TREE_CLOEXEC"} | AT_FLAGS
MOVE_FLAGS = {
    0x01: "MOVE_MOUNT_F_SYMLINKS", 0x02: "MOVE_MOUNT_F_AUTOMOUNTS",
    0x04: "MOVE_MOUNT_F_EMPTY_PATH", 0x10: "MOVE_MOUNT_T_SYMLINKS",
    0x20: "MOVE_MOUNT_T_AUTOMOUNTS", 0x40: "MOVE_MOUNT_T_EMPTY_PATH",
    0x100: "MOVE_MOUNT_SET_GROUP",
}  # fmt: skip
PICK_FLAGS = {
    1: "FSPICK_CLOEXEC", 2: "FSPICK_SYMLINK_NOFOLLOW", 4: "FSPICK_NO_AUTOMOUNT",
    8: "FSPICK_EMPTY_PATH",
}  # fmt: skip
EXTENDED_FLAGS = {os.XATTR_CREATE: "XATTR_CREATE", os.XATTR_REPLACE: "XATTR_REPLACE"}

# include/uapi/linux/inotify.h
WATCH = {
    0x1: "IN_ACCESS", 0x2: "IN_MODIFY", 0x4: "IN_ATTRIB", 0x8: "IN_CLOSE_WRITE",
    0x10: "IN_CLOSE_NOWRITE", 0x20: "IN_OPEN", 0x40: "IN_MOVED_FROM", 0x80: "IN_MOVED_TO",
    0x100: "IN_CREATE", 0x200: "IN_DELETE", 0x400: "IN_DELETE_SELF", 0x800: "IN_MOVE_SELF",
    0x2000: "IN_UNMOUNT", 0x4000: "IN_Q_OVERFLOW", 0x8000: "IN_IGNORED",
    0x1000000: "IN_ONLYDIR", 0x2000000: "IN_DONT_FOLLOW", 0x4000000: "IN_EXCL_UNLINK",
    0x10000000: "IN_MASK_CREATE", 0x20000000: "IN_MASK_ADD", 0x40000000: "IN_ISDIR",
    0x80000000: "IN_ONESHOT",
}  # fmt: skip
INOTIFY_FLAGS = {os.O_NONBLOCK: "IN_NONBLOCK", os.O_CLOEXEC: "IN_CLOEXEC"}
# include/uapi/linux/fanotify.h
CLASSES = {0: "FAN_CLASS_NOTIF", 4: "FAN_CLASS_CONTENT", 8: "FAN_CLASS_PRE_CONTENT"}
FANOTIFY_FLAGS = {
    0x1: "FAN_CLOEXEC", 0x2: "FAN_NONBLOCK", 0x10: "FAN_UNLIMITED_QUEUE",
    0x20: "FAN_UNLIMITED_MARKS", 0x40: "FAN_ENABLE_AUDIT", 0x80: "FAN_REPORT_PIDFD",
    0x100: "FAN_REPORT_TID", 0x200: "FAN_REPORT_FID", 0x400: "FAN_REPORT_DIR_FID",
    0x800: "FAN_REPORT_NAME", 0x1000: "FAN_REPORT_TARGET_FID",
}  # fmt: skip
MARK_FLAGS = {
    0x1: "FAN_MARK_ADD", 0x2: "FAN_MARK_REMOVE", 0x4: "FAN_MARK_DONT_FOLLOW",
    0x8: "FAN_MARK_ONLYDIR", 0x10: "FAN_MARK_MOUNT", 0x20: "FAN_MARK_IGNORED_MASK",
    0x40: "FAN_MARK_IGNORED_SURV_MODIFY", 0x80: "FAN_MARK_FLUSH", 0x100: "FAN_MARK_FILESYSTEM",
    0x200: "FAN_MARK_EVICTABLE", 0x400: "FAN_MARK_IGNORE",
}  # fmt: skip
MARKED = {
    0x1: "FAN_ACCESS", 0x2: "FAN_MODIFY", 0x4: "FAN_ATTRIB", 0x8: "FAN_CLOSE_WRITE",
    0x10: "FAN_CLOSE_NOWRITE", 0x20: "FAN_OPEN", 0x40: "FAN_MOVED_FROM", 0x80: "FAN_MOVED_TO",
    0x100: "FAN_CREATE", 0x200: "FAN_DELETE", 0x400: "FAN_DELETE_SELF", 0x800: "FAN_MOVE_SELF",
    0x1000: "FAN_OPEN_EXEC", 0x4000: "FAN_Q_OVERFLOW", 0x8000: "FAN_FS_ERROR",
    0x10000: "FAN_OPEN_PERM", 0x20000: "FAN_ACCESS_PERM", 0x40000: "FAN_OPEN_EXEC_PERM",
    0x80000: "FAN_DIR_MODIFY", 0x40000000: "FAN_ONDIR", 0x8000000: "FAN_EVENT_ON_CHILD",
    0x10000000: "FAN_RENAME",
}  # fmt: skip
CONFIGURATION = dict(enumerate((
    "FSCONFIG_SET_FLAG", "FSCONFIG_SET_STRING", "FSCONFIG_SET_BINARY", "FSCONFIG_SET_PATH",
    "FSCONFIG_SET_PATH_EMPTY", "FSCONFIG_SET_FD", "FSCONFIG_CMD_CREATE",
    "FSCONFIG_CMD_RECONFIGURE",
)))  # fmt: skip


class MountFlags(Kind):
    """A Kind: the flags of mount(2)."""

    def text(self, call: Call, index: int) -> str:
        value = call.long(index) & (1 << call.word * 8) - 1
        if value & MAGIC_MASK != MAGIC:
            return flag_text(value, MOUNT_FLAGS, "MS_???")
        rest = value & ~MAGIC_MASK
        return "|".join(["MS_MGC_VAL"] + [flag_text(rest, MOUNT_FLAGS, "MS_???")] * bool(rest))


class MountText(Name):
    """A Name: the type or the data of a file system; an address where mount(2) ignores it.

    Attributes:
        flags: the index of the argument with the flags, an int.
        unused: the flags with which it is ignored, an int.
    """

    def __init__(self, flags: int, unused: int) -> None:
        super().__init__()
        self.flags = flags
        self.unused = unused

    def text(self, call: Call, index: int) -> str:
        flags = call.unsigned(self.flags)
        if flags & MAGIC_MASK == MAGIC:
            flags &= ~MAGIC_MASK
        # A mount that changes its flags has data, but no other types of changes.
        if flags & (REMOUNT if flags & REMOUNT else IGNORED) & self.unused:
            return call.address(index)
        return super().text(call, index)


class FanotifyFlags(Kind):
    """A Kind: the flags of fanotify_init(2), the class first."""

    def text(self, call: Call, index: int) -> str:
        value = call.unsigned(index)
        kind, rest = value & 12, value & ~12
        names = [choice_text(kind, CLASSES, "FAN_CLASS_???")]
        if rest:
            names.append(flag_text(rest, FANOTIFY_FLAGS, "FAN_???"))
        return "|".join(names)


class MarkDirectory(Descriptor):
    """A Descriptor: the directory of a path that fanotify_mark(2) takes, or none."""

    def text(self, call: Call, index: int) -> str:
        return "FAN_NOFD" if call.signed(index) == -1 else super().text(call, index)


KINDS: dict[str, Callable[..., Kind]] = {
    "mount_flags": MountFlags,
    "mount_type": lambda flags: MountText(flags, IGNORED | REMOUNT),
    "mount_data": lambda flags: MountText(flags, IGNORED),
    "unmount_flags": lambda: Flags(UNMOUNT_FLAGS, "MNT_???"),
    "xattr_flags": lambda: Flags(EXTENDED_FLAGS, "XATTR_???"),
    "mount_attributes": lambda: Flags(ATTRIBUTES, "MOUNT_ATTR_???"),
    "open_tree_flags": lambda: Flags(TREE_FLAGS, "OPEN_TREE_???"),
    "move_mount_flags": lambda: Flags(MOVE_FLAGS, "MOVE_MOUNT_???"),
    "fsopen_flags": lambda: Flags({1: "FSOPEN_CLOEXEC"}, "FSOPEN_???"),
    "fsmount_flags": lambda: Flags({1: "FSMOUNT_CLOEXEC"}, "FSMOUNT_???"),
    "fspick_flags": lambda: Flags(PICK_FLAGS, "FSPICK_???"),
    "fsconfig_command": lambda: Choice(CONFIGURATION, "FSCONFIG_???"),
    "inotify_flags": lambda: Flags(INOTIFY_FLAGS, "IN_???"),
    "watch_mask": lambda: Flags(WATCH, "IN_???"),
    "fanotify_flags": FanotifyFlags,
    "mark_flags": lambda: Flags(MARK_FLAGS, "FAN_MARK_???"),
    "mark_directory": MarkDirectory,
    "mark_mask": lambda: Flags(MARKED, "FAN_???"),
}
