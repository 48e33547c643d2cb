"""tuxscope net: TCP connections, who connects to whom, and what became of it."""
