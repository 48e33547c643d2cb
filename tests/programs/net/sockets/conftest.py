"""Two network namespaces with a wire between them, and sockets in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from networks import End, make_namespace, make_veth

from programs.net.sockets.connections import Connections


@pytest.fixture
def wire() -> Iterator[tuple[End, End]]:
    with make_namespace() as left, make_namespace() as right, make_veth(left, right) as ends:
        yield ends


@pytest.fixture
def connections(wire: tuple[End, End]) -> Iterator[Connections]:
    with Connections(*wire) as made:
        yield made
