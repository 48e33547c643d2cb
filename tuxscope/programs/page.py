"""Where pages written for tuxscope 0.1 import Page from; now ``from tuxscope import Page``."""

from tuxscope.page.page import Page

__all__ = ["Page"]
