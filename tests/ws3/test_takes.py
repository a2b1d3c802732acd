"""Tests of `rimebatch.ws3.takes`."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import (
    AudioError,
    LateAudioError,
    RemoteProtocolError,
    SynthesisError,
)
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
    encode_event,
)
from rimebatch.ws3.takes import EndedTake, OpenTakes, TakeEnd

_FOREIGN = "an id that nobody sent"


def ask(*context_ids: str, bytes_per_sample: int = 2) -> OpenTakes:
    """Return the rules with a segment in flight for each of *context_ids*."""
    takes = OpenTakes(bytes_per_sample)
    for context_id in context_ids:
        takes.ask(context_id)
    return takes


def receive(takes: OpenTakes, *events: Event) -> list[EndedTake]:
    """Let *takes* receive *events*, and return the takes that they end."""
    ended = [takes.receive(event, encode_event(event)) for event in events]
    return [take for take in ended if take]


def audio(context_id: str | None = None, count_bytes: int = 2) -> Chunk:
    """Return a chunk of so many bytes."""
    return Chunk(b"\1" * count_bytes, context_id)


def times(context_id: str | None = None) -> Timestamps:
    """Return the timestamps of one word."""
    return Timestamps(("word",), (0.0,), (0.5,), context_id)


def digest(events: Iterable[Event]) -> str:
    """Return the id of a take that consists of *events*."""
    wire = "".join(f"{encode_event(event)}\n" for event in events)
    return xxhash.xxh3_128_hexdigest(wire.encode())


@pytest.mark.parametrize(
    ("label", "end"),
    [
        ("a", TakeEnd.DONE),
        (None, TakeEnd.DONE_UNTAGGED),
        (_FOREIGN, TakeEnd.DONE_UNTAGGED),
    ],
)
def test_done_ends_the_take(label: str | None, end: TakeEnd) -> None:
    """A `done` ends the take in flight, whatever its label; nothing is inferred."""
    takes = ask("a")
    events: list[Event] = [audio("a", 3), times("a"), audio("a", 1), Done(label)]
    (take,) = receive(takes, *events)

    assert EndedTake("a", end, 4, digest(events), before_this_event=False) == take
    assert not take.inferred
    assert 0 == len(takes)


@pytest.mark.parametrize("border", [audio("b"), times("b")])
def test_next_context_ends_the_take(border: Event) -> None:
    """Without `done`, the first event of the next context ends the take before it."""
    takes = ask("a", "b")
    events: list[Event] = [audio("a"), times("a")]
    ended = receive(takes, *events, border)

    assert [
        EndedTake("a", TakeEnd.NEXT_CONTEXT, 2, digest(events), before_this_event=True)
    ] == ended
    assert ended[0].inferred
    assert 1 == len(takes)


def test_close_ends_the_last_take() -> None:
    """Without `done`, the close after `eos` ends the take that is open."""
    takes = ask("a")
    receive(takes, audio("a"))
    take = takes.close()

    assert (
        EndedTake("a", TakeEnd.CLOSE, 2, digest([audio("a")]), before_this_event=False)
        == take
    )
    assert take.inferred


def test_close_between_two_takes() -> None:
    """A close with two takes open fails: nobody can say where the border was."""
    takes = ask("a", "b")
    receive(takes, audio("a"))

    with pytest.raises(RemoteProtocolError, match="without a border"):
        takes.close()


@pytest.mark.parametrize("label", ["b", None, _FOREIGN])
def test_done_with_the_next_segment_waiting(label: str | None) -> None:
    """A `done` ends the take that is heard, even if labelled with the next id."""
    takes = ask("a", "b")
    (take,) = receive(takes, audio("a"), Done(label))

    assert ("a", TakeEnd.DONE_UNTAGGED) == (take.context_id, take.end)


@pytest.mark.parametrize("label", ["a", None, _FOREIGN])
def test_second_done_is_ignored(label: str | None) -> None:
    """A second `done` of an ended take does not end the next one before its audio."""
    takes = ask("a", "b")
    receive(takes, audio("a"), Done("a"))

    assert [] == receive(takes, Done(label), times("b"), Done(label))

    (take,) = receive(takes, audio("b"), Done("b"))

    assert ("b", TakeEnd.DONE, 2) == (take.context_id, take.end, take.audio_bytes)


@pytest.mark.parametrize("label", ["a", "b", None, _FOREIGN])
def test_done_between_takes_is_ignored(label: str | None) -> None:
    """A `done` that comes while nothing is in flight does no harm."""
    takes = ask("a")
    receive(takes, audio("a"), Done("a"))

    assert [] == receive(takes, Done(label))


def test_stale_done_of_an_inferred_take_is_ignored() -> None:
    """A `done` that comes after the border does not end the take behind the border."""
    takes = ask("a", "b")
    receive(takes, audio("a"), audio("b"))

    assert [] == receive(takes, Done("a"))
    assert 2 == takes.close().audio_bytes


def test_done_before_anything_was_asked() -> None:
    """A `done` to which nothing was asked does no harm."""
    assert [] == receive(OpenTakes(), Done("a"), Done())


@pytest.mark.parametrize("label", ["a", None, _FOREIGN])
def test_take_without_audio(label: str | None) -> None:
    """A take that is done without any audio is an error."""
    takes = ask("a")

    with pytest.raises(AudioError, match="without any audio"):
        receive(takes, times("a"), audio("a", 0), Done(label))


def test_later_take_without_audio() -> None:
    """A later take that is done under its own id, without audio, is an error too."""
    takes = ask("a")
    receive(takes, audio("a"), Done("a"))
    takes.ask("b")

    with pytest.raises(AudioError, match="without any audio"):
        receive(takes, Done("b"))


def test_take_without_audio_before_the_next() -> None:
    """A take that the next one begins before any of its audio is an error."""
    with pytest.raises(AudioError, match="without any audio"):
        receive(ask("a", "b"), times("a"), audio("b"))


def test_take_without_audio_before_the_close() -> None:
    """A take that the close ends before any of its audio is an error."""
    with pytest.raises(AudioError, match="without any audio"):
        ask("a").close()


@pytest.mark.parametrize("event", [Done("a"), audio("b")])
def test_take_that_ends_inside_a_sample(event: Event) -> None:
    """Leftover half samples are an error that says how many bytes are left over."""
    takes = ask("a", "b")

    with pytest.raises(AudioError, match="1 byte left over after 4 bytes"):
        receive(takes, audio("a", 3), audio("a", 2), event)
    assert 2 == len(takes)


def test_bytes_of_a_compressed_format() -> None:
    """Where samples are not whole bytes, any number of bytes will do."""
    takes = ask("a", bytes_per_sample=1)
    (take,) = receive(takes, audio("a", 3), Done("a"))

    assert 3 == take.audio_bytes


@pytest.mark.parametrize("label", [None, _FOREIGN])
def test_events_with_other_labels(label: str | None) -> None:
    """Audio and times with no id, or a foreign one, belong to the oldest take."""
    takes = ask("a", "b")
    (take,) = receive(takes, audio(label), times(label), audio(label), audio("b"))

    assert ("a", 4) == (take.context_id, take.audio_bytes)


def test_untagged_times_before_the_next_audio() -> None:
    """A second timestamps event without an id begins the next take."""
    takes = ask("a", "b")
    (first,) = receive(takes, audio("a"), times(), times())
    takes.ask("c")
    (second,) = receive(takes, audio("b"), times("c"))

    assert digest([audio("a"), times()]) == first.content_id
    assert first.before_this_event
    assert digest([times(), audio("b")]) == second.content_id


def test_untagged_times_of_a_take_without_any() -> None:
    """A first timestamps event without an id belongs to the take that is heard."""
    takes = ask("a", "b")
    (take,) = receive(takes, audio("a"), times(), audio("b"))

    assert digest([audio("a"), times()]) == take.content_id


def test_untagged_times_before_any_audio() -> None:
    """Two timestamps events without an id do not end a take that is not heard yet."""
    takes = ask("a", "b")
    (take,) = receive(takes, times(), times(), audio("a"), audio("b"))

    assert digest([times(), times(), audio("a")]) == take.content_id


def test_untagged_times_with_nothing_waiting() -> None:
    """Any number of timestamps events belongs to the only take in flight."""
    takes = ask("a")
    (take,) = receive(takes, times(), audio("a"), times(), times(), Done())

    assert digest([times(), audio("a"), times(), times(), Done()]) == take.content_id


@pytest.mark.parametrize("following", [[], ["b"]])
def test_late_audio_of_an_ended_take(following: list[str]) -> None:
    """Audio of a take that has ended is an error: it was cut from it."""
    takes = ask("a", *following)
    receive(takes, audio("a"), Done("a"))

    with pytest.raises(LateAudioError, match="had ended already") as caught:
        receive(takes, audio("a"))

    assert "a" == caught.value.context_id


@pytest.mark.parametrize(
    ("following", "late"),
    [([], times("a")), (["b"], times("a")), ([], times()), ([], Done("zzz"))],
)
def test_late_times_of_an_ended_take(following: list[str], late: Event) -> None:
    """Late times do no harm: a take is complete without."""
    takes = ask("a", *following)
    receive(takes, audio("a"), Done("a"))

    assert [] == receive(takes, late)
    assert len(following) == len(takes)


def test_untagged_audio_after_the_last_take() -> None:
    """Audio without an id, when no take is open, is an error as well."""
    takes = ask("a")
    receive(takes, audio("a"), Done())

    with pytest.raises(RemoteProtocolError, match="had ended already"):
        receive(takes, audio())


def test_error_event() -> None:
    """An error event is raised with the service's words."""
    with pytest.raises(SynthesisError, match=r"^the service answered: no such voice$"):
        receive(ask("a"), ErrorEvent("no such voice"))


def test_unknown_event() -> None:
    """An event of an unknown type is nobody's."""
    takes = ask("a")
    (take,) = receive(takes, audio("a"), Unknown("usage"), Done("a"))

    assert digest([audio("a"), Done("a")]) == take.content_id
    assert [] == receive(takes, Unknown("usage"))


def test_audio_so_far() -> None:
    """How much audio the oldest take has is known while it is open."""
    takes = OpenTakes()

    assert (0, 0) == (len(takes), takes.audio_bytes)

    takes.ask("a")
    receive(takes, audio("a", 2), audio("a", 1))

    assert (1, 3) == (len(takes), takes.audio_bytes)


def test_script_is_one_take() -> None:
    """A script's take holds every synthesis, whatever `done` says, up to the close."""
    takes = OpenTakes(2, done_ends=False)
    takes.ask("")
    events: list[Event] = [Done(), audio(), times(), Done(), audio("x"), Done("x")]

    assert [] == receive(takes, *events)
    assert (
        EndedTake("", TakeEnd.CLOSE, 4, digest(events), before_this_event=False)
        == takes.close()
    )


def test_content_id_of_any_message() -> None:
    """A message that is not valid Unicode has a digest all the same."""
    takes = ask("a")
    takes.receive(audio("a"), "\ud800")
    take = takes.receive(Done("a"), "\n")

    assert take is not None
    assert xxhash.xxh3_128_hexdigest(b"\xed\xa0\x80\n\n\n") == take.content_id


@given(sound=st.binary(min_size=1), cuts=st.lists(st.integers(0, 100)))
def test_borders_of_chunks_mean_nothing(sound: bytes, cuts: list[int]) -> None:
    """However the bytes of a take are split into chunks, they are as many."""
    borders = [0, *sorted(min(cut, len(sound)) for cut in cuts), len(sound)]
    chunks = [Chunk(sound[start:end], "a") for start, end in pairwise(borders)]
    (take,) = receive(ask("a", bytes_per_sample=1), *chunks, Done("a"))

    assert len(sound) == take.audio_bytes


@st.composite
def conversations(draw: st.DrawFn, *, with_done: bool) -> list[list[Event]]:
    """Return what a well-behaved service sends for each of some segments.

    Chunks carry their own id, or no telling one where `done` tells; the timestamps
    event, if this language has any, stands anywhere among them.
    """
    has_times = draw(st.booleans())
    takes = []
    for index in range(draw(st.integers(1, 4))):
        own = str(index)
        labels = st.sampled_from([own, None, _FOREIGN] if with_done else [own])
        sizes = draw(st.lists(st.integers(0, 3), min_size=1))
        sizes.append(2 - sum(sizes) % 2)  # whole samples
        events: list[Event] = [audio(draw(labels), size) for size in sizes]
        if has_times:
            place = draw(st.integers(0, len(events)))
            events.insert(place, times(draw(st.sampled_from([own, None]))))
        if with_done:
            events.append(Done(draw(labels)))
        events.insert(draw(st.integers(0, len(events))), Unknown("usage"))
        takes.append(events)
    return takes


def hold(
    conversation: list[list[Event]], stray: list[list[Event]], *, ahead: int
) -> list[tuple[str, int, str]]:
    """Be the client of *conversation*, and return what takes it finds.

    Args:
        conversation: The events of each segment.
        stray: Events that come before those of each segment.
        ahead: How many segments are asked for beyond the one that is heard.
    """
    takes = OpenTakes(2)
    unasked = [str(index) for index in range(len(conversation))]
    ended: list[EndedTake] = []
    for before, events in zip(stray, conversation, strict=True):
        while unasked and len(takes) <= ahead:
            takes.ask(unasked.pop(0))
        for event in [*before, *events]:
            ended += receive(takes, event)
    if takes:
        ended.append(takes.close())
    return [(take.context_id, take.audio_bytes, take.content_id) for take in ended]


def expect(conversation: list[list[Event]]) -> list[tuple[str, int, str]]:
    """Return the takes of *conversation* as its segments have them."""
    return [
        (
            str(index),
            sum(len(event.audio) for event in events if isinstance(event, Chunk)),
            digest(event for event in events if not isinstance(event, Unknown)),
        )
        for index, events in enumerate(conversation)
    ]


@pytest.mark.parametrize("in_flight", [("a",), ("a", "b")])
def test_more_of_the_same(in_flight: tuple[str, ...]) -> None:
    """Chunks like the last one count as if each were given to its take."""
    events = [audio("a", 3), audio("a", 5), audio("a", 2)]
    takes, singly = ask(*in_flight), ask(*in_flight)
    receive(takes, events[0])
    takes.receive_more([encode_event(event) for event in events[1:]], 7)
    receive(singly, *events)

    assert 10 == takes.audio_bytes == singly.audio_bytes
    assert receive(singly, Done("a")) == receive(takes, Done("a"))


@given(
    conversation=conversations(with_done=True),
    ahead=st.integers(0, 1),
    labels=st.lists(st.sampled_from([None, _FOREIGN]), min_size=4, max_size=4),
)
def test_any_order_with_done(
    conversation: list[list[Event]], ahead: int, labels: list[str | None]
) -> None:
    """With `done`, labels may be anything and each `done` may come twice."""
    strays: list[list[Event]] = [[Done(label)] for label in labels]
    strays[0] = []
    found = hold(conversation, strays[: len(conversation)], ahead=ahead)

    assert expect(conversation) == found


@given(conversation=conversations(with_done=False))
def test_any_order_without_done(conversation: list[list[Event]]) -> None:
    """Without `done`, one segment of look-ahead finds the same takes."""
    found = hold(conversation, [[]] * len(conversation), ahead=1)

    assert expect(conversation) == found
