"""``-- COMMAND``: started as the user who called sudo, held until we are attached.

The child waits on a pipe before it becomes the command, so not one of its instructions is
missed. It reports a failed start with send(), as a write() of ours would be in the output.
"""

from __future__ import annotations

import errno
import os
import pwd
import select
import signal
import socket
from collections.abc import Sequence
from typing import NoReturn, Self

from tuxscope.errors import TuxscopeError
from tuxscope.loader.fd import Fd

# What the shell exits with for a command that is not there, or is no program.
NOT_FOUND, NOT_EXECUTABLE = 127, 126
PATIENCE = 2.0  # seconds that a command has to end after SIGTERM


class CommandError(TuxscopeError):
    """The command could not be started."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class Command:
    """A child process; a context manager that ends it.

    What the command prints goes to stderr: stdout is for records.

    Attributes:
        pid: in our PID namespace.
        status: the exit status, 128 + signal where one killed it; None while it runs.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """Fork. The child waits until :meth:`start`."""
        self.status: int | None = None
        self._arguments = arguments
        self._gate, gate = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.pid = os.fork()
        if self.pid == 0:
            self._gate.close()
            become(arguments, gate)
        gate.close()
        self._pidfd = Fd(os.pidfd_open(self.pid))

    def fileno(self) -> int:
        """Readable once the command has ended."""
        return self._pidfd.fileno()

    def start(self) -> None:
        """Let the child become the command. Raises CommandError where it cannot."""
        self._gate.send(b"go")
        failure = self._gate.recv(16)  # nothing: exec closed the other end
        if failure:
            number = int(failure)
            missing = number == errno.ENOENT
            raise CommandError(
                f"cannot run {self._arguments[0]}: "
                f"{'no such command' if missing else os.strerror(number)}",
                NOT_FOUND if missing else NOT_EXECUTABLE,
            )

    def wait(self) -> int:
        """Wait for its end; returns the status."""
        if self.status is None:
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.status = code if code >= 0 else 128 - code
        return self.status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it if it still runs: SIGTERM, and SIGKILL two seconds later."""
        self._gate.close()  # a child that was never started ends by that
        if self.status is None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(self._pidfd.fileno(), number)
                if select.select([self._pidfd], (), (), PATIENCE)[0]:
                    break
            self.wait()
        self._pidfd.close()


def become(arguments: Sequence[str], gate: socket.socket) -> NoReturn:
    """In the child: wait for the word, then be the command. Never returns."""
    try:
        if gate.recv(2) != b"go":
            os._exit(NOT_EXECUTABLE)
        os.dup2(2, 1)
        become_user()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)  # Python ignores the last two
        os.execvp(arguments[0], list(arguments))
    except OSError as error:
        gate.send(str(error.errno).encode())
    finally:
        os._exit(NOT_EXECUTABLE)


def become_user() -> None:
    """Be the user who called sudo again: groups, ids, and HOME, USER and LOGNAME."""
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != 0 or not uid.isdigit() or not gid.isdigit() or int(uid) == 0:
        return
    try:
        entry = pwd.getpwuid(int(uid))
    except KeyError:
        os.setgroups([int(gid)])
    else:
        os.initgroups(entry.pw_name, int(gid))
        os.environ.update(HOME=entry.pw_dir, USER=entry.pw_name, LOGNAME=entry.pw_name)
    os.setresgid(int(gid), int(gid), int(gid))
    os.setresuid(int(uid), int(uid), int(uid))
