"""Where Linux 6.18 on x86-64 keeps what fileio reads: for listings without a kernel to ask."""

from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.calls.layout import LINUX_6_18 as OF_CALLS

LINUX_6_18 = RecordedLayout(
    fields=OF_CALLS.fields,
    members={
        **OF_CALLS.members,
        "task_struct": {
            **OF_CALLS.members["task_struct"],
            "real_parent": Place(1280, 8),
            "tgid": Place(1268, 4),
        },
        "io_kiocb": {
            "file": Place(0, 8),
            "opcode": Place(64, 1),
            "flags": Place(72, 8),
            "cqe.res": Place(88, 4),
            "cqe.fd": Place(92, 4),
        },
        "io_rw": {"kiocb.ki_pos": Place(8, 8)},
        "io_sync": {"len": Place(8, 8), "off": Place(16, 8), "flags": Place(24, 4)},
        "io_uring_sqe": {"flags": Place(1, 1), "fd": Place(4, 4), "off": Place(8, 8)},
    },
    raw={
        "io_uring_submit_req": ("io_kiocb",),
        "io_uring_complete": ("io_ring_ctx", "", "io_uring_cqe"),
        "io_uring_req_failed": ("io_uring_sqe", "io_kiocb", ""),
    },
)
