"""Tests of `rimebatch.ws3.commands`."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import RemoteProtocolError
from rimebatch.ws3.commands import (
    MAX_CONTEXT_ID_CHARS,
    Clear,
    Command,
    Eos,
    Flush,
    Text,
    decode_command,
    encode_command,
)

_LONGEST_ID = "x" * MAX_CONTEXT_ID_CHARS

_ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates included
_NAMES = st.sampled_from(["text", "contextId", "operation", "other"])
_VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES | _ANY_TEXT, inner),
    max_leaves=8,
)
_MESSAGES = st.one_of(
    _ANY_TEXT,
    _VALUES.map(json.dumps),
    st.builds(json.dumps, _VALUES, ensure_ascii=st.just(value=False)),
)
_COMMANDS = st.one_of(
    st.builds(Text, st.text(), st.none() | st.text(max_size=MAX_CONTEXT_ID_CHARS)),
    st.sampled_from([Clear(), Flush(), Eos()]),
)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (Text("A minimum."), '{"text":"A minimum."}'),
        (Text("é “x” ", "1-B"), '{"text":"é “x” ","contextId":"1-B"}'),
        (Text("", ""), '{"text":"","contextId":""}'),
        (Clear(), '{"operation":"clear"}'),
        (Flush(), '{"operation":"flush"}'),
        (Eos(), '{"operation":"eos"}'),
    ],
)
def test_messages_are_those_of_the_page(command: Command, message: str) -> None:
    """A command has the page's shape on the wire, without what it does not say."""
    assert message == encode_command(command)
    assert command == decode_command(message)


@given(command=_COMMANDS)
def test_round_trip(command: Command) -> None:
    """Decoding what was encoded gives the same command."""
    assert command == decode_command(encode_command(command))


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (' { "text" : "a" ,\n"contextId": null } ', Text("a")),
        ('{"text": "a", "operation": null, "speedAlpha": 0.9}', Text("a")),
        ('{"operation": "flush", "contextId": "sent by a plugin"}', Flush()),
        ('{"text": "\\u0041\\ud83d\\ude00"}', Text("A😀")),
        (f'{{"text": "a", "contextId": "{_LONGEST_ID}"}}', Text("a", _LONGEST_ID)),
    ],
)
def test_other_spellings_and_fields_are_tolerated(
    message: str, command: Command
) -> None:
    """White space, escapes, nulls and unknown fields do not change a command."""
    assert command == decode_command(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        "null",
        "[]",
        "{}",
        "NaN",
        '{"text": NaN}',
        '{"text": null}',
        '{"text": 5}',
        '{"text": ["a"]}',
        '{"text": "a", "contextId": 5}',
        f'{{"text": "a", "contextId": "{_LONGEST_ID}x"}}',
        '{"text": "a", "operation": "flush"}',
        '{"operation": "stop"}',
        '{"operation": "FLUSH"}',
        '{"operation": ""}',
        '{"operation": {}}',
        '{"text": "a"} {"text": "b"}',
        '{"text": "a"',
        '{"text": "\\ud800"}',
        '{"text": "\ud800"}',
        '\ufeff{"text": "a"}',
        '{"text": "a", "other": 1e}',
        "[" * 100_000,
        '{"other":' * 100_000,
    ],
)
def test_broken_messages_are_refused(message: str) -> None:
    """What is not exactly one command is a protocol error of the other side."""
    with pytest.raises(RemoteProtocolError):
        decode_command(message)


@settings(max_examples=300)
@given(message=_MESSAGES)
def test_any_text_is_a_command_or_a_protocol_error(message: str) -> None:
    """No message whatsoever raises anything but a protocol error."""
    try:
        command = decode_command(message)
    except RemoteProtocolError:
        return

    assert command == decode_command(encode_command(command))


@pytest.mark.parametrize(
    "message",
    [
        '{"text": "sesame',
        '{"text": "sesame", "contextId": 5}',
        '{"text": "sesame", "operation": "flush"}',
        '{"text": ["sesame"]}',
        '{"text": "sesame \ud800"}',
        '{"text": "sesame \\ud800"}',
    ],
)
def test_errors_do_not_repeat_the_text(message: str) -> None:
    """An error about a message does not say what was to be spoken."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_command(message)

    assert "sesame" not in str(caught.value)


def test_unknown_operation_is_named() -> None:
    """An unknown operation is quoted, shortened, with those that exist."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_command(json.dumps({"operation": "x" * 1000}))

    assert f"unknown operation {'x' * 40!r}; it is one of clear, flush, eos" == str(
        caught.value
    )
