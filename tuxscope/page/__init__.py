"""A page: what it describes, how it is loaded, and what is said of the mistakes in it.

What pages import is here: ``from tuxscope.page import Column, Page``.
"""

from tuxscope.output.columns import (
    Bar,
    Clock,
    Column,
    Combined,
    Index,
    Labelled,
    Log2,
    Milliseconds,
    Percentile,
    Rate,
    SyscallName,
)
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid

__all__ = [
    "Bar", "Clock", "Column", "Combined", "Index", "Labelled", "Log2", "Milliseconds", "Page",
    "Percentile", "PidNamespace", "Rate", "SyscallName", "namespaced_pid",
]  # fmt: skip
