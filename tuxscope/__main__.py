"""``python -m tuxscope``."""

from tuxscope.entry import main

main()
