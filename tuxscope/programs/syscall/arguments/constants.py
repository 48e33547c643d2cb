"""Names of constants by their values, from Python's modules."""

from __future__ import annotations

from types import ModuleType


def named(module: ModuleType | None, names: str, **own: int) -> dict[int, str]:
    """Return a dict of the names in ``names``, a str with blanks between them, by their values, in
    that order.

    The values are those of ``own``, ints by name, else those of ``module``, a ModuleType or None,
    which has the running architecture's. Raises AttributeError for a name that neither has.
    """
    return {own[each] if each in own else getattr(module, each): each for each in names.split()}
