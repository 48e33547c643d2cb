"""The files and bytes of tuxscope fileio beside those of strace."""
