"""What was typed is remembered, each text once, newest last, whatever the file looks like."""

from pathlib import Path

from vibebox_tui.ui.panes.logs_history import MOST_ENTRIES, PromptHistory


def test_remembers_over_restarts(tmp_path: Path):
    file = tmp_path / "state" / "history"
    history = PromptHistory(file)
    for text in ("one", "two", "one"):
        history.add("filter", text)
    history.add("search", "three")
    history.save()
    again = PromptHistory(file)
    assert again.entries("filter") == ["two", "one"]
    assert again.entries("search") == ["three"]
    assert again.entries("jump") == []
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_panes_keep_what_both_were_told(tmp_path: Path):
    file = tmp_path / "history"
    one, other = PromptHistory(file), PromptHistory(file)
    one.add("filter", "from one")
    other.add("filter", "from the other")
    one.save()
    other.save()
    assert PromptHistory(file).entries("filter") == ["from one", "from the other"]


def test_a_spoilt_file_counts_as_nothing(tmp_path: Path):
    file = tmp_path / "history"
    file.write_bytes(b'["filter", "good"]\nnonsense\n[1, 2]\n{}\n["filter"]\n')
    assert PromptHistory(file).entries("filter") == ["good"]
    file.write_bytes(b"\xff\xfe\x00")
    assert PromptHistory(file).entries("filter") == []


def test_is_bounded(tmp_path: Path):
    history = PromptHistory(tmp_path / "history")
    for number in range(3 * MOST_ENTRIES):
        history.add("filter", str(number))
    assert len(history.entries("filter")) == MOST_ENTRIES
    assert history.entries("filter")[-1] == str(3 * MOST_ENTRIES - 1)


def test_the_stack_of_filters_is_kept_with_its_switches(tmp_path: Path):
    one, other = PromptHistory(tmp_path / "history"), PromptHistory(tmp_path / "history")
    one.stack = [("warn", False), ("!health", True)]
    one.save()
    other.add("search", "x")
    other.save()
    assert PromptHistory(tmp_path / "history").stack == [("warn", False), ("!health", True)]
    other.stack = []
    other.save()
    assert PromptHistory(tmp_path / "history").stack == []
