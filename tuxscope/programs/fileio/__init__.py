"""``tuxscope fileio``: which process reads and writes which file, and what reaches the disk."""
