"""The rows of helpers.tsv: what the kernel's header and the kernels say of each helper function.

``make helpers`` writes the table; tools/helper_table.py says where each column comes from.
"""

from __future__ import annotations

import os

# A row for each, in the order of their numbers, beginning with 1. What else than the name is in it
# is read when somebody asks for it (signatures.py).
with open(os.path.join(os.path.dirname(__file__), "helpers.tsv"), encoding="utf-8") as table:
    ROWS = table.read().rstrip().split("\n")
NAMES = [row.partition("\t")[0] for row in ROWS]
