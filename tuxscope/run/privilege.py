"""Checks for privilege before a run, with the sudo command to type."""

from __future__ import annotations

import sys

from tuxscope.loader.privilege import missing_capabilities, require_capabilities


def require_sudo() -> None:
    """Raise PrivilegeError if capabilities are missing; its hint is this command line with sudo."""
    if missing_capabilities():
        import shlex

        require_capabilities(f"try: {shlex.join(['sudo', 'tuxscope', *sys.argv[1:]])}")
