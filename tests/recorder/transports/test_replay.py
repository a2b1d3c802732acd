"""Tests of the replay transport: transcripts play the service."""

import json
import math
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import trio
from trio._core import _run
from trio.testing import MockClock, wait_all_tasks_blocked

from fakes.recordings import (
    EOS,
    FLUSH,
    QUERY,
    chunk,
    done,
    ended,
    farewell,
    heard,
    make,
    said,
    take,
    text,
    times,
    write,
)
from fakes.stages import (
    NS,
    Client,
    Idle,
    Stage,
    ask,
    hear,
    hear_close,
    leave,
    open_record,
    say,
    speak,
)
from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    DivergenceError,
    RemoteProtocolError,
)
from rimebatch.recorder.transports import Received, Transport
from rimebatch.recorder.transports.pump import now_ns
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import (
    DivergenceKind,
    Ended,
    Gate,
    Heard,
    Opening,
    Recording,
    ReplayOptions,
    Sent,
    Step,
    read_recording,
)
from rimebatch.transcript import Redactor

MS: Final = 1_000_000
ONE: Final = make(*take("a"), *farewell())
TWO_STEPS: Final = (*take("a"), *take("b"), *farewell())
TWO: Final = make(*TWO_STEPS)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return an empty stage."""
    return Stage(tmp_path)


async def test_a_replay_is_a_fixed_point(
    mock_clock: MockClock, stage: Stage, tmp_path: Path
) -> None:
    """What is recorded of a replay is what was played, byte for byte."""
    path = write(tmp_path / "original.jsonl", TWO)

    assert path.read_bytes() == await stage.play(speak("a", "b"), read_recording(path))
    assert [] == stage.divergences


@pytest.mark.parametrize("code", [1000, 1005, 1011, 4400])
async def test_closes(mock_clock: MockClock, stage: Stage, code: int) -> None:
    """The server's close comes as it came, and is answered by itself."""
    end = ended(code=code, reason="so it is")

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear(line, "a")
        for _ in range(2):
            with pytest.raises(ConnectionClosedError, match="so it is") as caught:
                await line.receive()

            assert (code, "so it is") == (caught.value.code, caught.value.reason)

    await stage.play(client, make(*take("a"), end))

    closes = [line.get("closed") for line in stage.lines[-3:-1]]
    expected = {"code": code, "reason": "so it is"}
    assert [{"by": by, **expected} for by in ("server", "client")] == closes


async def test_a_lost_line(mock_clock: MockClock, stage: Stage) -> None:
    """A line that was lost is lost again, at its time, and is no close."""

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear_close(line, 1006)

    lost = ended(code=1006, reason="reset", after_ms=500)
    await stage.play(client, make(*take("a")[:3], lost))

    assert {"by": "server", "how": "reset"} == stage.lines[-2]["lost"]
    assert 650 * MS == stage.lines[-2]["t"]


async def test_the_end_of_the_record_is_no_close(
    mock_clock: MockClock, stage: Stage, tmp_path: Path
) -> None:
    """A transcript that breaks off ends with a lost line, whatever the client does."""
    path = write(tmp_path / "whole.jsonl", TWO)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear_close(line, 1006)
        with pytest.raises(ConnectionClosedError, match="the record ends here"):
            await line.send(EOS)

    await stage.play(client, read_recording(path))

    assert ["opened", "sent", "sent", "received", "lost", "sealed"] == stage.kinds
    assert [] == stage.divergences


async def test_a_line_that_the_client_dropped(
    mock_clock: MockClock, stage: Stage, tmp_path: Path
) -> None:
    """What a client once broke off ends there for any client; it is a fixed point."""
    path = tmp_path / "dropped.jsonl"
    dropped = ended("client", 1006, "dropped by the client", after_ms=7)
    write(path, make(*take("a")[:3], dropped))

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear_close(line, 1006)

    assert path.read_bytes() == await stage.play(client, read_recording(path))


async def test_a_send_that_is_too_late(mock_clock: MockClock, stage: Stage) -> None:
    """Who has not heard of the close hears of it when it speaks."""
    recording = make(*take("a"), ended(code=1011))

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear(line, "a")
        await trio.sleep(1)
        with pytest.raises(ConnectionClosedError, match="1011"):
            await line.send(EOS)

    await stage.play(client, recording)

    assert ["closed", "closed", "sealed"] == stage.kinds[-3:]


async def test_two_tasks_of_a_client(mock_clock: MockClock, stage: Stage) -> None:
    """That one task has heard of the close does not mean that another one has."""

    async def client(line: Transport) -> None:
        await ask(line, "a")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hear_close, line, 1011)
            await trio.sleep(1)
            with pytest.raises(ConnectionClosedError):
                await line.send(EOS)

    await stage.play(client, make(*take("a"), ended(code=1011)))

    assert [] == stage.divergences


async def test_a_refusal(mock_clock: MockClock, stage: Stage) -> None:
    """A handshake that was refused is refused, with all that was said."""
    refusal = Opening(1, 200 * MS, 429, {"retry-after": "7"}, "too many")
    with pytest.raises(ConnectError) as caught:
        await stage.play(say(), make(opening=refusal))

    error = caught.value
    assert (429, "too many", "7") == (error.status, error.body, error.retry_after)
    assert str(error).endswith("the handshake was refused with HTTP 429: too many")
    assert {
        "n": 1,
        "t": 200 * MS,
        "refused": {
            "status": 429,
            "headers": {"retry-after": "7"},
            "body": "too many",
        },
    } == stage.lines[0]
    assert ["refused", "sealed"] == stage.kinds


async def test_a_silent_refusal(mock_clock: MockClock, stage: Stage) -> None:
    """A refusal without a body is told without one."""
    with pytest.raises(ConnectError, match=r"refused with HTTP 503$"):
        await stage.play(say(), make(opening=Opening(1, 0, 503)))


@pytest.mark.parametrize("how", ["too slow", "ws://127.0.0.1/ws3: too slow"])
async def test_no_answer(mock_clock: MockClock, stage: Stage, how: str) -> None:
    """A handshake that got no answer gets none; the address is told once."""
    opening = Opening(1, 15 * NS, None, text=how, by="client")
    with pytest.raises(ConnectError, match=r"^ws://127\.0\.0\.1/ws3: too slow$"):
        await stage.play(say(), make(opening=opening))

    lost = {"by": "client", "how": how}
    assert {"n": 1, "t": 15 * NS, "lost": lost} == stage.lines[0]
    assert ["lost", "sealed"] == stage.kinds


async def test_a_binary_message(mock_clock: MockClock, stage: Stage) -> None:
    """A binary message is the error that it is with the live transport."""

    async def client(line: Transport) -> None:
        await line.send(EOS)
        with pytest.raises(RemoteProtocolError, match="entry 3: a binary message"):
            await line.receive()
        await hear_close(line)

    await stage.play(client, make(said(EOS), heard(b"\0\xff"), ended()))

    assert "AP8=" == stage.lines[2]["received_binary"]


async def test_what_is_hidden(mock_clock: MockClock, stage: Stage) -> None:
    """What is received is what is on record: if that hides the text, without it."""
    hide = Redactor(text="hash")
    async with stage.open(
        make(said(EOS), heard(times("a")), ended()), redactor=hide
    ) as line:
        await line.send(EOS)
        received = await line.receive()
        await hear_close(line)

    assert hide.redact(times("a")) == received.message
    assert json.loads(received.message) == stage.lines[2]["received"]


async def test_spans(mock_clock: MockClock, stage: Stage) -> None:
    """A received message says where its entry lies in the transcript."""
    received: list[Received] = []

    async def client(line: Transport) -> None:
        await ask(line, "a")
        received.extend([await line.receive() for _ in range(3)])
        await leave(line)

    content = await stage.play(client, ONE)

    assert [4, 5, 6] == [one.span.number for one in received]
    for one in received:
        line = json.loads(content[one.span.start : one.span.end])

        assert json.loads(one.message) == line["received"]


def simulate(names: Iterable[str], window: int) -> Recording:
    """Return what a client with that *window* records of a service.

    The service speaks one take at a time: 40 ms of thought, and four chunks and a done
    50 ms apart. The client asks for the next one as soon as it may.
    """
    waiting = deque(names)
    asked: deque[tuple[str, int]] = deque()
    steps: list[Step] = []
    free_ms = 0
    now_ms = 0
    while waiting or asked:
        while waiting and len(asked) < window:
            name = waiting.popleft()
            asked.append((name, now_ms))
            steps += [Sent(0, now_ms, text(f"{name.title()}.", name))]
            steps += [Sent(0, now_ms, FLUSH)]
        name, asked_ms = asked.popleft()
        begun_ms = max(free_ms, asked_ms) + 40
        for n in range(4):
            steps.append(Heard(0, begun_ms + 50 * n, chunk(name, bytes([n, n]))))
        now_ms = free_ms = begun_ms + 200
        steps.append(Heard(0, now_ms, done(name)))
    steps += [Sent(0, now_ms, EOS), Ended(0, now_ms, "server", 1000, "")]
    numbered = (
        replace(step, number=number, time_ns=step.time_ns * MS)
        for number, step in enumerate(steps, start=2)
    )
    return replace(make(opening=Opening(1, 0, 101)), steps=tuple(numbered))


@pytest.mark.parametrize("recorded", [1, 2, 4])
@pytest.mark.parametrize("window", [1, 2, 4])
async def test_windows(
    mock_clock: MockClock, stage: Stage, recorded: int, window: int
) -> None:
    """However far ahead was and is asked, all is heard, after the same true time."""
    names = "abcdefgh"
    await stage.play(speak(*names, window=window), simulate(names, recorded))

    played = read_recording(stage.paths[-1])
    assert 8 * 240 * MS == played.steps[-1].time_ns
    assert 40 == sum(isinstance(step, Heard) for step in played.steps)


@pytest.mark.parametrize("gate", ["observed", "total"])
async def test_windows_by_order(
    mock_clock: MockClock, stage: Stage, gate: Gate
) -> None:
    """By order alone a client that asks one by one waits in vain for the first word."""
    recording = simulate("abcd", 2)
    options = ReplayOptions(gate=gate)
    found = await stage.fail(speak(*"abcd"), recording, options)

    assert (DivergenceKind.MISSING, 4) == (found.kind, found.entry)


async def test_who_runs_ahead(mock_clock: MockClock, stage: Stage) -> None:
    """If the order counts in both directions, asking ahead is told."""
    options = ReplayOptions(gate="total")
    found = await stage.fail(speak("a", "b", window=2), TWO, options)

    assert (DivergenceKind.EARLY, TWO.steps[5].number) == (found.kind, found.entry)


async def test_what_is_said_waits_for_what_was_heard(
    mock_clock: MockClock, stage: Stage
) -> None:
    """Who speaks sooner than it did is not sooner than what it had heard by then."""
    await stage.play(speak("a", "b", window=2), TWO)

    assert TWO.steps == read_recording(stage.paths[-1]).steps


async def test_other_ids(mock_clock: MockClock, stage: Stage) -> None:
    """A client that calls its contexts by other names hears those."""

    async def client(line: Transport) -> None:
        await line.send(text("A.", "x"))
        await line.send(FLUSH)
        await hear(line, "x")
        await leave(line)

    await stage.play(client, ONE)

    _, chunk_, *_ = (line for line in stage.lines if "received" in line)
    assert json.loads(chunk("x", b"\1\1")) == chunk_["received"]


async def test_another_query(
    mock_clock: MockClock, stage: Stage, tmp_path: Path
) -> None:
    """A connection with another query is none that is on record."""
    replay = Replay([ONE])
    with (
        pytest.raises(DivergenceError, match="another query: speaker"),
        open_record(tmp_path / "record.jsonl", ONE) as transcript,
    ):
        async with replay.connect((("speaker", "bert"), *QUERY[1:]), transcript):
            pass

    assert [DivergenceKind.HANDSHAKE] == [found.kind for found in replay.divergences]
    assert (ONE,) == replay.waiting


async def test_one_connection_too_many(
    mock_clock: MockClock, stage: Stage, tmp_path: Path
) -> None:
    """After the last recording every connection is one too many."""
    replay = Replay([ONE])
    with open_record(tmp_path / "one.jsonl", ONE) as transcript:
        async with replay.connect(QUERY, transcript) as line:
            await speak("a")(line)
    with (
        pytest.raises(DivergenceError, match="extra-connection"),
        open_record(tmp_path / "two.jsonl", ONE) as transcript,
    ):
        async with replay.connect(QUERY, transcript):
            pass

    assert () == replay.waiting


# Mistakes of clients, each planted.


async def skip_a_flush(line: Transport) -> None:
    """Ask for the second take without submitting the first."""
    await line.send(text("A.", "a"))
    await line.send(text("B.", "b"))


async def skip_the_last_flush(line: Transport) -> None:
    """Wait for what was never submitted."""
    await ask(line, "a")
    await hear(line, "a")
    await line.send(text("B.", "b"))
    await line.receive()


async def say_it_twice(line: Transport) -> None:
    """Say a message twice."""
    await line.send(text("A.", "a"))
    await line.send(text("A.", "a"))


async def change_a_character(line: Transport) -> None:
    """Say almost the same."""
    await line.send(text("A!", "a"))


async def reuse_an_id(line: Transport) -> None:
    """Call two contexts by one name."""
    await ask(line, "a")
    await hear(line, "a")
    await line.send(text("B.", "a"))


async def stop_early(line: Transport) -> None:
    """Leave as soon as something was heard."""
    await ask(line, "a")
    await line.receive()


async def stop_before_the_end(line: Transport) -> None:
    """Leave without hearing the last message, when all has come and the close too."""
    await ask(line, "a")
    await hear(line, "a")
    await ask(line, "b")
    await line.send(EOS)
    for _ in range(2):
        await line.receive()
    await trio.sleep(1)


async def forget_the_end(line: Transport) -> None:
    """Leave without having said that it is over."""
    await ask(line, "a")
    await hear(line, "a")
    await ask(line, "b")
    await hear(line, "b")


async def ignore_the_close(line: Transport) -> None:
    """Go on after the close."""
    await speak("a", "b")(line)
    await line.send(FLUSH)


async def ignore_the_refusal(line: Transport) -> None:
    """Go on after a message was refused because of the close."""
    await ask(line, "a")
    await hear(line, "a")
    await ask(line, "b")
    await hear(line, "b")
    await line.send(EOS)
    await trio.sleep(1)
    with pytest.raises(ConnectionClosedError):
        await line.send(FLUSH)
    await line.send(FLUSH)


async def wait_for_more(line: Transport) -> None:
    """Wait where the service waits."""
    await ask(line, "a")
    await hear(line, "a")
    await line.receive()


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (skip_a_flush, "entry 3: changed: the client said something else at "),
        (skip_the_last_flush, "entry 8: missing: the client waits for the service"),
        (say_it_twice, "entry 3: changed: "),
        (change_a_character, "entry 2: changed: the client said something else at $."),
        (reuse_an_id, "entry 7: changed: the client said something else at $.contextI"),
        (stop_early, "entry 7: missing: the client left, and has not said what the"),
        (stop_before_the_end, "entry 11: unplayed: the client left without hearing 1"),
        (forget_the_end, "entry 12: missing: the client left, and has not said what"),
        (ignore_the_close, "entry 14: extra: the client goes on after it was told"),
        (ignore_the_refusal, "entry 14: extra: the client goes on after it was told"),
        (wait_for_more, "entry 7: missing: the client waits for the service, and has"),
    ],
)
async def test_planted_mistakes(
    mock_clock: MockClock, stage: Stage, client: Client, expected: str
) -> None:
    """Every mistake of a client is caught, in one line that repeats no text."""
    found = await stage.fail(client, TWO)

    assert str(found).startswith(f"0001.jsonl, {expected}")
    assert "A." not in str(found)
    assert "\n" not in str(found)
    assert found.report.startswith(str(found))


async def test_a_report(mock_clock: MockClock, stage: Stage) -> None:
    """The report of a divergence says all there is to know, and goes with the error."""
    with pytest.raises(DivergenceError) as caught:
        await stage.play(say_it_twice, TWO)

    [report] = caught.value.__notes__
    assert (
        "0001.jsonl, entry 3: changed: the client said something else at "
        "$.operation, $.text, $.contextId\n"
        "  at 0.050000 s of the replay\n"
        "  last played:\n"
        '         2 → {"text":"A.","contextId":"a"}\n'
        "  at $.operation\n"
        '    recorded: "flush"\n'
        "    live:     nothing\n"
        "  at $.text\n"
        "    recorded: nothing\n"
        '    live:     "A."\n'
        "  at $.contextId\n"
        "    recorded: nothing\n"
        '    live:     "a"\n'
        "  most like it on record:\n"
        '         2 → {"text":"A.","contextId":"a"}\n'
        "  the client's message 2 repeats recorded message 1: was it said twice?"
    ) == report


async def test_a_limit_of_its_own(mock_clock: MockClock, stage: Stage) -> None:
    """A client that gives up waiting is told why there was nothing to wait for."""

    async def client(line: Transport) -> None:
        await line.send(text("A.", "a"))
        with trio.fail_after(30):
            await line.receive()

    with pytest.raises(DivergenceError, match="entry 3: missing: ") as caught:
        await stage.play(client, ONE)

    assert isinstance(caught.value.__cause__, trio.TooSlowError)
    assert ["lost", "sealed"] == stage.kinds[-2:]
    assert 30_050 * MS == stage.lines[-2]["t"]


async def fail_for_another_reason(line: Transport) -> None:
    """Give up waiting, say what was missing, and fail later."""
    await line.send(text("A.", "a"))
    with trio.move_on_after(5):
        await line.receive()
    await line.send(FLUSH)
    raise ValueError


async def fail_while_it_waits(line: Transport) -> None:
    """Give up waiting for what is on its way."""
    await ask(line, "a")
    with trio.fail_after(0.05):
        await line.receive()


async def fail_as_it_once_did(line: Transport) -> None:
    """Give up where the client left on record, too."""
    await ask(line, "a")
    await hear(line, "a")
    await line.send(EOS)
    with trio.fail_after(5):
        await line.receive()


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (fail_for_another_reason, ValueError),
        (fail_while_it_waits, trio.TooSlowError),
        (fail_as_it_once_did, trio.TooSlowError),
    ],
)
async def test_failures_of_its_own(
    mock_clock: MockClock, stage: Stage, client: Client, expected: type[Exception]
) -> None:
    """A client that fails for reasons of its own fails with those, and as it is."""
    recording = make(*take("a"), said(EOS), ended("client"), ended())
    with pytest.raises(expected):
        await stage.play(client, recording)

    assert [] == stage.divergences
    assert ["lost", "sealed"] == stage.kinds[-2:]


async def test_a_divergence_cannot_be_swallowed(
    mock_clock: MockClock, stage: Stage
) -> None:
    """Who goes on after a divergence meets it again, at the latest when it leaves."""

    async def client(line: Transport) -> None:
        for meet in (line.send, line.send, lambda _: line.receive()):
            with pytest.raises(DivergenceError):
                await meet(EOS)

    found = await stage.fail(client, ONE)

    assert DivergenceKind.CHANGED is found.kind


async def test_two_who_wait_in_vain(mock_clock: MockClock, stage: Stage) -> None:
    """However many tasks wait in vain, each is told, and the report says it once."""
    told = []

    async def client(line: Transport) -> None:
        async def wait() -> None:
            with pytest.raises(DivergenceError) as caught:
                await line.receive()
            told.append(str(caught.value))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            nursery.start_soon(wait)

    found = await stage.fail(client, ONE)

    assert [str(found)] * 2 == told


async def test_a_silent_service_after_a_fault(
    mock_clock: MockClock, stage: Stage
) -> None:
    """After a fault a client's own limit is what ends its wait; it needs one."""
    stalled = replace(ONE, steps=ONE.steps[:3], faulty_from=3)

    async def limited(line: Transport) -> None:
        await ask(line, "a")
        with trio.move_on_after(30):
            await hear(line, "a")

    async def unlimited(line: Transport) -> None:
        await ask(line, "a")
        await hear(line, "a")

    await stage.play(limited, stalled)

    assert "waits without a limit" in str(await stage.fail(unlimited, stalled))


async def test_a_polite_close(mock_clock: MockClock, stage: Stage) -> None:
    """A client that leaves closes, and waits for the other side's close."""
    closed = ended("client", after_ms=0)
    recording = make(*take("a"), closed, heard(times("a"), 30), ended())

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear(line, "a")

    await stage.play(client, recording)

    assert recording.steps == read_recording(stage.paths[-1]).steps


async def test_a_close_without_an_answer(mock_clock: MockClock, stage: Stage) -> None:
    """A close that was never answered is waited for no longer than live."""

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear(line, "a")

    start_s = trio.current_time()
    await stage.play(client, make(*take("a"), ended("client")))

    assert pytest.approx(0.35 + 2.0) == trio.current_time() - start_s
    assert ["closed", "sealed"] == stage.kinds[-2:]


@pytest.mark.parametrize(
    ("after_ms", "expected"),
    [
        *((20, []), (50, [])),  # a deadline is before what is due at its instant
        *((70, ["opened", "sent", "sent", "lost"]),),
        *((150, ["opened", "sent", "sent", "lost"]),),
        *((170, ["sent", "sent", "received", "lost"]),),
        *((350, ["sent", "received", "received", "lost"]),),
        *((360, ["received", "received", "received", "closed"]),),
        *((2340, ["received", "received", "received", "closed"]),),
    ],
)
async def test_cancellation(
    mock_clock: MockClock, stage: Stage, after_ms: int, expected: list[str]
) -> None:
    """Whenever a client is cancelled, its line is dropped, and nothing is left."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    start_s = trio.current_time()

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await hear(line, "a")

    with trio.move_on_after(after_ms / 1000) as scope:
        await stage.play(client, make(*take("a"), ended("client")))
    for _ in range(2):  # the pump ends as soon as nothing happens any more
        await wait_all_tasks_blocked()

    assert scope.cancelled_caught
    assert pytest.approx(after_ms / 1000) == trio.current_time() - start_s
    assert tasks == trio.lowlevel.current_statistics().tasks_living
    assert math.inf == mock_clock.autojump_threshold
    assert [] == stage.divergences
    assert [*expected, "sealed"] == stage.kinds[-5:]


async def test_cancelled_before_it_speaks(mock_clock: MockClock, stage: Stage) -> None:
    """A send that is cancelled says nothing, and neither does one that has to wait."""

    async def client(line: Transport) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await line.send(text("A.", "a"))

        assert scope.cancelled_caught

        await ask(line, "a")
        with trio.move_on_after(0.2) as scope:
            await line.send(text("B.", "b"))

        assert scope.cancelled_caught

        await hear(line, "a")
        await ask(line, "b")
        await hear(line, "b")
        await leave(line)

    await stage.play(client, TWO)

    assert TWO.steps == read_recording(stage.paths[-1]).steps


async def test_a_cancelled_wait_loses_nothing(
    mock_clock: MockClock, stage: Stage
) -> None:
    """However often a wait is cancelled, every message is received once."""
    heard_at: list[tuple[str, int]] = []
    recording = make(*take("a", chunks=20), *farewell())

    async def client(line: Transport) -> None:
        await ask(line, "a")
        message = ""
        while message != done("a"):
            with trio.move_on_after(0.03):
                message = (await line.receive()).message
                heard_at.append((message, now_ns()))
        await leave(line)

    await stage.play(client, recording)

    assert [
        (step.message, step.time_ns)
        for step in recording.steps
        if isinstance(step, Heard)
    ] == heard_at


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
async def test_what_leaves_a_connection(
    mock_clock: MockClock, stage: Stage, failure: type[BaseException]
) -> None:
    """Whatever is raised on a connection leaves it as it is, and drops the line."""

    async def client(line: Transport) -> None:
        await ask(line, "a")
        raise failure

    with pytest.raises(failure):
        await stage.play(client, ONE)

    assert ["opened", "sent", "sent", "lost", "sealed"] == stage.kinds


async def test_what_is_left_when_a_line_is_dropped(
    mock_clock: MockClock, stage: Stage
) -> None:
    """What a client that drops its line has not heard is noted, as no divergence."""

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await trio.sleep(0.15)
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await stage.play(client, make(*take("a")))

    assert [] == stage.divergences
    assert [("unplayed", 4)] == [(left.kind, left.entry) for left in stage.dropped]


async def test_side_by_side(mock_clock: MockClock, tmp_path: Path) -> None:
    """Connections share the time, begin when they like, and end in any order."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    long, short = Stage(one), Stage(two)
    seconds = make(*(replace(s, time_ns=10 * s.time_ns) for s in TWO_STEPS))

    async def begin_later() -> None:
        await trio.sleep(0.7)
        await short.play(speak("a"), ONE)
        await short.play(speak("a", "b"), TWO)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(begin_later)
        await long.play(speak("a", "b"), seconds)

    assert seconds.steps == read_recording(long.paths[0]).steps
    assert ONE.steps == read_recording(short.paths[0]).steps
    assert TWO.steps == read_recording(short.paths[1]).steps
    assert seconds.steps[-1].time_ns == now_ns()


def test_the_real_clock(tmp_path: Path) -> None:
    """On a clock that goes by itself all is as it was, but for the times."""
    stage = Stage(tmp_path)
    trio.run(stage.play, speak("a", "b"), TWO, ReplayOptions(pace=0))

    played = read_recording(stage.paths[0]).steps
    assert [replace(step, time_ns=0) for step in TWO.steps] == [
        replace(step, time_ns=0) for step in played
    ]


async def test_at_once(mock_clock: MockClock, stage: Stage) -> None:
    """At no pace at all no time passes."""
    await stage.play(speak("a", "b"), TWO, ReplayOptions(pace=0))

    assert 0 == now_ns()


def test_threads(tmp_path: Path) -> None:
    """A thread that takes its time takes none of the conversation's."""
    stage, idle = Stage(tmp_path), Idle()

    async def client(line: Transport) -> None:
        await ask(line, "a")
        await line.receive()
        await trio.to_thread.run_sync(idle.reached.wait)

        assert 150 * MS == now_ns()

        await hear(line, "a")
        await leave(line)

    trio.run(stage.play, client, ONE, clock=MockClock(), instruments=[idle])

    assert ONE.steps == read_recording(stage.paths[0]).steps


def test_what_is_no_stall(tmp_path: Path) -> None:
    """Who waits for something other than the service is not failed for it."""
    stage, idle = Stage(tmp_path), Idle()

    async def client(line: Transport) -> None:
        something = trio.Event()
        token = trio.lowlevel.current_trio_token()

        def come_from_outside() -> None:
            idle.reached.wait()
            token.run_sync_soon(something.set)

        outside = threading.Thread(target=come_from_outside)
        outside.start()
        await something.wait()
        outside.join()
        await line.receive()

    with pytest.raises(DivergenceError, match="missing"):
        trio.run(stage.play, client, ONE, clock=MockClock(), instruments=[idle])


def test_the_scheduler_changes_nothing(tmp_path: Path) -> None:
    """However trio shuffles the tasks of a client, the transcript is the same."""

    async def client(line: Transport) -> None:
        ready = trio.Event()

        async def listen() -> None:
            await hear(line, "a")
            ready.set()
            await trio.to_thread.run_sync(len, "b")
            await hear(line, "b")

        async def be_busy(seconds: float) -> None:
            for _ in range(20):
                await trio.sleep(seconds)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            nursery.start_soon(be_busy, 0.05)
            nursery.start_soon(be_busy, 0.025)
            await ask(line, "a")
            await ready.wait()
            await ask(line, "b")
        await leave(line)

    assert 1 == len({play_with_seed(tmp_path, client, seed) for seed in range(50)})


def play_with_seed(folder: Path, client: Client, seed: int) -> bytes:
    """Return the transcript of TWO, played with a scheduler of that *seed*.

    Tasks are put in an order before they are shuffled, as pytest-trio has it for
    hypothesis.
    """
    (folder / str(seed)).mkdir()
    _run._r.seed(seed)
    return trio.run(Stage(folder / str(seed)).play, client, TWO, clock=MockClock())
