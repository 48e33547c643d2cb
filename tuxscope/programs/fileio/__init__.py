"""``tuxscope fileio``: which process reads and writes which file."""
