"""tuxscope syscall: system calls, counted and timed in the kernel."""
