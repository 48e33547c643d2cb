"""Where Linux 6.18 on x86-64 keeps what is read of calls: for listings without a kernel to ask."""

from tuxscope.abi.architecture import X86_64
from tuxscope.abi.registers import recorded
from tuxscope.abi.task import SWITCHES
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.files.layout import FILES_6_18

LINUX_6_18 = RecordedLayout(
    fields={"sched/sched_process_fork": {"child_pid": Place(20, 4)}},
    members={
        **FILES_6_18,
        **recorded(X86_64).members,
        "task_struct": {
            **FILES_6_18["task_struct"],
            **SWITCHES,
            "thread_info.status": Place(16, 4),
            "exit_code": Place(1164, 4),
        },
    },
)
