"""The kernel: maps, programs, attach points and rings. Knows no tool."""
