from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.ordering import SortKey, arrange
from vibebox_tui.ui.roster import EnvironmentRow


def row(
    number: int, name: str, state: str = "running", cpu: float | None = None, pinned: bool = False
) -> EnvironmentRow:
    return EnvironmentRow(
        number, Environment(id=f"id-{number}", name=name), state, cpu=cpu, is_pinned=pinned
    )


ROWS = [
    row(1, "web", cpu=3.0),
    row(2, "api", "stopped"),
    row(3, "DB", "error"),
    row(4, "ci", "unknown", cpu=80.0),
]


def names(rows: list[EnvironmentRow]) -> list[str]:
    return [row.name for row in rows]


def test_by_number_at_first() -> None:
    assert names(arrange(reversed(ROWS))) == ["web", "api", "DB", "ci"]


def test_names_whatever_their_case() -> None:
    assert names(arrange(ROWS, SortKey.NAME)) == ["api", "ci", "DB", "web"]


def test_what_wants_to_be_looked_at_stands_first() -> None:
    assert names(arrange(ROWS, SortKey.STATE)) == ["DB", "ci", "web", "api"]


def test_the_busiest_first_and_the_unknown_last() -> None:
    assert names(arrange(ROWS, SortKey.CPU)) == ["ci", "web", "api", "DB"]


def test_reversed() -> None:
    assert names(arrange(ROWS, SortKey.NAME, is_reversed=True)) == ["web", "DB", "ci", "api"]


def test_pinned_ones_stay_at_the_top_in_any_order() -> None:
    rows = [*ROWS, row(5, "zoo", pinned=True)]
    for key in SortKey:
        for is_reversed in (False, True):
            assert arrange(rows, key, is_reversed=is_reversed)[0].name == "zoo"


def test_all_words_of_a_filter_must_occur() -> None:
    assert names(arrange(ROWS, wanted="WE run")) == ["web"]
    assert names(arrange(ROWS, wanted="web error")) == []
    assert names(arrange(ROWS, wanted="id-3")) == ["DB"]


def test_the_columns_to_sort_by_come_round_again() -> None:
    key = SortKey.NUMBER
    for _ in SortKey:
        key = key.next()
    assert key is SortKey.NUMBER
