"""Instructions that not all kernels have, on the running one."""

from __future__ import annotations

import pytest

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1
from tuxscope.loader.program import load
from tuxscope.loader.verifier import VerifierError
from verifier.kernel import release

GOTOX = (6, 19)  # Linux


def indirect() -> Program:
    a = Assembler("indirect", attach=RawTracepoint())
    a.mov(r0, 0)
    a.gotox(r1)
    a.exit()
    return a.program()


@pytest.mark.kernel
def test_gotox_is_known_since_6_19() -> None:
    """It needs a map of instructions, which is why it is rejected where it is known, too."""
    with pytest.raises(VerifierError) as caught:
        load(indirect()).close()
    error = caught.value
    assert ("opcode 0d" in error.log) == (release() < GOTOX), error.log
    if release() < GOTOX:
        assert error.cause == "unknown-opcode"
        assert "came with Linux 6.19" in str(error)
        assert error.source is not None
        assert error.source.code == "a.gotox(r1)"
    else:
        assert error.cause in (None, "not-an-address")
