"""``tuxscope fileio --disk``: what reaches the devices, by file and by process."""
