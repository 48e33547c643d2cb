"""The same log as other loaders print it."""

from __future__ import annotations

from collections.abc import Callable


def libbpf(log: str) -> str:
    return (
        "libbpf: prog 'probe': BPF program load failed: Permission denied\n"
        f"libbpf: prog 'probe': -- BEGIN PROG LOAD LOG --\n{log}-- END PROG LOAD LOG --\n"
        "libbpf: prog 'probe': failed to load: -13\n"
        "libbpf: failed to load object 'probe_bpf'\n"
    )


def old_libbpf(log: str) -> str:
    return (
        "libbpf: load bpf program failed: Permission denied\n"
        f"libbpf: -- BEGIN DUMP LOG ---\nlibbpf: \n{log}\nlibbpf: -- END LOG --\n"
        "libbpf: failed to load program 'probe'\n"
    )


def bpftool(log: str) -> str:
    return f"{libbpf(log)}Error: failed to load object file\n"


def cilium(log: str) -> str:
    """``fmt.Printf("%+v", err)`` of cilium/ebpf."""
    return "load program: permission denied:" + "".join(f"\n\t{line}" for line in log.splitlines())


def cilium_agent(log: str) -> str:
    return "".join(
        f'level=warning msg="{line.replace(chr(34), chr(92) + chr(34))}" subsys=datapath-loader\n'
        for line in log.splitlines()
    )


def aya(log: str) -> str:
    return (
        "Error: the BPF_PROG_LOAD syscall returned Permission denied (os error 13). "
        f"Verifier output: {log}\n\nCaused by:\n    Permission denied (os error 13)\n"
    )


def bcc(log: str) -> str:
    return (
        f"bpf: Failed to load program: Permission denied\n{log}\n"
        "Traceback (most recent call last):\n"
        '  File "/usr/share/bcc/tools/probe", line 40, in <module>\n'
        '    b.attach_kprobe(event="x", fn_name="probe")\n'
        "Exception: Failed to load BPF program b'probe': Permission denied\n"
    )


def iproute2(log: str) -> str:
    return (
        "\nProg section 'classifier' rejected: Permission denied (13)!\n"
        " - Type:         3\n - Instructions: 20 (0 over limit)\n - License:      GPL\n\n"
        f"Verifier analysis:\n\n{log}\nError fetching program/map!\n"
    )


def journal(log: str) -> str:
    return "".join(
        f"Nov 22 21:{number // 60 % 60:02}:{number % 60:02} host probe[842]: {line}\n"
        for number, line in enumerate(log.splitlines())
    )


def coloured(log: str) -> str:
    return "".join(f"\x1b[31m{line}\x1b[0m\r\n" for line in log.splitlines())


LOADERS: tuple[Callable[[str], str], ...] = (
    libbpf, old_libbpf, bpftool, cilium, cilium_agent, aya, bcc, iproute2, journal, coloured,
)  # fmt: skip
