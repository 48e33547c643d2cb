"""Runs a page on the running kernel, from attaching to the last line: ``tuxscope hello``."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack

from tuxscope.errors import UsageError
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.readers import sized
from tuxscope.options.tool import ToolOptions
from tuxscope.output.messages import say
from tuxscope.output.sink import LiveSink
from tuxscope.page.loading import load_page, programs_of
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.run.identity import own_pid, pid_namespace
from tuxscope.run.interrupt import Interrupt
from tuxscope.run.privilege import require_sudo
from tuxscope.run.target import open_process
from tuxscope.run.watch import Watch

if TYPE_CHECKING:
    from tuxscope.run.stream import Stream
    from tuxscope.run.table import LiveTables

# The exit status with --strict if events were lost.
LOSSES = 3


# Makes the output of a page, from the page, the options, its loaded programs and the sink.
Show = Callable[[Page, ToolOptions, Collection, LiveSink], "Stream | LiveTables"]


def run(file: str, options: ToolOptions) -> int:
    """Run the page in ``file``, a path, until its end, with ``options``, ToolOptions; return the
    exit status.

    Raises TuxscopeError or OSError.
    """
    page = load_page(file)
    check(page, file, options)
    require_sudo()
    return run_page(page, file, options, show)


def show(
    page: Page, options: ToolOptions, loaded: Collection, sink: LiveSink
) -> Stream | LiveTables:
    """Return the output of ``page``, a Page: a Stream of its records, or LiveTables of its entries.

    ``loaded``, a Collection, has its programs and maps, ``options``, ToolOptions, are those of the
    user; lines go to ``sink``, a LiveSink.
    """
    if page.is_stream:
        from tuxscope.run.stream import Stream

        return Stream(page, options, loaded, sink)
    from tuxscope.run.table import LiveTables

    return LiveTables(page, options, loaded, sink)


def run_page(
    page: Page, file: str, options: ToolOptions, show: Show, fd: int = 1, command_stdout: int = 2
) -> int:
    """Load, attach and show ``page`` until its end, with ``options``, ToolOptions; return the exit
    status.

    ``file`` is the path where it is from; ``show``, called with the Page, the ToolOptions, the
    Collection and a LiveSink, returns the Stream or LiveTables that is its output, which goes to
    ``fd``, an int; ``command_stdout`` is an fd, too: the stdout of a command. Raises TuxscopeError
    or OSError.
    """
    with ExitStack() as stack:
        interrupt = stack.enter_context(Interrupt())
        command = None
        if options.command:  # forked first, so that it inherits no fd of ours
            from tuxscope.run.child import Child

            command = stack.enter_context(Child(options.command, interrupt, command_stdout))
            interrupt.last_acts.append(command.kill)
        target = stack.enter_context(open_process(options.pid)) if options.pid else command
        namespace = pid_namespace()
        pid = command.pid if command else options.pid
        programs = programs_of(
            page,
            file,
            pid,
            options.exclude,
            namespace,
            own=pid_to_exclude(options, namespace),
            live=True,
        )
        given = sized(page.map, options.buffer_pages)
        for each in given.values():
            stack.enter_context(each)
        level = int(options.verifier_log)
        loaded = stack.enter_context(Collection(programs, given, level))
        sink = LiveSink(interrupt, blocked, fd)
        shown = show(page, options, loaded, sink)
        stack.enter_context(shown)
        interrupt.last_acts.append(shown.leave_terminal)
        with Link(loaded):
            watch = Watch(sink, interrupt, target, shown.reader)
            if options.duration is not None:
                interrupt.after(options.duration)
            if command and not interrupt.requested:
                command.start()
            shown.watch(watch)
            seconds = watch.seconds
        shown.finish(seconds)
        losses = options.strict and shown.totals.lost > 0
        if sink.hung_up:
            interrupt.terminal_is_gone()
        elif sink.closed and not losses:
            return 0
        say(str(shown.totals))
        if sink.error:
            raise sink.error
        if losses:
            return LOSSES
        if command and command.status is not None and not interrupt.requested:
            return command.status
        return 0


def blocked() -> None:
    """Say why the run does not end, and that events are lost."""
    say("stdout is blocked: nothing reads the pipe; events that do not fit into the rings are lost")


def check(page: Page, file: str, options: ToolOptions) -> None:
    """Raise UsageError if ``page``, a Page, has no map, or if some of ``options``, ToolOptions, do
    not apply to it.

    ``file``, a path, is named in the message.
    """
    name = os.path.basename(file)
    if page.map is None:
        raise UsageError(f"{name} shows nothing: its PAGE has no map; try: tuxscope step {file}")
    shown = "stream" if page.is_stream else "table"
    if misplaced := options.inapplicable(shown):
        raise UsageError(
            f"{misplaced.flag} does nothing here: {name} shows a {shown}; leave it out"
        )


def pid_to_exclude(options: ToolOptions, namespace: PidNamespace | None) -> int | None:
    """Return tuxscope's own PID, an int, in ``namespace``, a PidNamespace (None: the initial one),
    to hide its own calls.

    None if ``options``, ToolOptions, do not trace or do not hide them, or if the kernel cannot tell
    it.
    """
    if options.pid or options.command or options.include_self:
        return None
    pid = own_pid(namespace)
    if pid is None:
        say(
            "tuxscope cannot get its own PID from this kernel (before Linux 5.10); its own writes "
            "are shown, too"
        )
    return pid
