"""Exercise 7.4: Gaps with an escape."""

from collections.abc import Sequence

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Lists = tuple[list[int], list[int]]


def to_gaps(codes: Sequence[int], bits: int) -> Lists:
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


def _gaps(
    codes: Sequence[int],
    longest: int,
    *,
    padded: int | None = None,
    takes: int = 1,
    from_length: int = 1,
    once: bool = False,
    starts_again: bool = True,
    entry: int = 0,
    more: int = 0,
) -> Lists:
    """As the reference, with one thing altered.

    ``padded``: the gap of a padding; ``takes``: how many zeros its entry is; ``from_length``: how
    many zeros more than ``longest`` call for one; ``entry``: what stands in it; ``more``: on each
    gap.
    """
    padded = longest if padded is None else padded
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code == 0:
            zeros += 1
            continue
        while zeros >= longest + from_length:
            gaps.append(padded)
            entries.append(entry)
            zeros -= padded + takes
            if once:
                break
        gaps.append(zeros + more)
        entries.append(code)
        zeros = 0 if starts_again else zeros
    return gaps, entries


def _longest(bits: int) -> int:
    return 2**bits - 1


def _padding_is_no_zero(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits), takes=0)


def _padding_too_early(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits), takes=0, from_length=0)


def _one_padding(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits), once=True)


def _one_too_long(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits) + 1)


def _bits_for_the_longest(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, bits)


def _no_padding(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, len(codes))


def _cut_off(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _no_padding(codes, bits)
    return [min(gap, _longest(bits)) for gap in gaps], entries


def _wrapped(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _no_padding(codes, bits)
    return [gap % 2**bits for gap in gaps], entries


def _distances(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits), more=1)


def _distances_that_fit(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits) - 1, padded=_longest(bits), takes=0, more=1)


def _counts_on(codes: Sequence[int], bits: int) -> Lists:
    return _gaps(codes, _longest(bits), starts_again=False)


def _places(codes: Sequence[int], bits: int) -> Lists:
    places = [place for place, code in enumerate(codes) if code]
    return places, [codes[place] for place in places]


def _end_too(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _gaps([*codes, -1], _longest(bits))
    if gaps[-1] == 0:
        return gaps[:-1], entries[:-1]
    return [*gaps[:-1], gaps[-1] - 1], [*entries[:-1], 0]


def _paddings_at_the_end(codes: Sequence[int], bits: int) -> Lists:
    longest = _longest(bits)
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code == 0 and zeros < longest:
            zeros += 1
            continue
        gaps.append(zeros)
        entries.append(code)
        zeros = 0
    return gaps, entries


def _padding_with_the_code(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code == 0:
            zeros += 1
            continue
        while zeros > _longest(bits):
            gaps.append(_longest(bits))
            entries.append(code)
            zeros -= _longest(bits) + 1
        gaps.append(zeros)
        entries.append(code)
        zeros = 0
    return gaps, entries


def _padding_without_entry(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _right_gaps(codes, bits)
    return gaps, [entry for entry in entries if entry]


def _padding_of_0(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _right_gaps(codes, bits)
    return [gap if entry else 0 for gap, entry in zip(gaps, entries, strict=True)], entries


def _first_gap_missing(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _right_gaps(codes, bits)
    return gaps[1:], entries


def _zeros_after(codes: Sequence[int], bits: int) -> Lists:
    gaps, entries = _right_gaps(codes[::-1], bits)
    return gaps[::-1], entries[::-1]


def _pairs(codes: Sequence[int], bits: int) -> list[tuple[int, int]]:
    return list(zip(*_right_gaps(codes, bits), strict=True))


def _entries_first(codes: Sequence[int], bits: int) -> Lists:
    return _right_gaps(codes, bits)[::-1]


_right_gaps = to_gaps

to_gaps = Exercise(
    id="7.4",
    title="Gaps with an escape",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=to_gaps,
    cases=(
        Case("no zero", lambda: ([3, 1], 2)),
        Case("one and two zeros", lambda: ([0, 3, 0, 0, 1], 2)),
        Case("the longest gap that 2 bits can hold", lambda: ([0, 0, 0, 2], 2)),
        Case("one zero more than 2 bits can hold", lambda: ([0, 0, 0, 0, 2], 2)),
        Case("zeros at the end", lambda: ([1, 0, 0, 0, 0, 0, 0], 2)),
        Case("nothing but zeros", lambda: ([0, 0, 0, 0, 0], 2)),
        Case("gaps of 1 bit", lambda: ([0, 0, 0, 2, 0, 1], 1)),
        Case("two paddings, then a short gap", lambda: ([4, *[0] * 9, 1, 0, 2, 0], 2)),
        Case("a padding that takes all but the longest gap", lambda: ([*[0] * 7, 5, 6], 2)),
        Case("gaps of 3 bits", lambda: ([*[0] * 7, 1, *[0] * 8, 2, *[0] * 20, 3], 3)),
    ),
    hints=(
        "Go through the codes and count zeros. At a code that is not 0, first write paddings while "
        "the count does not fit into `bits` bits, then the count and the code, and start counting "
        "again. Whoever reads a padding goes on by its gap *and* by one entry: how many zeros is "
        "that?",
        """
        codes      0 0 0 0 0 0 3 0 0 2 0        bits = 2, so a gap is at most 3
                   └───┘ ↑ └─┘ ↑ └─┘ ↑
        gap        3       2     2
        entry            0     3     2          the padding is the 4th zero itself
        """,
        """
        def to_gaps(codes, bits):
            longest = 2**bits - 1
            gaps, entries, zeros = [], [], 0
            for code in codes:
                if code == 0:
                    zeros += 1
                    continue
                while zeros > longest:
                    gaps.append(...)
                    entries.append(...)
                    zeros -= ...
                gaps.append(zeros)
                entries.append(code)
                zeros = 0
            return gaps, entries
        """,
    ),
    misconceptions=(
        Misconception(
            _padding_is_no_zero,
            "Your padding does not count itself. It stands where a zero is: a padding takes "
            "2^bits − 1 zeros before it and one more in its own place, 2^bits in all.",
        ),
        Misconception(
            _padding_too_early,
            "You put in a padding for 2^bits − 1 zeros already. So many do fit into a gap; only "
            "more need a padding, which is then one of the zeros itself.",
        ),
        Misconception(
            _one_padding,
            "You put in one padding, however many zeros there are. What is left may still be too "
            "long: use while, not if.",
        ),
        Misconception(
            _one_too_long,
            "Your longest gap is 2^bits. With `bits` bits one counts from 0 to 2^bits − 1.",
        ),
        Misconception(
            _bits_for_the_longest,
            "You take `bits` itself for the longest gap. So many bits hold numbers up to "
            "2^bits − 1.",
        ),
        Misconception(
            _no_padding,
            "Your gaps grow beyond what `bits` bits can hold. Above 2^bits − 1 zeros, put in a "
            "padding: that gap with the entry 0.",
        ),
        Misconception(
            _cut_off,
            "You cut long gaps off at 2^bits − 1, so all later codes move forward. The rest of the "
            "zeros must stand somewhere: put in a padding with the entry 0.",
        ),
        Misconception(
            _wrapped,
            "You keep the last `bits` bits of a long gap, so all later codes move forward. Put in "
            "a padding with the entry 0 for each 2^bits zeros.",
        ),
        Misconception(
            _distances,
            "You give distances from one code to the next. Asked for is how many zeros stand "
            "between: one less.",
        ),
        Misconception(
            _distances_that_fit,
            "You give distances from one code to the next, and paddings for these. Asked for is "
            "how many zeros stand before each entry, from 0 to 2^bits − 1.",
        ),
        Misconception(
            _counts_on,
            "You never set the count back to 0: each gap holds all zeros so far. Start again after "
            "each code.",
        ),
        Misconception(
            _places,
            "You give the place of each code in the whole list. Places need many bits; a gap "
            "counts only the zeros since the entry before.",
        ),
        Misconception(
            _end_too,
            "You write the zeros at the end, too. Whoever reads knows how many weights there are: "
            "what is not written is zero.",
        ),
        Misconception(
            _paddings_at_the_end,
            "You put in a padding as soon as 2^bits zeros have passed, so zeros at the end get "
            "paddings, too. Wait until a code follows: at the end none is needed.",
        ),
        Misconception(
            _padding_with_the_code,
            "Your padding carries the code that follows. Its entry is 0, or the weight would stand "
            "there twice.",
        ),
        Misconception(
            _padding_without_entry,
            "Your padding has a gap but no entry, so the two lists no longer fit together. Its "
            "entry is 0.",
        ),
        Misconception(
            _padding_of_0,
            "Your padding has the gap 0. It stands after 2^bits − 1 zeros, and that is its gap.",
        ),
        Misconception(
            _first_gap_missing,
            "The gap before the first code is missing. Zeros may stand there, too.",
        ),
        Misconception(
            _zeros_after,
            "You count the zeros *behind* each code. A gap counts those before it.",
        ),
        Misconception(
            _pairs,
            "You return one list of pairs. Return two lists: all gaps, then all entries.",
        ),
        Misconception(
            _entries_first,
            "The right lists the other way round: first the gaps, then the entries.",
        ),
    ),
)
