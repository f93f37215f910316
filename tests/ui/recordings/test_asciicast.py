"""Recordings: what is written can be read, and says where it is broken."""

import json
from pathlib import Path

import pytest

from vibebox_tui.ui.recordings import CastError, CastWriter, Event, read_cast


class Clock:
    """Moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    clock = Clock()
    writer = CastWriter(tmp_path / "a.cast", 24, 80, title="api/shell", clock=clock)
    writer.output("h\x1b[1mi\r\n日")
    clock.now += 1.5
    writer.resized(30, 100)
    writer.close()
    cast = read_cast(tmp_path / "a.cast")
    assert (cast.rows, cast.columns, cast.title) == (24, 80, "api/shell")
    assert cast.events == [Event(0.0, "o", "h\x1b[1mi\r\n日"), Event(1.5, "r", "100x30")]
    assert cast.duration == 1.5


def test_the_header_is_that_of_version_2(tmp_path: Path) -> None:
    CastWriter(tmp_path / "a.cast", 24, 80).close()
    header = json.loads((tmp_path / "a.cast").read_text())
    assert header["version"] == 2
    assert (header["width"], header["height"]) == (80, 24)
    assert header["env"] == {"TERM": "xterm-256color"}


def test_only_its_owner_can_read_a_recording(tmp_path: Path) -> None:
    CastWriter(tmp_path / "new" / "a.cast", 24, 80).close()
    assert (tmp_path / "new" / "a.cast").stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.cast").write_text("precious")
    with pytest.raises(CastError, match="can't be written"):
        CastWriter(tmp_path / "a.cast", 24, 80)
    assert (tmp_path / "a.cast").read_text() == "precious"


def test_a_recording_cut_off_in_the_middle_is_played_so_far(tmp_path: Path) -> None:
    path = _file(tmp_path, '{"version": 2, "width": 80, "height": 24}', '[0.5, "o", "a"]')
    path.write_text(path.read_text() + '[1.0, "o", "b')
    assert read_cast(path).events == [Event(0.5, "o", "a")]


def test_times_never_go_back(tmp_path: Path) -> None:
    path = _file(tmp_path, _HEADER, '[2.0, "o", "a"]', '[1.0, "o", "b"]')
    assert [event.at for event in read_cast(path).events] == [2.0, 2.0]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["no json"], "is no recording"),
        (['{"version": 1, "width": 80, "height": 24}'], "is no recording"),
        (['{"version": 2, "width": 80}'], "is no recording"),
        (['{"version": 2, "width": 0, "height": 24}'], "0 by 24 cells"),
        (['{"version": 2, "width": 80, "height": 24}', "[1, 2]"], "line 2"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, lines: list[str], reason: str) -> None:
    with pytest.raises(CastError, match=reason):
        read_cast(_file(tmp_path, *lines))


def test_says_that_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CastError, match=r"nowhere\.cast can't be read"):
        read_cast(tmp_path / "nowhere.cast")


_HEADER = '{"version": 2, "width": 80, "height": 24}'


def _file(directory: Path, *lines: str) -> Path:
    path = directory / "a.cast"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
