"""Runs ``tuxscope net``: its pages, and the sockets that exist already."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.options.tool import ToolOptions
from tuxscope.output.columns import Column, Combined, Labelled
from tuxscope.output.lines import Style
from tuxscope.output.messages import say
from tuxscope.output.sink import LiveSink
from tuxscope.output.visible import visible
from tuxscope.page.page import Page
from tuxscope.programs.net import page, summary
from tuxscope.programs.net.connections import SOCKETS, Connection
from tuxscope.programs.net.options import NetOptions
from tuxscope.programs.net.snapshot import Snapshot, seed
from tuxscope.programs.net.sockets import InterfaceNames, NamespaceError, names, own_namespace
from tuxscope.run.live import run_page
from tuxscope.run.privilege import require_sudo
from tuxscope.run.stream import Stream, first_rows
from tuxscope.run.table import LiveTables
from tuxscope.run.watch import Watch

# Seconds to wait for the end of the connections of a process that has exited.
LINGER = 1.0
STEP = 0.02


def run(options: NetOptions) -> int:
    """Run net with ``options``, NetOptions, until it is stopped; return the exit status.

    Raises TuxscopeError or OSError.
    """
    require_sudo()
    if problem := RunningKernelLayout().without_structs:
        say(
            f"{problem}: accepts, bytes, namespaces and processes of older connections are unknown "
            "(docs/tools/net.md)"
        )
    if options.summary:
        counts = summary.page(options.by, options.filter)
        return run_page(counts, summary.__file__, options, Summary)
    events = page.page(options.filter, columns(options.format, options.netns))
    return run_page(events, page.__file__, options, partial(Connections, wanted=options))


def columns(format: Style, netns: bool) -> tuple[Column, ...]:
    """Return the Columns of the page, plus interface names, as a tuple for output in ``format``, a
    Style.

    In text the names are after the local address, as in ss. If ``netns``, a bool, there is a column
    with the names of network namespaces, too.
    """
    interfaces = InterfaceNames()

    def interface(values: tuple[int, int]) -> str | None:
        index, inode = values
        return visible(interfaces.name(inode, index)) if index else None

    def zoned(values: tuple[bytes, int, int]) -> str:
        address = Connection.laddr.type.decode(values[:1])
        zone = interface(values[1:])
        return f"{address}%{zone}" if zone else address

    local, where = Connection.laddr, (Connection.interface, Connection.netns)
    rank = 5  # the user asked for it
    more = (Labelled(Connection.netns, 0, namespace_labels(), rank=rank),) if netns else ()
    if format is Style.JSON:
        return *page.COLUMNS, Combined(where[0], 0, where[1:], interface), *more
    *shown, last = (
        Combined(local, each.width, where, zoned, rank=each.rank) if each.field is local else each
        for each in page.COLUMNS
    )
    return (*shown, replace(last, width=8), *more) if more else (*shown, last)


def namespace_labels() -> dict[int, str]:
    """Return the names of network namespaces, a dict of str by inode; "-" for the own one."""
    labels = names()
    try:
        labels[own_namespace().inode] = "-"
    except NamespaceError:
        return labels
    return labels


class Summary(LiveTables):
    """A LiveTables that prints the tables of ``net --summary``."""

    def watch(self, watch: Watch) -> None:
        seed(self._loaded)
        super().watch(watch)


class Connections(Stream):
    """A Stream that prints events, and rows for existing connections (``--existing``, and
    again at each ``--interval``); ``page``, a Page, ``options``, ToolOptions, ``loaded``, a
    Collection, and ``sink``, a LiveSink, are as for Stream, ``wanted`` are the NetOptions."""

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        loaded: Collection,
        sink: LiveSink,
        wanted: NetOptions,
    ) -> None:
        super().__init__(page, options, loaded, sink)
        self._wanted = wanted
        self._due = wanted.interval or 0.0

    def watch(self, watch: Watch) -> None:
        super().watch(watch)
        self._linger(watch)

    def _begin(self) -> None:
        super()._begin()
        # With -- COMMAND, all connections are new.
        if not self._options.command or self._wanted.existing:
            snapshot = seed(self._loaded, self._wanted.existing)
            if snapshot and self._wanted.existing:
                self._print_existing(snapshot)

    def _between(self, seconds: float) -> None:
        interval = self._wanted.interval
        if interval and seconds >= self._due:
            self._print_existing(Snapshot.now())
            self._due = max(self._due + interval, seconds)

    def _linger(self, watch: Watch) -> None:
        """Wait for the last connections of an exited process to close, at most LINGER seconds."""
        until = watch.seconds + LINGER
        while watch.target_ended and watch.seconds < until and self._orphans():
            if not watch.wait(STEP):
                return
            self._print()

    def _orphans(self) -> bool:
        """Whether a connection is open whose process has exited."""
        pids = {known.connection.pid for _, known in self._loaded.maps[SOCKETS].items()}
        return any(pid and not os.path.exists(f"/proc/{pid}") for pid in pids)

    def _print_existing(self, snapshot: Snapshot) -> None:
        rows = snapshot.rows(self._wanted)
        if not rows:
            return
        columns: list[list[Any]] = [list(each) for each in zip(*rows, strict=True)]
        columns = first_rows(columns, self._options.count, self.totals.events)
        self._sink.write(self._format.changed_header())
        self._write(bytearray(self._format.render(columns)), len(columns[0]))
