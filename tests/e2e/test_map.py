"""``tuxscope map`` on a map that changes while it is read."""

from __future__ import annotations

import json
import subprocess
from collections import Counter

import pytest
from loader.changing import STABLE, Others, always, fill, trie
from pace import LIMIT

from e2e.harness import TUXSCOPE
from tuxscope.asm import Hash
from tuxscope.commands.map_job import show_map
from tuxscope.loader import bpf
from tuxscope.loader.maps import LoadedMap
from tuxscope.output.lines import Style
from tuxscope.record import u32, u64

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("style", ["text", "json"])
def test_what_stays_is_printed_once(style: str) -> None:
    description = Hash("CHANGING", key=u32, value=u64, max_entries=40_000)
    with LoadedMap(description) as map:
        fill(map, STABLE)
        command = [TUXSCOPE, "map", "CHANGING", "--id", str(map.info().id), "--format", style]
        with always(Others(map)):
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    if style == "json":
        keys = Counter(json.loads(line)["key"] for line in lines)
    else:
        keys = Counter(int(line.split()[0]) for line in lines[1:])
    assert max(keys.values()) == 1
    assert all(keys[each] == 1 for each in range(STABLE))


def test_where_entries_may_be_missing_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with trie(20) as found:
        assert show_map("TRIE", found.info.id, Style.TEXT) == 0
        whole, silence = capfd.readouterr()
        assert (whole.count("\n"), silence) == (21, "")
        own = bpf.map_next_key

        def vanishing(fd: int, key: bytes | None, size: int) -> bytes | None:
            if key and key[-1] == 10:
                bpf.map_delete(fd, key)
            return own(fd, key, size)

        monkeypatch.setattr(bpf, "map_next_key", vanishing)
        assert show_map("TRIE", found.info.id, Style.TEXT) == 0
        less, said = capfd.readouterr()
    assert less.count("\n") in (19, 20)  # older kernels skip the key after one that is deleted
    assert said.startswith("tuxscope: map TRIE changed while it was read")
    assert len(said.splitlines()) == 1
