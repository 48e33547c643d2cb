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
    },
)
