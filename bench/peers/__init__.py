"""make bench: tuxscope beside bpftrace and a C program on libbpf, in one run. See __main__.py."""
