"""Tests of what can be told of a client that left the record."""

import pytest

from fakes.recordings import EOS, FLUSH, farewell, heard, make, said, take, text
from rimebatch.replay import Divergence, DivergenceKind, Heard, Recording, Sent
from rimebatch.replay.matching import Difference
from rimebatch.replay.witness import Witness

THREE = make(*take("anna"), *take("bert"), *take("carl"), *farewell())
SAID = [step for step in THREE.steps if isinstance(step, Sent)]
FOUND = [Difference(f"$.{name}", "1", "2") for name in "abcd"]


def watch(said_so_far: int, recording: Recording = THREE) -> Witness:
    """Return who saw *recording* up to the client's message of that place."""
    witness = Witness(recording)
    sent = 0
    for step in recording.steps:
        sent += isinstance(step, Sent)
        if sent > said_so_far:
            break
        witness.see(step)
    return witness


def change(said_so_far: int, message: str) -> Divergence:
    """Return what is told of a client that says *message* after so many others."""
    return watch(said_so_far).tell_changed(9, SAID[said_so_far], message, FOUND[:1])


def test_something_else() -> None:
    """It tells where, since when, what came before, and what was said instead."""
    found = change(2, text("Berta.", "bert"))

    assert DivergenceKind.CHANGED is found.kind
    assert ("0001.jsonl", SAID[2].number, 9) == (
        found.transcript,
        found.entry,
        found.time_ns,
    )
    assert "the client said something else at $.a" == found.what
    assert tuple(FOUND[:1]) == found.differences
    assert ["2", "3", "4", "5", "6"] == [line.split()[0] for line in found.recent]
    assert found.nearest is not None
    assert found.nearest.endswith('7 → {"text":"Bert.","contextId":"bert"}')
    assert found.hint is None


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "$.a"), (3, "$.a, $.b, $.c"), (4, "$.a, $.b, $.c, more places")],
)
def test_many_places(count: int, expected: str) -> None:
    """However many places differ, one line does; the report has all."""
    found = Witness(THREE).tell_changed(0, SAID[0], EOS, FOUND[:count])

    assert f"the client said something else at {expected}" == found.what
    assert tuple(FOUND[:count]) == found.differences


def test_nothing_alike() -> None:
    """Where nothing on record is alike, nothing is shown for it."""
    found = change(2, "Good morning!")

    assert found.nearest is None
    assert found.hint is None


@pytest.mark.parametrize(
    ("place", "message", "expected"),
    [
        (1, text("Bert.", "bert"), "message 2 is recorded as message 3: 1 left out"),
        (1, text("Carl.", "x"), "message 2 is recorded as message 5: 3 left out"),
        (2, FLUSH, "message 3 repeats recorded message 2: was it said twice?"),
        (5, text("Anna.", "anna"), "message 6 repeats recorded message 1: was it"),
        (6, text("Anna.", "anna"), "message 7 repeats recorded message 1: was it"),
        (0, FLUSH, "message 1 is recorded as message 2: 1 left out"),
    ],
)
def test_hints(place: int, message: str, expected: str) -> None:
    """What stands elsewhere on record was said twice, or something was left out."""
    hint = change(place, message).hint

    assert hint is not None
    assert hint.startswith(f"the client's {expected}")


def test_the_nearest_of_very_many() -> None:
    """In a long record what is alike is looked for around the place."""
    recording = make(*(said(text(f"Number {n}.")) for n in range(1000)))
    message = text("Nummer 497.")
    expected = recording.steps[500]
    assert isinstance(expected, Sent)
    found = watch(500, recording).tell_changed(0, expected, message, FOUND)

    assert f"   499 → {text('Number 497.')}" == found.nearest


def test_something_more() -> None:
    """What was said where nothing is on record is shown in the report alone."""
    witness, message, last = watch(7), text("More.", "dora"), THREE.steps[-1]
    found = [
        witness.tell_extra(0, last, message),
        witness.tell_extra(0, None, message),
        witness.tell_late(0, None, message),
    ]

    assert [DivergenceKind.EXTRA] * 3 == [told.kind for told in found]
    assert [
        "the client said something where the record has it leave",
        "the client said something where the record has nothing more",
        "the client goes on after it was told that the connection is closed",
    ] == [told.what for told in found]
    for told in found:
        [difference] = told.differences

        assert Difference("$", "nothing", message) == difference
        assert "More" not in str(told)


def test_too_early() -> None:
    """It tells what was said too early, and what had been heard by then."""
    found = watch(2).tell_early(0, SAID[2])

    assert (DivergenceKind.EARLY, SAID[2].number) == (found.kind, found.entry)
    assert "the client spoke before it had heard what comes before that" == found.what
    assert (None, None) == (found.nearest, found.hint)


def test_nothing_said() -> None:
    """It tells whether the client waits or is gone, and what is next on record."""
    witness = watch(2)
    waits = witness.tell_missing(0, SAID[2])
    left = witness.tell_missing(0, SAID[2], left=True)
    over = witness.tell_missing(0, None)

    assert [DivergenceKind.MISSING] * 3 == [waits.kind, left.kind, over.kind]
    assert [SAID[2].number] * 2 + [None] == [waits.entry, left.entry, over.entry]
    assert (
        "the client waits for the service, and has not said what the record has next"
    ) == waits.what
    assert "the client left, and has not said what the record has next" == left.what
    assert (
        "the client waits for the service, and the record has nothing more for it"
    ) == over.what


def test_no_limit() -> None:
    """Of a client without limits after a fault it tells that it would wait for ever."""
    found = watch(2).tell_endless(0, None)

    assert (DivergenceKind.MISSING, None) == (found.kind, found.entry)
    assert "waits without a limit" in found.what


def test_something_unheard() -> None:
    """It tells how much was not heard, and where that begins."""
    unheard = [step for step in THREE.steps if isinstance(step, Heard)][2:]
    found = watch(2).tell_unplayed(0, unheard)

    assert (DivergenceKind.UNPLAYED, unheard[0].number) == (found.kind, found.entry)
    assert ("the client left without hearing 7 of the recorded messages") == found.what


def test_nothing_was_played() -> None:
    """Of a client that leaves at the first step there is nothing to tell before it."""
    recording = make(heard("a"))

    assert () == Witness(recording).tell_missing(0, None).recent
