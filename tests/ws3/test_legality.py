"""Tests of `rimebatch.ws3.legality`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import LocalProtocolError, RemoteProtocolError
from rimebatch.ws3 import (
    Chunk,
    Clear,
    Command,
    Done,
    Eos,
    ErrorEvent,
    Event,
    Flush,
    Legality,
    Text,
    Timestamps,
    Unknown,
)

COMMANDS: list[Command] = [Text("a"), Clear(), Flush(), Eos()]
ANSWERS: list[Event] = [Chunk(b"12"), Timestamps((), (), ()), Done()]
REMARKS: list[Event] = [ErrorEvent("what?"), Unknown("news")]


def play(*commands: Command, segment: str = "never") -> Legality:
    """Return a conversation in which these commands stand at places 10, 20, ..."""
    legality = Legality(segment)
    for number, command in enumerate(commands, start=1):
        legality.say(command, number * 10)
    return legality


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_follows_eos(command: Command) -> None:
    """After eos the client says nothing more, a second eos least of all."""
    legality = play(Text("a"), Eos())
    with pytest.raises(LocalProtocolError, match="after eos"):
        legality.say(command, 30)


@given(st.lists(st.sampled_from(COMMANDS[:3])))
def test_anything_goes_before_eos(commands: list[Command]) -> None:
    """Texts, clears and flushes may come in any order and number, then one eos."""
    play(*commands, Eos())


@pytest.mark.parametrize("event", ANSWERS)
def test_an_answer_before_the_question(event: Event) -> None:
    """Audio, times and done come after a flush, however late they are looked at."""
    legality = play(Text("a"), Clear(), Flush(), Eos())
    with pytest.raises(RemoteProtocolError, match="before anything was asked for"):
        legality.hear(event, 29)
    legality.hear(event, 30)
    legality.hear(event, 99)


@pytest.mark.parametrize("event", REMARKS)
def test_remarks_come_at_any_time(event: Event) -> None:
    """An error, or something new, needs no question."""
    Legality("never").hear(event, 0)


@pytest.mark.parametrize("event", ANSWERS)
def test_text_alone_may_be_answered(event: Event) -> None:
    """Without segment=never, text is a question by itself; a clear is none."""
    legality = play(Clear(), Text("a"), segment="bySentence")
    with pytest.raises(RemoteProtocolError, match="before anything was asked for"):
        legality.hear(event, 19)
    legality.hear(event, 20)
