"""``--name``: names, classes, suffixes and numbers."""

from __future__ import annotations

import pytest

from tuxscope.abi.architecture import ARM64, S390X, X86_64
from tuxscope.errors import UsageError
from tuxscope.options.call_names import name_list

READ = {(False, 0), (True, 3), (False, 1 << 30)}


@pytest.mark.parametrize(
    ("text", "numbers", "all_but"),
    [
        ("read", READ, False),
        ("!read", READ, True),
        ("read@32", {(True, 3)}, False),
        ("read@x32", {(False, 1 << 30)}, False),
        ("syscall_9999", {(False, 9999)}, False),
        ("syscall_9999@32", {(True, 9999)}, False),
        ("read,syscall_9999", READ | {(False, 9999)}, False),
    ],
)
def test_meaning(text: str, numbers: set[tuple[bool, int]], all_but: bool) -> None:
    found = name_list("--name", text, X86_64)
    assert (set(found.numbers), found.all_but) == (numbers, all_but)


@pytest.mark.parametrize("architecture", [X86_64, ARM64, S390X], ids=lambda each: each.machine)
def test_a_class(architecture: object) -> None:
    from tuxscope.abi.architecture import Architecture
    from tuxscope.abi.names import numbers

    assert isinstance(architecture, Architecture)
    found = name_list("--name", "%ipc", architecture).numbers
    assert (True, numbers(architecture.compat)["msgget"]) in found or (
        True, numbers(architecture.compat)["ipc"]
    ) in found  # fmt: skip
    assert (False, numbers(architecture.native)["read"]) not in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("raed", "there is no system call 'raed'; did you mean read?"),
        ("%fil", "there is no system call '%fil'; did you mean %file?"),
        ("%x", "there is no system call '%x'; there are %file, %network"),
        ("read@64", "there is no system call 'read@64'"),
        ("read,", "there is no system call ''"),
        ("!", "there is no system call ''"),
        ("True", "not nothing"),
        ("syscall_x", "there is no system call 'syscall_x'"),
        ("syscall_99999999999", "there is no system call"),
    ],
)
def test_what_is_none(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        name_list("--name", text, X86_64)
    assert problem in str(error.value)
