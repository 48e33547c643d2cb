"""A module for each command: its options, its help text, and its entry point."""
