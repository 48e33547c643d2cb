"""``tuxscope map``: prints and sets entries of a map in the kernel."""

from __future__ import annotations

from tuxscope.loader.found_maps import Datum, FoundMap, find_map, open_map
from tuxscope.loader.raw_map import MapError
from tuxscope.output.compact import COMPACT
from tuxscope.output.lines import Style
from tuxscope.output.messages import say
from tuxscope.output.screen import cut, room
from tuxscope.output.sink import Sink
from tuxscope.output.visible import plain
from tuxscope.run.privilege import require_sudo


def show_map(name: str, map_id: int | None, format: Style) -> int:
    """Print the entries of the map named ``name``, or with the ID ``map_id``, an int, if that is
    not None, as ``format``, a Style; return the exit status. Raises TuxscopeError."""
    with the_map(name, map_id) as found:
        reading = found.items()
        entries = list(reading)
    if format is Style.JSON:
        lines = [COMPACT({"key": plain(key), "value": in_json(values)}) for key, values in entries]
    else:
        lines = [f"{'KEY':<16} VALUE"]
        lines += [f"{text(key):<16} {' '.join(map(text, values))}" for key, values in entries]
        if columns := room():
            lines = [cut(each, columns) for each in lines]
    Sink().write("".join(f"{each}\n" for each in lines))
    if reading.warning:
        say(reading.warning)
    return 0


def set_entry(name: str, map_id: int | None, key: int, value: int) -> int:
    """Set the entry ``key`` of the map named ``name`` to ``value``, both int; return the exit
    status.

    ``map_id`` is the map's ID, or None. Raises TuxscopeError.
    """
    with the_map(name, map_id) as found:
        found.update(key, value)
    return 0


def the_map(name: str, map_id: int | None) -> FoundMap:
    """Return the FoundMap named ``name``, opened; if ``map_id``, an int, is not None, it has that
    ID, too. Raises TuxscopeError."""
    require_sudo()
    if map_id is None:
        return find_map(name)
    found = open_map(map_id)
    if found.info.name != name:
        found.close()
        raise MapError(f"map {map_id} is called {found.info.name or 'nothing'}, not {name}")
    return found


def in_json(values: tuple[Datum, ...]) -> object:
    """Return the value for JSON of ``values``, a tuple with one Datum per CPU: the only one, or all
    as a list."""
    return plain(values[0]) if len(values) == 1 else plain(values)


def text(value: Datum) -> str:
    """Return ``value``, a Datum, as text."""
    return value.hex() if isinstance(value, bytes) else str(value)
