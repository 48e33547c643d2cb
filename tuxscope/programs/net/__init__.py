"""tuxscope net: traces TCP connections."""
