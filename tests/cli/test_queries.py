"""Queries are taken out of what goes to the user's own terminal, however it is split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.cli.queries import QueryFilter

QUERIES = [
    "\x1b[c",
    "\x1b[0c",
    "\x1b[>c",
    "\x1b[=c",
    "\x1b[5n",
    "\x1b[6n",
    "\x1b[?6n",
    "\x1b[?2026$p",
    "\x1b[4$p",
    "\x1b[>q",
    "\x1b[>0q",
    "\x1b[?u",
    "\x1b[18t",
    "\x1b[14;2t",
    "\x1b[21t",
    "\x1bZ",
    "\x1b]10;?\x07",
    "\x1b]11;?\x1b\\",
    "\x1b]4;1;?\x07",
    "\x1b]52;c;?\x07",
    "\x1bP$qm\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x05",
]
OTHERS = [
    "plain",
    "\x1b[1;31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b[?1049h",
    "\x1b]0;title\x07",
    "\x1b]52;c;YQ==\x07",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[2 q",
    "\x1b[22;0t",
    "\x1b(B",
    "\x1b7\x1b8",
    "日本\r\n",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_not_passed_on(query: str) -> None:
    assert QueryFilter().passed(f"a{query}b") == "ab"


@pytest.mark.parametrize("text", OTHERS)
def test_everything_else_is(text: str) -> None:
    assert QueryFilter().passed(f"a{text}b") == f"a{text}b"


@given(
    st.lists(st.sampled_from([*QUERIES, *OTHERS]), max_size=8),
    st.lists(st.integers(0, 60), max_size=6),
)
def test_splitting_changes_nothing(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts) + "end"
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    split = QueryFilter()
    passed = "".join(split.passed(text[a:b]) for a, b in pairwise(places))
    assert passed == "".join(part for part in parts if part in OTHERS) + "end"
