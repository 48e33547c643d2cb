"""``-- COMMAND``: a child process, run as the user who called sudo, once the programs are attached.

The child waits on a socket before it executes the command, so none of the command's events is
missed. It reports a failed exec with send(): its write() would be traced.
"""

from __future__ import annotations

import errno
import os
import pwd
import select
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress

from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import NoReturn, Self
from tuxscope.loader.fd import Fd
from tuxscope.run.interrupt import SIGNALS, Interrupt

# The shell's exit statuses for a command that does not exist, or is not executable.
NOT_FOUND, NOT_EXECUTABLE = 127, 126
STDOUT, STDERR = 1, 2
PATIENCE = 2.0  # seconds from SIGTERM to SIGKILL


class CommandError(TuxscopeError):
    """An error, a TuxscopeError: the command could not be started, as ``message``, a str, says.

    Attributes:
        exit_status: an int, the shell's status for it, 127 or 126.
    """

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class Child:
    """A child process for the command ``arguments``, a sequence of str; a context manager that ends
    it.

    The command's stdout is the fd ``stdout``: our stderr, where our stdout is for records.

    Attributes:
        pid: in our PID namespace, an int.
        status: an int or None, the exit status, or 128 + the signal that killed it; None while it
            runs.

    ``interrupt`` is the run's Interrupt.
    """

    def __init__(
        self, arguments: Sequence[str], interrupt: Interrupt, stdout: int = STDERR
    ) -> None:
        """Fork; ``interrupt`` has the signal handlers to restore. The child waits until
        :meth:`start`."""
        self.status: int | None = None
        self._arguments = arguments
        self._gate, gate = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        # A signal to the process group arrives in both processes; the child gets it after exec.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self.pid = os.fork()
        if self.pid == 0:
            self._gate.close()
            become(arguments, gate, interrupt, stdout)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        gate.close()
        self._pidfd = Fd(os.pidfd_open(self.pid))

    def fileno(self) -> int:
        """Return an fd, an int, readable once the command has ended."""
        return self._pidfd.fileno()

    def start(self) -> None:
        """Let the child execute the command. Raises CommandError if that fails."""
        with suppress(BrokenPipeError, ConnectionResetError):  # killed while it waited
            self._gate.send(b"go")
            failure = self._gate.recv(16)  # empty: exec closed the other end
            if failure:
                raise start_error(self._arguments[0], int(failure))

    def wait(self) -> int:
        """Wait for the command's end; return its exit status, an int."""
        if self.status is None:
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.status = code if code >= 0 else 128 - code
        return self.status

    def kill(self) -> None:
        """Send SIGKILL if it still runs."""
        if self.status is None:
            signal.pidfd_send_signal(self._pidfd.fileno(), signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the command if it still runs: SIGTERM, and SIGKILL PATIENCE seconds later."""
        self._gate.close()  # a child that was not started exits then
        if self.status is None:
            signal.pidfd_send_signal(self._pidfd.fileno(), signal.SIGTERM)
            if not select.select([self._pidfd], (), (), PATIENCE)[0]:
                self.kill()
            self.wait()
        self._pidfd.close()


def start_error(name: str, number: int) -> CommandError:
    """Return the CommandError of a failed exec of command ``name``, a str; ``number`` is the errno,
    an int.

    It has the shell's exit status for that.
    """
    if number == errno.ENOENT:
        return CommandError(f"cannot run {name!r}: no such command", NOT_FOUND)
    return CommandError(f"cannot run {name!r}: {os.strerror(number)}", NOT_EXECUTABLE)


def become(
    arguments: Sequence[str], gate: socket.socket, interrupt: Interrupt, stdout: int
) -> NoReturn:
    """In the child: wait for start(), then execute the command ``arguments``. Never returns.

    ``gate`` is the socket on which start() sends; ``interrupt`` has the signal handlers to restore;
    the command's stdout is the fd ``stdout``.
    """
    try:
        if gate.recv(2) == b"go":
            if stdout != STDOUT:
                os.dup2(stdout, STDOUT)
            become_user()
            interrupt.restore()
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.execvp(arguments[0], list(arguments))
    except Exception as error:  # whatever it is, the parent reports it
        reason = getattr(error, "errno", None) or errno.EINVAL
        gate.send(str(reason).encode())
    finally:
        os._exit(NOT_EXECUTABLE)


def become_user() -> None:
    """Drop from root to the user who called sudo: groups, ids, and HOME, USER and LOGNAME."""
    ids = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if os.geteuid() != 0 or not all(each.isascii() and each.isdigit() for each in ids):
        return
    uid, gid = map(int, ids)
    if uid == 0:
        return
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        os.setgroups([gid])
    else:
        os.initgroups(entry.pw_name, gid)
        os.environ.update(HOME=entry.pw_dir, USER=entry.pw_name, LOGNAME=entry.pw_name)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
