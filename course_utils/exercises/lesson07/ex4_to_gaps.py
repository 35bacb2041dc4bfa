"""Exercise 7.4: Gaps with an escape."""

import math
from collections.abc import Sequence

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Lists = tuple[list[int], list[int]]
Answer = tuple[list[int], list[int], int]


def to_gaps(codes: Sequence[int], bits: int) -> Answer:
    """codes: whole numbers, 0 for pruned. Returns (gaps, entries, size), size in bytes."""
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
    different = set(entries)
    code_bits = (len(different) - 1).bit_length()  # ⌈log₂ n⌉
    codebook = 4 * 8 * len(different - {0})
    size = math.ceil((codebook + len(entries) * (bits + code_bits)) / 8)
    return gaps, entries, size


def _weighed(lists: Lists, bits: int) -> Answer:
    """These lists with what they take, counted as it should be."""
    gaps, entries = lists
    codebook = 32 * len({*entries} - {0})
    each = bits + (len({*entries}) - 1).bit_length()
    return gaps, entries, math.ceil((codebook + len(entries) * each) / 8)


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


def _padding_is_no_zero(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits), takes=0), bits)


def _padding_too_early(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits), takes=0, from_length=0), bits)


def _one_padding(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits), once=True), bits)


def _one_too_long(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits) + 1), bits)


def _bits_for_the_longest(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, bits), bits)


def _no_padding(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, len(codes)), bits)


def _cut_off(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _no_padding(codes, bits)
    return _weighed(([min(gap, _longest(bits)) for gap in gaps], entries), bits)


def _wrapped(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _no_padding(codes, bits)
    return _weighed(([gap % 2**bits for gap in gaps], entries), bits)


def _distances(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits), more=1), bits)


def _distances_that_fit(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits) - 1, padded=_longest(bits), takes=0, more=1), bits)


def _counts_on(codes: Sequence[int], bits: int) -> Answer:
    return _weighed(_gaps(codes, _longest(bits), starts_again=False), bits)


def _places(codes: Sequence[int], bits: int) -> Answer:
    places = [place for place, code in enumerate(codes) if code]
    return _weighed((places, [codes[place] for place in places]), bits)


def _end_too(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries = _gaps([*codes, -1], _longest(bits))
    if gaps[-1] == 0:
        return _weighed((gaps[:-1], entries[:-1]), bits)
    return _weighed(([*gaps[:-1], gaps[-1] - 1], [*entries[:-1], 0]), bits)


def _paddings_at_the_end(codes: Sequence[int], bits: int) -> Answer:
    longest = _longest(bits)
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code == 0 and zeros < longest:
            zeros += 1
            continue
        gaps.append(zeros)
        entries.append(code)
        zeros = 0
    return _weighed((gaps, entries), bits)


def _padding_with_the_code(codes: Sequence[int], bits: int) -> Answer:
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
    return _weighed((gaps, entries), bits)


def _padding_without_entry(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    return _weighed((gaps, [entry for entry in entries if entry]), bits)


def _padding_of_0(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    return _weighed(
        ([gap if entry else 0 for gap, entry in zip(gaps, entries, strict=True)], entries), bits
    )


def _first_gap_missing(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    return _weighed((gaps[1:], entries), bits)


def _zeros_after(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes[::-1], bits)
    return _weighed((gaps[::-1], entries[::-1]), bits)


def _entries_first(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, size = _right_gaps(codes, bits)
    return entries, gaps, size


def _not_weighed(codes: Sequence[int], bits: int) -> Lists:
    return _right_gaps(codes, bits)[:2]


def _counted(codes: Sequence[int], bits: int, **altered: float) -> Answer:
    """The right lists with a size of which some parts are ``altered``."""
    gaps, entries, _ = _right_gaps(codes, bits)
    parts = _parts(entries, bits) | altered
    each = parts["gap"] + parts["code"]
    return gaps, entries, math.ceil((parts["codebook"] + parts["entries"] * each) / 8)


def _parts(entries: list[int], bits: int) -> dict[str, float]:
    different = {*entries}
    return {
        "gap": bits,
        "code": (len(different) - 1).bit_length(),
        "entries": len(entries),
        "codebook": 32 * len(different - {0}),
    }


def _without_codebook(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, codebook=0)


def _codebook_in_bytes(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, codebook=8 * len({*codes} - {0}))


def _codebook_with_0(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, codebook=32 * len({*_right_gaps(codes, bits)[1]}))


def _without_paddings(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, entries=sum(code != 0 for code in codes))


def _without_paddings_at_all(codes: Sequence[int], bits: int) -> Answer:
    kept = [code for code in codes if code]
    parts = _parts(kept, bits)
    return _counted(codes, bits, entries=len(kept), code=parts["code"])


def _padding_is_no_code(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, code=(len({*codes} - {0}) - 1).bit_length())


def _code_bits_not_whole(codes: Sequence[int], bits: int) -> Answer:
    different = len({*_right_gaps(codes, bits)[1]})
    return _counted(codes, bits, code=math.log2(different) if different else 0)


def _code_bits_one_more(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, code=len({*_right_gaps(codes, bits)[1]}).bit_length())


def _without_gaps(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, gap=0)


def _without_codes(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, code=0)


def _for_every_weight(codes: Sequence[int], bits: int) -> Answer:
    return _counted(codes, bits, entries=len(codes))


def _whole_bytes_each(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    parts = _parts(entries, bits)
    each = math.ceil((parts["gap"] + parts["code"]) / 8)
    return gaps, entries, parts["codebook"] // 8 + len(entries) * each


def _whole_bytes_for_both(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    parts = _parts(entries, bits)
    each = math.ceil(parts["gap"] / 8) + math.ceil(parts["code"] / 8)
    return gaps, entries, parts["codebook"] // 8 + len(entries) * each


def _rounded_down(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    parts = _parts(entries, bits)
    return gaps, entries, parts["codebook"] // 8 + len(entries) * sum(_each(parts)) // 8


def _not_rounded(codes: Sequence[int], bits: int) -> tuple[list[int], list[int], float]:
    gaps, entries, _ = _right_gaps(codes, bits)
    parts = _parts(entries, bits)
    return gaps, entries, parts["codebook"] / 8 + len(entries) * sum(_each(parts)) / 8


def _in_bits(codes: Sequence[int], bits: int) -> Answer:
    gaps, entries, _ = _right_gaps(codes, bits)
    parts = _parts(entries, bits)
    return gaps, entries, parts["codebook"] + len(entries) * sum(_each(parts))


def _each(parts: dict[str, float]) -> tuple[float, float]:
    return parts["gap"], parts["code"]


_right_gaps = to_gaps

to_gaps = Exercise(
    id="7.4",
    title="Gaps with an escape",
    difficulty=2,
    importance=2,
    minutes=8,
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
        Case(
            "three codes and a padding: four different entries", lambda: ([1, *[0] * 4, 2, 3, 3], 2)
        ),
        Case(
            "four codes, often, and two paddings",
            lambda: ([*[1, 2, 3, 4] * 3, *[0] * 9, 2], 2),
        ),
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
        size       3 · (2 + 2) bits, since 0, 2, 3 need 2 bits, + 2 · 32 = 76 bits: 10 bytes
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
            different = set(entries)
            code_bits = (len(different) - 1).bit_length()
            codebook = 32 * len(...)
            size = math.ceil((codebook + len(entries) * (...)) / 8)
            return gaps, entries, size
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
            _entries_first,
            "The right lists the other way round: first the gaps, then the entries.",
        ),
        Misconception(
            _not_weighed,
            "Both lists are right. The third is missing: how many bytes they take, and the "
            "codebook.",
        ),
        Misconception(
            _without_codebook,
            "The lists are right. Your size leaves out the codebook: without it a code is only a "
            "name. It has 4 bytes for each code that occurs, which in a small layer is much.",
        ),
        Misconception(
            _codebook_in_bytes,
            "The lists are right. In your size the codebook has a byte, or 8 bits, for each code. "
            "It holds float32 numbers: 4 bytes each.",
        ),
        Misconception(
            _codebook_with_0,
            "The lists are right. Your codebook has a number for the entry 0 of paddings. That is "
            "always 0, and needs none.",
        ),
        Misconception(
            _without_paddings,
            "The lists are right. Your size leaves out the paddings: they stand in the file like "
            "every other entry.",
        ),
        Misconception(
            _without_paddings_at_all,
            "The lists are right. Your size counts as if there were no paddings. They stand in the "
            "file like every other entry, and their 0 is one of the different entries.",
        ),
        Misconception(
            _padding_is_no_code,
            "The lists are right. For the bits of an entry you count the codes only. A padding's 0 "
            "must be told from them: it is one of the different entries.",
        ),
        Misconception(
            _code_bits_not_whole,
            "The lists are right. You give each entry log₂ n bits, a fraction. In a code of fixed "
            "length each has whole bits: round up.",
        ),
        Misconception(
            _code_bits_one_more,
            "The lists are right. You give each entry a bit too many: 4 different ones, 0 to 3, "
            "need 2 bits. Round log₂ n up, not log₂ (n + 1).",
        ),
        Misconception(
            _without_gaps,
            "The lists are right. Your size leaves out the gaps: each takes `bits` bits. Without "
            "them nobody knows where the weights are.",
        ),
        Misconception(
            _without_codes,
            "The lists are right. Your size leaves out the entries: each takes ⌈log₂ n⌉ bits, "
            "where n is how many different ones there are.",
        ),
        Misconception(
            _for_every_weight,
            "The lists are right. Your size has bits for every weight, the zeros too. Only entries "
            "stand in the file.",
        ),
        Misconception(
            _whole_bytes_each,
            "The lists are right. You round each entry up to whole bytes, and that is dear: bits "
            "of neighbours share a byte. Add up the bits; round up once, in the end.",
        ),
        Misconception(
            _whole_bytes_for_both,
            "The lists are right. You round each gap and each entry up to whole bytes, and that is "
            "dear: bits of neighbours share a byte. Add up the bits; round up once, in the end.",
        ),
        Misconception(
            _rounded_down,
            "The lists are right. You lose the last bits: 9 bits need 2 bytes. Round up.",
        ),
        Misconception(
            _not_rounded,
            "The lists are right. A file has whole bytes: round the size up.",
        ),
        Misconception(
            _in_bits,
            "The lists are right. Your size is in bits. Divide by 8 and round up.",
        ),
    ),
)
