"""Exercise 7.4: Gaps with an escape.

Exercise 7.4 · Gaps with an escape · difficulty ★★☆ · importance ★★☆ · 6 minutes

Write `to_gaps(codes, bits)` for a list of codes, 0 for a pruned weight. Return two lists of one
length, `(gaps, entries)`: how many zeros stand before each code, and the code itself. A gap has
`bits` bits, so it is at most 2^bits − 1. Where more zeros follow each other, put in a padding: the
gap 2^bits − 1 with the entry 0, which is one of the zeros itself. Zeros at the end cost nothing.
"""

from collections.abc import Sequence


def to_gaps(codes: Sequence[int], bits: int) -> tuple[list[int], list[int]]:
    """codes: whole numbers, 0 for pruned. Returns (gaps, entries)."""
    longest = 2**bits - 1
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code == 0:
            zeros += 1
            continue
        while zeros > longest:
            gaps.append(longest)
            entries.append(0)
            zeros -= longest + 1
        gaps.append(zeros)
        entries.append(code)
        zeros = 0
    return gaps, entries
