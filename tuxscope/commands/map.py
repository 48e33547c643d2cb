"""``tuxscope map``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, whole_number
from tuxscope.output.lines import Style


class MapOptions(Options):
    map: str | None = argument(default=None)
    key: int | None = argument(whole_number("a whole number", 0, least=0), default=None)
    value: int | None = argument(whole_number("a whole number", 1842, least=0), default=None)
    id: int | None = option(
        "ID",
        whole_number("a map's id", 42),
        "that map, where several have the name",
        default=None,
    )
    format: Style = option(
        "FORMAT", choice(Style), "text (default) or json, an object an entry", default=Style.TEXT
    )


class MapCommand(Subcommand):
    name = "map"
    options = MapOptions
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

{options}"""

    def run(self, options: MapOptions) -> Job:
        map, key, value = options.map, options.key, options.value
        if map is None or map == "True":
            raise UsageError("which map? try: sudo tuxscope map COUNTS")
        if key is not None and value is None:
            raise UsageError(f"set it to what? try: sudo tuxscope map {map} {key} 1842")

        def job() -> int:
            from tuxscope.commands.map_job import set_entry, show_map

            if key is not None and value is not None:
                return set_entry(map, options.id, key, value)
            return show_map(map, options.id, options.format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "map takes a name, or a name, a key and a value"
