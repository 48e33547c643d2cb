"""Logs as they are met: how many are explained, and what is said of some of them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.corpus import CAUSES, FOLDER, Sample, Verdict, log, samples
from tuxscope.explain.explain import explain
from tuxscope.explain.failure import failure

ALL = [sample for _, each in samples() for sample in each]
RIGHT = 0.85


def test_each_log_is_told_of() -> None:
    assert {each.stem for each in FOLDER.iterdir()} == set(CAUSES)


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_none_is_explained_wrongly(sample: Sample) -> None:
    assert sample.verdict() is not Verdict.WRONG, explain(sample.log)


@pytest.mark.parametrize("place", ["gallery", "tests"])
def test_most_are_explained(place: str) -> None:
    verdicts = Counter(
        sample.verdict() for name, each in samples() if name.startswith(place) for sample in each
    )
    assert verdicts[Verdict.WRONG] == 0
    assert verdicts[Verdict.RIGHT] >= RIGHT * verdicts.total()


def test_level_1_says_what_level_2_says() -> None:
    assert explain(log("level-1")) == explain(log("level-2"))
    found = explain(log("level-1"))
    assert found.sentence.startswith("r0 is 0 on this path: the comparison leads here")
    assert found.hint == 'jump to another path if it is 0: a.jeq(r0, 0, "out")'
    assert [(each.name, each.state, each.slot) for each in found.registers] == [("r0", "0", 5)]


def test_a_path_may_begin_without_a_word() -> None:
    """After an exit the verifier goes back to a jump; before Linux 5.18 level 2 does not say so."""
    found = explain(log("level-2-before-5.18"))
    assert found.sentence.startswith("r0 is 0 on this path: the comparison leads here")
    assert [(each.name, each.state, each.slot) for each in found.registers] == [("r0", "inv0", 5)]


@pytest.mark.parametrize(
    ("name", "registers"),
    [
        # The state between an instruction that accesses memory and the error is that before it.
        (
            "before-5.17",
            [
                ("r7", "map_value(id=0,off=0,ks=4,vs=512,umax_value=4294967295,"
                 "var_off=(0x0; 0xffffffff))", 33),
                ("r5", "inv9", 34),
            ],
        ),
        # ... and not that which the next one begins with.
        ("before-5.17-branch", [("r1", "", 59)]),
        # ... nor an older one, which is shown while the verifier looks back.
        ("before-5.17-backwards", [("r7", "map_value_or_null(id=2,off=0,ks=4,vs=8,imm=0)", 88)]),
    ],
)  # fmt: skip
def test_states_before_5_17(name: str, registers: list[tuple[str, str, int]]) -> None:
    found = explain(log(name)).registers
    assert [(each.name, each.state, each.slot) for each in found] == registers


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("opcode-00-bcc", "was never relocated (a global, .rodata, an external function)"),
        ("ld-imm64", "was never relocated (a global, .rodata, an external function)"),
        ("opcode-8d", "a call through a function pointer"),
        ("opcode-d7", "-mcpu=v3"),
        ("opcode-0d", "-fno-jump-tables"),
        ("trusted-helper", "r1 is a scalar, but get_task_stack takes a trusted pointer"),
        ("trusted-helper", "bpf_get_current_task_btf()"),
        ("trusted-kfunc", "bpf_get_current_task_btf()"),
        ("untrusted-helper", "r2 is an untrusted pointer to a kernel object"),
        ("untrusted-helper", "a trusted pointer to a kernel object there"),
        ("known-value", "it must be a number in the range that this program type may return"),
        ("callee-r6", "a function has its own r6-r9"),
        ("callee-r6", "pass it in r1-r5"),
        ("larger-than-the-value", "an access of 16 bytes at offset 0 of a map's value, which has"),
        ("co-re", "struct request.rq_disk"),
        ("journal", "the reference that the call at slot 3 acquired is not released"),
    ],
)
def test_the_words_say_what_to_do(name: str, says: str) -> None:
    found = explain(log(name))
    assert says in f"{found.sentence}\n{found.hint}"


def test_the_listing_of_linux_7_is_no_walk() -> None:
    (note,) = explain(log("level-2-7.3")).registers
    assert (note.name, note.slot) == ("r0", None)


def test_no_type_is_said_twice() -> None:
    found = explain(log("untrusted-helper"))
    assert found.sentence.count("a trusted pointer to a kernel object") == 1
    assert found.sentence.count("a socket") == 1


@pytest.mark.parametrize(
    ("name", "objection"),
    [
        ("byproduct-then-lock", "global function calls are not allowed while holding a lock, use "
         "static function instead"),
        ("sleeping", "global functions that may sleep are not allowed in non-sleepable context, "
         "i.e., in a RCU/IRQ/preempt-disabled section, or in a non-sleepable BPF program context"),
        ("json-lines", "invalid access to map value, value_size=8 off=8 size=8; R0 min value is "
         "outside of the allowed memory range"),
        ("opcode-00-bcc", "unknown opcode 00"),
        ("bcc-4.4", "R7 invalid mem access 'map_value_or_null'"),
        ("struct-bpf-map", "cannot access ptr member ops with moff 0 in struct bpf_map with off 0 "
         "size 4"),
    ],
)  # fmt: skip
def test_the_kernel_s_words_are_whole_and_no_one_else_s(name: str, objection: str) -> None:
    assert explain(log(name)).objection == objection


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("libbpf: prog 'x': failed to load: -524", 524),
        ("libbpf: prog 'x': BPF program load failed: -EINVAL", 22),
        ("libbpf: prog 'x': BPF program load failed: No space left on device", 28),
        ("libbpf: prog 'x': BPF program load failed: ERROR: strerror_r(-524)=22", 524),
        ("bpf: Failed to load program: Unknown error 524", 524),
        ("Exception: Failed to load BPF program b'x': Permission denied", 13),
        ("load program: errno 524: (1 line(s) omitted)", 524),
        ("load program: operation not permitted:", 1),
        ("Prog section 'classifier' rejected: Argument list too long (7)!", 7),
        ("Error: it failed\n\nCaused by:\n    Invalid argument (os error 22)", 22),
        ("libbpf: failed to create map: No space left on device", None),
        ("libbpf: failed to load object 'x.o'", None),
        ("", None),
    ],
)
def test_what_a_load_ended_with(text: str, number: int | None) -> None:
    assert failure(text) == number


# Of each as many as fill a file: what takes more than linear time does not come to an end.
@pytest.mark.parametrize(
    "piece",
    [
        " ", "\n", "1", "a,\n", "0: (00) ", 'k="', 'k="b" ', "load program: ", "R1=", ";",
        "-- BEGIN A LOG ", "Verifier output: ", "0: (15) if r0 goto pc+2 ", "1: (85) call a#1\n",
        'level=x msg="0: (00) r0 = 0"\n', '{"a":"0: (00) b"}\n', '{"a":[', "trusted_ptr_, ",
        "1: (15) if r0 == 0x0 goto pc+2\nfrom 1 to 1: R0=0 R10=fp0\n", "failed to load 1: -",
        "R1 min value is outside of the allowed memory range\n", "caller:\n R1=ctx()\n",
    ],
)  # fmt: skip
def test_a_long_file_of_one_kind_is_read(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    for whole in (text, f"0: (95) exit\n{text}\nR0 !read_ok", f" (1 line(s) omitted)\n{text}"):
        found = explain(whole)
        assert found.cause is None or found.hint
        failure(whole)


PIECES = st.sampled_from(
    [log(name) for name in CAUSES]
    + [
        'level=error error="',
        '" a=b\n',
        '{"a":"',
        '"}\n',
        "\\n",
        "\\t",
        "\t",
        "\n",
        "libbpf: ",
        "\r\n",
    ]
)


@given(
    st.lists(PIECES.flatmap(lambda each: st.builds(lambda end: each[:end], st.integers(1, 999))))
)
def test_pieces_of_logs_in_pieces_of_records(pieces: list[str]) -> None:
    found = explain("".join(pieces))
    assert (found.cause is None) == (found.hint == "")
