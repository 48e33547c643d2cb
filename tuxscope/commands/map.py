"""``tuxscope map``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, integer
from tuxscope.output.lines import Style


class MapOptions(Options):
    """Options of ``tuxscope map``; an Options class.

    Attributes:
        key, value, id: each an int or None.
        format: a Style.
    """

    map: str | None = argument(default=None)
    key: int | None = argument(integer("an integer", 0, least=0), default=None)
    value: int | None = argument(integer("an integer", 1842, least=0), default=None)
    id: int | None = option(
        "ID",
        integer("a map ID", 42),
        "use the map with this ID, if several have the name",
        default=None,
    )
    format: Style = option(
        "FORMAT", choice(Style), "text (default), or json: one object per entry", default=Style.TEXT
    )


class MapCommand(Subcommand):
    name = "map"
    options = MapOptions
    help = """\
tuxscope map: print or update a map of a loaded program.

usage: sudo tuxscope map NAME [--format FORMAT]
       sudo tuxscope map NAME KEY VALUE

Prints the entries of the map called NAME, of any loader. With KEY and VALUE,
updates one entry; the program sees the new value at once. Keys and values of 1,
2, 4 and 8 bytes are unsigned integers. All others are printed in hexadecimal
and cannot be updated. For a per-CPU map, the value of each CPU is printed. Each
key is printed once, even if the map changes meanwhile. If entries may be
missing, a warning goes to stderr.

{options}"""

    def run(self, options: MapOptions) -> Job:
        map, key, value = options.map, options.key, options.value
        if map is None or map == "True":
            raise UsageError("missing argument: the name of the map; try: sudo tuxscope map COUNTS")
        if key is not None and value is None:
            raise UsageError(
                f"missing argument: the value; try: sudo tuxscope map {map} {key} 1842"
            )

        def job() -> int:
            from tuxscope.commands.map_job import set_entry, show_map

            if key is not None and value is not None:
                return set_entry(map, options.id, key, value)
            return show_map(map, options.id, options.format)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "map takes a name, or a name, a key and a value"
