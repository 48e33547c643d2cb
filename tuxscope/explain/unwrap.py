"""Takes the verifier's log out of what loaders put around it.

libbpf and bpftool set it between BEGIN and END, cilium indents it, aya and iproute2 put a
sentence before it, bcc a sentence before and a traceback after it; journals and terminals add
their time, their names and their colours to each line; loggers make records of them
(:mod:`tuxscope.explain.records`).
"""

from __future__ import annotations

import re

from tuxscope.explain.records import unescaped, without_fields

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# "-- BEGIN PROG LOAD LOG --", "-- BEGIN DUMP LOG ---" (libbpf before 0.6)
BEGIN = re.compile(r"-- BEGIN [A-Z ]*LOG -+ *\n?")
END = re.compile(r"\n.*-- END [A-Z ]*LOG -+")
# aya, iproute2, bpftrace, veristat: the log begins behind it, on the same line or the next.
HEAD = re.compile(
    r"(?:Verifier output|verifier_log|Verifier analysis|Kernel error log|Error log|VERIFIER LOG"
    r"|Verifier log): *\"?"
)
# The first instruction, or the statistics, tell what stands before each line: a time, a name.
FIRST = re.compile(r"^(.*?)\b(?:\d{1,9}: \([0-9a-f]{2}\) |processed \d{1,9} insn)", re.MULTILINE)
# What libbpf, cilium/ebpf and bcc say before the log.
LOADER = re.compile(
    r"^(?:libbpf:.*|.*\bload program: [\w ]+:|bpf: Failed to load program.*)$", re.MULTILINE
)
# What they say after it. Without an instruction before them some of these may be its beginning.
BEHIND = re.compile(
    r"^[ \t]*(?:HINT: |Traceback \(most recent call last\):|Caused by:)", re.MULTILINE
)
BEHIND_A_WALK = re.compile(
    r"^[ \t]*(?:HINT: |Traceback \(most recent call last\):|Caused by:|Stack backtrace:|Location:"
    r"|Exception: |[Ee]rror: |Error fetching |[Ff]ailed to load |Unable to |libbpf: |panic: "
    r"|goroutine \d+ \[)",
    re.MULTILINE,
)
STATISTICS = re.compile(r"\bprocessed \d{1,9} insns? ?\(limit.*")
# Some of the verifier's messages have no end of line: "first func info recordprocessed 0 insns".
GLUED = re.compile(r"(?<=\w)(?=processed \d{1,9} insns? ?\(limit)")
WALKED = re.compile(r"^[ \t]*\d{1,9}: \([0-9a-f]{2}\) ", re.MULTILINE)
# cilium's error in one line: "load program: invalid argument: 5: (95) exit: R0 !read_ok
# (12 line(s) omitted)"
OMITTED = re.compile(
    r" \((?:truncated, )?\d+ line\(s\) omitted\)(?: \(BTF disabled\))?[ \t]*$", re.MULTILINE
)
ERROR_HEAD = re.compile(
    r"^.*\b(?:load program: [^:\n]{1,80}|permission denied|operation not permitted"
    r"|invalid argument|argument list too long|bad address|function not implemented): (?=\S)",
    re.MULTILINE | re.IGNORECASE,
)


def unwrap(text: str) -> str:
    """The verifier's own lines; of several logs the last, as that is the one that failed."""
    text = GLUED.sub("\n", COLOUR.sub("", on_lines(without_fields(text.replace("\r", "")))))
    begins = [each.end() for each in BEGIN.finditer(text)]
    if begins:
        text = text[begins[-1] :]
        end = END.search("\n" + text)
        text = text[: max(end.start() - 1, 0)] if end else text
    heads = [each.end() for each in HEAD.finditer(text)]
    text = text[heads[-1] :] if heads else text
    if OMITTED.search(text):
        text = OMITTED.sub("", ERROR_HEAD.sub("", text))
        text = re.sub(r": (?=[A-Za-z])", "\n", text)
    return without_end(last_of(LOADER.sub("", without_prefix(text))))


def on_lines(text: str) -> str:
    """A log that JSON or Go's %q has put on one line, on its own lines."""
    return text if text.strip().count("\n") >= text.count("\\n") else unescaped(text)


def without_end(text: str) -> str:
    """The log without what its loader says behind it, where the statistics do not end it."""
    walked = 0
    for each in WALKED.finditer(text):
        walked = each.end()
    behind = (BEHIND_A_WALK if walked else BEHIND).search(text, walked)
    return text[: behind.start()] if behind else text


def without_prefix(text: str) -> str:
    """The lines without what a journal put before each."""
    first = FIRST.search(text)
    if not first or not first[1].strip():
        return text
    # The same words, at another time.
    pattern = re.sub(r"\d+", r"\\d+", re.escape(first[1]))
    return re.sub(f"^{pattern}", "", text, flags=re.MULTILINE)


def last_of(text: str) -> str:
    """The last log: a loader's words follow the statistics, which end one."""
    ends = [each.end() for each in STATISTICS.finditer(text)]
    if not ends:
        return text
    if WALKED.search(text, ends[-1]):  # one more that is cut off
        return text[ends[-1] :]
    return text[ends[-2] if len(ends) > 1 else 0 : ends[-1]]
