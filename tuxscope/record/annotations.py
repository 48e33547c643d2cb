"""Annotations of a class body on Python 3.14, which evaluates them lazily (PEP 649)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any


def store_first(annotate: Callable[..., Any], target: dict[str, Any]) -> None:
    """Store a class's first annotation, as text, in ``target``, a dict, from the annotation's own
    line.

    ``annotate`` is the class's ``__annotate_func__``, a callable. Its code runs with other globals,
    as in annotationlib, so that the traceback of what ``target`` raises has the author's line.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format, call_annotate_function

        name, text = next(iter(call_annotate_function(annotate, Format.STRING).items()))

        class Globals(dict[str, Any]):
            def __missing__(self, _: str) -> None:
                target[name] = text

        FunctionType(annotate.__code__, Globals(), closure=annotate.__closure__)(Format.VALUE)
        target[name] = text  # no annotation looks anything up: pid: "u32"
