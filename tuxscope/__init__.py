"""A pure-Python eBPF assembler, loader and tracer."""

__version__ = "0.1.0"
