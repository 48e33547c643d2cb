"""CRC-32 of the files here, as the tests have checked them. Written by make digests."""

DIGESTS = {
    "__init__.py": 0xB0F1A2B8,
    "accepts.py": 0x11DFF8C6,
    "connections.py": 0xE73A3FFD,
    "emitting.py": 0x0638A685,
    "hello.py": 0xE533814C,
    "net.py": 0x186DB660,
    "net_layout.py": 0x1CF8AB32,
    "net_summary.py": 0x5F72BA5C,
    "page.py": 0x86AC6A83,
    "pid_namespace.py": 0x15CA7A95,
    "state_changes.py": 0x1F68F117,
}
