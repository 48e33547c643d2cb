"""What make bench compares, built without privilege: tuxscope in a venv of its own, the C programs.

All of it is in .bench at the root of the checkout, or in $TUXSCOPE_BENCH; build.json there tells
what there is.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

SOURCES = Path(__file__).parent
ROOT = SOURCES.parent.parent
PLACE = Path(os.environ.get("TUXSCOPE_BENCH") or ROOT / ".bench")
VENV = PLACE / "venv"
OUTPUT = PLACE / "output"  # where the readers' output is mounted
SEARCHED = (
    f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # bpftool's place is not a user's
)


class BenchError(Exception):
    """Why there is no measuring, in one line."""


@dataclass(frozen=True)
class Built:
    """A frozen dataclass: the programs that were built or found.

    Attributes:
        tuxscope: the path of the program.
        commit: that of the checkout, with ``+`` where files differ from it.
        versions: of what is measured, by name.
        absent: why a peer cannot be measured, by name.
    """

    tuxscope: str
    commit: str
    versions: dict[str, str]
    absent: dict[str, str]


def tool(name: str) -> str:
    """Return the path of the program ``name``, both str. Raises BenchError if it is not
    installed."""
    found = shutil.which(name, path=SEARCHED)
    if not found:
        raise BenchError(f"{name} is not installed")
    return found


def newest_clang() -> str:
    """The path of clang, or of the newest that has its version in its name. Raises BenchError."""
    versions = (f"clang-{number}" for number in range(40, 10, -1))
    found = next(filter(None, (shutil.which(each, path=SEARCHED) for each in versions)), None)
    return found or tool("clang")


def output_of(*command: str | Path) -> str:
    """What a command prints. Raises BenchError where it fails, with its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        errors = [line for line in said if "error" in line]
        raise BenchError(f"{os.path.basename(command[0])}: {(errors or said[-1:])[0].strip()}")
    return done.stdout


def build_workloads() -> None:
    compiler = shutil.which("cc") or newest_clang()
    for name in ("writer", "connector"):
        source = SOURCES.parent / f"{name}.c"
        output_of(compiler, "-O2", "-Wall", "-o", PLACE / name, source)


def install() -> None:
    """Install the checkout as a user would, with its bytecode compiled."""
    setup = (sys.executable, "-B", ROOT / "tools" / "install.py", "venv", VENV)
    output_of(*setup, ROOT)
    output_of(*setup, "--force-reinstall", "--no-deps", ROOT)


def build_libbpf() -> str:
    """Compile the program and its reader, by way of bpftool's skeleton."""
    clang, bpftool = newest_clang(), tool("bpftool")
    compiled = PLACE / "hello.bpf.o"
    include = f"-I/usr/include/{platform.machine()}-linux-gnu"  # where Debian has asm/types.h
    output_of(clang, "-O2", "-g", "-Wall", "-target", "bpf", include,
              "-c", SOURCES / "hello.bpf.c", "-o", compiled)  # fmt: skip
    skeleton = output_of(bpftool, "gen", "skeleton", compiled, "name", "hello_bpf")
    (PLACE / "hello.skel.h").write_text(skeleton)
    output_of(clang, "-O2", "-Wall", f"-I{PLACE}", f"-I{SOURCES}", SOURCES / "hello.c",
              "-o", PLACE / "hello", "-lbpf")  # fmt: skip
    script = "#include <bpf/libbpf_version.h>\nLIBBPF_MAJOR_VERSION.LIBBPF_MINOR_VERSION\n"
    done = subprocess.run([clang, "-E", "-P", "-"], input=script, capture_output=True, text=True)
    version = "".join(done.stdout.split("\n")[-2:]).replace(" ", "")
    return f"{version}, {output_of(clang, '--version').splitlines()[0]}"


def build_bpftrace() -> str:
    return output_of(tool("bpftrace"), "--version").split()[-1].removeprefix("v")


def commit() -> str:
    try:
        head = output_of("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
        changed = output_of("git", "-C", ROOT, "status", "--porcelain", "-uno").strip()
    except (BenchError, OSError):
        return "unknown"
    return head + ("+" if changed else "")


def build(*, here: bool = False) -> Built:
    """Build all there is; a peer that cannot be built is absent, and says why.

    With ``here``, tuxscope is that of this Python, and nothing is installed. Raises BenchError
    where tuxscope or a workload cannot be built.
    """
    OUTPUT.mkdir(parents=True, exist_ok=True)
    build_workloads()
    python = Path(sys.executable) if here else VENV / "bin" / "python"
    if not here:
        install()
    version = output_of(python, "-c", "import tuxscope; print(tuxscope.__version__)").strip()
    versions = {"tuxscope": f"{version}, Python {platform.python_version()}"}
    absent = {}
    peers: dict[str, Callable[[], str]] = {"libbpf": build_libbpf, "bpftrace": build_bpftrace}
    for name, builder in peers.items():
        try:
            versions[name] = builder()
        except BenchError as error:
            absent[name] = str(error)
    built = Built(str(python.with_name("tuxscope")), commit(), versions, absent)
    (PLACE / "build.json").write_text(json.dumps(asdict(built), indent=1))
    return built


def built() -> Built:
    """What the last build() made. Raises BenchError where there was none."""
    try:
        return Built(**json.loads((PLACE / "build.json").read_text()))
    except OSError as error:
        raise BenchError("nothing is built; type make bench") from error
