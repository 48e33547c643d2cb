"""Scripts that ``tuxscope fileio`` traces: they say themselves what they did with which file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from e2e.harness import Result
from e2e.traced import arguments

# do() makes a call, and notes the object that is expected of it. ``file`` is the descriptor of its
# file, "result" for the one that it returns; ``seen`` is whether there is such an object.
PRELUDE = """
ROOT = sys.argv[2]
made = []
def at(name):
    return os.fsencode(ROOT) + b"/" + os.fsencode(name)
def named(name):
    return f"{ROOT}/{name}"
def device(status):
    return f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
def do(name, *arguments, op, file=None, moves=False, seen=True, **expected):
    if name not in NUMBERS:
        return None
    status = os.fstat(file) if isinstance(file, int) else None
    ret = call(name, *arguments)
    number = ctypes.get_errno() if ret == -1 else 0
    if file == "result" and not number:
        status = os.fstat(ret)
    keys = ["flags", "mode", "bytes", "offset", "length", "path", "to", "dev", "ino"]
    row = dict.fromkeys(keys) | {
        "op": op, "ret": -number or ret, "error": ERRORS[number] if number else None,
        "pid": os.getpid(), "ppid": os.getppid(), "tid": call("gettid"), "uid": os.getuid(),
    }
    if moves and not number:
        row["bytes"] = ret
    if status:
        row |= {"dev": device(status), "ino": status.st_ino}
    if seen:
        made.append(row | expected)
    return ret
from errno import errorcode as ERRORS
def tell():
    os.write(1, f"{json.dumps(made)}\\n".encode())
"""
NOT_EXPECTED = ("timestamp_ns", "time", "comm", "duration_ns")


class FilesTraced:
    """Runs scripts, of whose files there are objects.

    Attributes:
        prefix: words in front of the command, a tuple of str.
        result: the Result of the last run.
        made: what the script expects of it, as do() noted it, in the order in which tell() told it.
    """

    result: Result
    made: list[dict[str, Any]]

    def __init__(self, tuxscope: Any, directory: Path) -> None:
        self.prefix: tuple[str, ...] = ()
        self._tuxscope = tuxscope
        self._directory = directory

    def run(self, script: str, *options: str, status: int = 0) -> Result:
        """Run a script to its end."""
        command = arguments(f"{PRELUDE}{script}\ntell()", str(self._directory))
        run = self._tuxscope("fileio", *options, "--", *command, prefix=self.prefix)
        self.result = run.finish()
        assert self.result.status == status, self.result.stderr
        told = [each for each in self.result.stderr.splitlines() if each.startswith("[")]
        self.made = [row for line in told for row in json.loads(line)]
        return self.result

    def objects(self, script: str, *options: str, **others: Any) -> list[dict[str, Any]]:
        """The objects of what was done with files of the test's directory."""
        found = self.run(script, "--format", "json", *options, **others).objects
        return [each for each in found if self._ours(each)]

    def _ours(self, found: dict[str, Any]) -> bool:
        return any(str(self._directory) in (found[key] or "") for key in ("path", "to"))


def expected(found: dict[str, Any]) -> dict[str, Any]:
    """Those members of an object that do() expects."""
    return {key: value for key, value in found.items() if key not in NOT_EXPECTED}
