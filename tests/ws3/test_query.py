"""Tests of `rimebatch.ws3.query`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.ws3.query import (
    Parameter,
    Query,
    decode_query,
    encode_query,
    make_query,
)

_QUERIES: st.SearchStrategy[Query] = st.lists(st.tuples(st.text(), st.text())).map(
    tuple
)


def test_well_known_parameters_lead() -> None:
    """The well-known names come first in a fixed order, the others as given."""
    query = make_query(
        {
            "top_p": 1,
            "segment": "never",
            "samplingRate": 24000,
            "speaker": "luna",
            "max_tokens": 1200,
            "modelId": "arcana",
        }
    )

    expected = (
        ("modelId", "arcana"),
        ("speaker", "luna"),
        ("samplingRate", "24000"),
        ("segment", "never"),
        ("top_p", "1"),
        ("max_tokens", "1200"),
    )

    assert expected == query


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (24000, "24000"),
        (1.5, "1.5"),
        (1.0, "1.0"),
        (0.00001, "0.00001"),
        (1e22, "10000000000000000000000"),
        ("bySentence", "bySentence"),
        ("", ""),
    ],
)
def test_values_are_written_as_clients_write_them(value: Parameter, text: str) -> None:
    """Booleans are lower case and numbers plain decimals, never an exponent."""
    assert (("name", text),) == make_query({"name": value})


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_value(value: float) -> None:
    """The decimal that stands for a float reads back as the same float."""
    ((_, text),) = make_query({"name": value})

    assert "e" not in text
    assert value == float(text)


def test_query_is_percent_encoded() -> None:
    """Whatever has a meaning in an address is escaped, and a space is no plus."""
    query = (("speaker", "a b&c=d/e+f"), ("lang", "é#?%"))

    assert "speaker=a%20b%26c%3Dd%2Fe%2Bf&lang=%C3%A9%23%3F%25" == encode_query(query)


@given(query=_QUERIES)
def test_round_trip(query: Query) -> None:
    """Decoding what was encoded gives the same pairs in the same order."""
    assert query == decode_query(encode_query(query))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", ()),
        ("segment=", (("segment", ""),)),
        ("immediate", (("immediate", ""),)),
        ("a=1&a=2", (("a", "1"), ("a", "2"))),
        ("speaker=a+b%20c", (("speaker", "a b c"),)),
        ("a=%ff%zz", (("a", "\ufffd%zz"),)),
    ],
)
def test_queries_of_foreign_clients_are_read(text: str, query: Query) -> None:
    """Blank, repeated and badly escaped parameters are read for what they are."""
    assert query == decode_query(text)
