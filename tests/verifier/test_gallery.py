"""Each entry of the gallery on the running kernel: refused for its cause, and fixed."""

from __future__ import annotations

import json

import pytest
from conftest import GUEST

from tuxscope.asm.errors import CheckError
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.table import GALLERY
from tuxscope.loader.program import load
from verifier.kernel import privilege, refusal
from verifier.logs import SAID, shortened

EACH = pytest.mark.parametrize("entry", GALLERY, ids=lambda entry: entry.key)


@pytest.mark.kernel
@EACH
def test_the_kernel_refuses_it_and_is_explained(entry: Entry) -> None:
    error = refusal(entry, entry.program())
    assert error is not None, "this kernel takes it"
    if GUEST:  # for python -m verifier.logs, with pytest -s
        print(f"\n{SAID}{json.dumps([entry.key, shortened(error.log)])}")
    assert error.cause == entry.key, error.log
    assert error.explanation.hint == entry.hint, error.log
    assert error.source == entry.culprit, error.log
    assert error.program.name in str(error)
    assert entry.hint in str(error)
    assert "\n" not in str(error)


@pytest.mark.kernel
@EACH
def test_the_fixed_program_loads(entry: Entry) -> None:
    with privilege(entry):
        load(entry.fixed_program()).close()


@EACH
def test_what_the_checks_foresee_never_gets_to_the_kernel(entry: Entry) -> None:
    a = entry.rejected()
    if entry.foreseen is None:
        a.program()
        return
    with pytest.raises(CheckError) as caught:
        a.program()
    assert type(caught.value) is entry.foreseen
    assert caught.value.source == entry.culprit


def test_the_keys_are_unique() -> None:
    assert len({each.key for each in GALLERY}) == len(GALLERY) >= 32
