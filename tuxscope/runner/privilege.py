"""What the user types where the kernel would refuse us."""

from __future__ import annotations

import shlex
import sys

from tuxscope.loader.privilege import require_capabilities


def require_sudo() -> None:
    """Raises PrivilegeError with this very command line behind a sudo."""
    require_capabilities(f"try: {shlex.join(['sudo', 'tuxscope', *sys.argv[1:]])}")
