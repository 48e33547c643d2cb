"""tuxscope below a prefix: a venv in PREFIX/lib/tuxscope, and a link to its command."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from environment import SetupError, create, pip_install

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Places:
    """A frozen dataclass: the paths of an installation.

    Attributes:
        prefix: a Path, the directory that has ``bin`` and ``lib``.
    """

    prefix: Path

    @property
    def library(self) -> Path:
        return self.prefix / "lib" / "tuxscope"

    @property
    def former(self) -> Path:
        """The library that was there before, while another is made."""
        return self.prefix / "lib" / "tuxscope.old"

    @property
    def link(self) -> Path:
        return self.prefix / "bin" / "tuxscope"

    @property
    def command(self) -> Path:
        return self.library / "bin" / "tuxscope"

    @property
    def record(self) -> Path:
        """Names the directories that were made around the library, a line for each; written last,
        so that a library without one is not whole."""
        return self.library / "directories"

    @property
    def linked(self) -> bool:
        return self.link.is_symlink() and Path(os.readlink(self.link)) == self.command


def install(prefix: str) -> None:
    """Install the checkout below ``prefix``, a path; if that fails, the installation before it
    stays.

    Raises SetupError, OSError.
    """
    places = Places(Path(os.path.abspath(prefix)))
    check(places)
    os.umask(0o022)  # everybody may use it
    restore(places)
    made = recorded(places)
    new: list[Path] = []
    print(f"installing into {places.prefix}: libraries are downloaded from PyPI", flush=True)
    try:
        for directory in (places.library.parent, places.link.parent):
            make_directories(directory, new)
        if places.library.exists():
            places.library.rename(places.former)
        create(places.library)
        pip_install(places.library, [str(PROJECT)])
        if not places.linked:
            places.link.symlink_to(places.command)
        places.record.write_text("".join(f"{each}\n" for each in (*made, *new)))
    except BaseException:
        shutil.rmtree(places.library, ignore_errors=True)
        if places.former.exists():
            places.former.rename(places.library)
        elif places.linked:
            places.link.unlink()
        remove_directories(new)
        raise
    shutil.rmtree(places.former, ignore_errors=True)


def uninstall(prefix: str) -> None:
    """Remove what install() made below ``prefix``, a path: directories only if it made them, and
    they are empty.

    Raises SetupError, OSError.
    """
    places = Places(Path(os.path.abspath(prefix)))
    restore(places)
    made = recorded(places)
    if places.linked:
        places.link.unlink()
    if is_venv(places.library):
        shutil.rmtree(places.library)
    remove_directories(made)


def check(places: Places) -> None:
    """Raise SetupError if one of ``places``, a Places, has something that install() did not
    make."""
    if os.path.lexists(places.link) and not places.linked:
        raise SetupError(f"{places.link} is there already, and not from make install; remove it")
    if places.library.exists() and not is_venv(places.library):
        raise SetupError(f"{places.library} is there already, and not from make install; remove it")


def restore(places: Places) -> None:
    """Undo what an install() that was killed left in ``places``, a Places."""
    if places.former.exists():
        if places.record.exists():
            shutil.rmtree(places.former)
        else:
            shutil.rmtree(places.library, ignore_errors=True)
            places.former.rename(places.library)


def is_venv(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()


def recorded(places: Places) -> list[Path]:
    try:
        return [Path(line) for line in places.record.read_text().splitlines()]
    except FileNotFoundError:  # nothing is installed, or by make install of old
        return []


def make_directories(path: Path, made: list[Path]) -> None:
    """Make the directory ``path``, a Path, and those above it; append those that did not exist to
    ``made``, a list of Path."""
    for each in [*reversed(path.parents), path]:
        if not each.exists():
            each.mkdir()
            made.append(each)


def remove_directories(made: list[Path]) -> None:
    """Remove those directories of ``made``, a list of Path, the innermost first, that are empty."""
    for each in reversed(made):
        with contextlib.suppress(OSError):
            each.rmdir()
