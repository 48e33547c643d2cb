"""Whether tuxscope syscall prints what strace prints of the same calls: python -m fidelity."""
