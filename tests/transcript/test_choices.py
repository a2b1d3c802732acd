"""Tests of `rimebatch.transcript.choices`."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rimebatch.errors import TranscriptError
from rimebatch.transcript.choices import Choices, Place, decode_choices
from rimebatch.transcript.entries import TakeRecord
from rimebatch.transcript.reader import RecordedTake


def make_take(transcript: int, start: int = 9, segment: str = "a") -> RecordedTake:
    """Return a take at that place, which sounds as all others do."""
    record = TakeRecord(
        segment=segment,
        context_id="",
        id="of the content",
        start=start,
        end=start + 1,
        digest=f"of the bytes {transcript} {start}",
        ended="done",
        inferred=False,
        audio_bytes=2,
        chars=1,
    )
    return RecordedTake(Path(f"{transcript:04d}.jsonl"), record)


ONE, TWO, THREE = map(make_take, (1, 2, 3))
OTHER = make_take(1, 40, "b")


def which(choices: Choices, *takes: RecordedTake) -> dict[str, tuple[int, bool]]:
    """Return the transcript of the take of each segment, and whether it was picked."""
    chosen = choices.choose(takes)
    return {key: (int(take.path.stem), take.picked) for key, take in chosen.items()}


def test_nothing_chosen() -> None:
    """The newest take of each segment counts."""
    assert {"a": (2, False), "b": (1, False)} == which(Choices(), ONE, OTHER, TWO)


def test_rejected() -> None:
    """A take that was rejected does not count, one of equal content does."""
    choices = Choices().reject([TWO], "retake")

    assert {"a": (1, False)} == which(choices, ONE, TWO)
    assert {"a": (3, False)} == which(choices, ONE, TWO, THREE)
    assert {} == which(choices.reject([ONE, THREE], "fresh"), ONE, TWO, THREE)
    assert ["retake", None] == list(map(choices.why_rejected, (TWO, ONE)))


def test_picked() -> None:
    """A take that was picked counts before newer ones, as long as it is there."""
    choices = Choices().pick(ONE)

    assert {"a": (1, True)} == which(choices, ONE, TWO)
    assert {"a": (2, False)} == which(choices, TWO)


def test_picked_after_all() -> None:
    """A take that is picked is not rejected any more; others of the segment are."""
    choices = Choices().reject([ONE, TWO, OTHER], "retake").pick(ONE)

    assert {"a": (1, True)} == which(choices, ONE, OTHER, TWO)
    assert [None, "retake"] == list(map(choices.why_rejected, (ONE, TWO)))
    assert Choices().pick(ONE) == Choices().reject([ONE], "fresh").pick(ONE)


def test_a_new_take_is_wanted() -> None:
    """Whoever rejects a take wants another one than was picked before, too."""
    choices = Choices().pick(ONE).pick(OTHER).reject([TWO], "retake")

    assert {"a": (1, False), "b": (1, True)} == which(choices, ONE, OTHER, TWO)


def test_the_first_reason_stays() -> None:
    """What was rejected is not rejected again for another reason."""
    once = Choices().reject([ONE], "silent")

    assert once == once.reject([ONE], "fresh")


def test_another_file_of_that_number() -> None:
    """Of a take that came in the place of a deleted one nothing was said."""
    later = RecordedTake(ONE.path, replace(ONE.record, digest="of other bytes"))

    assert {"a": (1, False)} == which(Choices().reject([ONE], "retake"), later)
    assert {"a": (2, False)} == which(Choices().pick(ONE), later, TWO)


TAKES = st.builds(
    make_take, st.integers(1, 9), st.integers(0, 9), st.sampled_from("abc")
)
ON_RECORD = st.lists(TAKES, unique_by=Place.of).map(
    lambda takes: sorted(takes, key=lambda take: (take.path, take.record.start))
)


@st.composite
def make_choices(draw: st.DrawFn) -> Choices:
    """Return what comes of any number of choices, among any takes."""
    choices = Choices()
    for takes in draw(st.lists(st.lists(TAKES, min_size=1, max_size=4), max_size=6)):
        if draw(st.booleans()):
            choices = choices.pick(takes[0])
        else:
            choices = choices.reject(takes, draw(st.text(min_size=1)))
    return choices


@given(make_choices(), ON_RECORD)
def test_who_counts(choices: Choices, takes: list[RecordedTake]) -> None:
    """One take of a segment counts: the picked one, else the newest not rejected."""
    chosen = choices.choose(takes)
    for segment in "abc":
        own = [take for take in takes if take.record.segment == segment]
        picked = [t for t in own if Place.of(t) == choices.picked.get(segment)]
        left = [take for take in own if choices.why_rejected(take) is None]
        counting = [(take.path, take.record, True) for take in picked] or [
            (take.path, take.record, False) for take in left[-1:]
        ]

        assert counting == [
            (take.path, take.record, take.picked)
            for key, take in chosen.items()
            if key == segment
        ]


@given(make_choices())
def test_there_and_back(choices: Choices) -> None:
    """A file says what was chosen, whatever words a check has for it."""
    assert choices == decode_choices(choices.encode())


def test_the_order_of_choices() -> None:
    """Equal choices are equal files, in whatever order they came."""
    one = Choices().reject([ONE], "retake").reject([OTHER], "fresh").pick(make_take(3))
    same = Choices().pick(make_take(3)).reject([OTHER], "fresh")

    assert one.encode() == same.reject([ONE], "retake").pick(make_take(3)).encode()


@given(st.data())
def test_damage(data: st.DataObject) -> None:
    """No byte but the last can change or be lost unnoticed."""
    content = bytearray(Choices().reject([ONE], "retake").pick(TWO).encode())
    at = data.draw(st.integers(0, len(content) - 2))
    if data.draw(st.booleans()):
        content[at] ^= data.draw(st.integers(1, 255))
    else:
        del content[at:]
    with pytest.raises(TranscriptError):
        decode_choices(bytes(content))


def test_a_newer_version() -> None:
    """What a newer RimeBatch wrote is not guessed at."""
    content = b'{"rimebatch_choices":2,"chosen":"otherwise"}\n'
    with pytest.raises(TranscriptError, match="version 2; this RimeBatch reads up"):
        decode_choices(content)
