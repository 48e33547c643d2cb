"""A pure-Python eBPF assembler, loader and tracer."""

__version__ = "0.1.0"

TYPE_CHECKING = False  # typing's own would have to be imported

if TYPE_CHECKING:
    from tuxscope.loader.events import open as open
else:

    def __getattr__(name: str) -> object:
        """``tuxscope.open`` brings the loader with it, and is imported where it is used."""
        if name != "open":
            raise AttributeError(f"module 'tuxscope' has no attribute {name!r}", name=name)
        from tuxscope.loader.events import open

        return open
