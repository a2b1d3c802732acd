"""Faults: what each makes of a recording, and what a session makes of that."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from fakes.conversations import THREE, record
from fakes.manifests import make_planned
from fakes.services import FakeService
from fakes.sessions import ALWAYS, TEXTS
from fakes.sessions import Recording as RecordedSession
from fakes.transcripts import open_transcript
from rimebatch.errors import (
    AudioError,
    ConnectError,
    ConnectionClosedError,
    DivergenceError,
    ManifestError,
    RemoteProtocolError,
    RimeBatchError,
    ServerSilentError,
    SynthesisError,
)
from rimebatch.recorder.session import Session
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import (
    Divergence,
    Ended,
    Heard,
    Playback,
    Recording,
    ReplayOptions,
    Sent,
    read_recording,
)
from rimebatch.replay.faults import OPERATIONS, apply_faults, cut
from rimebatch.replay.overlay import make_faults
from rimebatch.replay.selectors import UnfitError
from rimebatch.transcript import read_takes

STEP_NS: Final = 100_000_000

# The entries of the fixture `recording` that are steps; the others are commits and
# pings.
STEPS: Final = [*range(2, 8), *range(10, 15), *range(17, 23), 25, 26, 27]
OF_SERVER: Final = [4, 5, 6, 7, 12, 13, 14, 19, 20, 21, 22, 26]
MESSAGES: Final = OF_SERVER[:-1]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return three takes: entries 2 to 27, a millisecond each."""
    folder = tmp_path_factory.mktemp("recorded")
    return read_recording(record(folder / "0001.jsonl", *THREE))


def strike(recording: Recording, *written: dict[str, object]) -> Recording:
    """Return *recording* with the faults that are *written*."""
    return apply_faults(recording, make_faults(written))


def numbers(recording: Recording) -> list[int]:
    """Return the entry numbers of its steps."""
    return [step.number for step in recording.steps]


def heard(recording: Recording, index: int) -> str | bytes:
    """Return the message of the server that is the step at *index*."""
    step = recording.steps[index]

    assert isinstance(step, Heard)

    return step.message


def test_a_cut_loses_the_line_after_the_step(recording: Recording) -> None:
    """What comes after the step that is named gives way to a lost line."""
    short = cut(recording, "2nd chunk")

    assert recording.steps[:5] == short.steps[:-1]
    assert (
        Ended(7, recording.steps[4].time_ns, "server", 1006, "cut off")
        == (short.steps[-1])
    )
    assert (5, f"{recording.name} + cut@2nd chunk") == (short.faulty_from, short.name)


def test_a_cut_may_close(recording: Recording) -> None:
    """With a code, the server closes with it; the reason is as given."""
    end = cut(recording, 4, 1011, "going away").steps[-1]

    assert (1011, "going away") == (end.code, end.reason)  # type: ignore[union-attr]  # it is an end


def test_a_cut_keeps_entries_up_to_its_number(recording: Recording) -> None:
    """A number that is no step's means the last one before it."""
    assert [*STEPS[:6], 8] == numbers(cut(recording, 9))
    assert [2] == numbers(cut(recording, 1))


def test_a_cut_before_the_answer_loses_the_handshake(recording: Recording) -> None:
    """With nothing at all on record there is no connection."""
    none = cut(recording, 0, reason="no route")

    assert (None, "no route") == (none.opening.status, none.opening.text)
    assert ((), 0) == (none.steps, none.faulty_from)


def test_a_cut_after_the_end_changes_little(recording: Recording) -> None:
    """Where the server is gone already, nothing is added."""
    whole = cut(recording, 99)

    assert (recording.steps, None) == (whole.steps, whole.faulty_from)
    assert recording.steps[:-1] == cut(recording, "last close").steps


def test_a_refused_connection_stays_refused(recording: Recording) -> None:
    """A cut adds no end to a conversation that never began."""
    refused = strike(recording, {"reject": {"status": 503}})

    assert () == cut(refused, 5).steps


def test_a_cut_that_makes_no_sense_says_so(recording: Recording) -> None:
    """Both a selector that is none and one that finds nothing are errors of a cut."""
    with pytest.raises(ManifestError, match='cut: "x" is no selector'):
        cut(recording, "x")
    with pytest.raises(ManifestError, match=r'cut: "recv\[99\]" finds nothing; there'):
        cut(recording, "recv[99]")


def test_a_drop_takes_one_step_out(recording: Recording) -> None:
    """One thing that the server said never comes; a close may be that, too."""
    dropped = strike(recording, {"drop": "recv[1]"})

    assert [number for number in STEPS if number != 5] == numbers(dropped)
    assert 3 == dropped.faulty_from
    assert 26 not in numbers(strike(recording, {"drop": "last close"}))


def test_a_stall_leaves_the_line_open(recording: Recording) -> None:
    """Nothing comes after the step, not even an end."""
    stalled = strike(recording, {"stall": "first done"})

    assert recording.steps[:6] == stalled.steps
    assert 6 == stalled.faulty_from


def test_a_duplicate_comes_twice(recording: Recording) -> None:
    """The message comes again, at the same time."""
    twice = strike(recording, {"duplicate": "first done"})

    assert [*STEPS[:6], 7, *STEPS[6:]] == numbers(twice)
    assert twice.steps[5] == twice.steps[6]


def test_a_swap_exchanges_two_messages(recording: Recording) -> None:
    """Numbers and times stay where they are; the messages change places."""
    swapped = strike(recording, {"swap": "last done of job:One two."})

    assert (heard(recording, 8), heard(recording, 5)) == (
        heard(swapped, 5),
        heard(swapped, 8),
    )
    assert [(step.number, step.time_ns) for step in recording.steps] == [
        (step.number, step.time_ns) for step in swapped.steps
    ]


def test_corrupted_bytes_are_what_was_written(recording: Recording) -> None:
    """One byte is replaced, or the end is missing."""
    message = str(heard(recording, 2))

    replaced = strike(recording, {"corrupt": {"at": 4, "byte": 1, "to": "\0é"}})
    shortened = strike(recording, {"corrupt": {"at": 4, "truncate": "5"}})

    assert f"{message[0]}\0é{message[2:]}" == heard(replaced, 2)
    assert message[:5] == heard(shortened, 2)


@pytest.mark.parametrize(
    ("message", "corrupt"),
    [("aé", "a\ufffd"), ("a\ud800", "a\ufffd"), (b"a\xff\xff", b"a\xff")],
)
def test_text_stays_text(
    recording: Recording, message: str | bytes, corrupt: str | bytes
) -> None:
    """What is no UTF-8 any more is replaced; a binary message may be anything."""
    odd = replace(recording, steps=(Heard(2, 0, message),))

    assert corrupt == heard(strike(odd, {"corrupt": {"at": 2, "truncate": 2}}), 0)


def test_an_insertion_stands_beside_its_step(recording: Recording) -> None:
    """A message comes before or after the step, as JSON or as it stands."""
    number = {"type": "error", "n": 1}
    before = strike(recording, {"insert": {"before": "first done", "message": number}})
    after = strike(recording, {"insert": {"after": "first done", "text": "{"}})
    time_ns = recording.steps[5].time_ns

    assert Heard(7, time_ns, '{"type":"error","n":1}') == before.steps[5]
    assert recording.steps[5:] == before.steps[6:]
    assert Heard(7, time_ns, "{") == after.steps[6]
    assert 6 == after.faulty_from


def test_a_rejection_is_the_whole_conversation(recording: Recording) -> None:
    """The handshake is refused with what is given, and nothing follows."""
    headers = {"Retry-After": "2"}
    refused = strike(
        recording, {"reject": {"status": 429, "headers": headers, "body": "later"}}
    )

    opening = refused.opening
    assert (429, {"retry-after": "2"}, "later") == (
        opening.status,
        opening.headers,
        opening.text,
    )
    assert ((), 0) == (refused.steps, refused.faulty_from)
    assert f"{recording.name} + reject@429" == refused.name


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ({"drop": 2}, "entry 2 is what the client did; choose a step of the server"),
        ({"delay": {"at": 27, "seconds": 1}}, "entry 27 is what the client did"),
        ({"duplicate": "last close"}, "entry 26 is no message"),
        ({"swap": "last received"}, "no message after this one"),
        ({"swap": 99}, '"99" finds nothing'),
        ({"corrupt": {"at": 4, "truncate": 999}}, " bytes, and none at 999"),
        ({"insert": {"after": 26, "text": ""}}, "the server is gone by then"),
    ],
)
def test_a_fault_that_does_not_fit_says_why(
    recording: Recording, written: dict[str, object], what: str
) -> None:
    """A fault at a step that cannot have it is an error that names the fault."""
    [name] = written

    with pytest.raises(ManifestError) as caught:
        strike(recording, written)

    assert str(caught.value).startswith(f"faults[0].{name}: ")
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("cut", {"at": 1, "how": "lost", "code": 1011}),
        ("cut", {"at": 1, "reason": "é" * 62}),
        ("corrupt", {"at": 1}),
        ("corrupt", {"at": 1, "byte": 2}),
        ("corrupt", {"at": 1, "byte": 2, "to": "x", "truncate": 1}),
        ("insert", {"text": "x"}),
        ("insert", {"before": 1, "after": 1, "text": "x"}),
        ("insert", {"before": 1}),
        ("insert", {"before": 1, "text": "x", "message": {}}),
        ("insert", {"after": "x", "text": "x"}),
    ],
)
def test_fields_that_do_not_go_together_are_refused(
    kind: str, fields: dict[str, object]
) -> None:
    """An operation that says too much, or too little, cannot be made."""
    with pytest.raises(UnfitError):
        OPERATIONS[kind](**fields)  # type: ignore[arg-type]  # that is the test


def make_writings() -> st.SearchStrategy[dict[str, object]]:
    """Return a strategy for any one fault that can strike the fixture."""
    steps, of_server = st.sampled_from(STEPS), st.sampled_from(OF_SERVER)
    messages = st.sampled_from(MESSAGES)
    seconds = st.floats(0.001, 1000)
    where = st.sampled_from(["before", "after"])
    return st.one_of(
        st.fixed_dictionaries({"cut": st.integers(0, 30)}),
        st.builds(lambda at: {"cut": {"at": at, "code": 1011}}, steps),
        st.fixed_dictionaries({"drop": of_server}),
        st.fixed_dictionaries({"stall": steps}),
        st.fixed_dictionaries({"duplicate": messages}),
        st.fixed_dictionaries({"swap": st.sampled_from(MESSAGES[:-1])}),
        st.builds(
            lambda at, s: {"delay": {"at": at, "seconds": s}}, of_server, seconds
        ),
        st.builds(
            lambda at, n: {"corrupt": {"at": at, "byte": n, "to": "x"}},
            messages,
            st.integers(0, 30),
        ),
        st.builds(
            lambda key, at: {"insert": {key: at, "text": "oh"}},
            where,
            st.sampled_from(STEPS[:-2]),
        ),
        st.just({"reject": {"status": 429}}),
    )


@given(written=make_writings())
def test_time_never_runs_back(recording: Recording, written: dict[str, object]) -> None:
    """The steps of a recording with a fault are in the order of time and number."""
    struck = strike(recording, written)
    order = [(step.time_ns, step.number) for step in struck.steps]

    assert sorted(order) == order


@given(written=make_writings())
def test_up_to_the_fault_all_is_as_recorded(
    recording: Recording, written: dict[str, object]
) -> None:
    """The first step that differs is known, and the base stays as it is."""
    base = replace(recording)
    struck = strike(recording, written)
    border = struck.faulty_from

    assert base == recording
    assert recording.steps[:border] == struck.steps[:border]
    if border is not None and struck.opening == recording.opening:
        assert recording.steps[border:] != struck.steps[border:]


@given(first=make_writings(), at=st.integers(0, 30))
def test_faults_add_up(recording: Recording, first: dict[str, object], at: int) -> None:
    """Several faults are one upon the other, and free the client from the earliest."""
    once = strike(recording, first)
    both = strike(recording, first, {"cut": at})

    assert strike(once, {"cut": at}) == both
    borders = [once.faulty_from, cut(recording, at).faulty_from]
    known = [border for border in borders if border is not None]
    assert both.faulty_from is None or both.faulty_from <= min(known)


@given(at=st.integers(0, 30), code=st.sampled_from(["lost", 1000, 4999]))
def test_a_cut_is_exact(recording: Recording, at: int, code: str | int) -> None:
    """All entries up to the number are kept, and at most an end is added."""
    how = "how" if code == "lost" else "code"
    short = strike(recording, {"cut": {"at": at, how: code}})
    kept = tuple(step for step in recording.steps if step.number <= at)

    assert kept == short.steps[: len(kept)]
    assert all(isinstance(step, Ended) for step in short.steps[len(kept) :])
    assert len(short.steps) <= len(kept) + 1


@given(at=st.sampled_from(OF_SERVER), seconds=st.floats(0.001, 1000))
def test_a_delay_shifts_all_that_follows(
    recording: Recording, at: int, seconds: float
) -> None:
    """The step and what comes after it are later by so much, and nothing else is."""
    late = strike(recording, {"delay": {"at": at, "seconds": str(round(seconds, 3))}})
    by_ns = round(round(seconds, 3) * 1_000_000_000)

    assert [step.time_ns + by_ns * (step.number >= at) for step in recording.steps] == [
        step.time_ns for step in late.steps
    ]


def converse(
    playback: Playback, texts: list[str], speaks: Callable[[int, int], bool]
) -> list[Divergence]:
    """Have *texts* said to *playback*, hear it out, and return what is amiss.

    Args:
        playback: Not yet opened.
        texts: Are said in order, as long as the line has not ended.
        speaks: Whether the client speaks next, where it can do both, by how much it
            has said and heard.
    """
    said = heard = 0
    now_ns = playback.opening_due_ns
    divergences: list[Divergence | None] = []
    playback.open(now_ns)
    while True:
        due_ns, may_speak = playback.due_ns, said < len(texts)
        if (
            may_speak
            and not playback.has_ended
            and (due_ns is None or speaks(said, heard))
        ):
            divergences.append(playback.say(texts[said], now_ns))
            said += 1
        elif due_ns is not None:
            now_ns = max(now_ns, due_ns)
            heard += isinstance(playback.play(now_ns), Heard)
        else:
            break
    playback.find_stall(now_ns, forever=True)
    divergences.append(playback.finish(now_ns))
    playback.leave(now_ns)
    return [divergence for divergence in divergences if divergence]


def texts_of(recording: Recording) -> list[str]:
    """Return what the client says in *recording*."""
    return [step.message for step in recording.steps if isinstance(step, Sent)]


@given(
    written=make_writings(),
    wishes=st.lists(st.booleans(), min_size=9, max_size=9),
    prefix=st.sampled_from(["job", "other"]),
)
def test_every_fault_plays_to_an_end(
    recording: Recording, written: dict[str, object], wishes: list[bool], prefix: str
) -> None:
    """However a client behaves, any fault at any step can be played."""
    struck = strike(recording, written)
    texts = [text.replace("job:", f"{prefix}:") for text in texts_of(recording)]
    playback = Playback(struck, ReplayOptions())
    converse(playback, texts, lambda said, heard: wishes[(said + heard) % 9])

    assert None is playback.due_ns


@given(written=make_writings())
def test_who_keeps_to_the_record_is_blameless(
    recording: Recording, written: dict[str, object]
) -> None:
    """A client that does as it once did is told of no divergence, whatever strikes."""
    heard_before: list[int] = []
    count = 0
    for step in recording.steps:
        count += isinstance(step, Heard)
        heard_before += [count] * isinstance(step, Sent)
    playback = Playback(strike(recording, written), ReplayOptions())

    divergences = converse(
        playback,
        texts_of(recording),
        lambda said, heard: heard >= heard_before[said],
    )

    assert [] == divergences


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> RecordedSession:
    """Record a session of three segments with a service in memory."""
    recorded = RecordedSession(tmp_path_factory.mktemp("session"), FakeService())
    trio.run(recorded.run)
    return recorded


def read_session(session: RecordedSession) -> Recording:
    """Return the recording of *session*, a tenth of a second between its steps."""
    recording = read_recording(session.path)
    steps = (replace(s, time_ns=i * STEP_NS) for i, s in enumerate(recording.steps))
    return replace(recording, steps=tuple(steps))


async def replay(session: RecordedSession, recording: Recording, path: Path) -> None:
    """Have the session's job recorded from *recording*, by the recorder's own code."""
    with open_transcript(path) as transcript:
        job = session.job
        connect = Replay([recording]).connect
        async with connect(recording.header.query, transcript) as line:
            await Session(line, transcript, ALWAYS, session).record(job.segments)


SECOND: Final = make_planned(*TEXTS).segments[1].context_id
ERROR: Final = {"type": "error", "message": "too long"}


@pytest.mark.parametrize(
    ("fault", "error", "takes"),
    [
        ({"cut": f"2nd chunk of {SECOND}"}, ConnectionClosedError, 1),
        ({"cut": {"at": "2nd done", "code": 1011}}, ConnectionClosedError, 2),
        ({"drop": f"first chunk of {SECOND}"}, AudioError, 1),
        ({"drop": "2nd done"}, ServerSilentError, 1),
        ({"drop": "first timestamps"}, None, 3),
        ({"delay": {"at": "2nd done", "seconds": 29}}, None, 3),
        ({"delay": {"at": "2nd done", "seconds": 31}}, ServerSilentError, 1),
        ({"stall": f"first chunk of {SECOND}"}, ServerSilentError, 1),
        ({"stall": "last sent"}, None, 3),
        ({"duplicate": f"last chunk of {SECOND}"}, None, 3),
        ({"duplicate": "2nd done"}, None, 3),
        ({"swap": f"first chunk of {SECOND}"}, None, 3),
        ({"swap": f"last chunk of {SECOND}"}, RemoteProtocolError, 1),
        ({"corrupt": {"at": "2nd done", "byte": 0, "to": "["}}, RemoteProtocolError, 1),
        ({"corrupt": {"at": "2nd done", "truncate": 9}}, RemoteProtocolError, 1),
        ({"insert": {"before": "2nd done", "message": ERROR}}, SynthesisError, 1),
        ({"reject": {"status": 429}}, ConnectError, 0),
    ],
    ids=str,
)
def test_a_session_meets_every_fault(
    session: RecordedSession,
    fault: dict[str, object],
    error: type[RimeBatchError] | None,
    takes: int,
    tmp_path: Path,
) -> None:
    """Each fault is met as the real one would be, and whole takes stay on record."""
    path = tmp_path / "0001.jsonl"
    play = partial(replay, session, strike(read_session(session), fault), path)

    if error is None:
        trio.run(play, clock=MockClock())
    else:
        with pytest.raises(error) as caught:
            trio.run(play, clock=MockClock())

        assert error == caught.type
    assert takes == len(read_takes(path, verify=True))


def test_who_waits_for_ever_is_told(session: RecordedSession, tmp_path: Path) -> None:
    """A client without a time limit does not hang after a stall, it is told so."""
    recording = strike(read_session(session), {"stall": "sent[0]"})

    async def wait() -> None:
        with open_transcript(tmp_path / "0001.jsonl") as transcript:
            connect = Replay([recording]).connect
            async with connect(recording.header.query, transcript) as line:
                await line.send(session.job.segments[0].messages[0])
                await line.receive()

    with pytest.raises(DivergenceError, match="waits without a limit") as caught:
        trio.run(wait, clock=MockClock())

    assert "missing" == caught.value.kind
