"""A call as text, as strace(1) prints it, and as values for JSON."""

from __future__ import annotations

import os
from typing import Any

from tuxscope.calls.reads import RESULT
from tuxscope.programs.syscall.arguments.call import Call
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration
from tuxscope.programs.syscall.arguments.errors import ERRORS


def arguments_text(call: Call, declared: Declaration | None = None) -> str:
    """Return the arguments of ``call``, a Call, as text, separated by commas; ``declared`` is its
    Declaration, or None to look it up."""
    kinds = (declared or declaration(call.name, call.abi)).arguments.values()
    return ", ".join(
        [kind.text(call, index) for index, kind in enumerate(kinds) if kind.is_shown(call, index)]
    )


def result_text(call: Call, declared: Declaration | None = None) -> str:
    """Return what ``call``, a Call, returned as text: ``3</etc/hosts>``, or
    ``-1 ENOENT (No such file ...)``; ``declared``, a Declaration or None, as in
    :func:`arguments_text`."""
    if not call.finished:
        return "?"
    if call.failed:
        return f"-1 {error_name(call)} ({os.strerror(-call.result)})"
    return (declared or declaration(call.name, call.abi)).result.text(call, RESULT)


def error_name(call: Call) -> str | None:
    """Return the name of the errno that ``call``, a Call, returned; None if it did not fail."""
    return ERRORS.get(-call.result, f"errno_{-call.result}") if call.failed else None


def arguments_json(call: Call) -> dict[str, Any]:
    """Return the arguments of ``call``, a Call, as a dict of values for JSON by name."""
    return {
        name: kind.json(call, index)
        for index, (name, kind) in enumerate(declaration(call.name, call.abi).arguments.items())
        if kind.is_shown(call, index)
    }
