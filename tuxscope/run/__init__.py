"""Brings a page, the loader and the output together, and ends in an orderly way."""
