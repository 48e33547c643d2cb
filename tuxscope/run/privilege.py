"""What the user types where the kernel would refuse us."""

from __future__ import annotations

import sys

from tuxscope.loader.privilege import missing_capabilities, require_capabilities


def require_sudo() -> None:
    """Raises PrivilegeError with this very command line behind a sudo."""
    if missing_capabilities():
        import shlex

        require_capabilities(f"try: {shlex.join(['sudo', 'tuxscope', *sys.argv[1:]])}")
