"""Files of lines: whole or not there at all."""

import csv
import json
from pathlib import Path

import pytest

from tests.logs.lines import ring_of
from vibebox_tui.logs.export import STEP_LINES, ExportError, Format, export, json_line


def always(share: float) -> bool:
    return True


def save(file: Path, *texts: str) -> int | None:
    ring = ring_of(*texts)
    return export(ring.lines(), len(ring), file, ["api"], always)


def test_text_is_the_lines_without_escape_sequences(tmp_path: Path):
    file = tmp_path / "a.log"
    assert save(file, "INFO \x1b[31mred\x1b[0m", "tab\there", "日本") == 3
    assert file.read_text() == "INFO red\ntab\there\n日本\n"


@pytest.mark.parametrize("name", ["a.log", "a.jsonl", "a.csv"])
def test_no_control_character_gets_into_a_file(tmp_path: Path, name: str):
    file = tmp_path / name
    save(file, "a\x9d52;c;AAAA\x9cb\x07c\x08d\x7fe\x00f\rg", "\x1b]52;c;no end")
    assert file.read_text().replace("\r", "").replace("\n", "").isprintable()


def test_json_escapes_what_json_leaves_as_it_is():
    line = json_line({"message": "a\x9db\x7fc\x07 日"})
    assert line == '{"message":"a\\u009db\\u007fc\\u0007 日"}\n'
    assert json.loads(line) == {"message": "a\x9db\x7fc\x07 日"}


def test_json_lines_and_csv_have_every_fact(tmp_path: Path):
    save(tmp_path / "a.jsonl", 'ERROR "quoted", with comma')
    save(tmp_path / "a.csv", 'ERROR "quoted", with comma')
    fact = {
        "environment": "api", "seq": 1, "timestamp": "2025-10-09T08:00:01.000Z",
        "stream": "stdout", "level": "error", "message": 'ERROR "quoted", with comma',
    }  # fmt: skip
    assert json.loads((tmp_path / "a.jsonl").read_text()) == fact
    with (tmp_path / "a.csv").open(newline="") as rows:
        assert list(csv.DictReader(rows)) == [{key: str(value) for key, value in fact.items()}]


@pytest.mark.parametrize(
    ("name", "form"),
    [("a", Format.TEXT), ("a.JSONL", Format.JSON_LINES), ("a.ndjson", Format.JSON_LINES),
     ("a.csv", Format.CSV), ("a.txt", Format.TEXT)],
)  # fmt: skip
def test_the_name_says_the_format(name: str, form: Format):
    assert Format.of(Path(name)) is form


def test_cancelled_there_is_no_file_and_an_old_one_stays(tmp_path: Path):
    file = tmp_path / "a.log"
    file.write_text("old")
    ring = ring_of(*["line"] * (3 * STEP_LINES))
    told: list[float] = []

    def once(share: float) -> bool:
        told.append(share)
        return len(told) < 2

    assert export(ring.lines(), len(ring), file, ["api"], once) is None
    assert told == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_is_a_sentence(tmp_path: Path):
    with pytest.raises(ExportError, match=r"can't write .*missing.*: No such file or directory"):
        save(tmp_path / "missing" / "a.log", "x")
    directory = tmp_path / "directory"
    directory.mkdir()
    with pytest.raises(ExportError, match="can't write"):
        save(directory, "x")
    assert list(tmp_path.iterdir()) == [directory]
