"""``python -m kernels [WORD ...] [--record] [-- PYTEST_ARGUMENT ...]``: boot guests, run tests.

The words choose guests: a series, an architecture, a flavour, or ``ci``; no word is all of them.
``--record`` writes the table to docs/kernels.md. ``--missing`` boots nothing: it prints Debian's
packages that the guests need and this machine has not, a line for each.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from kernels import image, machine
from kernels.matrix import Guest, choose
from kernels.mirror import Mirror, MirrorError, NotThereError
from kernels.report import Outcome, as_markdown, as_text, read_console
from kernels.vmlinuz import vmlinuz
from kernels.wheels import PROJECT, PipError, build_wheel, libraries

LIMIT = 150.0  # seconds for each guest, at the host's speed
DOCS = PROJECT / "docs" / "kernels.md"
BEGIN, END = "<!-- The table: make kernels RECORD=1 writes it. -->\n", "<!-- The table ends. -->\n"
RECORD = "--record"
MISSING = "--missing"
TOOLS = {"apt-get": "apt", "cpio": "cpio", "dpkg-deb": "dpkg", "setpriv": "util-linux"}


def main(arguments: Sequence[str]) -> int:
    words, for_pytest = list(arguments), []
    if "--" in words:
        at = words.index("--")
        words, for_pytest = words[:at], words[at + 1 :]
    try:
        guests = choose([word for word in words if word not in {RECORD, MISSING}])
    except LookupError as error:
        return refuse(str(error))
    missing = missing_packages(guests)
    if MISSING in words:
        print("".join(f"{each}\n" for each in missing), end="")
        return 0
    if missing:
        return refuse(f"not all tools are here; try: apt-get install {' '.join(missing)}")
    try:
        outcomes = run_all(guests, cache_folder(), for_pytest)
    except PipError as error:
        return refuse(str(error))
    print(f"\n{as_text(outcomes)}")
    if RECORD in words:
        write_table(outcomes)
    return int(any(each.failure for each in outcomes))


def missing_packages(guests: Sequence[Guest]) -> list[str]:
    """Debian's packages of the tools that these guests need and this machine has not."""
    machines = [machine.ARCHITECTURES[each.architecture] for each in guests]
    needed = TOOLS | {each.qemu: each.package for each in machines}
    return sorted({package for tool, package in needed.items() if not shutil.which(tool)})


def refuse(why: str) -> int:
    print(f"kernels: {why}", file=sys.stderr)
    return 2


def cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(root, "tuxscope-kernels")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_all(guests: Sequence[Guest], cache: Path, arguments: Sequence[str]) -> list[Outcome]:
    """Fetch, build and boot; the outcomes in the order of the guests."""
    mirror = Mirror(cache)
    wheel = build_wheel(cache / "wheel")
    print(f"{wheel.name} in {len(guests)} guests; consoles in {cache}/console-*", flush=True)
    try:
        project = image.project(wheel, libraries(cache, image.PYTHON), arguments, cache)
    except MirrorError as error:
        return [tell(Outcome(each, not_run=str(error))) for each in guests]
    boots: dict[Guest, Future[Outcome]] = {}
    # More guests than processors would wait for each other's atomic instructions.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # The slow ones first: then all processors have something to do until the end.
        for guest in sorted(guests, key=slowdown, reverse=True):
            try:
                kernel = vmlinuz(guest, mirror, cache)
                base = image.base(mirror, guest.architecture, cache)
            except MirrorError as error:
                boots[guest] = pool.submit(tell, Outcome(guest, not_run=str(error)))
            except NotThereError as error:
                boots[guest] = pool.submit(tell, Outcome(guest, failure=str(error)))
            else:
                boots[guest] = pool.submit(boot, guest, kernel, (base, project), cache)
        try:
            return [boots[guest].result() for guest in guests]
        except KeyboardInterrupt:  # those that run got it as well
            pool.shutdown(cancel_futures=True)
            raise


def slowdown(guest: Guest) -> int:
    return machine.ARCHITECTURES[guest.architecture].slowdown


def boot(guest: Guest, kernel: Path, parts: Sequence[Path], cache: Path) -> Outcome:
    """Run all tests in one guest."""
    name = f"{guest.series}-{guest.flavour}"
    initramfs = image.initramfs(parts, cache / f"initramfs-{name}.cpio")
    command = machine.command(
        guest.architecture, kernel, initramfs, guest.present + guest.asleep,
        [f"maxcpus={guest.present}", f"tuxscope_offline={','.join(map(str, guest.offline))}",
         f"tuxscope_slowdown={slowdown(guest)}"],
    )  # fmt: skip
    ended = machine.run(command, cache / f"console-{name}", limit=LIMIT * slowdown(guest))
    initramfs.unlink()
    return tell(read_console(guest, ended.console, ended.seconds, ended.in_time))


def tell(outcome: Outcome) -> Outcome:
    """Say how a guest ended as soon as it has."""
    why = f": {outcome.not_run or outcome.failure}" if outcome.state != "passed" else ""
    note = f"\n  {outcome.note}" if outcome.note else ""
    print(
        f"{outcome.guest.name}: {outcome.state} in {outcome.seconds:.0f} s{why}{note}", flush=True
    )
    return outcome


def write_table(outcomes: Sequence[Outcome]) -> None:
    """Put the table and its date in the docs."""
    before, _, rest = DOCS.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    table = f"\n{datetime.now(UTC):%Y-%m-%d}:\n\n{as_markdown(outcomes)}\n"
    DOCS.write_text(f"{before}{BEGIN}{table}{END}{after}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
