"""What goes on over one open connection, with a client at the other end of a pipe."""

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

import pytest
import trio
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
    wrap_server_stream,
)
from wsproto.connection import ConnectionState

from rimebatch.errors import VoiceError
from rimebatch.server.connection import Connection
from rimebatch.server.conversation import Conversation
from rimebatch.server.faults import parse_fault
from rimebatch.server.handshake import Voicing
from rimebatch.server.logbook import open_logbook
from rimebatch.server.options import EmptyContextId, ServiceOptions
from rimebatch.server.profiles import CURRENT, PAGE, Profile
from rimebatch.server.rough_stream import RoughStream
from rimebatch.server.voices import ToneVoice
from rimebatch.server.voices import Utterance as Speech
from rimebatch.ws3.commands import Clear, Command, Eos, Flush, Text, encode_command
from rimebatch.ws3.events import Chunk, Done, ErrorEvent, Timestamps, decode_event

OPTIONS = ServiceOptions(voice=ToneVoice(), done_hold_s=0.0)
MALFORMED = "{"
SPOKEN = ["chunk", "timestamps", "chunk", "done", "close 1000"]


class GatedVoice:
    """The tone voice, made to wait before each text until it is let on.

    Attributes:
        gate: Open it to let the voice speak.
        spoken: The texts so far, the one it waits with included.
    """

    name = "gated"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.spoken: list[str] = []

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Speech:
        """Speak as the tone voice does, in time."""
        self.spoken.append(text)
        assert self.gate.wait(timeout=10)
        return ToneVoice().speak(text, speaker=speaker, lang=lang, speed=speed)


class DumbVoice:
    """A voice that cannot speak, and says so at length."""

    name = "dumb"

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Speech:
        """Fail."""
        raise VoiceError("it is so gone, " * 20)


class Client:
    """The other end of a conversation."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection

    async def say(self, *messages: Command | str | bytes) -> None:
        """Send *messages*, commands as their JSON."""
        for message in messages:
            if isinstance(message, (str, bytes)):
                await self._connection.send_message(message)
            else:
                await self._connection.send_message(encode_command(message))

    async def hear(self) -> str:
        """Return the next message in short: its type, and its context id if any."""
        match decode_event(str(await self._connection.get_message())):
            case ErrorEvent(message):
                return f"error {message}"
            case Chunk() | Timestamps() | Done() as event:
                kind = type(event).__name__.lower()
                return f"{kind} {event.context_id}" if event.context_id else kind
            case other:
                raise AssertionError(other)

    async def hear_exactly(self) -> str:
        """Return the next message in short, with the context id even if it is empty."""
        fields = json.loads(await self._connection.get_message())
        label = fields.get("contextId")
        return fields["type"] if label is None else f"{fields['type']} {label}"

    async def hear_all(self) -> list[str]:
        """Return all that comes until the close, repetitions once, and its code."""
        heard = []
        try:
            while True:
                heard.append(await self.hear())
        except ConnectionClosed as closed:
            heard.append(f"close {closed.reason and closed.reason.code}")
        return [message for message, _ in groupby(heard)]

    async def be_understood(self) -> None:
        """Wait until the service has taken in all that was said.

        It answers a malformed message at once, and after it has read those before.
        """
        await self.say(MALFORMED)
        assert (await self.hear()).startswith("error")

    async def leave(self) -> bool:
        """Close the connection, and return whether the service closed it, too."""
        await self._connection.aclose()
        return self._connection._wsproto.state is ConnectionState.CLOSED


@asynccontextmanager
async def open_client(
    segment: str = "never", options: ServiceOptions = OPTIONS, *faults: str
) -> AsyncIterator[Client]:
    """Yield a client that talks to a conversation, and see that this ends after it."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    voicing = Voicing(
        "luna",
        audio_format="pcm",
        segment=segment,
        faults=tuple(map(parse_fault, faults)),
    )
    with trio.fail_after(10):
        async with near, trio.open_nursery() as nursery:
            nursery.start_soon(converse, far, voicing, options)
            connection = await wrap_client_stream(nursery, near, "host", "/ws3")
            yield Client(connection)
            await connection.aclose()


async def converse(
    stream: trio.SocketStream, voicing: Voicing, options: ServiceOptions
) -> None:
    """Hold one conversation over *stream*."""
    rough = RoughStream(stream)
    with open_logbook(options.log) as logbook:
        async with stream, trio.open_nursery() as nursery:
            connection = Connection(await wrap_server_stream(nursery, rough), rough)
            await connection.accept()
            limiter = trio.CapacityLimiter(1)
            shared = (options, limiter, logbook)
            await Conversation(connection, 7, voicing, *shared).run()


async def test_flush() -> None:
    """A flush has the text spoken: audio with its times in between, then done."""
    async with open_client() as client:
        await client.say(Text("Hello there. ", "a"), Flush(), Eos())

        assert [
            *("chunk a", "timestamps a", "chunk a", "done a"),
            "close 1000",
        ] == await client.hear_all()


async def test_eos() -> None:
    """Eos has the rest spoken, with its done, and then closes."""
    async with open_client() as client:
        await client.say(Text("Hello there."), Eos())

        assert SPOKEN == await client.hear_all()


@pytest.mark.parametrize("segment", ["never", "bySentence", "immediate"])
async def test_eos_on_nothing(segment: str) -> None:
    """Eos on an empty buffer closes, and no done comes before."""
    async with open_client(segment) as client:
        await client.say(Text(" \n"), Eos())

        assert ["close 1000"] == await client.hear_all()


async def test_flush_on_nothing() -> None:
    """A flush on an empty buffer yields nothing at all."""
    async with open_client() as client:
        await client.say(Flush(), Text("  "), Flush(), Clear(), Flush(), Eos())

        assert ["close 1000"] == await client.hear_all()


async def test_without_done() -> None:
    """A service of the page's kind sends no done."""
    options = ServiceOptions(voice=ToneVoice(), profile=PAGE)
    async with open_client(options=options) as client:
        await client.say(Text("Hello there."), Eos())

        assert ["chunk", "timestamps", "chunk", "close 1000"] == await client.hear_all()


@pytest.mark.parametrize("profile", [PAGE, CURRENT])
async def test_context_id_of_timestamps(profile: Profile) -> None:
    """The page's timestamps have no context id, not even null; later ones have."""
    options = ServiceOptions(voice=ToneVoice(), profile=profile)
    async with open_client(options=options) as client:
        await client.say(Text("Hello there.", "a"), Eos())
        await client.hear()
        message = str(await client._connection.get_message())

    assert profile.tags_times == ('"contextId":"a"' in message)
    assert profile.tags_times == ("contextId" in message)
    assert "timestamps" in message


async def test_nothing_speakable() -> None:
    """Text without a letter or a digit has no audio, but a done for who awaits it."""
    async with open_client() as client:
        await client.say(Text("..."), Flush(), Eos())

        assert ["done", "close 1000"] == await client.hear_all()


async def test_clear() -> None:
    """Clear drops what is not submitted; what runs or is queued goes on."""
    voice = GatedVoice()
    async with open_client(options=ServiceOptions(voice=voice)) as client:
        await client.say(Text("One. "), Flush())
        await client.say(Text("Two. "), Flush(), Text("Three. "), Clear())
        await client.say(Text("Four. "), Eos())
        await client.be_understood()
        voice.gate.set()
        await client.hear_all()

    assert "One. Two. Four. " == "".join(voice.spoken)


async def test_flushes_meanwhile() -> None:
    """What is flushed during a synthesis is the next one: one, with one done."""
    voice = GatedVoice()
    async with open_client(options=ServiceOptions(voice=voice)) as client:
        await client.say(Text("One. ", "a"), Flush())
        await client.be_understood()
        await client.say(Text("Two. ", "b"), Flush(), Text("Three. ", "c"), Flush())
        await client.say(Eos())
        await client.be_understood()
        voice.gate.set()
        heard = await client.hear_all()

    assert ["One. ", "Two. Three. "] == voice.spoken
    assert [
        *("chunk a", "timestamps a", "chunk a", "done a"),
        *("chunk c", "timestamps c", "chunk c", "done c"),
        "close 1000",
    ] == heard


async def test_by_sentence() -> None:
    """Sentences are spoken as they come, and the run ends when nothing is left."""
    async with open_client("bySentence") as client:
        await client.say(Text("One two. Three "))
        first = [await client.hear() for _ in range(3)]
        await client.say(Text("four"), Eos())
        heard = await client.hear_all()

    assert ["chunk", "timestamps", "chunk"] == first
    assert SPOKEN == heard


async def test_by_sentence_at_once() -> None:
    """When only white space is left over, the run has ended."""
    async with open_client("bySentence") as client:
        await client.say(Text("One. "))
        heard: list[str] = []
        while "done" not in heard:
            heard.append(await client.hear())

    assert "timestamps" in heard


async def test_immediate() -> None:
    """Text is spoken as soon as the service is idle; what came meanwhile, together."""
    voice = GatedVoice()
    options = ServiceOptions(voice=voice, done_hold_s=0.0)
    async with open_client("immediate", options) as client:
        await client.say(Text("One "))
        await client.be_understood()
        await client.say(Text("two "), Text("three "))
        await client.be_understood()
        voice.gate.set()
        await client.say(Eos())
        heard = await client.hear_all()

    assert ["One ", "two three "] == voice.spoken
    assert ["chunk", "timestamps", "chunk"] == heard[:3]
    assert ["done", "close 1000"] == heard[-2:]
    assert 1 == heard.count("done")


@pytest.mark.parametrize(
    "message",
    [
        MALFORMED,
        "",
        "[]",
        "{}",
        '{"text": 7}',
        '{"text": "x", "contextId": 7}',
        '{"operation": "stop"}',
        b"\x00",
        b'{"text": "binary"}',
    ],
)
async def test_malformed(message: str | bytes) -> None:
    """What is malformed is answered with an error, and all goes on as before."""
    async with open_client() as client:
        await client.say(Text("Hello "), message, Text("there."))
        first = await client.hear()
        await client.say(Eos())
        heard = await client.hear_all()

    assert first.startswith("error ")
    assert SPOKEN == heard


async def test_error_at_once() -> None:
    """An error does not wait for the synthesis that is running."""
    voice = GatedVoice()
    async with open_client(options=ServiceOptions(voice=voice)) as client:
        await client.say(Text("Hello."), Flush(), MALFORMED)
        first = await client.hear()
        voice.gate.set()
        await client.say(Eos())
        heard = await client.hear_all()

    assert first.startswith("error ")
    assert SPOKEN == heard


@pytest.mark.parametrize("message", [Text("More."), Flush(), Clear(), Eos()])
async def test_after_eos(message: Command) -> None:
    """Nothing may follow eos; it is answered with an error and otherwise ignored."""
    voice = GatedVoice()
    async with open_client(options=ServiceOptions(voice=voice)) as client:
        await client.say(Text("Hello."), Eos(), message)
        first = await client.hear()
        voice.gate.set()
        heard = await client.hear_all()

    assert "error a message after eos" == first
    assert ["Hello."] == voice.spoken
    assert SPOKEN == heard


async def test_too_long() -> None:
    """Text over the limit closes the connection, with the status in the reason."""
    async with open_client() as client:
        await client.say(Text("a" * 1001), Flush())
        with pytest.raises(ConnectionClosed, match=r"1011.*400: text too long: 1001"):
            await client.hear()


async def test_failing_voice() -> None:
    """A voice that fails closes the connection, as far as its reason fits in."""
    options = ServiceOptions(voice=DumbVoice())
    async with open_client(options=options) as client:
        await client.say(Text("Hello."), Flush())
        with pytest.raises(ConnectionClosed, match=r"1011.*500: it is so gone,"):
            await client.hear()


async def test_context_ids() -> None:
    """An id holds until the next one, over texts that leave it out; none is null."""
    async with open_client() as client:
        heard = []
        for text in (Text("One."), Text("Two.", "a"), Text("Three."), Text("4", "b")):
            await client.say(text, Flush())
            heard.append(await client.hear())
            while not heard[-1].startswith("done"):
                heard[-1] = await client.hear()

    assert ["done", "done a", "done a", "done b"] == heard


async def test_paced() -> None:
    """At a speed, audio comes with gaps at the start, and no faster than that."""
    options = ServiceOptions(voice=ToneVoice(), speed=10.0)
    text = "This lasts more than a second."
    async with open_client(options=options) as client:
        await client.say(Text(text), Flush())
        start = trio.current_time()
        while await client.hear() != "done":
            pass
        elapsed_s = trio.current_time() - start

    assert elapsed_s >= 2 * 0.3 + 1 / 10


async def test_client_leaves() -> None:
    """A client may close in the middle of a synthesis, and is answered."""
    voice = GatedVoice()
    async with open_client(options=ServiceOptions(voice=voice)) as client:
        await client.say(Text("a" * 500), Flush())
        await client.be_understood()
        voice.gate.set()
        await client.hear()
        closed_by_both = await client.leave()

    assert closed_by_both


async def test_deterministic() -> None:
    """The same conversation gets the same answers, byte for byte."""

    async def talk() -> list[str | bytes]:
        heard: list[str | bytes] = []
        async with open_client() as client:
            for text in ("One, two. ", "¿Qué?", "Four."):
                await client.say(Text(text, text), Flush())
                while not heard or "done" not in str(heard[-1]):
                    heard.append(await client._connection.get_message())
        return heard

    assert await talk() == await talk()


LONELY = ["chunk", "timestamps", "chunk", "done"]


@pytest.mark.parametrize("segment", ["bySentence", "immediate"])
async def test_done_is_held_back(segment: str) -> None:
    """A done waits for text that comes a moment later, and there is one for both."""
    options = ServiceOptions(voice=ToneVoice(), done_hold_s=5.0)
    async with open_client(segment, options) as client:
        await client.say(Text("One. "))
        heard = [await client.hear() for _ in range(4)]
        await client.say(Text("Two."))
        while heard.count("timestamps") < 2:
            heard.append(await client.hear())
        await client.say(Eos())
        heard += await client.hear_all()

    assert 1 == heard.count("done")
    assert ["done", "close 1000"] == heard[-2:]


@pytest.mark.parametrize("segment", ["bySentence", "immediate"])
async def test_done_is_not_held_for_ever(segment: str) -> None:
    """A done comes when no more text has come for a moment."""
    options = ServiceOptions(voice=ToneVoice(), done_hold_s=0.05)
    async with open_client(segment, options) as client:
        await client.say(Text("One."))
        heard: list[str] = []
        while "done" not in heard:
            heard.append(await client.hear())
        await client.say(Text("Two."), Eos())

        assert [*LONELY, "close 1000"] == await client.hear_all()


async def test_eos_ends_the_wait() -> None:
    """After eos nothing more can come, so done is not held back."""
    options = ServiceOptions(voice=ToneVoice(), done_hold_s=60.0)
    async with open_client("bySentence", options) as client:
        await client.say(Text("One."), Eos())

        assert SPOKEN == await client.hear_all()


async def test_half_a_sentence() -> None:
    """A run goes on while there is text that waits for its end."""
    async with open_client("bySentence") as client:
        await client.say(Text("One. Two"))
        heard: list[str] = []
        with trio.move_on_after(0.1):
            while True:
                heard.append(await client.hear())
        await client.say(Eos())
        heard += await client.hear_all()

    assert 1 == heard.count("done")


@pytest.mark.parametrize(
    ("choice", "ids"),
    [
        ("absent", ["done a", "done a", "done a"]),
        ("null", ["done a", "done", "done"]),
        ("kept", ["done a", "done ", "done "]),
    ],
)
async def test_empty_context_id(choice: EmptyContextId, ids: list[str]) -> None:
    """An empty id is as if left out, or ends the one before, or is one."""
    options = ServiceOptions(voice=ToneVoice(), empty_context_id=choice)
    async with open_client(options=options) as client:
        heard: list[str] = []
        for text in (Text("One.", "a"), Text("Two.", ""), Text("Three.")):
            await client.say(text, Flush())
            while len(heard) == 0 or not heard[-1].startswith("done"):
                heard[-1:] = [await client.hear_exactly()]
            heard.append("")

    assert ids == heard[:-1]


@pytest.mark.parametrize("code", [1000, 1001, 1005])
async def test_close_after_eos(code: int) -> None:
    """What it closes with after eos can be chosen."""
    options = ServiceOptions(voice=ToneVoice(), eos_close_code=code)
    async with open_client(options=options) as client:
        await client.say(Eos())

        assert [f"close {code}"] == await client.hear_all()


@pytest.mark.parametrize(
    ("drops", "heard_after"), [(False, SPOKEN), (True, SPOKEN[-1:])]
)
async def test_error_and_the_buffer(drops: bool, heard_after: list[str]) -> None:
    """An error takes the buffered text with it, or leaves it."""
    options = ServiceOptions(voice=ToneVoice(), error_drops_text=drops)
    async with open_client(options=options) as client:
        await client.say(Text("Hello there."), MALFORMED, Eos())
        heard = await client.hear_all()

    assert heard[0].startswith("error")
    assert heard_after == heard[1:]


@pytest.mark.parametrize(
    ("profile", "heard_after"), [(CURRENT, ["done a"]), (PAGE, [])]
)
async def test_done_after_error(profile: Profile, heard_after: list[str]) -> None:
    """A done follows an error if that is chosen, and if there are such events."""
    options = ServiceOptions(
        ToneVoice(), profile, done_after_error=True, error_drops_text=True
    )
    async with open_client(options=options) as client:
        await client.say(Text("Hello there.", "a"), MALFORMED, Eos())
        heard = await client.hear_all()

    assert [*heard_after, "close 1000"] == heard[1:]


async def test_limit_of_a_message() -> None:
    """The limit may be that of a message, and then many make up a longer text."""
    options = ServiceOptions(voice=ToneVoice(), profile=PAGE, limit_per="message")
    async with open_client(options=options) as client:
        await client.say(Text("a" * 500), Text("a" * 500), Flush())
        heard = [await client.hear()]
        await client.say(Text("a" * 501))
        while not heard[-1].startswith("close"):
            heard = await client.hear_all()

    assert "close 1011" == heard[-1]


async def test_unknown_speaker_as_event() -> None:
    """A speaker that it has not may be an error for each text, and no more."""
    options = ServiceOptions(ToneVoice(), speakers=["astra"], unknown_speaker="event")
    async with open_client(options=options) as client:
        await client.say(Text("One."), Flush(), Text("Two."), Eos())

        assert ["error Speaker not found", "close 1000"] == await client.hear_all()


async def test_unknown_speaker_as_close() -> None:
    """A speaker that it has not may be a close."""
    options = ServiceOptions(ToneVoice(), speakers=["astra"], unknown_speaker="close")
    async with open_client(options=options) as client:
        await client.say(Text("One."), Flush())
        with pytest.raises(ConnectionClosed, match=r"1011.*400: Speaker not found"):
            await client.hear()


async def test_unknown_speaker_accepted() -> None:
    """A speaker that it has not may be one all the same."""
    options = ServiceOptions(ToneVoice(), speakers=["astra"], unknown_speaker="accept")
    async with open_client(options=options) as client:
        await client.say(Text("One two."), Eos())

        assert SPOKEN == await client.hear_all()


async def test_idle() -> None:
    """A line on which nothing goes either way is closed, and a ping keeps it open."""
    options = ServiceOptions(voice=ToneVoice(), idle_limit_s=0.2)
    async with open_client(options=options) as client:
        start = trio.current_time()
        for _ in range(3):
            with trio.move_on_after(0.1):
                await client.hear()
            await client._connection.ping()
        with pytest.raises(ConnectionClosed, match=r"1001.*idle"):
            await client.hear()

    assert trio.current_time() - start >= 0.5


async def test_age() -> None:
    """A connection may have a limit, whatever goes on."""
    options = ServiceOptions(voice=ToneVoice(), connection_limit_s=0.1)
    async with open_client(options=options) as client:
        with pytest.raises(ConnectionClosed, match=r"1001.*connection limit"):
            await client.hear()


async def test_age_in_the_middle() -> None:
    """A connection that has grown too old is closed between two messages."""
    options = ServiceOptions(ToneVoice(), connection_limit_s=0.2, speed=1.0)
    async with open_client(options=options) as client:
        await client.say(Text("a" * 500), Flush())

        assert ["chunk", "timestamps", "chunk", "close 1001"] == await client.hear_all()


async def test_log(tmp_path: Path) -> None:
    """Every message is on the log as it came, and every synthesis with its bill."""
    path = tmp_path / "log.jsonl"
    options = ServiceOptions(voice=ToneVoice(), log=path)
    async with open_client(options=options) as client:
        await client.say(Text("Hello", "a"), b"\x00", Text(" you."), Flush(), MALFORMED)
        await client.say(Text("\N{WAVING HAND SIGN}"), Eos())
        await client.hear_all()
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    messages = [entry for entry in entries if entry["event"] == "message"]
    billed = [entry for entry in entries if entry["event"] == "synthesis"]

    assert {7} == {entry["connection"] for entry in entries}
    assert [
        '{"text":"Hello","contextId":"a"}',
        "AA==",
        '{"text":" you."}',
        '{"operation":"flush"}',
        MALFORMED,
        '{"text":"\N{WAVING HAND SIGN}"}',
        '{"operation":"eos"}',
    ] == [entry.get("text", entry.get("binary")) for entry in messages]
    assert [(1, 10, "a"), (2, 2, "a")] == [
        (entry["synthesis"], entry["chars"], entry["context_id"]) for entry in billed
    ]


@pytest.mark.parametrize("text", ["a" * 1001, "never"])
async def test_nothing_to_bill(tmp_path: Path, text: str) -> None:
    """What was refused or never submitted is not billed."""
    path = tmp_path / "log.jsonl"
    options = ServiceOptions(voice=ToneVoice(), log=path)
    async with open_client(options=options) as client:
        end = Flush() if len(text) > 1000 else Clear()
        await client.say(Text(text), end, Eos())
        await client.hear_all()

    assert "synthesis" not in path.read_text()


async def test_faults_add_up() -> None:
    """Faults of one synthesis are done one after the other, each at its place."""
    faults = ("no-times@1", "double-audio@1", "close@2=4000")
    async with open_client("never", OPTIONS, *faults) as client:
        await client.say(Text("Hi."), Flush())
        first = [await client.hear_exactly() for _ in range(13)]
        await client.say(Text("Hi."), Flush())
        second = await client.hear_all()

    assert ["chunk"] * 12 + ["done"] == first
    assert ["chunk", "close 4000"] == second


async def test_fault_of_the_line() -> None:
    """A line can be dropped in the middle of a synthesis, and the service goes on."""
    async with open_client("never", OPTIONS, "drop@2") as client:
        await client.say(Text("One.", "a"), Flush(), Text("Two.", "b"), Flush())

        assert ["chunk b", "close 1006"] == (await client.hear_all())[-2:]


async def test_stale_audio_is_of_the_one_before() -> None:
    """What comes back from a synthesis is as it was meant to be, faults aside."""
    async with open_client(
        "never", OPTIONS, "no-audio@1", "stale-audio@2=99"
    ) as client:
        for context_id in ("a", "b"):
            await client.say(Text("Hi.", context_id), Flush())
        await client.say(Eos())
        heard = await client.hear_all()

    assert [
        *("timestamps a", "done a"),
        *("chunk a", "chunk b", "timestamps b", "chunk b", "done b", "close 1000"),
    ] == heard
