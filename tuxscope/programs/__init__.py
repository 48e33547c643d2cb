"""One page for each tool: its record, its maps, its kernel program, its columns."""
