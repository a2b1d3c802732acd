"""What goes on over one open connection, with a client at the other end of a pipe."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby

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
from rimebatch.server.conversation import Conversation
from rimebatch.server.handshake import Voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.voices import ToneVoice
from rimebatch.server.voices import Utterance as Speech
from rimebatch.ws3.commands import Clear, Command, Eos, Flush, Text, encode_command
from rimebatch.ws3.events import Chunk, Done, ErrorEvent, Timestamps, decode_event

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
    segment: str = "never", options: ServiceOptions | None = None
) -> AsyncIterator[Client]:
    """Yield a client that talks to a conversation, and see that this ends after it."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    voicing = Voicing("luna", segment=segment)
    options = options or ServiceOptions(voice=ToneVoice())
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
    async with stream, trio.open_nursery() as nursery:
        request = await wrap_server_stream(nursery, stream)
        connection = await request.accept()
        limiter = trio.CapacityLimiter(1)
        await Conversation(connection, voicing, options, limiter).run()


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
    options = ServiceOptions(voice=ToneVoice(), done=False)
    async with open_client(options=options) as client:
        await client.say(Text("Hello there."), Eos())

        assert ["chunk", "timestamps", "chunk", "close 1000"] == await client.hear_all()


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
        heard = []
        while "done" not in heard:
            heard.append(await client.hear())

    assert "timestamps" in heard


async def test_immediate() -> None:
    """Text is spoken as soon as the service is idle; what came meanwhile, together."""
    voice = GatedVoice()
    options = ServiceOptions(voice=voice)
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
        await client.say(Text("a" * 501), Flush())
        with pytest.raises(ConnectionClosed, match=r"1011.*400: text too long: 501"):
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
    """At a speed, audio is sent no faster than that many times real time."""
    options = ServiceOptions(voice=ToneVoice(), speed=10.0)
    text = "This lasts a second."
    speech = ToneVoice().speak(text, speaker="luna", lang="eng")
    async with open_client(options=options) as client:
        await client.say(Text(text), Flush())
        start = trio.current_time()
        while await client.hear() != "done":
            pass
        elapsed_s = trio.current_time() - start

    assert elapsed_s >= 0.1 * len(speech.samples) / speech.rate_hz


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
