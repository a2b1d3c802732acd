"""Tests of what replay reads of a message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.recordings import EOS, chunk, done, text
from rimebatch.replay.labels import Label, read_label

DEEP = '{"contextId":' * 5000


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (text("One.", "a"), Label("a")),
        (text("One."), Label()),
        (EOS, Label(operation="eos")),
        (chunk("a"), Label("a", type="chunk")),
        (chunk(None), Label(type="chunk")),
        (done("a"), Label("a", type="done")),
        ('{"contextId":7}', Label()),
        ('{"type":["chunk"]}', Label()),
        ("[]", Label()),
        ("One.", Label()),
        ("\ud800", Label()),
        (DEEP, Label()),
        (b'{"type":"chunk"}', Label()),
    ],
)
def test_read_label(message: str | bytes, expected: Label) -> None:
    """What a message says of itself is read; one that cannot be read says nothing."""
    assert expected == read_label(message)


@given(st.text() | st.binary())
def test_any_message_has_a_label(message: str | bytes) -> None:
    """Whatever is received, reading its label fails nobody."""
    assert isinstance(read_label(message), Label)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_context_id_is_read(context_id: str) -> None:
    """An id may hold whatever a string can."""
    message = json.dumps({"contextId": context_id, "type": "done"})

    assert Label(context_id, type="done") == read_label(message)
