"""Writing a file whole or not at all."""

import os
import stat

import pytest

from course_utils.lesson.files import replace_with


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_makes_the_folder_and_the_file(tmp_path):
    replace_with(tmp_path / "deep" / "er" / "a.txt", "微调".encode())
    assert (tmp_path / "deep" / "er" / "a.txt").read_text(encoding="utf-8") == "微调"
    assert names(tmp_path / "deep" / "er") == ["a.txt"]


def test_replaces_what_is_there(tmp_path):
    for content in (b"long before", b"short"):
        replace_with(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == b"short"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_stops_half_way_leaves_the_old_file(tmp_path, monkeypatch, error):
    (tmp_path / "a").write_bytes(b"old")

    def fail(source, _):
        with open(source, "rb+") as file:
            file.truncate(1)
        raise error

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(type(error)):
        replace_with(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="links and modes are those of POSIX")
def test_behind_a_link_the_target_is_replaced(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    replace_with(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="links and modes are those of POSIX")
def test_private_is_for_the_owner_only(tmp_path):
    replace_with(tmp_path / "mine", b"", private=True)
    replace_with(tmp_path / "ours", b"")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o666 & ~mask
