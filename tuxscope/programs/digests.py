"""Digests of the files here, as the tests have checked them. Written by make digests."""

DIGESTS = {
    "__init__.py": 0x571D93A20DF0402B,
    "accepts.py": 0x7204435A7078870C,
    "connections.py": 0x0B1E03C75BBB82C4,
    "emitting.py": 0x408AB630A2AA334A,
    "hello.py": 0x647EFF450DB368F7,
    "net.py": 0x7389996045A8503E,
    "net_layout.py": 0xCFE1ED28A4DE1A69,
    "net_summary.py": 0xD5EDA3FF54F4894B,
    "page.py": 0x73F5F5D7334AE23D,
    "pid_namespace.py": 0xCC5BD388C14403FD,
    "state_changes.py": 0x3F5C680BB94D9FDF,
}
