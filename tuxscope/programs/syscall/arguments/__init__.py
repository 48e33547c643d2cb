"""The arguments of system calls: what the kernel reads of them, and how they are shown."""
