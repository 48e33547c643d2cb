"""Records as text and as JSON lines, on stdout."""
