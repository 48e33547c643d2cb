"""Logs as other loaders print them: C of our own, compiled and loaded, and explained."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from circumstances import under
from e2e.harness import TUXSCOPE
from llvm import needs_llvm, run
from pace import LIMIT

BPFTOOL = shutil.which("bpftool", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin")
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.one_kernel,
    needs_llvm,
    pytest.mark.skipif(not BPFTOOL, reason="there is no bpftool"),
]

FOLDER = Path(__file__).with_name("c")
CAUSES = {
    "endless": "endless-loop",
    "no_pointer": "not-an-address",
    "null_check": "missing-null-check",
    "past_the_context": "context-access",
    "past_the_stack": "stack-out-of-bounds",
}
WITHOUT_MAPS = sorted(CAUSES.keys() - {"null_check"})  # libbpf takes maps from BTF alone


def printed(source: str, folder: Path, *flags: str) -> str:
    """What bpftool prints while the kernel refuses a program."""
    compiled = folder / f"{source}.o"
    options = ("-target", "bpf", "-O2", "-Wall", "-Wno-unused", *flags)
    done = run("clang", *options, "-c", FOLDER / f"{source}.c", "-o", compiled)
    assert done.returncode == 0, done.stderr
    assert BPFTOOL
    # bpftool mounts a bpffs to pin into where there is none: in a namespace that ends with it.
    load = (BPFTOOL, "-d", "prog", "load", compiled, "/sys/fs/bpf/tuxscope")
    done = subprocess.run(
        [*under("unshare", "--mount"), *load],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode != 0, "the kernel accepts it"
    return done.stdout


def explained(log: str, folder: Path) -> dict[str, Any]:
    """What ``tuxscope explain`` makes of a log."""
    done = subprocess.run(
        [TUXSCOPE, "explain", "--format", "json"], cwd=folder,
        input=log, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    assert list(found) == ["cause", "hint", "slot", "source", "registers", "telling"]
    return found


def test_each_source_is_one_case() -> None:
    assert {each.stem for each in FOLDER.glob("*.c")} == set(CAUSES)


@pytest.mark.parametrize("source", CAUSES)
def test_c_with_btf_is_explained_with_its_line(source: str, tmp_path: Path) -> None:
    log = printed(source, tmp_path, "-g")
    found = explained(log, tmp_path)
    assert found["cause"] == CAUSES[source]
    lines = (FOLDER / f"{source}.c").read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "/* WRONG */" in line)
    assert found["source"]["text"] == lines[number - 1].strip()
    if f" @ {source}.c:" in log:  # since Linux 6.9
        assert found["source"]["file"].endswith(f"{source}.c")
        assert found["source"]["line"] == number
    assert "a." not in found["hint"].split("(")[0]  # C is not told to call an assembler


@pytest.mark.parametrize("source", WITHOUT_MAPS)
def test_c_without_btf_is_explained_with_its_slot(source: str, tmp_path: Path) -> None:
    log = printed(source, tmp_path, "-g0")
    found = explained(log, tmp_path)
    assert found["cause"] == CAUSES[source]
    walked = re.findall(r"^(\d+): \(", log, re.MULTILINE)
    assert str(found["slot"]) in (walked[-1], "0")  # a loop's first, where it ends at its last
    assert found["source"] is None


def kernels_own(output: str) -> list[str]:
    """The verifier's lines, out of what libbpf puts around them."""
    match = re.search(r"-- BEGIN PROG LOAD LOG --\n(.*?)\n-- END", output, re.DOTALL)
    assert match
    statistics = ("verification time", "stack depth")  # which bpftool asks for, and others do not
    return [line for line in match[1].splitlines() if not line.startswith(statistics)]


def in_libbpf(lines: list[str]) -> str:
    return "\n".join(
        [
            "libbpf: prog 'entry': BPF program load failed: Permission denied",
            "libbpf: prog 'entry': -- BEGIN PROG LOAD LOG --",
            *lines,
            "-- END PROG LOAD LOG --",
            "libbpf: prog 'entry': failed to load: -13",
            "libbpf: failed to load object 'sample.o'",
        ]
    )


def in_cilium(lines: list[str]) -> str:
    """``%+v`` of an ebpf.VerifierError."""
    head = "load program: permission denied:"
    return "\n".join(["2024/08/05 14:10:43 " + head, *(f"\t{line}" for line in lines)])


def in_cilium_short(lines: list[str]) -> str:
    """``%v`` of one: the last two lines before the statistics."""
    *_, before, last = (line for line in lines if not line.startswith("processed "))
    return (
        f"load program: permission denied: {before.strip()}: {last.strip()} "
        f"({len(lines) - 2} line(s) omitted)"
    )


def in_aya(lines: list[str]) -> str:
    log = "\n".join(lines)
    return (
        f"Error: the BPF_PROG_LOAD syscall failed. Verifier output: {log}\n\n\n"
        "Caused by:\n    Permission denied (os error 13)"
    )


def in_bcc(lines: list[str]) -> str:
    return "\n".join(
        [
            "bpf: Failed to load program: Permission denied",
            *lines,
            "",
            "Traceback (most recent call last):",
            '  File "/root/./sample.py", line 271, in <module>',
            '    b.attach_kretprobe(event="xfs_file_read_iter", fn_name="entry")',
            '    raise Exception("Failed to load BPF program %s: %s" %',
            "Exception: Failed to load BPF program b'entry': Permission denied",
        ]
    )


def in_the_journal(lines: list[str]) -> str:
    head = "Mar 21 11:01:44 host loader[1042]: "
    return "\n".join(head + line for line in in_libbpf(lines).splitlines())


@pytest.mark.parametrize("form", [in_libbpf, in_cilium, in_aya, in_bcc, in_the_journal])
@pytest.mark.parametrize("source", ["null_check", "no_pointer"])
def test_the_forms_of_other_loaders(
    source: str, form: Callable[[list[str]], str], tmp_path: Path
) -> None:
    output = printed(source, tmp_path, "-g")
    assert explained(form(kernels_own(output)), tmp_path) == explained(output, tmp_path)


def test_the_short_form_of_ciliums_errors(tmp_path: Path) -> None:
    output = printed("no_pointer", tmp_path, "-g")
    found = explained(in_cilium_short(kernels_own(output)), tmp_path)
    assert (found["cause"], found["slot"]) == ("not-an-address", 1)
