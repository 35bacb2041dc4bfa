"""How the course breaks its printed lines."""

import pytest

from course_utils.lesson.text import WIDTH, wrapped


@pytest.mark.parametrize("before", range(WIDTH - 6, WIDTH + 1))
def test_a_number_keeps_its_per_cent_sign(before):
    lines = wrapped("x" * before + " 99 % more", hanging="  ").splitlines()
    assert any("99 %" in line for line in lines)
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(" ".join(lines).split()) == "x" * before + " 99 % more"


def test_what_has_lines_of_its_own_keeps_them():
    code = "def f(x):\n    return x" + " + x" * WIDTH
    assert wrapped(code) == code
