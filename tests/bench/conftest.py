"""Finds what bench/ has, which is in a checkout, and not in the guests of the kernel matrix."""

from __future__ import annotations

import sys
from pathlib import Path

BENCH = Path(__file__).parent.parent.parent / "bench"
sys.path.insert(0, str(BENCH))
collect_ignore = (
    []
    if BENCH.exists()
    else [
        "test_connections.py",
        "test_fidelity.py",
        "test_files_fidelity.py",
        "test_figures.py",
        "test_bench.py",
    ]
)
