"""The same pages as we would write them."""
