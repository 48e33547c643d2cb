"""The fixtures of the end-to-end tests, for the commands of the teaching kit."""

from e2e.conftest import tuxscope

__all__ = ["tuxscope"]
