"""How many instructions the interpreter does in a second.

    .venv/bin/python -B bench/interpreter.py [RUNS]

Three loops of 20,000 rounds: arithmetic (8 different operations a round), memory (a store and a
load), and the whole of hello's program with its four helpers. Of each the median and the range of
several runs, counted in the steps that the machine itself counts. An empty Python loop beside them
tells how fast this machine is: the last column counts instructions for each of its rounds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r2, r3, r10
from tuxscope.programs.hello import hello
from tuxscope.record import u64
from tuxscope.vm import Machine

ROUNDS = 20_000


def loop(body: Callable[[Assembler], None]) -> Program:
    """A program that does the body many times."""
    a = Assembler("loop", attach=RawTracepoint())
    a.mov(r0, 0)
    a.mov(r1, ROUNDS)
    a.mov(r2, 3)
    a.label("again")
    body(a)
    a.sub(r1, 1)
    a.jne(r1, 0, "again")
    a.exit()
    return a.program()


def arithmetic(a: Assembler) -> None:
    a.add(r0, r2)
    a.xor(r0, r1)
    a.lsh(r0, 3)
    a.mov(r3, r0)
    a.rsh(r3, 7)
    a.or_(r0, r3)
    a.and_(r0, -5)
    a.add32(r2, 1)


def memory(a: Assembler) -> None:
    a.stx(u64[r10 - 8], r0)
    a.ldx(r3, u64[r10 - 8])
    a.add(r0, r3)


def of_a_loop(body: Callable[[Assembler], None]) -> Callable[[], int]:
    machine = Machine(loop(body))

    def run() -> int:
        machine.run()
        return machine.steps

    return run


def of_hello() -> Callable[[], int]:
    machine = Machine(hello(), bytes(64))

    def run() -> int:
        steps = 0
        for _ in range(ROUNDS // 10):
            machine.run()
            steps += machine.steps
        machine.output.clear()
        return steps

    return run


def python_rounds() -> float:
    """Rounds a second of an empty loop."""
    start = time.perf_counter()
    for _ in range(1_000_000):
        pass
    return 1_000_000 / (time.perf_counter() - start)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    measured = {"arithmetic": of_a_loop(arithmetic), "memory": of_a_loop(memory)}
    measured["hello"] = of_hello()
    rates: dict[str, list[float]] = {name: [] for name in measured}
    loops = []
    for _ in range(runs):  # one after the other, so that all see the same weather
        loops.append(python_rounds())
        for name, run in measured.items():
            start = time.perf_counter()
            steps = run()
            rates[name].append(steps / (time.perf_counter() - start))
    own = statistics.median(loops)
    print(f"median of {runs} runs, million a second; an empty Python loop: {own / 1e6:.1f}")
    for name, found in rates.items():
        median = statistics.median(found)
        print(
            f"{name:<12} {median / 1e6:5.2f}  ({min(found) / 1e6:.2f} to {max(found) / 1e6:.2f})"
            f"  {median / own:.3f}"
        )


if __name__ == "__main__":
    main()
