"""The map that a page shows, among those that its programs use."""

from __future__ import annotations

import pytest

from tuxscope.asm import PerfEventArray
from tuxscope.errors import TuxscopeError
from tuxscope.loader import load
from tuxscope.page.page import Page
from tuxscope.programs.hello import COLUMNS, EVENTS, PAGE, HelloEvent, hello
from tuxscope.run.page_map import shown_map

pytestmark = pytest.mark.kernel


def test_the_map_of_the_page_is_shown() -> None:
    with load([hello()]) as loaded:
        assert shown_map(PAGE, loaded) is loaded.maps[EVENTS]


def test_a_map_that_no_program_uses_is_one_line() -> None:
    page = Page(hello, PerfEventArray("OTHERS", HelloEvent), COLUMNS)
    with load([hello()]) as loaded, pytest.raises(TuxscopeError) as caught:
        shown_map(page, loaded)
    assert str(caught.value) == (
        "the page shows OTHERS, which its program does not use; it uses EVENTS"
    )
