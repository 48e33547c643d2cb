"""The names of errnos."""

from __future__ import annotations

from errno import EDEADLK, EOPNOTSUPP, errorcode

# Of numbers with two names, the kernel's.
ERRORS = {**errorcode, EDEADLK: "EDEADLK", EOPNOTSUPP: "EOPNOTSUPP"}
