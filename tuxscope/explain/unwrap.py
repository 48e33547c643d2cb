"""Takes the verifier's log out of what loaders put around it.

libbpf and bpftool set it between BEGIN and END, cilium indents it, aya and iproute2 put a
sentence before it, bcc a sentence before and a traceback after it; journals and terminals add
their time, their names and their colours to each line.
"""

from __future__ import annotations

import re

# "0: (b7) r0 = 0\\n1: (95) exit\\n"
ESCAPED = re.compile(r"\\(u[0-9a-f]{4}|.)")
ESCAPES = {"n": "\n", "t": "\t", "r": "", "u003e": ">", "u003c": "<", "u0026": "&"}
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# "-- BEGIN PROG LOAD LOG --", "-- BEGIN DUMP LOG ---" (libbpf before 0.6)
BEGIN = re.compile(r"-- BEGIN [A-Z ]*LOG -+ *\n?")
END = re.compile(r"\n.*-- END [A-Z ]*LOG -+")
# aya, iproute2, bpftrace: the log begins behind it, on the same line or the next.
HEAD = re.compile(r"(?:Verifier output|verifier_log|Verifier analysis|Kernel error log): *\"?")
# The logs of cilium's agent: level=warning msg="0: (b7) r0 = 0" subsys=datapath-loader
MESSAGE = re.compile(r'^.*\bmsg="((?:[^"\\\n]|\\.)*)".*$', re.MULTILINE)
# The first instruction, or the statistics, tell what stands before each line: a time, a name.
FIRST = re.compile(r"^(.*?)\b(?:\d+: \([0-9a-f]{2}\) |processed \d+ insn)", re.MULTILINE)
# What libbpf, cilium/ebpf and bcc say before the log.
LOADER = re.compile(
    r"^(?:libbpf:.*|(?:\w+: )?load program: [\w ]+:|bpf: Failed to load program.*)$", re.MULTILINE
)
STATISTICS = re.compile(r"\bprocessed \d+ insns? ?\(limit.*")
# Some of the verifier's messages have no end of line: "first func info recordprocessed 0 insns".
GLUED = re.compile(r"(?<=\w)(?=processed \d+ insns? ?\(limit)")
WALKED = re.compile(r"^\s*\d+: \([0-9a-f]{2}\) ", re.MULTILINE)
# cilium's error in one line: "load program: invalid argument: 5: (95) exit: R0 !read_ok
# (12 line(s) omitted)"
OMITTED = re.compile(r" \(\d+ line\(s\) omitted\)\s*$", re.MULTILINE)
ERROR_HEAD = re.compile(
    r"^.*\b(?:permission denied|operation not permitted|invalid argument|argument list too long"
    r"|bad address|function not implemented): (?=\S)",
    re.MULTILINE | re.IGNORECASE,
)


def unwrap(text: str) -> str:
    """The verifier's own lines; of several logs the last, as that is the one that failed."""
    text = GLUED.sub("\n", COLOUR.sub("", unescaped(text).replace("\r", "")))
    begins = [each.end() for each in BEGIN.finditer(text)]
    if begins:
        text = text[begins[-1] :]
        end = END.search("\n" + text)
        text = text[: max(end.start() - 1, 0)] if end else text
    heads = [each.end() for each in HEAD.finditer(text)]
    text = text[heads[-1] :] if heads else text
    if "msg=" in text:
        text = MESSAGE.sub(lambda each: each[1].replace('\\"', '"').replace("\\t", "\t"), text)
    if OMITTED.search(text):
        text = OMITTED.sub("", ERROR_HEAD.sub("", text))
        text = re.sub(r": (?=[A-Za-z])", "\n", text)
    return last_of(LOADER.sub("", without_prefix(text)))


def unescaped(text: str) -> str:
    """A log that JSON or Go's %q has put on one line, on its own lines."""
    if text.strip().count("\n") >= text.count("\\n"):
        return text
    return ESCAPED.sub(lambda each: ESCAPES.get(each[1], each[1]), text)


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
