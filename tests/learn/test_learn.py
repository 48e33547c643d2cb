"""``tuxscope learn`` as a student types it, and as a teacher's script does."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from circumstances import without_bpf
from e2e.harness import TUXSCOPE
from pace import LIMIT

from tuxscope.learn.content.catalogue import LADDER, solution_text, starter_text

FIRST = "return-value"
NEXT = f"tuxscope: next: tuxscope learn start {LADDER[1]}\n"  # said once FIRST has passed
SOLUTION = solution_text(FIRST)


def run(
    folder: Path,
    *arguments: str,
    status: int = 0,
    given: str = "",
    privileged: bool = False,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run ``tuxscope learn`` in a folder, as an ordinary user unless that is not wanted."""
    prefix = () if privileged else without_bpf()
    result = subprocess.run(
        [*prefix, TUXSCOPE, "learn", *arguments],
        input=given, capture_output=True, text=True, timeout=LIMIT, check=False, cwd=folder,
        env=os.environ | environment,
    )  # fmt: skip
    assert result.returncode == status, result.stderr + result.stdout
    return result


def test_a_student_starts_and_checks_and_passes(tmp_path: Path) -> None:
    listed = run(tmp_path)
    rows = [line.split()[:2] for line in listed.stdout.splitlines()[1:]]
    assert [(name, "-") for name in LADDER] == [tuple(each) for each in rows][: len(LADDER)]
    assert listed.stderr == f"tuxscope: next: tuxscope learn start {FIRST}\n"

    started = run(tmp_path, "start", FIRST)
    assert started.stdout.splitlines()[1] == f"  Edit it, then: tuxscope learn check {FIRST}"
    page = tmp_path / "return_value.py"
    assert page.read_text() == starter_text(FIRST)
    assert run(tmp_path).stderr == f"tuxscope: next: tuxscope learn check {FIRST}\n"

    failed = run(tmp_path, "check", FIRST, status=1)
    assert failed.stderr == ""
    assert failed.stdout.startswith("return_value.py:16: return-value has not passed\n")
    assert "> 16 |     a.exit()" in failed.stdout
    assert failed.stdout.endswith("  hint      tuxscope learn hint return-value\n")

    page.write_text(SOLUTION)
    passed = run(tmp_path, "check", "return_value.py")
    assert passed.stdout.splitlines() == [
        "return-value: passed in the interpreter",
        "  kernel    not yet: needs CAP_BPF and CAP_PERFMON",
        "  try       sudo tuxscope learn check return-value",
    ]
    assert passed.stderr == NEXT
    assert f"{FIRST:<19}  kernel left  " in run(tmp_path).stdout
    assert sorted(os.listdir(tmp_path)) == [".tuxscope-learn.json", "return_value.py"]


@pytest.mark.kernel
def test_as_root_the_kernel_is_asked(tmp_path: Path) -> None:
    (tmp_path / "return_value.py").write_text(SOLUTION)
    passed = run(tmp_path, "check", FIRST, "--format", "json", privileged=True)
    told = json.loads(passed.stdout)
    kernel = told["stages"]["kernel"]
    if kernel["state"] == "not run":
        pytest.skip(kernel["why"])
    assert kernel == {"state": "passed", "why": None}
    assert told["score"] == 1
    assert f"{FIRST:<19}  passed  " in run(tmp_path).stdout
    # What the kernel said stays until it says something else.
    run(tmp_path, "check", FIRST)
    assert f"{FIRST:<19}  passed  " in run(tmp_path).stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    run(tmp_path, "start", FIRST, "pages")
    page = folder / "return_value.py"
    page.write_text("mine")
    refused = run(tmp_path, "start", FIRST, "pages", status=1)
    assert "pages/return_value.py exists already and was not changed" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert page.read_text() == "mine"
    page.unlink()
    page.symlink_to(tmp_path / "elsewhere")
    run(tmp_path, "start", FIRST, "pages", status=1)
    assert not (tmp_path / "elsewhere").exists()


def test_json_is_what_a_script_collects(tmp_path: Path) -> None:
    run(tmp_path, "start", FIRST)
    told = json.loads(run(tmp_path, "check", FIRST, "--format", "json", status=1).stdout)
    assert told["name"] == FIRST
    assert (told["passed"], told["score"]) == (False, 0)
    assert told["stages"]["pure"]["state"] == "failed"
    assert (told["file"], told["line"]) == (str(tmp_path / "return_value.py"), 16)
    assert told["source"] == "a.exit()"
    assert told["hint"] == f"tuxscope learn hint {FIRST}"
    seed = str(told["seed"])
    again = run(tmp_path, "check", FIRST, "--format", "json", "--seed", seed, status=1)
    assert json.loads(again.stdout) == told


def test_a_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "return_value.py").write_text(SOLUTION)
    run(tmp_path, "start", "null-check")
    told = run(tmp_path.parent, "check", "--all", str(tmp_path), "--format", "json", status=1)
    objects = {each["name"]: each for each in map(json.loads, told.stdout.splitlines())}
    assert list(objects) == list(LADDER)
    assert [name for name, each in objects.items() if each["passed"]] == [FIRST]
    assert objects["null-check"]["stages"]["pure"]["state"] == "failed"
    assert objects["local-call"]["stages"]["pure"]["why"] == "local_call.py does not exist"
    text = run(tmp_path, "check", "--all", status=1).stdout
    assert text.endswith(f"1 of {len(LADDER)} exercises passed\n")


def test_one_more_hint_each_time_and_first_the_one_that_fits(tmp_path: Path) -> None:
    page = tmp_path / "return_value.py"
    page.write_text(SOLUTION.replace("r1 + 8", "r1 + 0"))
    run(tmp_path, "check", FIRST, status=1)
    heads = [run(tmp_path, "hint", FIRST).stdout.splitlines()[0] for _ in range(3)]
    assert heads == [f"{FIRST}, hint {number} of 3:" for number in (3, 1, 2)]
    last = run(tmp_path, "hint", FIRST)
    assert last.stdout.count(f"{FIRST}, hint ") == 3
    assert f"to see the solution: tuxscope learn solution {FIRST}" in last.stderr
    assert run(tmp_path / "..", "hint", FIRST, str(tmp_path)).stdout == last.stdout


def test_a_solution_is_shown_to_who_means_it(tmp_path: Path) -> None:
    assert run(tmp_path, "solution", FIRST, "--yes").stdout == SOLUTION
    assert "--yes" in run(tmp_path, "solution", FIRST, status=2, given="y\n").stderr


@pytest.mark.parametrize(("answer", "shown"), [(b"y\n", True), (b"\n", False), (b"\4", False)])
def test_a_solution_is_asked_for_on_a_terminal(answer: bytes, shown: bool) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    result = subprocess.run(
        [TUXSCOPE, "learn", "solution", FIRST],
        stdin=theirs, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert result.stderr.startswith(f"Show the solution of {FIRST}? [y/N] ")
    assert (result.returncode, result.stdout) == ((0, SOLUTION) if shown else (1, ""))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("chek", FIRST), "learn: there is no action chek; did you mean check?"),
        (("check", "return_valu"), "there is no exercise return_valu; did you mean return-value?"),
        (("check", "nonsense"), "there is no exercise nonsense; tuxscope learn lists them"),
        (("check", "nonsense.py"), "is not the page of an exercise, such as return_value.py"),
        (("check", "return_valu.py"), "such as return_value.py; did you mean return_value.py?"),
        (
            ("check", FIRST, "mine.py"),
            f"mine.py is not a directory, and the page of {FIRST} is return",
        ),
        (("list",), "there is no action list; use start, check, hint, solution, or none"),
        ((FIRST,), f"missing action for {FIRST}; try: tuxscope learn start {FIRST}"),
        (
            ("return_value.py",),
            "return_value.py; try: tuxscope learn check return_value.py",
        ),
        (("check", FIRST), f"return_value.py does not exist; try: tuxscope learn start {FIRST}"),
        (("check",), "missing argument: the exercise; try: tuxscope learn check return-value"),
        (("start", FIRST, "--yes"), "--yes needs tuxscope learn solution"),
        (("--watch",), "--watch needs tuxscope learn check"),
        (("check", "--all", ".", "--watch"), "--all and --watch conflict"),
        (("check", "--all", "nowhere"), "there is no directory nowhere"),
        (("check", "x/return_value.py", "y"), "already names a directory; leave out y"),
        (("check", FIRST, ".", "more"), "unexpected argument 'more'"),
        (("check", FIRST, "--format", "xml"), "--format is text or json"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    result = run(tmp_path, *arguments, status=2)
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize("text", ["", "[]", '{"return-value": 7}', "\0", "[" * 100_000])
def test_a_damaged_state_is_begun_anew(text: str, tmp_path: Path) -> None:
    (tmp_path / ".tuxscope-learn.json").write_text(text)
    (tmp_path / "return_value.py").write_text(SOLUTION)
    first = run(tmp_path, "check", FIRST)
    assert first.stderr == (
        f"tuxscope: .tuxscope-learn.json is damaged; the progress saved in it is lost\n{NEXT}"
    )
    assert "kernel left" in run(tmp_path).stdout
    assert run(tmp_path, "check", FIRST).stderr == NEXT


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_under_sudo_files_are_the_students(tmp_path: Path) -> None:
    who = {"SUDO_UID": "65534", "SUDO_GID": "65533"}
    run(tmp_path, "start", FIRST, "pages", **who)
    run(tmp_path, "check", FIRST, "pages", status=1, **who)
    for name in ("", "return_value.py", ".tuxscope-learn.json"):
        status = (tmp_path / "pages" / name).stat()
        assert (status.st_uid, status.st_gid) == (65534, 65533)


def test_watch_checks_again_whenever_the_page_changes(tmp_path: Path, tuxscope: Any) -> None:
    run(tmp_path, "start", FIRST)
    page = tmp_path / "return_value.py"
    watching = tuxscope("learn", "check", page, "--watch")
    watching.wait_for_text(b"hint  ")
    wrong = SOLUTION.replace("r1 + 8", "r1 + 0")
    page.write_text(wrong)
    watching.wait_for_text(b"hint  ", 2)
    beside = tmp_path / "beside"
    beside.write_text(SOLUTION)
    beside.rename(page)  # as editors do
    watching.wait_for_text(b"return-value: passed")
    watching.signal(signal.SIGINT)
    result = watching.finish()
    assert (result.status, result.stderr) == (0, NEXT.replace("\n", f" {tmp_path}\n"))
    assert result.stdout.count("has not passed") == 2
    second = result.stdout.split("\n\n")[1]
    assert all(f"| {line}\n" in second for line in wrong.splitlines()[8:13] if line)


@pytest.mark.parametrize("more", [(), ("--format", "json"), ("--watch",)])
def test_a_verdict_that_cannot_be_written_is_told(tmp_path: Path, more: tuple[str, ...]) -> None:
    run(tmp_path, "start", FIRST)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [TUXSCOPE, "learn", "check", FIRST, *more],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False,
            cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "tuxscope: cannot write the output: No space left on device (ENOSPC)\n"
