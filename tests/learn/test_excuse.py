"""What the kernel says that it left out, a student is not blamed for."""

from __future__ import annotations

from collections import Counter

from tuxscope.learn.content.exercises.count import excused


def test_only_as_many_as_the_kernel_left_out() -> None:
    expected = Counter({7: 100, 8: 50})
    assert excused(Counter({7: 90, 8: 50}), expected, 10) == expected
    assert excused(Counter({7: 90, 8: 50}), expected, 9) == Counter({7: 90, 8: 50})
    assert excused(Counter({7: 101, 8: 50}), expected, 10) == Counter({7: 101, 8: 50})
    assert excused(Counter({7: 90, 8: 50, 9: 1}), expected, 0) == Counter({7: 90, 8: 50, 9: 1})
