"""``tuxscope map``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import style, whole_number
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style


class MapCommand(Subcommand):
    name = "map"
    help = """\
tuxscope map: a map of a running program, to look at or to set.

usage: sudo tuxscope map NAME [--format FORMAT]
       sudo tuxscope map NAME KEY VALUE

Prints the entries of the map with this name, whoever made it; with KEY and
VALUE it sets one, and the program sees it at once. Keys and values of 1, 2, 4
and 8 bytes are unsigned numbers; all others are printed in hexadecimal, and
cannot be set. Of a per-CPU map each CPU's value is printed. Each key is printed
once, also if the map changes meanwhile; if entries may be missing, stderr says
so.

  --id ID             that map, where several have the name
  --format FORMAT     text (default) or json, an object an entry
"""

    @SetParseFns(
        map=str,
        key=whole_number("key", "a whole number", 0, least=0),
        value=whole_number("value", "a whole number", 1842, least=0),
        id=whole_number("id", "a map's id", 42),
        format=style,
    )  # type: ignore[untyped-decorator]
    def run(
        self,
        map: str | None = None,
        key: int | None = None,
        value: int | None = None,
        *,
        id: int | None = None,
        format: Style = Style.TEXT,
    ) -> Job:
        if map is None or map == "True":
            raise FireError("which map? try: sudo tuxscope map COUNTS")
        if key is not None and value is None:
            raise FireError(f"set it to what? try: sudo tuxscope map {map} {key} 1842")

        def job() -> int:
            from tuxscope.runner.maps import set_entry, show_map

            if key is not None and value is not None:
                return set_entry(map, id, key, value)
            return show_map(map, id, format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "map takes a name, or a name, a key and a value"
