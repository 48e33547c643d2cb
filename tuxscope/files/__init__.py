"""From a file descriptor to its file and path, in the kernel: docs/files.md."""
