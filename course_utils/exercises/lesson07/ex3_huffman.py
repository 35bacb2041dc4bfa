"""Exercise 7.3: Entropy and Huffman's lengths.

Exercise 7.3 · Entropy and Huffman's lengths · difficulty ★★★ · importance ★★☆ · 8 minutes

Write `huffman(counts)`: `counts[s]` says how often symbol s occurs. Return `(entropy, lengths)`: the
entropy in bits a symbol, −Σ p log₂ p, and a list with the length in bits of each symbol's Huffman
code, 0 for a symbol that never occurs. Join the two rarest groups of symbols, until one group is
left: each time, every symbol in the two gets one bit longer. A lone symbol gets 1 bit.
"""

import math
from collections.abc import Sequence


def huffman(counts: Sequence[int]) -> tuple[float, list[int]]:
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
