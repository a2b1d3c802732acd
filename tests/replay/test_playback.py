"""Tests of playing one recording: what may be heard when, and what must be said."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.recordings import (
    EOS,
    FLUSH,
    chunk,
    done,
    ended,
    error,
    farewell,
    heard,
    make,
    said,
    take,
    text,
    times,
)
from rimebatch.replay import (
    Divergence,
    Ended,
    Gate,
    Heard,
    Playback,
    Recording,
    ReplayOptions,
    Sent,
    Step,
)

MS = 1_000_000
AS_RECORDED = ReplayOptions()
ONE = make(*take("a"), *farewell())
TWO = make(*take("a"), *take("b"), *farewell())
# Both asked for at once; the service spoke them one after the other.
AHEAD = make(
    *take("a")[:2], *take("b")[:2], *take("a")[2:], *take("b")[2:], *farewell()
)
CUT = replace(ONE, steps=ONE.steps[:3], faulty_from=3)


def begin(
    recording: Recording, options: ReplayOptions = AS_RECORDED, at_ms: int = 50
) -> Playback:
    """Return a playback of *recording*, which is open."""
    playback = Playback(recording, options)
    playback.open(at_ms * MS)
    return playback


def ask(playback: Playback, *messages: str, at_ms: int = 50) -> None:
    """Say *messages*, all of them on record."""
    for message in messages:
        assert playback.say(message, at_ms * MS) is None


def ask_take(playback: Playback, name: str, at_ms: int = 50) -> None:
    """Ask for a take as `take` does."""
    ask(playback, text(f"{name.upper()}.", name), FLUSH, at_ms=at_ms)


def listen(playback: Playback) -> list[tuple[Step, int]]:
    """Play all that can be, when it is due; return it with its times in ms."""
    played: list[tuple[Step, int]] = []
    while (due_ns := playback.due_ns) is not None:
        played.append((playback.play(due_ns), due_ns // MS))
    return played


def times_of(played: Sequence[tuple[Step, int]]) -> list[int]:
    """Return when each was heard."""
    return [time_ms for _, time_ms in played]


def tell(divergence: Divergence | None) -> tuple[str, int | None]:
    """Return kind and entry of *divergence*."""
    assert divergence is not None
    return divergence.kind, divergence.entry


def test_as_recorded() -> None:
    """A client that does what was done hears what was heard, at the same times."""
    playback = begin(ONE)

    assert 50 * MS == playback.opening_due_ns
    assert playback.due_ns is None

    ask_take(playback, "a")
    played = listen(playback)

    assert [(step, step.time_ns // MS) for step in ONE.steps[2:5]] == played

    ask(playback, EOS, at_ms=350)
    ends = [playback.has_ended]
    [end] = listen(playback)
    ends.append(playback.has_ended)

    assert (ONE.steps[6], 360) == end
    assert [False, True] == ends
    assert playback.finish(360 * MS) is None


@pytest.mark.parametrize(
    ("pace", "expected"),
    [(0.0, [0, 0, 0]), (0.5, [75, 125, 175]), (2, [300, 500, 700])],
)
def test_pace(pace: float, expected: list[int]) -> None:
    """All gaps are scaled, that before the opening included."""
    playback = Playback(ONE, ReplayOptions(pace=pace))
    open_ms = playback.opening_due_ns // MS
    playback.open(playback.opening_due_ns)
    ask_take(playback, "a", at_ms=open_ms)

    assert [open_ms + 100 * n * pace for n in (1, 2, 3)] == times_of(listen(playback))
    assert expected == [round(open_ms + 100 * n * pace) for n in (1, 2, 3)]


def test_a_slow_client() -> None:
    """What the client was late with is late, and no more than that."""
    playback = begin(ONE)
    ask_take(playback, "a", at_ms=5050)

    assert [5150, 5250, 5350] == times_of(listen(playback))


def test_the_client_s_own_slowness() -> None:
    """The time that a client once took to think is not played."""
    slow = make(said(text("A.", "a"), 5000), said(FLUSH, 3000), *take("a")[2:])
    playback = begin(slow)
    ask_take(playback, "a")

    assert [150, 250, 350] == times_of(listen(playback))


def test_what_was_asked_ahead() -> None:
    """A client that asks one by one hears all, as far apart as they were."""
    playback = begin(AHEAD)
    ask_take(playback, "a")
    first = listen(playback)
    ask_take(playback, "b", at_ms=1000)
    second = listen(playback)

    assert [chunk("a", b"\0\0"), chunk("a", b"\1\1"), done("a")] == messages(first)
    assert [150, 250, 350] == times_of(first)
    assert [1100, 1200, 1300] == times_of(second)


def messages(played: Iterable[tuple[Step, int]]) -> list[str | bytes]:
    """Return what was heard."""
    return [step.message for step, _ in played if isinstance(step, Heard)]


@pytest.mark.parametrize("gate", ["observed", "total"])
def test_what_was_asked_ahead_by_order(gate: Gate) -> None:
    """By the order of the record nothing is heard before all has been said."""
    playback = begin(AHEAD, ReplayOptions(gate=gate))
    ask_take(playback, "a")

    assert playback.due_ns is None
    assert ("missing", AHEAD.steps[2].number) == tell(playback.find_stall(0))


def test_a_client_that_runs_ahead() -> None:
    """Running ahead is no divergence, unless the order counts in both directions."""
    playback = begin(TWO)
    ask_take(playback, "a")
    ask_take(playback, "b")
    strict = begin(TWO, ReplayOptions(gate="total"))
    ask_take(strict, "a")

    assert [150, 250, 350, 450, 550, 650] == times_of(listen(playback))
    assert ("early", TWO.steps[5].number) == tell(strict.say(text("B.", "b"), 0))

    listen(strict)
    ask_take(strict, "b")

    assert 3 == len(listen(strict))


def test_who_is_behind() -> None:
    """A client is behind while what was heard before its next message is on its way."""
    playback = begin(TWO)
    behind = [playback.is_behind]
    ask_take(playback, "a")
    behind.append(playback.is_behind)
    listen(playback)
    behind.append(playback.is_behind)
    ask_take(playback, "b")
    ask(playback, EOS)
    listen(playback)
    behind.append(playback.is_behind)

    assert [False, True, False, False] == behind
    assert not begin(make(heard(chunk()))).is_behind
    assert not begin(TWO, ReplayOptions(gate="total")).is_behind


def test_other_ids() -> None:
    """What was heard under the recorded id is heard under the client's own."""
    playback = begin(ONE)
    ask(playback, text("A.", "x"), FLUSH)

    played = messages(listen(playback))
    assert [chunk("x", b"\0\0"), chunk("x", b"\1\1"), done("x")] == played


def test_binary_messages() -> None:
    """A binary message is played as it is, whatever the ids."""
    playback = begin(make(said(text("A.", "a")), heard(b"\0\xff")))
    ask(playback, text("A.", "x"))

    assert [b"\0\xff"] == messages(listen(playback))


def test_something_else() -> None:
    """Another message than the recorded one is told, and opens no gate."""
    playback = begin(ONE)
    ask(playback, text("A.", "a"))

    assert ("changed", ONE.steps[1].number) == tell(playback.say(EOS, 0))
    assert playback.due_ns is None


def test_whatever_is_said() -> None:
    """If anything matches, a client may say something else, but not more."""
    playback = begin(ONE, ReplayOptions(match="any"))
    ask(playback, "one", "two", "three")

    assert ("extra", ONE.steps[7].number) == tell(playback.say("four", 0))


def test_one_message_too_many() -> None:
    """A message more than there are is told, whether the record has a close there."""
    closing = begin(ONE)
    ask_take(closing, "a")
    ask(closing, EOS)
    open_ended = begin(make(said(FLUSH)))
    ask(open_ended, FLUSH)

    assert ("extra", ONE.steps[7].number) == tell(closing.say(FLUSH, 0))
    assert ("extra", None) == tell(open_ended.say(FLUSH, 0))


def test_a_message_after_the_end() -> None:
    """After the end even what is on record is too much."""
    playback = begin(make(ended(), said(FLUSH)))
    listen(playback)
    divergence = playback.say(FLUSH, 0)

    assert ("extra", 3) == tell(divergence)
    assert "after it was told that the connection is closed" in str(divergence)


def test_a_close_by_the_client() -> None:
    """What the server does at the client's close comes when that has come."""
    playback = begin(make(*take("a"), ended("client"), ended()))
    ask_take(playback, "a")
    listen(playback)

    assert ("missing", 7) == tell(playback.find_stall(0))
    assert playback.finish(350 * MS) is None

    playback.leave(1000 * MS)

    assert [1010] == times_of(listen(playback))
    assert playback.has_ended


def test_a_close_that_is_not_on_record() -> None:
    """A client may leave when there is nothing more for it, and waits for nobody."""
    playback = begin(make(*take("a")))
    ask_take(playback, "a")
    listen(playback)
    waits = playback.find_stall(0)
    playback.leave(0)

    assert ("missing", None) == tell(waits)
    assert playback.find_stall(0) is None
    assert playback.finish(0) is None


def test_a_close_too_early() -> None:
    """A client that leaves before it has said all is told of, and then, no more."""
    playback = begin(ONE)
    ask_take(playback, "a")
    listen(playback)
    playback.leave(0)

    assert ("missing", ONE.steps[5].number) == tell(playback.finish(0))
    assert ("missing", ONE.steps[5].number) == tell(playback.find_stall(0))


@pytest.mark.parametrize(
    ("played", "unread", "expected"),
    [(3, 0, None), (3, 1, 6), (2, 0, 6), (3, 2, 5), (1, 0, 5), (1, 1, 4), (0, 0, 4)],
)
def test_what_was_not_heard(played: int, unread: int, expected: int | None) -> None:
    """What was not played, or not taken in, is told of from the first one on."""
    playback = begin(make(*take("a"), *farewell()))
    ask_take(playback, "a")
    ask(playback, EOS)
    for _ in range(played):
        playback.play(0)
    divergence = playback.finish(0, unread)

    assert expected == (divergence and divergence.entry)
    assert divergence is None or "unplayed" == divergence.kind


def test_what_was_not_heard_before_the_close() -> None:
    """A close that was played is no message, so it hides none that was not heard."""
    playback = begin(ONE)
    ask_take(playback, "a")
    ask(playback, EOS)
    listen(playback)

    assert playback.finish(0) is None
    assert ("unplayed", 6) == tell(playback.finish(0, unread=1))


def test_what_need_not_be_heard() -> None:
    """Late times add nothing; an error does, and so does what nobody can read."""
    late = begin(make(said(EOS), heard(times()), ended()))
    wrong = begin(make(said(EOS), heard(error()), ended()))
    binary = begin(make(said(EOS), heard(b""), ended()))
    for playback in (late, wrong, binary):
        ask(playback, EOS)

    assert late.finish(0) is None
    assert ("unplayed", 3) == tell(wrong.finish(0))
    assert ("unplayed", 3) == tell(binary.finish(0))


def test_what_nobody_heard() -> None:
    """What came after the client's close on record need not be heard."""
    playback = begin(
        make(*take("a"), ended("client"), heard(chunk("a")), heard(chunk("a")), ended())
    )
    ask_take(playback, "a")
    listen(playback)

    assert playback.finish(0) is None
    assert ("unplayed", 6) == tell(playback.finish(0, unread=1))


def test_a_stall() -> None:
    """A client waits in vain if the record waits for it, and not before."""
    playback = begin(ONE)
    before = playback.find_stall(7)
    ask_take(playback, "a")
    meanwhile = playback.find_stall(7)
    listen(playback)
    after = playback.find_stall(7)
    ask(playback, EOS)
    listen(playback)

    assert ("missing", 2) == tell(before)
    assert meanwhile is None
    assert ("missing", ONE.steps[5].number) == tell(after)
    assert playback.find_stall(7) is None


def test_a_line_that_the_client_dropped() -> None:
    """A line that the client once dropped is lost to any client at that time."""
    playback = begin(make(*take("a")[:3], ended("client", 1006), faulty_from=3))
    ask_take(playback, "a")
    *_, (end, time_ms) = listen(playback)

    assert isinstance(end, Ended)
    assert (1006, 160) == (end.code, time_ms)
    assert playback.has_ended


def test_after_the_end_there_is_nothing() -> None:
    """A record that goes on after its end, as by a fault, is not played on."""
    playback = begin(make(ended(), heard(chunk()), ended()))

    assert 1 == len(listen(playback))
    assert playback.has_ended


def test_a_fault_is_held_to_up_to_there() -> None:
    """Up to a fault the client says what it said."""
    playback = begin(CUT)

    assert ("changed", 2) == tell(playback.say(FLUSH, 0))
    assert ("missing", 2) == tell(playback.find_stall(0))
    assert ("missing", 2) == tell(playback.finish(0))


def test_after_a_fault_the_client_is_free() -> None:
    """From a fault on the client may say and do what it likes."""
    playback = begin(CUT)
    ask_take(playback, "a")
    unheard = playback.finish(0)
    listen(playback)

    assert ("unplayed", 4) == tell(unheard)
    assert playback.say(EOS, 0) is None
    assert playback.find_stall(0) is None
    assert playback.finish(0) is None


def test_a_client_is_free_before_it_has_heard_all() -> None:
    """What it says after its last message on record is free, whatever it has heard."""
    playback = begin(CUT)
    ask_take(playback, "a")

    assert playback.say(EOS, 0) is None
    assert playback.say(EOS, 0) is None


def test_after_a_fault_the_record_may_go_on() -> None:
    """What is on record after a fault may be said, or something else in its place."""
    free = replace(TWO, faulty_from=2)
    one = begin(free, ReplayOptions(gate="total"))
    ask_take(one, "a")
    ask_take(one, "b")
    two = begin(free)
    ask_take(two, "a")

    assert two.say(EOS, 0) is None
    assert [350, 450, 550] == times_of(listen(one))[2:5]


def test_after_a_fault_and_its_end() -> None:
    """Who goes on after the end of a line that was cut is told nothing."""
    playback = begin(make(*take("a")[:3], ended(code=1006), faulty_from=3))
    ask_take(playback, "a")
    listen(playback)

    assert playback.say(EOS, 0) is None


def test_a_fault_needs_a_limit() -> None:
    """A client without a limit of its own would wait for ever for a silent service."""
    playback = begin(CUT)
    ask_take(playback, "a")
    listen(playback)

    assert ("missing", None) == tell(playback.find_stall(0, forever=True))


def test_before_it_is_open() -> None:
    """Nothing is due before the handshake was answered."""
    assert Playback(make(heard(chunk())), AS_RECORDED).due_ns is None


@given(
    recorded=st.lists(st.integers(0, 2000), min_size=8, max_size=8),
    live=st.lists(st.integers(0, 2000), min_size=5, max_size=5),
    ahead=st.booleans(),
)
def test_times_are_causal(recorded: list[int], live: list[int], ahead: bool) -> None:
    """Whatever the times were and are, nothing comes before its cause, or goes back."""
    steps = (*take("a"), *take("b"))[:8]
    late = [replace(s, time_ns=t * MS) for s, t in zip(steps, recorded, strict=True)]
    playback = begin(make(*late), at_ms=live[0])
    asked_ms = [live[0]]
    heard_ms: list[int] = [live[0]]
    for name, think_ms in zip("ab", live[1:], strict=False):
        before = asked_ms if ahead else heard_ms
        asked_ms.append(before[-1] + think_ms)
        ask_take(playback, name, at_ms=asked_ms[-1])
        if not ahead:
            heard_ms += times_of(listen(playback))

            assert heard_ms[-1] >= asked_ms[-1]
    heard_ms += times_of(listen(playback))

    assert sorted(heard_ms) == heard_ms
    assert 5 == len(heard_ms)


def test_what_was_sent_is_not_played() -> None:
    """Only what the server did is played, in its order."""
    playback = begin(TWO)
    ask_take(playback, "a")
    ask_take(playback, "b")
    ask(playback, EOS)
    played = [step for step, _ in listen(playback)]

    assert [s for s in TWO.steps[:-1] if not isinstance(s, Sent)] == played
