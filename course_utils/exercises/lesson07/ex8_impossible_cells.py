"""Exercise 7.8: The impossible cells.

Exercise 7.8 · The impossible cells · difficulty ★★☆ · importance ★★☆ · 6 minutes     (find the fault)

A paper gives for each layer how many weights it keeps, the bits of a code of fixed length, and the
bits of a Huffman code on average; in the last row the same averages for all kept weights of the net.
All averages are rounded to one digit. Some cells cannot be true, whatever the weights were. Write
`impossible_cells(layers, total)`. `layers`: name → {"kept": …, "bits": …, "huffman": …}; `total`:
{"bits": …, "huffman": …}. Return the list of impossible cells as pairs (row, column), from the top,
such as [("fc1", "huffman"), ("total", "bits")]. Two rules find them: what Huffman's code never does
in one layer, and where an average over all kept weights must lie. By how much may rounding move it?
"""

from collections.abc import Mapping

Row = Mapping[str, float]


def impossible_cells(layers: Mapping[str, Row], total: Row) -> list[tuple[str, str]]:
    """layers: name → kept, bits, huffman; total: bits, huffman. Returns pairs (row, column)."""
    found = [(name, "huffman") for name, row in layers.items() if row["huffman"] > row["bits"]]
    kept = sum(row["kept"] for row in layers.values())
    for column in ("bits", "huffman"):
        mean = sum(row["kept"] * row[column] for row in layers.values()) / kept
        if abs(mean - total[column]) > 0.1:  # each cell is off by 0.05 at most, and so is the total
            found.append(("total", column))
    return found
