"""Writes tuxscope/asm/helpers.tsv, the table of the kernel's helpers: ``make helpers``.

Where each column comes from:

- name, number (the line's) and prototype: the kernel's include/uapi/linux/bpf.h, of Linux 6.2 or
  newer. It is installed as /usr/include/linux/bpf.h; ``make helpers HEADER=...`` takes another.
- since: ``FIRST`` below.
- licence and types: what kernels answered, the files in tools/helper_answers/. A type has a helper
  where any kernel says so, and a licence is asked for where all that know the helper ask. To add a
  kernel's answers, run ``make helper-answers`` on it; tools/helper_answers.py says how.
- kinds and result: by rule from the prototype, and from the exceptions below, each with its reason.
  tests/asm/test_helpers_table.py asks kernels whether they are true.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tuxscope" / "asm" / "helpers.tsv"
ANSWERS = ROOT / "tools" / "helper_answers"

# The highest number of each release: its __BPF_FUNC_MAX_ID - 1. bcc's docs/kernel-versions.md and
# docs.ebpf.io list the same, with commits.
FIRST = {
    "3.19": 3, "4.1": 11, "4.2": 16, "4.3": 22, "4.4": 25, "4.5": 26, "4.6": 30, "4.8": 36,
    "4.9": 41, "4.10": 44, "4.11": 45, "4.12": 47, "4.13": 50, "4.14": 53, "4.15": 57, "4.16": 59,
    "4.17": 64, "4.18": 80, "4.19": 83, "4.20": 90, "5.0": 92, "5.1": 98, "5.2": 108, "5.3": 109,
    "5.4": 110, "5.5": 115, "5.6": 118, "5.7": 124, "5.8": 135, "5.9": 141, "5.10": 155,
    "5.11": 162, "5.12": 163, "5.13": 165, "5.14": 168, "5.15": 175, "5.16": 179, "5.17": 185,
    "5.18": 193, "5.19": 203, "6.0": 207, "6.1": 209, "6.2": 211,
}  # fmt: skip

CONTEXTS = (
    "sk_buff", "xdp_buff", "bpf_sock_ops", "sk_msg_buff", "bpf_sock_addr", "bpf_sysctl",
    "sk_reuseport_md", "bpf_perf_event_data", "pt_regs", "bpf_sk_lookup",
)  # fmt: skip
# What is taken as it is, with the bytes that it has in C.
WHOLE = {
    "u32": 4, "u64": 8, "long": 8, "unsigned long": 8, "iphdr": 20, "ipv6hdr": 40, "tcphdr": 20,
}  # fmt: skip
SIZE = re.compile(r"(^|_)(size|len|sz)$|^(opt|p)len$|^size_of_buf$")

# "helper.parameter": the kind that the rules do not find, where a comment says why.
KINDS = {
    # A pointer to the kernel's own struct, known by its BTF, as in the arguments of a tracepoint.
    "skb_output.ctx": "object",
    "xdp_output.ctx": "object",
    # The context in some types of programs, a socket in others.
    "get_socket_cookie.skb": "object",
    "setsockopt.bpf_socket": "object",
    "getsockopt.bpf_socket": "object",
    # Traffic classifiers and lightweight tunnels pass the context, all others nothing: the checks
    # know (tuxscope/asm/checks/calls.py), as a row has but one list of kinds.
    "get_cgroup_classid.skb": "number",
    # A process's address, which may be wrong.
    "probe_write_user.dst": "address",
    # What ringbuf_reserve gave.
    "ringbuf_submit.data": "record",
    "ringbuf_discard.data": "record",
    # A constant text in a map that nobody can change, ended by a NUL (ARG_PTR_TO_CONST_STR).
    "snprintf.fmt": "text",
    "strncmp.s2": "text",
    # The callback's second argument, by the name of its parameter there.
    "user_ringbuf_drain.ctx": "stack",
}
# Pointers that are not const, and yet are read, or looked at first (ARG_PTR_TO_MEM).
READ = {
    "skb_set_tunnel_key.key", "skb_set_tunnel_opt.opt", "perf_event_output.data", "csum_diff.from",
    "csum_diff.to", "setsockopt.optval", "bind.addr", "fib_lookup.params", "lwt_push_encap.hdr",
    "lwt_seg6_action.param", "sk_lookup_tcp.tuple", "sk_lookup_udp.tuple", "skc_lookup_tcp.tuple",
    "tcp_check_syncookie.iph", "tcp_check_syncookie.th", "tcp_gen_syncookie.iph",
    "tcp_gen_syncookie.th", "skb_output.data", "xdp_output.data", "ringbuf_output.data",
    "load_hdr_opt.searchby_res", "snprintf_btf.ptr", "seq_printf_btf.ptr", "redirect_neigh.params",
    "check_mtu.mtu_len", "snprintf.data", "sys_bpf.attr", "btf_find_by_name_kind.name",
    "xdp_store_bytes.buf", "dynptr_from_mem.data", "dynptr_write.src",
    "tcp_raw_gen_syncookie_ipv4.iph", "tcp_raw_gen_syncookie_ipv4.th",
    "tcp_raw_gen_syncookie_ipv6.iph", "tcp_raw_gen_syncookie_ipv6.th",
    "tcp_raw_check_syncookie_ipv4.iph", "tcp_raw_check_syncookie_ipv4.th",
    "tcp_raw_check_syncookie_ipv6.iph", "tcp_raw_check_syncookie_ipv6.th",
    "sk_storage_get.value", "inode_storage_get.value", "task_storage_get.value",
    "cgrp_storage_get.value",
}  # fmt: skip
# Pointers that may be 0: the prototypes in the kernel say OR_NULL or PTR_MAYBE_NULL. Where a call
# with 0 loads, but fails when it runs, it stands here as well.
NULLABLE = {
    "csum_diff.from", "csum_diff.to", "sk_storage_get.value", "inode_storage_get.value",
    "task_storage_get.value", "cgrp_storage_get.value", "sk_storage_get.sk",
    "inode_storage_get.inode", "task_storage_get.task", "cgrp_storage_get.cgroup",
    "read_branch_records.buf", "get_netns_cookie.ctx", "sk_assign.sk", "seq_printf.data",
    "redirect_neigh.params", "snprintf.str", "snprintf.data", "trace_vprintk.data",
    "kptr_xchg.ptr", "get_socket_cookie.skb", "sk_storage_delete.sk",
    "inode_storage_delete.inode", "task_storage_delete.task", "cgrp_storage_delete.cgroup",
}  # fmt: skip
# The header says long, the kernel's own prototype RET_VOID: r0 is unset.
VOID = {"tail_call", "spin_lock", "spin_unlock"}
# The header says void, the kernel RET_INTEGER.
NOT_VOID = {"set_hash_invalid"}
# They return a pointer that is never NULL; that of all others may be.
NEVER_NULL = {"get_local_storage", "this_cpu_ptr", "get_current_task_btf"}


class TableError(Exception):
    """The header or the answers are not what they must be."""


@dataclass(frozen=True)
class Prototype:
    """A frozen dataclass: the declaration of a helper in the header.

    Attributes:
        number: an int, the helper's number.
        name, returns: each a str, its name without ``bpf_``, and the C type of the result.
        parameters: a tuple of pairs of str, C type and name; the last is ``("...", "")`` if it is
            variadic.
    """

    number: int
    name: str
    returns: str
    parameters: tuple[tuple[str, str], ...]  # (C type, name); ("...", "") at the end of some

    def __str__(self) -> str:
        words = ", ".join(spelt(*each) for each in self.parameters) or "void"
        return f"{spelt(self.returns, f'bpf_{self.name}')}({words})"


def spelt(c_type: str, name: str) -> str:
    """Return the C declaration of ``name``, a str, with type ``c_type``, a str: the star is next to
    the name."""
    return f"{c_type}{'' if c_type.endswith('*') or not name else ' '}{name}"


def split(declaration: str) -> tuple[str, str]:
    """The type and the name of a declaration."""
    match = re.fullmatch(r"(.*?[ *])(\w+)", declaration)
    return (match[1].strip(), match[2]) if match else (declaration, "")


def read_header(text: str) -> list[Prototype]:
    """Return all helpers of a header with this ``text``, a str, as a list of Prototype, by number.
    Raises TableError."""
    names = re.findall(r"^\s*FN\((\w+), (\d+), ##ctx\)", text, re.MULTILINE)
    _, start, described = text.partition("Start of BPF helper function descriptions")
    if not names or not start:
        raise TableError("this is not Linux 6.2's include/uapi/linux/bpf.h, nor a newer one")
    # Some have a prototype for each context; the first is the most general.
    found: dict[str, Prototype] = {}
    numbers = {name: int(number) for name, number in names if name != "unspec"}
    for returns, name, words in re.findall(
        r"^ \* (\w[\w ]*[ *])bpf_(\w+)\(([^)]*)\)$", described, re.MULTILINE
    ):
        if name in numbers and name not in found:
            parameters = tuple(split(each) for each in words.split(", ") if each != "void")
            found[name] = Prototype(numbers[name], name, returns.strip(), parameters)
    if missing := numbers.keys() - found.keys():
        raise TableError(f"no prototype of {', '.join(sorted(missing))}")
    table = sorted(found.values(), key=lambda each: each.number)
    if [each.number for each in table] != list(range(1, max(FIRST.values()) + 1)):
        raise TableError(f"{len(table)} helpers instead of {max(FIRST.values())}: another header?")
    return table


def kinds(helper: Prototype) -> Iterator[str]:
    """Yield a word, a str, for each parameter of ``helper``, a Prototype: its kind, then
    ``=bytes``, ``!`` if it is written, ``?`` if it may be 0."""
    has_map, sized = False, False
    for at, (c_type, name) in enumerate(helper.parameters):
        if c_type == "...":
            return
        key = f"{helper.name}.{name}"
        after = helper.parameters[at + 1] if at + 1 < len(helper.parameters) else ("", "")
        kind = KINDS.get(key) or kind_of(c_type, name, at, after, has_map)
        if sized:
            kind = "size"
        sized = kind == "memory"
        has_map = has_map or kind == "map"
        may_write = kind in ("memory", "struct", "value") and not c_type.startswith("const")
        bytes_ = WHOLE.get(pointee(c_type)) if kind == "struct" else None
        yield (
            kind
            + (f"={bytes_}" if bytes_ else "")
            + ("!" if may_write and key not in READ else "")
            + ("?" if key in NULLABLE or kind == "stack" else "")
        )


def kind_of(c_type: str, name: str, at: int, after: tuple[str, str], has_map: bool) -> str:
    """Return the kind, a str, of the parameter ``name`` with type ``c_type``, both str.

    ``at`` is its index, an int, ``after`` the parameter after it, a pair of str (type and name);
    ``has_map`` is whether a parameter before it is a map.
    """
    if not c_type.endswith("*"):
        return "number"
    target = pointee(c_type)
    if target == "bpf_map" or name in ("ringbuf", "map"):
        return "map"
    if at == 0 and (target in CONTEXTS or name in ("ctx", "skb")):
        return "context"
    if name in ("unsafe_ptr", "user_ptr"):
        return "address"
    if name == "callback_fn":
        return "callback"
    if name == "callback_ctx":
        return "stack"
    if has_map and name in ("key", "value"):
        return name
    if not after[0].endswith("*") and SIZE.search(after[1]):
        return "memory"
    return "struct" if target in WHOLE else "object"


def pointee(c_type: str) -> str:
    """Return the type that the pointer type ``c_type`` points to, both str, without const and
    struct."""
    return re.sub(r"\b(const|struct) |[ *]+$", "", c_type)


def result(helper: Prototype) -> str:
    """Return what a call of ``helper``, a Prototype, leaves in r0, a str: ``void``, ``number``,
    ``pointer``, or ``pointer?``, which may be NULL."""
    if helper.name in VOID or (helper.returns == "void" and helper.name not in NOT_VOID):
        return "void"
    if helper.returns.endswith("*") and helper.name not in NEVER_NULL:
        return "pointer?"
    return "pointer" if helper.returns.endswith("*") else "number"


def since(number: int) -> str:
    """Return the first release of Linux, a str, that has the helper with ``number``, an int."""
    return next(release for release, highest in FIRST.items() if number <= highest)


def merged(files: Iterator[Path]) -> Mapping[str, tuple[str, set[str]]]:
    """Return what the ``files``, Paths with the answers of one kernel each, say of each helper: a
    mapping by name of pairs, its licence, ``gpl`` or ``any``, and a set of the program types."""
    known: dict[str, tuple[str, set[str]]] = {}
    for path in files:
        for line in path.read_text().splitlines():
            if not line.startswith("#"):
                name, licence, types = line.split("\t")
                before, so_far = known.get(name, (licence, set()))
                both = "gpl" if before == licence == "gpl" else "any"
                known[name] = (both, so_far | set(types.split()))
    return known


def table(header: str) -> Iterator[str]:
    """Yield the lines of the table, each a str, from the text of ``header``, a str. Raises
    TableError."""
    enum = header.partition("enum bpf_prog_type {")[2].partition("}")[0]
    order = [each.lower() for each in re.findall(r"BPF_PROG_TYPE_(\w+),", enum)]
    answers = merged(ANSWERS.glob("*.tsv"))
    for helper in read_header(header):
        licence, types = answers.get(helper.name, ("-", set()))
        yield "\t".join(
            (
                helper.name,
                since(helper.number),
                licence,
                result(helper),
                " ".join(kinds(helper)) or "-",
                str(helper),
                " ".join(sorted(types, key=order.index)) or "-",
            )
        )


def main(header: str) -> int:
    try:
        lines = list(table(Path(header).read_text()))
    except (OSError, TableError) as error:
        print(f"helpers: {header}: {error}", file=sys.stderr)
        return 2
    TABLE.write_text("".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
