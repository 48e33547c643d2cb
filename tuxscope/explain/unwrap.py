"""Extract the verifier's log from the output of a loader.

libbpf and bpftool print it between BEGIN and END lines, cilium/ebpf indents it, aya and iproute2
print a sentence before it, bcc a sentence before it and a traceback after it. Journals and
terminals add timestamps, names and colours to each line. Structured loggers put it into fields
(:mod:`tuxscope.explain.records`).
"""

from __future__ import annotations

import re

from tuxscope.explain.records import unescaped, without_fields

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# "-- BEGIN PROG LOAD LOG --", "-- BEGIN DUMP LOG ---" (libbpf before 0.6)
BEGIN = re.compile(r"-- BEGIN [A-Z ]*LOG -+ *\n?")
END = re.compile(r"\n.*-- END [A-Z ]*LOG -+")
# aya, iproute2, bpftrace, veristat: the log follows, on the same line or the next.
LOG_HEAD = re.compile(
    r"(?:Verifier output|verifier_log|Verifier analysis|Kernel error log|Error log|VERIFIER LOG"
    r"|Verifier log): *\"?"
)
# The first instruction, or the statistics: its group is the prefix of each line (time, name).
LINE_PREFIX = re.compile(
    r"^(.*?)\b(?:\d{1,9}: \([0-9a-f]{2}\) |processed \d{1,9} insn)", re.MULTILINE
)
# What libbpf, cilium/ebpf and bcc print before the log.
LOADER = re.compile(
    r"^(?:libbpf:.*|.*\bload program: [\w ]+:|bpf: Failed to load program.*)$", re.MULTILINE
)
# What they print after it. Some of these may also begin a log that shows no instructions.
AFTER_LOG = re.compile(
    r"^[ \t]*(?:HINT: |Traceback \(most recent call last\):|Caused by:)", re.MULTILINE
)
AFTER_INSTRUCTIONS = re.compile(
    r"^[ \t]*(?:HINT: |Traceback \(most recent call last\):|Caused by:|Stack backtrace:|Location:"
    r"|Exception: |[Ee]rror: |Error fetching |[Ff]ailed to load |Unable to |libbpf: |panic: "
    r"|goroutine \d+ \[)",
    re.MULTILINE,
)
STATISTICS = re.compile(r"\bprocessed \d{1,9} insns? ?\(limit.*")
# Some of the verifier's messages lack a newline: "first func info recordprocessed 0 insns".
MISSING_NEWLINE = re.compile(r"(?<=\w)(?=processed \d{1,9} insns? ?\(limit)")
LOGGED_INSTRUCTION = re.compile(r"^[ \t]*\d{1,9}: \([0-9a-f]{2}\) ", re.MULTILINE)
# The error of cilium/ebpf in one line: "load program: invalid argument: 5: (95) exit: R0 !read_ok
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
    """Return the verifier's own lines in ``text``, a loader's output.

    Of several logs it is the last, whose load failed. Text without a log is returned as it is.
    """
    text = MISSING_NEWLINE.sub(
        "\n", COLOUR.sub("", on_lines(without_fields(text.replace("\r", ""))))
    )
    begins = [each.end() for each in BEGIN.finditer(text)]
    if begins:
        text = text[begins[-1] :]
        end = END.search("\n" + text)
        text = text[: max(end.start() - 1, 0)] if end else text
    heads = [each.end() for each in LOG_HEAD.finditer(text)]
    text = text[heads[-1] :] if heads else text
    if OMITTED.search(text):
        text = OMITTED.sub("", ERROR_HEAD.sub("", text))
        text = re.sub(r": (?=[A-Za-z])", "\n", text)
    return without_end(last_of(LOADER.sub("", without_prefix(text))))


def on_lines(text: str) -> str:
    """Unescape ``text`` if it is a log in one line of JSON or Go's ``%q``, else return it."""
    return text if text.strip().count("\n") >= text.count("\\n") else unescaped(text)


def without_end(text: str) -> str:
    """Return ``text``, a log without statistics, without the loader's lines after it."""
    last = 0
    for each in LOGGED_INSTRUCTION.finditer(text):
        last = each.end()
    after = (AFTER_INSTRUCTIONS if last else AFTER_LOG).search(text, last)
    return text[: after.start()] if after else text


def without_prefix(text: str) -> str:
    """Return the lines of ``text`` without the prefix (timestamp, unit) of a journal."""
    first = LINE_PREFIX.search(text)
    if not first or not first[1].strip():
        return text
    # The same prefix, with other numbers.
    pattern = re.sub(r"\d+", r"\\d+", re.escape(first[1]))
    return re.sub(f"^{pattern}", "", text, flags=re.MULTILINE)


def last_of(text: str) -> str:
    """Return the last of several logs in ``text``; the statistics end each."""
    ends = [each.end() for each in STATISTICS.finditer(text)]
    if not ends:
        return text
    if LOGGED_INSTRUCTION.search(text, ends[-1]):  # another log follows, which is truncated
        return text[ends[-1] :]
    return text[ends[-2] if len(ends) > 1 else 0 : ends[-1]]
