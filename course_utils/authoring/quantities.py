"""Find the numbers with a unit in a text: "94.6 %", "1.5×", "half a point", "twice", "3 个百分点".

What counts as a unit is what a measurement of the course can come out in: parts (%, points, ×),
times (seconds, minutes), sizes of files (bytes), and what its nets and budgets are counted in
(epochs, digits, weights, parameters, FLOPs, filters, seeds …). Not among them: rows, columns,
layers, blocks and classes. They are the shape of an example, which stands beside it in the code and
does not move with a seed. A number word is read as its digits are, except that "one epoch" and the
like is no size: "one" is then little more than an article.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

WORD_TOLERANCE = 0.05 * (1 + 1e-9)  # "twice" is said of 1.9 to 2.1 ×, as a part of its value

# Unit → the ways to write it. The longer way of two stands first.
UNITS = {
    "%": r"%|per\s?cent\b|percent\b|成(?!\w)",
    "‰": r"‰|per\s?mille?\b",
    "points": r"(?:percentage[ -])?points?\b|p\.?p\.?(?!\w)|个?百分点",
    "×": r"×(?! ?\d)|x(?! ?\d|\w)|times\b|-?fold\b|倍",
    "ns": r"ns\b|nanoseconds?\b|纳秒",
    "µs": r"[µμu]s\b|microseconds?\b|微秒",
    "ms": r"ms\b|milliseconds?\b|毫秒",
    "s": r"s\b|secs?\b|seconds?\b|秒",
    "minutes": r"min\b|minutes?\b|分钟",
    "hours": r"h\b|hours?\b|小时",
    "bits": r"bits?\b|比特",
    "GB": r"Gi?B\b|gigabytes?\b",
    "MB": r"Mi?B\b|megabytes?\b|兆字节",
    "kB": r"[kK]i?B\b|kilobytes?\b|千字节",
    "bytes": r"B\b|bytes?\b|字节",
    "nats": r"nats?\b",
    "FLOPs": r"[kKMGT]?FLOPs?\b|[MG]?MACs?\b|multiply-adds?\b|次?浮点运算",
    "epochs": r"epochs?\b|轮|个?周期",
    "rounds": r"rounds?\b|回合",
    "steps": r"(?:gradient |training )?steps?\b|步",
    "seeds": r"seeds?\b|个?(?:随机)?种子",
    "runs": r"runs?\b(?! (?:it|out|and|the|this|all|from|both|once)\b)|次运行",
    "nets": r"nets?\b|networks?\b|models?\b|个?(?:网络|模型)",
    "weights": r"weights?\b|个?权重",
    "parameters": r"param(?:eter)?s?\b|个?参数",
    "filters": r"filters?\b|个?滤波器",
    "channels": r"channels?\b|个?通道",
    "neurons": r"neurons?\b|个?神经元",
    "pixels": r"pixels?\b|px\b|个?像素",
    "digits": r"(?:digit|image|picture|example|sample)s?\b|张(?:图片?)?|个?(?:样本|数字)",
}
COUNTED = [*UNITS][[*UNITS].index("FLOPs") :]  # what "one" may stand before without being a size

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS = {word: n for n, word in enumerate(ONES)} | {w: 10 * n for n, w in enumerate(TENS, 2)}
POWERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
CHINESE = {sign: n for n, sign in enumerate("〇一二三四五六七八九十")}
CHINESE |= {"零": 0, "两": 2, "百": 100, "千": 1000}
PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
         "eighth": 8, "tenth": 10, "hundredth": 100, "thousandth": 1000}  # fmt: skip
SIGNS = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 1 / 8}
MULTIPLES = {
    "twice": 2, "double": 2, "doubles": 2, "doubled": 2, "thrice": 3, "triple": 3, "triples": 3,
    "tripled": 3, "quadruple": 4, "quadruples": 4, "quadrupled": 4, "halve": 1 / 2,
    "halves": 1 / 2, "halved": 1 / 2, "by half": 1 / 2, "in half": 1 / 2,
}  # fmt: skip


def _any(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


DIGITS = (
    r"\d{1,3}(?:[,'’ ]\d{3})+(?!\d)(?:\.\d+)?|\d+,\d{1,2}(?!\d)"
    r"|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+−]?\d+|[kM]\b)?"
)
LARGE = _any(POWERS)
SPELLED = rf"(?:(?:a|{_any(WORDS)})[ -]|(?:{LARGE})[ -](?:and )?)*(?:{_any(WORDS)}|{LARGE})\b"
NUMBER = rf"(?:(?<![\w.,×])(?<!× )[-+−]?(?:{DIGITS})|\b(?:{SPELLED})|[{''.join(CHINESE)}]+)"
# What stands between numbers that share a unit: "50, 80 and 90 %", "2-3 %", "1 of 10 digits".
BETWEEN = (
    r" ?(?:,|/|-|–|—|−|~|…|±|、|至|到) ?|,? (?:and|or|to|by|in|(?:out )?of(?: the| all)?) "
    r"(?:≈ ?|about )?"
)
UNIT = "|".join(f"(?P<u{n}>{ways})" for n, ways in enumerate(UNITS.values()))
COUNTED_UNIT = "|".join(f"(?P<c{n}>{UNITS[name]})" for n, name in enumerate(COUNTED))
# Before a thing that is counted may stand what kind of thing it is: "1,000 unseen test digits".
NOT_A_KIND = (
    "each in for with is are and or at on to when a an that of from by after before over under per "
    "than"
)
NO_KIND = rf"(?!(?:{'|'.join(NOT_A_KIND.split())})\b|\w*[^su]s\b)"
KIND = rf" (?:of )?(?:the |its |all |these |your )?(?:{NO_KIND}[A-Za-z][\w-]* ){{0,2}}"
QUANTITY = re.compile(
    rf"(?P<numbers>{NUMBER}(?:(?:{BETWEEN}){NUMBER})*)"
    rf"(?: ?-? ?(?:{UNIT})|{KIND}(?:{COUNTED_UNIT}))",
    re.IGNORECASE,
)
HUNDREDTHS = re.compile(rf"百分之(?P<number>\d+(?:\.\d+)?|[{''.join(CHINESE)}]+)")
# "half a point" and "a tenth of a percent" have a unit; "half of" and "two thirds of" are parts.
PART = re.compile(
    rf"\b(?:(?P<count>a|an|one|{_any(WORDS)})[ -])?(?P<part>{_any(PARTS)})s?\b"
    rf"(?: (?:of )?an? (?:{UNIT})|(?P<of> (?:of|the|as|more|less|fewer)\b)|(?! [a-z]))",
    re.IGNORECASE,
)
PART_SIGN = re.compile(
    rf"(?P<sign>[{''.join(SIGNS)}])(?: ?(?:of )?(?:an? )?(?:{UNIT}))?|(?P<half>一半)",
    re.IGNORECASE,
)
# "twice", "tenfold", "by a factor of 3", "×3"; but not "3 × 3"
MULTIPLE = re.compile(
    rf"\b(?P<word>{_any(MULTIPLES)})\b|\b(?P<fold>{_any(WORDS)}|hundred)fold\b"
    rf"|\bfactor (?:of )?(?P<factor>{NUMBER})(?! ?[-−+·])"
    rf"|(?<![\w)])(?<![\w)] )× ?(?P<behind>{DIGITS})",
    re.IGNORECASE,
)
A_POINT = re.compile(r"\ba (?:percentage )?point\b(?! of\b| where\b| in\b)", re.IGNORECASE)
ABOUT = re.compile(
    r"(?:≈|~|∼|约|近"
    r"|\b(?:about|around|roughly|nearly|almost|some|approximately|circa|close to|near))"
    r" ?(?:an? |[-+−])?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit. ``within``: how far what was measured may be off. ``about``: said so.

    ``text``: as written, at ``start`` to ``end`` of the text.
    """

    value: float
    unit: str
    within: float
    about: bool
    text: str
    start: int
    end: int


def quantities(text: str) -> list[Quantity]:
    """All numbers with a unit in plain words (what ``prose.plain`` returns), in their order."""
    found: dict[int, Quantity] = {}
    for search in (_counted, _hundredths, _parts, _part_signs, _multiples, _points):
        for quantity in search(text):
            taken = any(q.start < quantity.end and quantity.start < q.end for q in found.values())
            if not taken or (search is _counted):
                found[quantity.start] = quantity
    return [found[start] for start in sorted(found)]


def first_unit(text: str) -> str:
    """The first unit that a text names, as it is written there, or ''."""
    match = re.search(rf"(?i)(?<![\w-])(?:{UNIT})", text)
    return match[0] if match else ""


def is_bare_number(cell: str) -> bool:
    """Whether a cell of a table holds a number and nothing else."""
    return bool(re.fullmatch(rf"[\s*]*(?:≈ ?)?[-+−]?(?:{DIGITS})[\s*]*", cell))


def units_in(text: str) -> set[str]:
    """The units that a text names, with or without a number."""
    return {_unit(match) for match in re.finditer(rf"(?i)(?<![A-Za-z-])(?:{UNIT})", text)}


def _unit(match: re.Match) -> str | None:
    for key, value in match.groupdict().items():
        if value is not None and key[0] in "uc" and key[1:].isdigit():
            return [*UNITS][int(key[1:])] if key[0] == "u" else COUNTED[int(key[1:])]
    return None


def _counted(text: str) -> Iterator[Quantity]:
    for match in QUANTITY.finditer(text):
        unit = _unit(match)
        about = bool(ABOUT.search(text[: match.start()]))
        for number in re.finditer(NUMBER, match["numbers"], re.IGNORECASE):
            value, within = _value(number[0])
            if unit in COUNTED and number[0].lower() in ("one", "a"):
                continue
            start = match.start("numbers") + number.start()
            about_this = about or bool(ABOUT.search(text[:start]))
            words = (
                text[start : match.end()] if number.end() == len(match["numbers"]) else number[0]
            )
            yield Quantity(value, unit, within, about_this, words, start, start + len(words))


def _value(number: str) -> tuple[float, float]:
    """The value of a number in digits or in words, and half of its last digit."""
    if number[0] in CHINESE:
        return _chinese(number), WORD_TOLERANCE * _chinese(number)
    if number[0].isalpha():
        value = _spelled(number)
        return value, WORD_TOLERANCE * value
    digits = re.sub(r"(?<=\d)[,'’ ](?=\d{3})", "", number).replace("−", "-").replace(",", ".")
    digits = digits.replace("k", "e3").replace("K", "e3").replace("M", "e6").lower()
    decimals = len(digits.partition("e")[0].partition(".")[2])
    exponent = int(digits.partition("e")[2] or 0)
    return float(digits), 0.5 * 10.0 ** (exponent - decimals) * (1 + 1e-9)


def _spelled(number: str) -> float:
    total, group = 0, 0
    for word in re.split("[ -]", number.lower()):
        if word in POWERS:
            group = max(group, 1) * POWERS[word]
            if POWERS[word] > 100:
                total, group = total + group, 0
        elif word != "and":
            group += 1 if word == "a" else WORDS[word]
    return float(total + group)


def _chinese(number: str) -> float:
    total, digit = 0, 0
    for sign in number:
        if CHINESE[sign] < 10:
            digit = CHINESE[sign]
        else:
            total, digit = total + max(digit, 1) * CHINESE[sign], 0
    return float(total + digit)


def _hundredths(text: str) -> Iterator[Quantity]:
    for match in HUNDREDTHS.finditer(text):
        yield _said(text, match, *_value(match["number"]), "%")


def _parts(text: str) -> Iterator[Quantity]:
    for match in PART.finditer(text):
        count, part, unit = match["count"], match["part"].lower(), _unit(match)
        # "the third block": an order, not a part; "half the width": a part.
        if count is None and not (part == "half" and (unit or match["of"])):
            continue
        value = WORDS.get((count or "one").lower(), 1) / PARTS[part]
        if unit is None:
            value, unit = 100 * value, "%"
        yield _said(text, match, value, WORD_TOLERANCE * value, unit)


def _part_signs(text: str) -> Iterator[Quantity]:
    for match in PART_SIGN.finditer(text):
        unit = _unit(match)
        value = SIGNS.get(match["sign"], 0.5) * (1 if unit else 100)
        yield _said(text, match, value, WORD_TOLERANCE * value, unit or "%")


def _multiples(text: str) -> Iterator[Quantity]:
    for match in MULTIPLE.finditer(text):
        word = (match["word"] or "").lower()
        number = match["fold"] or match["factor"] or match["behind"]
        value = MULTIPLES.get(word, 1)
        yield _said(
            text, match, *(_value(number) if number else (value, WORD_TOLERANCE * value)), "×"
        )


def _points(text: str) -> Iterator[Quantity]:
    for match in A_POINT.finditer(text):
        yield _said(text, match, 1.0, WORD_TOLERANCE, "points")


def _said(text: str, match: re.Match, value: float, within: float, unit: str) -> Quantity:
    about = bool(ABOUT.search(text[: match.start()]))
    return Quantity(value, unit, within, about, match[0].strip(), match.start(), match.end())
