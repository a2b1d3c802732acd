"""Tests of one job's conversation, over a service in memory."""

import tempfile
from itertools import count, pairwise
from pathlib import Path
from typing import Final, Literal

import pytest
import trio
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from fakes.manifests import MAX_CHARS, make_planned, make_script
from fakes.services import Close, FakeService, Hold, Item, only, sound_of
from fakes.sessions import ALWAYS, AUTO, NEVER, TEXTS, Recording
from fakes.transcripts import read_audio, read_kinds
from rimebatch.errors import (
    AudioError,
    ConnectionClosedError,
    RemoteProtocolError,
    ServerSilentError,
    SynthesisError,
)
from rimebatch.manifest.plan import plan_job
from rimebatch.recorder.session import Manners
from rimebatch.transcript import (
    RecordedTake,
    TranscriptWriter,
    read_entries,
    read_messages,
)
from rimebatch.ws3 import (
    Chunk,
    Done,
    Eos,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
    decode_event,
    encode_command,
    encode_event,
)

ONE, TWO, THREE = TEXTS
EOS: Final = encode_command(Eos())
SCRIPT: Final = plan_job(
    make_script(
        "raw",
        {"text": "Forget this. "},
        {"operation": "clear"},
        {"text": "This goes. ", "contextId": "a"},
        {"text": "And this."},
        {"operation": "eos"},
    ),
    MAX_CHARS,
)


def make_id(take: RecordedTake) -> str:
    """Return the id of a take that holds exactly the messages in its bytes."""
    lines = "".join(f"{message}\n" for message in read_messages(take))
    return xxhash.xxh3_128_hexdigest(lines.encode())


def hold_the_last(items: list[Item]) -> list[Item]:
    """Return *items* with the last one kept back until the client speaks."""
    return [*items[:-1], Hold(), items[-1]]


async def test_with_done(tmp_path: Path) -> None:
    """With done, each segment is asked for after the take before it is on record."""
    recording = Recording(tmp_path, FakeService())
    await recording.run()

    assert list(TEXTS) == recording.recorded
    assert ["done"] * 3 == recording.ends
    assert not any(take.record.inferred for take in recording.takes)
    assert [
        *(f"asked {ONE}", f"took {ONE}"),
        *(f"asked {TWO}", f"took {TWO}"),
        *(f"asked {THREE}", f"took {THREE}"),
    ] == recording.seen
    assert [
        *(
            message
            for segment in recording.job.segments
            for message in segment.messages
        ),
        EOS,
    ] == recording.service.heard


async def test_the_disk_comes_first(tmp_path: Path) -> None:
    """A take is safe on disk before anybody hears of it, or the next is paid for."""
    recording = Recording(tmp_path, FakeService())

    class Transcript(TranscriptWriter):
        """One that tells when it makes sure of the disk."""

        def sync(self) -> None:
            super().sync()
            recording.seen.append("synced")

    await recording.run(Transcript)

    assert [
        *(f"asked {ONE}", "synced", f"took {ONE}"),
        *(f"asked {TWO}", "synced", f"took {TWO}"),
        *(f"asked {THREE}", "synced", f"took {THREE}"),
    ] == recording.seen[:-1]


@pytest.mark.parametrize("texts", [(ONE,), (ONE, TWO), (*TEXTS, "Four.", "Five.")])
@pytest.mark.parametrize("manners", [AUTO, NEVER])
async def test_without_done(
    tmp_path: Path, mock_clock: MockClock, manners: Manners, texts: tuple[str, ...]
) -> None:
    """Without done, a border is the next context, and the last one the close."""
    service = FakeService(done=False, clock=mock_clock)
    recording = Recording(tmp_path, service, texts, manners)
    await recording.run()

    assert list(texts) == recording.recorded
    assert ["next-context"] * (len(texts) - 1) + ["close"] == recording.ends
    assert all(take.record.inferred for take in recording.takes)


async def test_look_ahead(tmp_path: Path) -> None:
    """Without done, the next segment is asked for as soon as a take has begun."""
    recording = Recording(tmp_path, FakeService(done=False), TEXTS, NEVER)
    await recording.run()
    steps = recording.steps

    for text, following in pairwise(TEXTS):
        start = steps.index(f"Chunk of {text}")

        assert [following, "Flush"] == steps[start + 1 : start + 3]
        assert f"Chunk of {text}" in steps[start + 3 :]


async def test_a_quiet_moment(tmp_path: Path, mock_clock: MockClock) -> None:
    """In doubt, the second segment is asked for after a quiet moment, and no other."""
    service = FakeService(done=False, clock=mock_clock)
    start = trio.current_time()
    await Recording(tmp_path, service, TEXTS, AUTO).run()

    assert AUTO.quiet_s == trio.current_time() - start


@pytest.mark.parametrize("texts", [(ONE,), TEXTS])
async def test_a_quiet_moment_is_no_evidence(
    tmp_path: Path, mock_clock: MockClock, texts: tuple[str, ...]
) -> None:
    """A done that comes late ends its take as any other does, and ends the doubt."""
    service = FakeService(twist=only(ONE, hold_the_last), clock=mock_clock)
    recording = Recording(tmp_path, service, texts, AUTO)
    await recording.run()

    assert list(texts) == recording.recorded
    assert ["done"] * len(texts) == recording.ends


async def test_no_quiet_moment_before_audio(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    """Before the first audio nothing but the silence limit counts."""
    service = FakeService(twist=lambda *_: [], clock=mock_clock)
    recording = Recording(tmp_path, service, TEXTS, AUTO)

    assert "nothing came from the service for 30 s" == await recording.fail(
        ServerSilentError
    )
    assert (ONE, 0) == recording.stopped_at
    assert [f"asked {ONE}"] == recording.seen


async def test_done_against_expectation(tmp_path: Path) -> None:
    """A service that sends done where the manifest denies it is believed."""
    recording = Recording(tmp_path, FakeService(), TEXTS, NEVER)
    await recording.run()

    assert list(TEXTS) == recording.recorded
    assert ["done"] * 3 == recording.ends


async def test_done_that_was_promised(tmp_path: Path, mock_clock: MockClock) -> None:
    """A service that sends no done where the manifest promises it has gone silent."""
    service = FakeService(done=False, clock=mock_clock)
    recording = Recording(tmp_path, service)
    await recording.fail(ServerSilentError)

    assert (ONE, len(sound_of(ONE))) == recording.stopped_at
    assert [] == recording.recorded


@pytest.mark.parametrize("done", [Done(), Done("someone's")])
async def test_untagged_done(tmp_path: Path, done: Done) -> None:
    """A done without an id, or with a foreign one, ends the only take there is."""
    service = FakeService(twist=lambda _, items: [*items[:-1], encode_event(done)])
    recording = Recording(tmp_path, service)
    await recording.run()

    assert list(TEXTS) == recording.recorded
    assert ["done-untagged"] * 3 == recording.ends


@pytest.mark.parametrize("ahead", [0, 99])
@pytest.mark.parametrize("manners", [AUTO, ALWAYS, NEVER])
@pytest.mark.parametrize("second", [None, Done(), Done("someone's")])
async def test_doubled_done(
    tmp_path: Path, second: Done | None, manners: Manners, ahead: int
) -> None:
    """A second done ends nothing, however it is tagged."""

    def double(_: str, items: list[Item]) -> list[Item]:
        return [*items, encode_event(second) if second else items[-1]]

    recording = Recording(
        tmp_path, FakeService(ahead=ahead, twist=double), TEXTS, manners
    )
    await recording.run()

    assert list(TEXTS) == recording.recorded


@pytest.mark.parametrize("after_chunks", [0, 1, 99])
@pytest.mark.parametrize("done", [True, False])
async def test_untagged_times(
    tmp_path: Path, mock_clock: MockClock, after_chunks: int, *, done: bool
) -> None:
    """The page's timestamps, which carry no id, go to the take of their audio."""
    service = FakeService(
        done, tags_times=False, times_after_chunks=after_chunks, clock=mock_clock
    )
    recording = Recording(tmp_path, service, TEXTS, AUTO)
    await recording.run()
    words = [
        event.words
        for take in recording.takes
        for event in map(decode_event, read_messages(take))
        if isinstance(event, Timestamps)
    ]

    assert list(TEXTS) == recording.recorded
    assert [tuple(text.split()) for text in TEXTS] == words


async def test_unknown_event(tmp_path: Path) -> None:
    """What a later service adds is on record, and does no harm."""
    extra = encode_event(Unknown("mood"))
    service = FakeService(twist=lambda _, items: [extra, *items])
    recording = Recording(tmp_path, service)
    await recording.run()

    assert list(TEXTS) == recording.recorded
    assert [extra] * 3 == [read_messages(take)[0] for take in recording.takes]


async def test_error_event(tmp_path: Path) -> None:
    """An error event fails the segment in flight; what was before stays on record."""
    complaint = encode_event(ErrorEvent("No such voice"))
    service = FakeService(twist=only(TWO, lambda items: [*items[:2], complaint]))
    recording = Recording(tmp_path, service)

    assert "the service answered: No such voice" == await recording.fail(SynthesisError)
    assert (TWO, 5) == recording.stopped_at
    assert [ONE] == recording.recorded


async def test_take_without_audio(tmp_path: Path) -> None:
    """A take that ends without audio is a failure."""
    service = FakeService(twist=only(TWO, lambda items: items[-1:]))
    recording = Recording(tmp_path, service)

    assert "the take ended without any audio" == await recording.fail(AudioError)
    assert (TWO, 0) == recording.stopped_at
    assert [ONE] == recording.recorded


async def test_half_a_sample(tmp_path: Path) -> None:
    """A take that ends inside a sample is a failure."""
    service = FakeService(twist=only(TWO, lambda items: [items[0], items[-1]]))
    recording = Recording(tmp_path, service)

    assert "ended inside a sample" in await recording.fail(AudioError)
    assert (TWO, 5) == recording.stopped_at
    assert [ONE] == recording.recorded


@pytest.mark.parametrize("manners", [AUTO, ALWAYS, NEVER])
async def test_silence(tmp_path: Path, mock_clock: MockClock, manners: Manners) -> None:
    """A service that stops in the middle is given up after the silence limit."""
    twist = only(TWO, lambda items: [items[0], Hold(for_good=True)])
    service = FakeService(manners is not NEVER, twist=twist, clock=mock_clock)
    recording = Recording(tmp_path, service, TEXTS, manners)
    start = trio.current_time()
    await recording.fail(ServerSilentError)

    assert manners.silence_limit_s == trio.current_time() - start
    assert (TWO, 5) == recording.stopped_at
    assert [ONE] == recording.recorded


@pytest.mark.parametrize("close", [Close(), Close(1006), Close(1011, "400 too long")])
@pytest.mark.parametrize("manners", [AUTO, ALWAYS, NEVER])
async def test_close_inside_a_take(
    tmp_path: Path, manners: Manners, close: Close
) -> None:
    """A close before the end is a failure, clean or not; its reason is kept whole."""
    twist = only(TWO, lambda items: [*items[:2], close])
    service = FakeService(manners is not NEVER, twist=twist)
    recording = Recording(tmp_path, service, TEXTS, manners)
    words = f"{close.code} ({close.reason})" if close.reason else str(close.code)

    assert f"the connection was closed with {words}" == await recording.fail(
        ConnectionClosedError
    )
    assert (TWO, 5) == recording.stopped_at
    assert [ONE] == recording.recorded


async def test_close_between_segments(tmp_path: Path) -> None:
    """A close with segments still to come is a failure, of the next one."""
    service = FakeService(twist=only(ONE, lambda items: [*items, Close()]), ahead=99)
    recording = Recording(tmp_path, service)
    await recording.fail(ConnectionClosedError)

    assert (TWO, 0) == recording.stopped_at
    assert [f"asked {ONE}", f"took {ONE}", f"asked {TWO}"] == recording.seen


@pytest.mark.parametrize("manners", [ALWAYS, AUTO, NEVER])
@pytest.mark.parametrize("first", [0, 1, 2])
async def test_a_segment_that_may_not_be_sent(
    tmp_path: Path, mock_clock: MockClock, manners: Manners, first: int
) -> None:
    """It ends the session as the last one would: nothing that was asked for is lost."""
    service = FakeService(manners is ALWAYS, clock=mock_clock)
    recording = Recording(tmp_path, service, TEXTS, manners)
    recording.may_not_be_sent = {TEXTS[first]}
    await recording.run()

    assert list(TEXTS[:first]) == recording.recorded
    assert 2 * first + 1 == len(service.heard)  # a text and a flush each, and eos
    assert EOS == service.heard[-1]


async def test_a_script_that_may_not_be_sent(tmp_path: Path) -> None:
    """It is not begun, and the connection is ended for it."""
    recording = Recording(tmp_path, FakeService(), SCRIPT)
    recording.may_not_be_sent = {segment.text for segment in SCRIPT.segments}
    await recording.run()

    assert [EOS] == recording.service.heard
    assert [] == recording.recorded


async def test_the_count_comes_before_the_bill(tmp_path: Path) -> None:
    """A segment is told before its first message leaves, or could not leave."""
    service = FakeService(twist=only(ONE, lambda items: [*items, Close()]), ahead=99)
    recording = Recording(tmp_path, service)
    await recording.fail(ConnectionClosedError)

    assert f"asked {TWO}" == recording.seen[-1]
    assert TWO not in "".join(service.heard)


@pytest.mark.parametrize("code", [1000, 1001, 1005])
async def test_clean_close_ends_the_last_take(tmp_path: Path, code: int) -> None:
    """After eos a clean close is the end of a take that no done has ended."""
    service = FakeService(done=False, farewell=(Close(code),))
    recording = Recording(tmp_path, service, (ONE, TWO), NEVER)
    await recording.run()

    assert [ONE, TWO] == recording.recorded
    assert ["next-context", "close"] == recording.ends


@pytest.mark.parametrize("code", [1006, 1011])
async def test_unclean_close_ends_no_take(tmp_path: Path, code: int) -> None:
    """After eos a close that is not clean leaves the last take incomplete."""
    service = FakeService(done=False, farewell=(Close(code),))
    recording = Recording(tmp_path, service, (ONE, TWO), NEVER)
    await recording.fail(ConnectionClosedError)

    assert [ONE] == recording.recorded


async def test_close_before_eos_ends_no_take(tmp_path: Path) -> None:
    """A clean close that came before eos could be said leaves a take incomplete."""
    service = FakeService(False, twist=lambda _, items: [*items, Close()], ahead=99)
    recording = Recording(tmp_path, service, [ONE], NEVER)
    await recording.fail(ConnectionClosedError)

    assert EOS not in service.heard
    assert [] == recording.recorded


async def test_next_take_never_begins(tmp_path: Path, mock_clock: MockClock) -> None:
    """Without done, a take is incomplete as long as the next one has not begun."""
    service = FakeService(False, twist=only(TWO, lambda _: []), clock=mock_clock)
    recording = Recording(tmp_path, service, TEXTS, NEVER)
    await recording.fail(ServerSilentError)

    assert (ONE, len(sound_of(ONE))) == recording.stopped_at
    assert [] == recording.recorded


async def test_close_never_comes(tmp_path: Path, mock_clock: MockClock) -> None:
    """Without done, the last take is incomplete if the close never comes."""
    service = FakeService(False, farewell=(), clock=mock_clock)
    recording = Recording(tmp_path, service, (ONE, TWO), NEVER)
    await recording.fail(ServerSilentError)

    assert [ONE] == recording.recorded


async def test_close_is_not_needed(tmp_path: Path, mock_clock: MockClock) -> None:
    """With nothing missing, the close is given a moment and no more."""
    recording = Recording(tmp_path, FakeService(farewell=(), clock=mock_clock))
    start = trio.current_time()
    await recording.run()

    assert list(TEXTS) == recording.recorded
    assert ALWAYS.close_s == trio.current_time() - start


@pytest.mark.parametrize("ahead", [0, 99])
@pytest.mark.parametrize("code", [1000, 1006, 1011])
@pytest.mark.parametrize("last_words", [None, Done(), ErrorEvent("too late")])
async def test_nothing_missing(
    tmp_path: Path, last_words: Event | None, code: int, ahead: int
) -> None:
    """With nothing missing, it does no harm how the service hangs up."""
    words = [encode_event(last_words)] if last_words else []
    service = FakeService(farewell=(*words, Close(code)), ahead=ahead)
    recording = Recording(tmp_path, service)
    await recording.run()

    assert list(TEXTS) == recording.recorded


@pytest.mark.parametrize("ahead", [0, 99])
async def test_nothing_missing_before_eos(tmp_path: Path, ahead: int) -> None:
    """With nothing missing, it does no harm if the service is first to hang up."""
    twist = only(THREE, lambda items: [*items, Close(1006)])
    recording = Recording(tmp_path, FakeService(twist=twist, ahead=ahead))
    await recording.run()

    assert list(TEXTS) == recording.recorded


@pytest.mark.parametrize("manners", [ALWAYS, NEVER])
async def test_audio_between_takes(tmp_path: Path, manners: Manners) -> None:
    """Audio that came after one take and before the next was asked for was cut off.

    The take ended too early, so it does not count.
    """
    message = encode_event(Chunk(b"12"))
    twist = only(ONE, lambda items: [*items, message])
    service = FakeService(twist=twist, ahead=99)
    recording = Recording(tmp_path, service, TEXTS, manners)
    words = await recording.fail(RemoteProtocolError)
    entry = next(e for e in read_entries(recording.path) if e.value == message)

    assert (
        f"entry {entry.number}: audio or times arrived for a take that had ended "
        "already"
    ) == words
    assert [] == recording.recorded


@pytest.mark.parametrize("stray", [Timestamps((), (), ()), Done(), ErrorEvent("late")])
async def test_remarks_between_takes(tmp_path: Path, stray: Event) -> None:
    """What else came after one take and before the next was asked for is nobody's."""
    twist = only(ONE, lambda items: [*items, encode_event(stray)])
    recording = Recording(tmp_path, FakeService(twist=twist, ahead=99))
    await recording.run()

    assert list(TEXTS) == recording.recorded


@pytest.mark.parametrize(
    ("label", "left"), [(0, TEXTS[1:]), (1, (TEXTS[0], TEXTS[2])), (None, TEXTS[:2])]
)
async def test_audio_after_the_last_take(
    tmp_path: Path, label: int | None, left: tuple[str, ...]
) -> None:
    """Late audio takes back the take it is labelled for, or else the last one."""
    segments = make_planned(*TEXTS).segments
    context_id = None if label is None else segments[label].context_id
    late = encode_event(Chunk(b"12", context_id))
    recording = Recording(tmp_path, FakeService(farewell=(late, Close())))
    await recording.fail(RemoteProtocolError)

    assert list(left) == recording.recorded
    [cut] = {*TEXTS} - {*left}
    assert f"withdrew {cut}" == recording.seen[-1]


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("message", ["{", '{"type":"chunk","data":"!"}', "[]"])
async def test_broken_message(tmp_path: Path, message: str, place: int) -> None:
    """What is no event is a failure that names the entry with its exact text."""
    service = FakeService(
        twist=only(TWO, lambda items: [*items[:place], message, *items[place:]])
    )
    recording = Recording(tmp_path, service)
    words = await recording.fail(RemoteProtocolError)
    number = int(words.removeprefix("entry ").partition(":")[0])

    assert message == list(read_entries(recording.path))[number - 1].value
    assert [ONE] == recording.recorded


@pytest.mark.parametrize("done", [True, False])
async def test_script(tmp_path: Path, *, done: bool) -> None:
    """A script is sent as it stands and read to the close, as one take."""
    service = FakeService(done, ahead=99)
    recording = Recording(tmp_path, service, SCRIPT, Manners(is_script=True))
    await recording.run()

    assert list(SCRIPT.segments[0].messages) == service.heard
    assert ["close"] == recording.ends
    assert ["Forget this.", "This goes.", " And this."] == service.spoken
    assert b"".join(map(sound_of, service.spoken)) == read_audio(recording.takes[0])


async def test_script_without_its_end(tmp_path: Path) -> None:
    """A script whose connection does not end with a clean close has failed."""
    service = FakeService(farewell=(Close(1011, "out of breath"),))
    recording = Recording(tmp_path, service, SCRIPT, Manners(is_script=True))

    assert "out of breath" in await recording.fail(ConnectionClosedError)
    assert [] == recording.takes


@given(
    texts=st.lists(st.sampled_from([*TEXTS, "A.", "B. C."]), min_size=1, max_size=4),
    belief=st.sampled_from(["auto", "always", "never"]),
    service=st.builds(
        FakeService,
        done=st.booleans(),
        tags_times=st.booleans(),
        chunk_bytes=st.lists(st.integers(1, 40), min_size=1, max_size=4).map(tuple),
        times_after_chunks=st.integers(0, 50),
        ahead=st.integers(0, 60),
        at_once=st.booleans(),
        clock=st.builds(MockClock),
    ),
)
@settings(max_examples=60)
def test_every_take_is_whole(
    texts: list[str],
    belief: Literal["auto", "always", "never"],
    service: FakeService,
) -> None:
    """However a service cuts what it sends, each take holds its own sound, in order."""
    service.done |= belief == "always"
    with tempfile.TemporaryDirectory() as folder:
        manners = Manners(done=belief, bytes_per_sample=2)
        recording = Recording(Path(folder), service, texts, manners)
        trio.run(recording.run, clock=service.clock)
        records = [take.record for take in recording.takes]

        assert texts == recording.recorded
        assert all(one.end <= two.start for one, two in pairwise(records))
        assert [make_id(take) for take in recording.takes] == [r.id for r in records]
        assert service.lines[0].wire == [
            (entry.kind, entry.value)
            for entry in read_entries(recording.path)
            if entry.kind in {"sent", "received"}
        ]


class Interruption(trio.abc.Instrument):
    """Cancels a scope before that step of its task, of which there may be fewer."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self._task = trio.lowlevel.current_task()
        self._scope = scope
        self._steps_left = step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count a step."""
        self._steps_left -= task is self._task
        if self._steps_left == 0:
            self._scope.cancel()


async def run_until(step: int, recording: Recording) -> bool:
    """Run *recording*, cancel it before that step, and return whether it got there."""
    with trio.CancelScope() as scope:
        interruption = Interruption(scope, step)
        trio.lowlevel.add_instrument(interruption)
        try:
            await recording.run()
        finally:
            trio.lowlevel.remove_instrument(interruption)
    return scope.cancelled_caught


@pytest.mark.parametrize("manners", [ALWAYS, NEVER])
async def test_cancellation(tmp_path: Path, manners: Manners) -> None:
    """Cancelled at any step, it leaves a sealed record of all that was complete."""
    for step in count(1):
        service = FakeService(manners is ALWAYS)
        recording = Recording(tmp_path / str(step), service, TEXTS, manners)
        was_cancelled = await run_until(step, recording)
        told = [text for text in TEXTS if f"took {text}" in recording.seen]

        assert "sealed" == read_kinds(recording.path)[-1]
        # One more may be on record, if the end came before anyone could be told.
        assert told == recording.recorded[: len(told)]
        assert len(recording.recorded) <= len(told) + 1

        if not was_cancelled:
            assert step > 20
            assert list(TEXTS) == told
            return
