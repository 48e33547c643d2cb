"""The commands that both tools watch."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
# The user's own settings for these programs are not read.
ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@localhost",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@localhost",
    "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent", "PAGER": "cat",
}  # fmt: skip
LOADER_32 = "/lib/ld-linux.so.2"


@dataclass(frozen=True)
class Command:
    """A frozen dataclass: a command in an empty directory.

    Attributes:
        name: a str, in the tables.
        words: the command, a tuple of str.
        before: a shell script that prepares the directory, and is not traced.
    """

    name: str
    words: tuple[str, ...]
    before: str = ":"

    def absent(self) -> str | None:
        """The program that is not installed, if any."""
        needed = [self.words[0]]
        if self.words[0] == "sh":  # the names that its script begins with
            needed += [word for word in OPTIONAL if word in self.words[-1].split()]
        return next((each for each in needed if not shutil.which(each)), None)


OPTIONAL = ("git", "curl", "sqlite3", "openssl", "gcc", "make", "perl")
FILES = (
    "mkdir -p d/e/f; for i in 1 2 3 4 5 6 7 8 9; do echo line $i >d/f$i; echo x >d/e/g$i; done; "
    "ln -s f1 d/link; seq 5000 >numbers"
)
REPOSITORY = f"{FILES}; git init -q .; git add d; git commit -q -m first; echo more >>d/f1"
BUILD = (
    r"printf 'int main(void) { return 0; }\n' >a.c; printf 'int b(void) { return 1; }\n' >b.c; "
    r"printf 'prog: a.o b.o\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -c -o $@ $<\n' >Makefile"
)


def shell(name: str, script: str, before: str = ":") -> Command:
    return Command(name, ("sh", "-c", script), before)


def program(name: str, *arguments: str) -> Command:
    """Return the Command called ``name``, a str, that runs programs.py of this directory with
    ``arguments``, each a str."""
    return Command(name, (sys.executable, "-S", "-B", str(HERE / "programs.py"), *arguments))


def commands() -> Iterator[Command]:
    yield Command("ls", ("ls",), FILES)
    yield Command("ls -l", ("ls", "-l", "d", "/nowhere"), FILES)
    yield Command("find", ("find", ".", "-name", "f*", "-newer", "d"), FILES)
    yield Command("git init", ("git", "init", "."))
    yield Command("git status", ("git", "status"), REPOSITORY)
    yield Command("git log", ("git", "log", "--stat"), REPOSITORY)
    yield Command("git commit", ("git", "commit", "-a", "-m", "second"), REPOSITORY)
    yield Command("tar c", ("tar", "czf", "a.tar.gz", "d"), FILES)
    yield Command("tar x", ("tar", "xf", "a.tar"), f"{FILES}; tar cf a.tar d; rm -r d")
    yield Command("gzip", ("gzip", "-k", "numbers"), FILES)
    yield Command("make, gcc", ("make",), BUILD)
    yield program("http.server, curl", "http")
    yield Command("python", (sys.executable, "-S", "-c", "import json; print(json.dumps({}))"))
    yield shell("pipeline", "cat numbers | grep 7 | sort -r | uniq -c | head -3 | tail -1", FILES)
    yield Command("sort", ("sort", "-n", "-o", "sorted", "numbers"), FILES)
    yield Command("grep -r", ("grep", "-r", "line 3", "."), FILES)
    yield shell("cp, mv, rm", "cp -a d c; mv c b; rm -r b", FILES)
    yield shell("mkdir, rmdir", "mkdir -p a/b/c -m 700; mkdir a; rmdir a/b/c a/b a")
    yield shell("chmod, chown", "chmod 640 numbers; chmod -R g-r d; chown 1:1 numbers", FILES)
    yield shell("ln, readlink", "ln numbers n; ln -s n m; readlink -f m; ln -s n m", FILES)
    yield shell("stat, touch", "touch -d 2001-02-03 t; stat t; stat -f .; touch -a t", FILES)
    yield Command("dd", ("dd", "if=/dev/zero", "of=zeros", "bs=512", "count=100", "conv=fsync"))
    yield Command("id", ("id",))
    yield Command("ps", ("ps", "-ef"))
    yield Command("date", ("date", "-u"))
    yield Command("env", ("env", "-i", "A=b", "env"))
    yield shell("a loop of sh", "for i in 1 2 3 4 5; do x=$(echo $i); /bin/true; done >/dev/null")
    yield Command("sleep", ("sleep", "0.05"))
    yield shell("head, tail", "head -c 100 numbers >h; tail -n 3 numbers", FILES)
    yield Command(
        "sqlite3",
        ("sqlite3", "a.db", "create table t(a); insert into t values(1); select * from t;"),
    )
    yield Command("openssl", ("openssl", "rand", "-hex", "16"))
    yield program("a forking server", "fork")
    yield program("threads", "threads")
    yield program("signals in Python", "signals")
    yield shell("trap, kill", "trap 'echo t' USR1; kill -USR1 $$; (kill -9 $$) ; :")
    yield shell("background jobs", "sleep 0.03 & sleep 0.06 & wait; sleep 9 & kill $!; wait")
    yield program("sockets and epoll", "sockets")
    yield Command("perl", ("perl", "-e", "print map { chr(ord($_) + 1) } qw(a b c)"))
    yield shell("awk, sed, xargs", "awk '{ s += $1 } END { print s }' numbers; "
                "sed -n '$p' numbers; ls d | xargs -n 4 echo", FILES)  # fmt: skip
    yield Command("a program of 32 bits", (LOADER_32, "--help"))
    yield program("names with escapes", "names")
    yield program("memory", "memory")
    yield program("rarer calls", "rarer")
