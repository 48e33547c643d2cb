"""The rows of helpers.tsv, one for each helper function of the kernel.

``make helpers`` writes the table; tools/helper_table.py says where each column comes from.
"""

from __future__ import annotations

import os

# One row for each helper, in the order of their numbers from 1. signatures.py parses the columns
# after the name on demand.
with open(os.path.join(os.path.dirname(__file__), "helpers.tsv"), encoding="utf-8") as table:
    ROWS = table.read().rstrip().split("\n")
NAMES = [row.partition("\t")[0] for row in ROWS]
