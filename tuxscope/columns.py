"""Where pages written for tuxscope 0.1 import columns from; now ``from tuxscope import Column``."""

from tuxscope.output.columns import *  # noqa: F403
