"""The mutants follow the source: each finds the place that it changes."""

from __future__ import annotations

import pytest

from vm.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug)
def test_a_mutants_place_is_there_once(mutant: Mutant) -> None:
    text = (ROOT / "tuxscope" / f"{mutant.module}.py").read_text()
    assert text.count(mutant.right) == 1
    assert mutant.right != mutant.wrong
