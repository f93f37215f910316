"""Paused means that nothing moves; following means that the newest line is there."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.logs.lines import entries, ring_of
from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.ring import Ring
from vibebox_tui.logs.view import View
from vibebox_tui.logs.viewport import Viewport

HEIGHT = 10


def rows_of(position: int) -> int:
    """Lines of one to four rows."""
    return 1 + abs(position) % 4


def viewport_on(ring: Ring, selection: Selection | None = None, height: int = HEIGHT) -> Viewport:
    view = View(ring, selection or Selection())
    while not view.scan(1.0):
        pass
    viewport = Viewport(view, lambda position: 1)
    viewport.height = height
    return viewport


def shown(viewport: Viewport) -> list[int]:
    return [row.position for row in viewport.rows()]


def more(viewport: Viewport, *texts: str) -> None:
    viewport.view.ring.append(entries(*texts))
    viewport.view.scan(1.0)


def test_follows_the_newest_line():
    viewport = viewport_on(ring_of(*"abcdefghijklmno"))
    assert shown(viewport) == list(range(5, 15))
    more(viewport, "p")
    assert shown(viewport) == list(range(6, 16))
    assert viewport.cursor == 15


def test_scrolling_up_pauses_and_nothing_moves_then():
    viewport = viewport_on(ring_of(*"abcdefghijklmno"))
    viewport.scroll(-2)
    assert shown(viewport) == list(range(3, 13))
    more(viewport, "p", "q")
    assert shown(viewport) == list(range(3, 13))
    assert viewport.new_lines == 2
    viewport.follow()
    assert viewport.new_lines == 0
    assert shown(viewport)[-1] == 16


def test_older_lines_move_nothing():
    viewport = viewport_on(ring_of(*"abcdefghijklmno"))
    viewport.go_to_start()
    assert viewport.is_at_start
    viewport.view.ring.prepend(entries("x", "y", "z"))
    viewport.view.scan(1.0)
    assert shown(viewport) == list(range(10))
    assert not viewport.is_at_start
    viewport.move(-1)
    assert (viewport.cursor, shown(viewport)[0]) == (-1, -1)


def test_older_lines_move_nothing_where_the_screen_is_not_full_yet():
    viewport = viewport_on(ring_of(*"abc"))
    viewport.pause()
    viewport.view.ring.prepend(entries(*"uvwxyz"))
    more(viewport, "d")
    assert shown(viewport) == [0, 1, 2, 3]
    viewport.move(-2)
    assert shown(viewport) == [0, 1, 2, 3]
    viewport.move(-1)
    assert shown(viewport) == [-1, 0, 1, 2, 3]
    more(viewport, *"efghijk")
    assert shown(viewport) == list(range(-1, 9))


def test_the_place_is_kept_while_lines_are_still_looked_at():
    ring = ring_of(*(f"line {n}" for n in range(200)))
    viewport = viewport_on(ring)
    viewport.go_to(100)
    before = shown(viewport)
    viewport.view = View(ring, Selection((Filter.parse("line"),)))
    assert shown(viewport) == []
    viewport.view.scan(1.0)
    assert shown(viewport) == before


def test_what_comes_to_an_empty_screen_is_seen_although_it_is_paused():
    viewport = viewport_on(Ring())
    viewport.pause()
    viewport.view.ring.prepend(entries(*"abc"))
    viewport.view.scan(1.0)
    assert shown(viewport) == [-3, -2, -1]


def test_the_cursor_takes_the_window_along():
    viewport = viewport_on(ring_of(*"abcdefghijklmno"))
    viewport.move(-1)
    assert (viewport.cursor, shown(viewport)[0]) == (13, 5)
    viewport.move(-9)
    assert (viewport.cursor, shown(viewport)[0]) == (4, 4)
    viewport.move(10)
    assert (viewport.cursor, shown(viewport)[-1]) == (14, 14)


def test_a_jump_brings_the_line_to_the_screen():
    viewport = viewport_on(ring_of(*(f"line {n}" for n in range(200))))
    viewport.go_to(100)
    assert viewport.cursor == 100
    assert 100 in shown(viewport)
    assert shown(viewport)[0] < 100


def test_another_view_keeps_the_place():
    ring = ring_of(*(f"{'odd' if n % 2 else 'even'} {n}" for n in range(200)))
    viewport = viewport_on(ring)
    viewport.go_to(100)
    other = View(ring, Selection((Filter.parse("odd"),)))
    other.scan(1.0)
    viewport.view = other
    assert 101 in shown(viewport)
    assert all(position % 2 for position in shown(viewport))


def test_a_log_without_lines_is_a_place_too():
    viewport = viewport_on(Ring())
    for step in (viewport.pause, viewport.go_to_start, viewport.follow):
        step()
        assert (shown(viewport), viewport.cursor, viewport.new_lines) == ([], None, 0)
    viewport.scroll(-5)
    viewport.move(-5)
    assert viewport.is_at_start


@given(st.lists(st.integers(-30, 30), max_size=12), st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_scrolling_there_and_back_ends_where_it_began(steps: list[int], height: int):
    viewport = viewport_on(ring_of(*(f"line {n}" for n in range(500))), height=height)
    viewport.rows_of = rows_of
    viewport.go_to(250)
    for step in steps:
        before = viewport.rows()
        viewport.scroll(step)
        viewport.scroll(-step)
        assert viewport.rows() == before


class AnyWay(RuleBasedStateMachine):
    """However one moves and whatever arrives, the screen shows neighbouring rows."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring(max_bytes=60_000)
        self.viewport = viewport_on(self.ring)
        self.viewport.rows_of = rows_of

    @rule(count=st.integers(1, 60))
    def arrive(self, count: int) -> None:
        paused = None if self.viewport.following else self.viewport.rows()
        first = self.ring.first
        more(self.viewport, *(f"line {n} {'x' * 40}" for n in range(count)))
        if paused is not None and len(paused) == HEIGHT and self.ring.first == first:
            assert self.viewport.rows() == paused

    @rule(rows=st.integers(-40, 40))
    def scroll(self, rows: int) -> None:
        self.viewport.scroll(rows)

    @rule(lines=st.integers(-40, 40))
    def move(self, lines: int) -> None:
        self.viewport.move(lines)

    @rule()
    def follow(self) -> None:
        self.viewport.follow()

    @precondition(lambda self: len(self.ring))
    @rule(share=st.floats(0, 1))
    def jump(self, share: float) -> None:
        self.viewport.go_to(self.ring.first + int(share * (len(self.ring) - 1)))

    @invariant()
    def shows_neighbouring_rows(self) -> None:
        rows = self.viewport.rows()
        total = sum(rows_of(p) for p in self.viewport.view.positions(0, HEIGHT))
        assert len(rows) == min(HEIGHT, total)
        for above, below in pairwise(rows):
            same = above.position == below.position and below.part == above.part + 1
            last_part = rows_of(above.position) - 1
            following = below == (above.position + 1, 0) and above.part == last_part
            assert same or following

    @invariant()
    def has_its_cursor_on_the_screen(self) -> None:
        cursor = self.viewport.cursor
        assert cursor is None or cursor in [row.position for row in self.viewport.rows()]


TestAnyWay = AnyWay.TestCase
TestAnyWay.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
