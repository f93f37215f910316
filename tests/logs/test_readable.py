"""Structured lines as a person reads them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.logs.fields import FieldReader, look_up, parse
from vibebox_tui.logs.readable import pieces, tree


def text_of(line: str) -> str:
    return "".join(piece.text for piece in pieces(line))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level":"info","time":1,"msg":"ready","port":80}', "ready  port=80"),
        ('{"message":"a b","path":"/x y","n":null}', 'a b  path="/x y"  n=null'),
        ('web {"severity":"INFO","message":"hi"}', "web hi"),
        ('{"status":500}', "status=500"),
        ('{"level":"info"}', '{"level":"info"}'),
        ("{not json}", "{not json}"),
        ('{"msg":"bell \\u0007"}', "bell ␇"),
        ("plain", "plain"),
        ('level=info msg="a b"', 'level=info msg="a b"'),
    ],
)
def test_the_message_comes_first(line: str, shown: str):
    assert text_of(line) == shown


def test_names_are_told_apart_from_values():
    names = [piece.text for piece in pieces("took=5 to start x=y") if piece.is_name]
    assert names == ["took=", "x="]


def test_a_tree_has_a_row_for_each_field():
    rows = ["".join(p.text for p in row) for row in tree('{"a":{"b":[1,"x"],"c":{}},"d":true}')]
    assert rows == ["  a:", "    b:", "      0: 1", "      1: x", "    c: {}", "  d: true"]
    assert tree("no fields here") == []


@given(st.text(max_size=60))
def test_any_line_can_be_read_and_drawn(line: str):
    parse(line)
    drawn = "".join(piece.text for piece in pieces(line))
    assert not [c for c in drawn if unicodedata.category(c) in ("Cc", "Cs")]


@pytest.mark.parametrize(
    ("line", "path", "value"),
    [
        ('{"http":{"status":500}}', "http.status", 500),
        ('{"http.status":404}', "http.status", 404),
        ('msg="a \\"b\\"" n=1', "msg", 'a "b"'),
        ("level=info x=", "x", ""),
        ("GET /a?b=c status=200", "status", "200"),
        ("nothing", "x", None),
        ('{"a":1}', "a.b", None),
    ],
)
def test_fields_are_found(line: str, path: str, value: object):
    assert look_up(parse(line), path) == value
    assert FieldReader(path).read(line) == value


def test_deep_nesting_is_no_reason_to_fail():
    line = '{"a":' * 2000 + "1" + "}" * 2000
    parse(line)
    assert text_of(line)
