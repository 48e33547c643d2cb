"""The offsets that net reads, of Linux 6.18 on x86-64: for listings without a kernel."""

from tuxscope.asm.layout import Place, RecordedLayout

LINUX_6_18 = RecordedLayout(
    fields={
        "sock/inet_sock_set_state": {
            "skaddr": Place(8, 8),
            "oldstate": Place(16, 4),
            "newstate": Place(20, 4),
            "sport": Place(24, 2),
            "dport": Place(26, 2),
            "protocol": Place(30, 2),
            "saddr_v6": Place(40, 16),
            "daddr_v6": Place(56, 16),
        },
        "syscalls/sys_exit_accept4": {
            "ret": Place(16, 8),
        },
        "syscalls/sys_exit_accept": {
            "ret": Place(16, 8),
        },
    },
    members={
        "sock_common": {
            "skc_bound_dev_if": Place(20, 4),
            "skc_net": Place(48, 8),
            "skc_cookie": Place(88, 8),
            "skc_flags": Place(96, 8),
        },
        "sock": {
            "sk_err": Place(284, 4),
        },
        "net": {
            "ns": Place(152, 80),
        },
        "ns_common": {
            "inum": Place(24, 4),
        },
        "tcp_sock": {
            "bytes_sent": Place(1544, 8),
            "bytes_retrans": Place(2192, 8),
            "bytes_received": Place(1752, 8),
            "srtt_us": Place(1680, 4),
        },
        "task_struct": {
            "files": Place(1824, 8),
        },
        "files_struct": {
            "fdt": Place(32, 8),
        },
        "fdtable": {
            "fd": Place(8, 8),
        },
        "file": {
            "private_data": Place(24, 8),
        },
        "socket": {
            "sk": Place(24, 8),
        },
    },
)
