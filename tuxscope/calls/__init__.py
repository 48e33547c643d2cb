"""From the entry of a system call to its exit, in the kernel: whose it is, how long it took."""
