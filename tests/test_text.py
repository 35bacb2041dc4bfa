"""How the course breaks its printed lines."""

import pytest

from course_utils.lesson.text import WIDTH, wrapped


@pytest.mark.parametrize("sign", "%×")
@pytest.mark.parametrize("before", range(WIDTH - 6, WIDTH + 1))
def test_a_number_keeps_its_sign(before, sign):
    lines = wrapped("x" * before + f" 99 {sign} more", hanging="  ").splitlines()
    assert any(f"99 {sign}" in line for line in lines)
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(" ".join(lines).split()) == "x" * before + f" 99 {sign} more"


def test_what_has_lines_of_its_own_keeps_them():
    code = "def f(x):\n    return x" + " + x" * WIDTH
    assert wrapped(code) == code
