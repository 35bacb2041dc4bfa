"""Exercise 7.3: Entropy and Huffman's lengths."""

import math
from collections.abc import Callable, Sequence

from course_utils import coding
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Answer = tuple[float, list[int]]


def huffman(counts: Sequence[int]) -> Answer:
    """counts: whole numbers, not all 0. Returns (bits a symbol at least, a length for each)."""
    total = sum(counts)
    entropy = sum(n / total * math.log2(total / n) for n in counts if n > 0)
    groups = [(n, [symbol]) for symbol, n in enumerate(counts) if n > 0]
    lengths = [int(len(groups) == 1 and n > 0) for n in counts]  # a lone symbol is never joined
    while len(groups) > 1:
        groups.sort()
        (n, symbols), (m, others) = groups[:2]
        for symbol in symbols + others:
            lengths[symbol] += 1
        groups[:2] = [(n + m, symbols + others)]
    return entropy, lengths


def _chances(counts: Sequence[int]) -> list[float]:
    return [n / sum(counts) for n in counts]


def _with_entropy(entropy: Callable[[list[float]], float], counts: Sequence[int]) -> Answer:
    """The right lengths beside another number of bits, from the chances above 0."""
    return entropy([p for p in _chances(counts) if p > 0]), coding.huffman_lengths(counts)


def _with_lengths(length: Callable[[float], float], counts: Sequence[int]) -> Answer:
    """The right entropy beside lengths that come from each chance alone."""
    lengths = [length(p) if p > 0 else 0 for p in _chances(counts)]
    return coding.entropy(counts), lengths


def _joining(
    counts: Sequence[int],
    place: int = 0,
    *,
    rarest: bool = True,
    sorts: bool = True,
    zeros: bool = False,
    grows: Callable[[list[int], list[int]], list[int]] = list.__add__,
) -> Answer:
    """Huffman with one thing altered; ``grows``: which symbols get longer."""
    groups = [(n, [symbol]) for symbol, n in enumerate(counts) if n or zeros]
    groups.sort(reverse=not rarest)
    lengths = [0] * len(counts)
    if len(groups) == 1:
        lengths[groups[0][1][0]] = 1
    while len(groups) > 1:
        if sorts:
            groups.sort(reverse=not rarest)
        (n, symbols), (m, others) = groups[:2]
        for symbol in grows(symbols, others):
            lengths[symbol] += 1
        groups = groups[2:]
        groups.insert(place % (len(groups) + 1), (n + m, symbols + others))
    return coding.entropy(counts), lengths


def _split_in_halves(counts: Sequence[int]) -> Answer:
    """From the top: two groups that are as equal as can be, and so on (Shannon and Fano)."""
    symbols = sorted((s for s, n in enumerate(counts) if n > 0), key=lambda s: -counts[s])
    lengths = [0] * len(counts)

    def split(group: list[int]) -> None:
        if len(group) < 2:
            return
        total = sum(counts[s] for s in group)
        apart = [abs(total - 2 * sum(counts[s] for s in group[:k])) for k in range(1, len(group))]
        middle = 1 + apart.index(min(apart))
        for symbol in group:
            lengths[symbol] += 1
        split(group[:middle])
        split(group[middle:])

    split(symbols)
    if len(symbols) == 1:
        lengths[symbols[0]] = 1
    return coding.entropy(counts), lengths


def _natural_logarithm(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: sum(p * math.log(1 / p) for p in ps), counts)


def _minus_forgotten(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: sum(p * math.log2(p) for p in ps), counts)


def _not_weighted(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: sum(math.log2(1 / p) for p in ps), counts)


def _of_all_symbols(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: sum(counts) * coding.entropy(counts), counts)


def _rounded_up(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: math.ceil(coding.entropy(counts)), counts)


def _bits_for_so_many(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: math.log2(len(ps)), counts)


def _bits_for_so_many_with_zeros(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: math.log2(len(counts)), counts)


def _average_length(counts: Sequence[int]) -> Answer:
    lengths = coding.huffman_lengths(counts)
    return sum(map(float.__mul__, _chances(counts), map(float, lengths))), lengths


def _counts_for_chances(counts: Sequence[int]) -> Answer:
    return _with_entropy(lambda ps: -sum(n * math.log2(n) for n in counts if n), counts)


def _each_rounded_up(counts: Sequence[int]) -> Answer:
    return _with_lengths(lambda p: max(1, math.ceil(-math.log2(p))), counts)


def _each_rounded_up_to_0(counts: Sequence[int]) -> Answer:
    return _with_lengths(lambda p: math.ceil(-math.log2(p)), counts)


def _each_rounded(counts: Sequence[int]) -> Answer:
    return _with_lengths(lambda p: max(1, round(-math.log2(p))), counts)


def _each_as_it_is(counts: Sequence[int]) -> Answer:
    return _with_lengths(lambda p: -math.log2(p), counts)


def _all_alike(counts: Sequence[int]) -> Answer:
    different = sum(n > 0 for n in counts)
    return _with_lengths(lambda p: max(1, math.ceil(math.log2(different))), counts)


def _lone_one_free(counts: Sequence[int]) -> Answer:
    entropy, lengths = _right_answer(counts)
    return entropy, [0] * len(counts) if sum(n > 0 for n in counts) == 1 else lengths


def _absent_ones_too(counts: Sequence[int]) -> Answer:
    return _joining(counts, zeros=True)


def _most_frequent_joined(counts: Sequence[int]) -> Answer:
    return _joining(counts, rarest=False)


def _one_chain(counts: Sequence[int]) -> Answer:
    return _joining(counts, sorts=False)


def _joined_at_the_end(counts: Sequence[int]) -> Answer:
    return _joining(counts, place=-1, sorts=False)


def _firsts_grow(counts: Sequence[int]) -> Answer:
    return _joining(counts, grows=lambda symbols, others: [symbols[0], others[0]])


def _one_side_grows(counts: Sequence[int]) -> Answer:
    return _joining(counts, grows=lambda symbols, others: symbols)


def _lengths_sorted(counts: Sequence[int]) -> Answer:
    entropy, lengths = _right_answer(counts)
    return entropy, sorted(lengths)


def _absent_ones_left_out(counts: Sequence[int]) -> Answer:
    entropy, lengths = _right_answer(counts)
    return entropy, [length for length in lengths if length]


def _bits_in_all(counts: Sequence[int]) -> Answer:
    entropy, lengths = _right_answer(counts)
    return entropy, [n * length for n, length in zip(counts, lengths, strict=True)]


def _turned_round(counts: Sequence[int]) -> tuple[list[int], float]:
    return _right_answer(counts)[::-1]


_right_answer = huffman

huffman = Exercise(
    id="7.3",
    title="Entropy and Huffman's lengths",
    difficulty=3,
    importance=2,
    minutes=8,
    reference=huffman,
    # In each case one set of lengths is the best; with other ties there would be several.
    cases=(
        Case("two symbols, equally often", lambda: ([1, 1],)),
        Case("three symbols", lambda: ([2, 1, 1],)),
        Case("one symbol alone", lambda: ([0, 7],)),
        Case("one symbol, once", lambda: ([1],)),
        Case("a symbol that never occurs", lambda: ([5, 2, 1, 0, 1],)),
        Case("four symbols, equally often", lambda: ([3, 3, 3, 3],)),
        Case("one symbol nearly always", lambda: ([1, 99],)),
        Case("rare ones first and last", lambda: ([1, 4, 10, 2],)),
        Case("two joined groups are joined", lambda: ([4, 5, 6, 7, 30],)),
        Case("one split in the middle is not the best", lambda: ([15, 7, 6, 6, 5],)),
        Case("eight symbols in no order", lambda: ([3, 20, 1, 9, 0, 45, 5, 14],)),
    ),
    hints=(
        "For the entropy, p = n / total, and a symbol that never occurs has no part in it. For the "
        "lengths keep a list of groups: how often, and which symbols. Take out the two rarest, "
        "make all symbols in both one bit longer, and put back one group with the sum.",
        """
        counts      a 5   b 2   c 1   d 0   e 1
        join c, e   a 5   b 2   ce 2                   c 1  e 1
        join b, ce  a 5   bce 4                   b 1  c 2  e 2
        join        abce 9                   a 1  b 2  c 3  e 3        d has no code: 0
        """,
        """
        def huffman(counts):
            total = sum(counts)
            entropy = sum(... for n in counts if n > 0)
            groups = [(n, [symbol]) for symbol, n in enumerate(counts) if n > 0]
            lengths = ...
            while len(groups) > 1:
                groups.sort()
                (n, symbols), (m, others) = groups[:2]
                for symbol in ...:
                    lengths[symbol] += 1
                groups[:2] = [(..., symbols + others)]
            return entropy, lengths
        """,
    ),
    misconceptions=(
        Misconception(
            _natural_logarithm,
            "Your entropy is in nats: math.log is the natural logarithm. Bits want math.log2.",
        ),
        Misconception(
            _minus_forgotten,
            "Your entropy is negative: the logarithm of a chance below 1 is. Put a minus in front, "
            "or take log2(1 / p).",
        ),
        Misconception(
            _not_weighted,
            "You add up log2(1 / p) of each symbol as if all occurred alike. Weigh each with its "
            "chance p: the sum of p · log2(1 / p).",
        ),
        Misconception(
            _of_all_symbols,
            "You give the bits of the whole text. The entropy asked for is that of *one* symbol, "
            "on average: use p = n / total.",
        ),
        Misconception(
            _rounded_up,
            "You round the entropy up to whole bits. It is an average, and need not be whole: "
            "that is why some coders get below Huffman's.",
        ),
        Misconception(
            _bits_for_so_many,
            "You take log2 of how many symbols there are, as if all occurred equally often. What "
            "makes the entropy smaller is that they do not: −Σ p log₂ p.",
        ),
        Misconception(
            _bits_for_so_many_with_zeros,
            "You take log2 of the length of `counts`, as if all symbols occurred equally often, "
            "even those that never do. The entropy is −Σ p log₂ p.",
        ),
        Misconception(
            _average_length,
            "Your entropy is the average length of the Huffman code. That is what the code needs; "
            "the entropy is what no code of one symbol at a time can get below: −Σ p log₂ p.",
        ),
        Misconception(
            _counts_for_chances,
            "You put counts where chances belong. Divide each by the total first: p = n / total.",
        ),
        Misconception(
            _each_rounded_up,
            "You take ⌈log2(1 / p)⌉ for each symbol. Such a code exists, but it is longer than "
            "Huffman's: with the counts 1 and 99 the rare symbol gets 7 bits where 1 will do. Join "
            "groups instead.",
        ),
        Misconception(
            _each_rounded_up_to_0,
            "You take ⌈log2(1 / p)⌉ for each symbol. That is longer than Huffman's code for most, "
            "and 0 bits for a lone symbol, which is too short. Join groups instead.",
        ),
        Misconception(
            _each_rounded,
            "You round log2(1 / p) of each symbol. Rounded down, several may be too short for any "
            "code; rounded up, too long. Huffman's lengths come from joining groups.",
        ),
        Misconception(
            _each_as_it_is,
            "You give log2(1 / p) as a length. A code has whole bits, and which whole numbers go "
            "together is what joining the two rarest groups decides.",
        ),
        Misconception(
            _all_alike,
            "You give all symbols the length of a code of fixed length. Frequent symbols should "
            "get shorter codes: join the two rarest groups, again and again.",
        ),
        Misconception(
            _lone_one_free,
            "Right, but for a lone symbol. Its code would have no bits, and nobody could tell how "
            "often it stands there: give it 1.",
        ),
        Misconception(
            _absent_ones_too,
            "A symbol that never occurs gets a code from you, which makes others longer. Leave it "
            "out of the groups; its length is 0.",
        ),
        Misconception(
            _most_frequent_joined,
            "You join the two most *frequent* groups, so that these get the longest codes. Join "
            "the two rarest.",
        ),
        Misconception(
            _one_chain,
            "You join each joined group again at once, so that all lengths differ: 1, 2, 3 and so "
            "on. It occurs as often as both together, which may be more than others: give it the "
            "sum n + m, and sort before each joint.",
        ),
        Misconception(
            _split_in_halves,
            "You begin with all symbols and split them into halves. That is Shannon's and Fano's "
            "code, which is good and not always the best. Begin with the rarest symbols, and join.",
        ),
        Misconception(
            _joined_at_the_end,
            "You sort only once and put each joined group at the end. It may still be among the "
            "rarest: sort before each joint.",
        ),
        Misconception(
            _firsts_grow,
            "In each joint you make only one symbol of each group longer. All symbols in both "
            "groups stand below the joint: each gets one bit more.",
        ),
        Misconception(
            _one_side_grows,
            "In each joint you make only the symbols of one group longer. The other side needs a "
            "bit too: 0 leads to the one group, 1 to the other.",
        ),
        Misconception(
            _lengths_sorted,
            "Your lengths are sorted. The first should be that of symbol 0, the next that of "
            "symbol 1, in the order of `counts`.",
        ),
        Misconception(
            _absent_ones_left_out,
            "You leave out the symbols that never occur, so that those behind them change places. "
            "Give them the length 0.",
        ),
        Misconception(
            _bits_in_all,
            "You give the bits that each symbol takes in the whole text. Asked for is the length "
            "of one code.",
        ),
        Misconception(
            _turned_round,
            "The right numbers the other way round: the entropy first, then the lengths.",
        ),
    ),
    crashes={
        "math domain": "log2(0) does not exist. A symbol that never occurs has no part in the "
        "entropy: leave it out.",
        "expected a positive input": "log2(0) does not exist. A symbol that never occurs has no "
        "part in the entropy: leave it out.",
        "division by zero": "total / n with n = 0: a symbol that never occurs has no part in the "
        "entropy. Leave it out.",
        "index out of range": "With a single group there are no two to join. Does the loop stop "
        "when one group is left?",
    },
)
