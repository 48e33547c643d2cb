"""Names of constants by their values, from Python's modules."""

from __future__ import annotations

from types import ModuleType


def named(module: ModuleType | None, names: str, **own: int) -> dict[int, str]:
    """Return the names in ``names``, separated by blanks, by their values, in that order.

    The values are those of ``own``, else those of ``module``, which has the running
    architecture's. Raises AttributeError for a name that neither has.
    """
    return {own[each] if each in own else getattr(module, each): each for each in names.split()}
