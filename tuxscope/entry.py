"""The console script: handles Ctrl-C before it imports anything else.

Only the command imports this module; lean_typing.py relies on that.
"""

import gc
import signal


def main() -> None:
    """Run the command line."""
    # Until a run takes over, Ctrl-C just ends us: Python's own way would be a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is imported stays: looking for garbage in it, again and again, was a tenth of the start.
    # A start makes 70,000 objects.
    gc.set_threshold(100_000, 20, 20)
    from tuxscope.cli import main as command_line

    command_line()
