"""Where Linux 6.18 on x86-64 keeps the context switches of a task: for listings where no kernel can
be asked, and for synthetic calls."""

from tuxscope.asm.layout import Place, RecordedLayout

SWITCHES = {"nvcsw": Place(1536, 8), "nivcsw": Place(1544, 8)}
LINUX_6_18 = RecordedLayout(fields={}, members={"task_struct": SWITCHES})
