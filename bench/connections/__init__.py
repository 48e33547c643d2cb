"""What tuxscope net costs, beside bpftrace: make bench-net."""
