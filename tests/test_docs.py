"""The examples in README and docs run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from labs.console import Shell, agrees, commands
from pace import LIMIT

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "docs" / "library.md", ROOT / "docs" / "interpreter.md"]


def examples() -> list[tuple[str, str]]:
    return [
        (f"{page.name}-{number}", code)
        for page in PAGES
        for number, code in enumerate(
            re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL), 1
        )
    ]


SAYS = {
    "interpreter.md-1": r"0 \{3: 7\}\n(.+\n)+\d+ \d+\n",
    "README.md-1": r"42\n",
    "library.md-1": r"(\d+ +\d+\n){1,5}",
    "library.md-2": r"(\d+ .+\n){20}\d+ delivered, 0 lost\n",
    "library.md-3": r"(\d+ writes, the last of .+\n)+",
    "library.md-4": r"Calls\(entered=5, returned=5\)\n",
    "library.md-5": r"\S+ out 127\.0\.0\.1 \d+ connect\n(\S+ \S+ 127\.0\.0\.1 \d+ \w+\n)*",
    "library.md-6": r"(HelloEvent\(pid=.+\n)*\d+ more, \d+ lost\n",
    "library.md-7": r"b70000000000002a 9500000000000000\nr0 = 42; exit\n",
    "library.md-8": r"r0 is used as an address, and is NULL if the lookup found no entry\n",
    "library.md-9": r"void \*bpf_map_lookup_elem\(.+\)\nctx: .+\n(.+\n){4}True\n5.5 True\nFalse\n",
}


LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_links_lead_to_files() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    links = {(page, each) for page in pages for each in LINK.findall(page.read_text())}
    inside = {(page, each) for page, each in links if "://" not in each}
    assert len(inside) > 50
    lost = [(str(page), each) for page, each in inside if not (page.parent / each).exists()]
    assert sorted(lost) == []


def test_all_examples_are_known() -> None:
    assert {name for name, _ in examples()} == set(SAYS)


@pytest.mark.one_kernel
@pytest.mark.kernel
@pytest.mark.parametrize(("name", "code"), examples(), ids=dict(examples()))
def test_an_example_runs(name: str, code: str) -> None:
    with subprocess.Popen(["sh", "-c", "while :; do echo; sleep 0.05; done >/dev/null"]) as writer:
        try:
            done = subprocess.run(
                [sys.executable, "-B", "-c", code], capture_output=True, text=True, timeout=LIMIT
            )
        finally:
            writer.kill()
    assert re.fullmatch(SAYS[name], done.stdout), done.stderr


@pytest.mark.parametrize("page", ["isa", "verifier"])
def test_a_page_is_what_its_script_writes(page: str) -> None:
    script = ROOT / "docs" / f"{page}_page.py"
    written = subprocess.run(
        [sys.executable, "-B", script], capture_output=True, text=True, check=True, timeout=LIMIT
    )
    assert written.stdout == (ROOT / "docs" / f"{page}.md").read_text(), "run make docs"


@pytest.mark.parametrize("page", ["listing.md", "interpreter.md"])
def test_a_command_prints_what_the_page_says(page: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    listed = list(commands((ROOT / "docs" / page).read_text()))
    assert len(listed) == 2
    for command in listed:
        printed = shell.run(command.line)
        assert agrees(command, printed), f"run: python -m labs.console docs/{page}"
