"""The loaded map of a page."""

from __future__ import annotations

from tuxscope.errors import TuxscopeError
from tuxscope.loader.collection import Collection
from tuxscope.loader.maps import LoadedMap
from tuxscope.page.page import Page


def shown_map(page: Page, loaded: Collection) -> LoadedMap:
    """Return the LoadedMap of ``loaded``, a Collection, that ``page``, a Page, shows.

    Raises TuxscopeError if none of its programs uses that map.
    """
    assert page.map is not None
    if page.map in loaded.maps:
        return loaded.maps[page.map]
    used = ", ".join(each.name for each in loaded.maps) or "none"
    raise TuxscopeError(
        f"the page shows {page.map.name}, which its program does not use; it uses {used}"
    )
