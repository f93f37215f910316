"""Playing a recording: the screen at any moment, whichever way one came there."""

import pytest

from vibebox_tui.ui.recordings import Cast, Event, Playback

CAST = Cast(
    3,
    20,
    events=[
        Event(1.0, "o", "one"),
        Event(2.0, "o", "\r\ntwo"),
        Event(2.5, "r", "30x5"),
        Event(10.0, "o", "\r\nthree"),
    ],
)


def test_time_brings_the_screen_on() -> None:
    playback = Playback(CAST)
    playback.advance(1.2)
    assert _rows(playback) == ["one"]
    playback.advance(1.0)
    assert _rows(playback) == ["one", "two"]


def test_seeking_shows_what_playing_shows() -> None:
    played, sought = Playback(CAST), Playback(CAST)
    for _ in range(20):
        played.advance(0.5)
    sought.seek(10.0)
    assert _rows(played) == _rows(sought) == ["one", "two", "three"]
    assert (sought.emulator.rows, sought.emulator.columns) == (5, 30)
    sought.seek(1.5)
    assert _rows(sought) == ["one"]
    assert sought.emulator.rows == 3


def test_speed_multiplies_time() -> None:
    playback = Playback(CAST)
    playback.faster(2)
    playback.advance(1.0)
    assert playback.position == 2.0
    assert playback.until_next == pytest.approx(0.25)


def test_nothing_passes_while_it_is_paused() -> None:
    playback = Playback(CAST)
    playback.is_paused = True
    playback.advance(5.0)
    assert playback.position == 0.0
    assert playback.until_next is None


def test_long_pauses_are_cut_down() -> None:
    playback = Playback(CAST, idle_limit=1.0)
    assert playback.duration == 3.5
    playback.seek(3.5)
    assert playback.is_over


def test_steps_from_event_to_event() -> None:
    playback = Playback(CAST)
    playback.step()
    assert playback.position == 1.0
    playback.step()
    assert _rows(playback) == ["one", "two"]


def test_what_makes_no_sense_is_passed_over() -> None:
    cast = Cast(
        3, 20, events=[Event(0.0, "r", "huge"), Event(0.0, "i", "typed"), Event(0, "x", "")]
    )
    playback = Playback(cast)
    playback.seek(1.0)
    assert _rows(playback) == []
    assert playback.is_over


def _rows(playback: Playback) -> list[str]:
    return [row.rstrip() for row in playback.emulator.display if row.strip()]
