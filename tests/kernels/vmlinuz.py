"""A guest's kernel, out of Debian's packages."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from kernels.matrix import Guest
from kernels.mirror import Mirror, NotThereError


def vmlinuz(guest: Guest, mirror: Mirror, cache: Path) -> Path:
    """What QEMU boots, fetched where the cache has none of the series.

    Raises NotThereError, MirrorError.
    """
    path = cache / f"vmlinuz-{guest.series}-{guest.flavour}"
    if path.exists():
        return path
    for name in mirror.names(pattern(guest)):
        try:
            package = mirror.download(name, guest.architecture)
        except NotThereError as error:
            print(f"{guest.name}: {name}: {error}; an older one is tried", flush=True)
            continue
        extract(package, path)
        package.unlink()
        if path.exists():
            return path
    raise NotThereError(f"the mirror has no kernel of {guest.series} for {guest.flavour}")


def pattern(guest: Guest) -> str:
    """What the names of its packages are like: no -rt, no -dbg, no package without a version."""
    series = re.escape(guest.series)
    return rf"linux-(image|binary)-{series}\.\d[\d.+-]*(deb[\d.]+)?-{guest.flavour}"


def extract(package: Path, path: Path) -> None:
    """Take the kernel out of a package, if it has one."""
    part = path.with_suffix(".part")
    with (
        open(part, "wb") as kernel,
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar,
    ):
        subprocess.run(
            ["tar", "--extract", "--to-stdout", "--wildcards", "./boot/vmlinuz-*", "*/vmlinuz"],
            stdin=tar.stdout, stdout=kernel, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    if part.stat().st_size:
        part.rename(path)
    else:
        part.unlink()
