"""``python -m tuxscope``."""

from tuxscope.cli import main

main()
