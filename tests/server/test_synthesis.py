"""One utterance as the events that carry it."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import VoiceError
from rimebatch.server.handshake import RefusedError, Voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.synthesis import split_audio, synthesize
from rimebatch.server.voices import ToneVoice
from rimebatch.server.voices import Utterance as Speech
from rimebatch.ws3.buffer import Utterance
from rimebatch.ws3.events import Chunk, Event, Timestamps

LUNA = Voicing("luna")
OPTIONS = ServiceOptions(voice=ToneVoice())
HELLO = Utterance("Hello there, my friend.", "c1")


class DumbVoice:
    """A voice that cannot speak."""

    name = "dumb"

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Speech:
        """Fail."""
        raise VoiceError("the library is gone")


def joined_audio(events: list[Chunk | Timestamps]) -> bytes:
    """Return the audio of all chunks."""
    return b"".join(event.audio for event in events if isinstance(event, Chunk))


def timestamps_of(events: list[Chunk | Timestamps]) -> list[Timestamps]:
    """Return the timestamps events."""
    return [event for event in events if isinstance(event, Timestamps)]


@given(st.binary(max_size=20_000))
def test_split_audio(audio: bytes) -> None:
    """The pieces join to the audio, and none is empty."""
    pieces = split_audio(audio)

    assert audio == b"".join(pieces)
    assert all(pieces)


def test_split_like_the_service() -> None:
    """Pieces are about as large as the service's, some with half a sample at an end."""
    pieces = split_audio(bytes(1_000_000))
    ends = accumulate(map(len, pieces))

    assert 900 < np.mean([len(piece) for piece in pieces]) < 1500
    assert {0, 1} == {end % 2 for end in ends}


def test_pcm() -> None:
    """The chunks join to the voice's samples, and all carry the context id."""
    events = synthesize(HELLO, LUNA, OPTIONS)
    speech = ToneVoice().speak(HELLO.text, speaker="luna", lang="eng")

    assert speech.samples.tobytes() == joined_audio(events)
    assert {"c1"} == {event.context_id for event in events}


def test_no_context_id() -> None:
    """Events without a context id say so, as null."""
    events = synthesize(Utterance("Hello.", None), LUNA, OPTIONS)

    assert {None} == {event.context_id for event in events}


@pytest.mark.parametrize("rate_hz", [4000, 8000, 22_050, 44_100, 96_000, 192_000])
def test_any_rate(rate_hz: int) -> None:
    """At any rate the audio lasts as long, and no word ends after it."""
    voicing = Voicing("luna", rate_hz=rate_hz, audio_format="mulaw")
    speech = ToneVoice().speak(HELLO.text, speaker="luna", lang="eng")
    length_s = len(speech.samples) / speech.rate_hz

    events = synthesize(HELLO, voicing, OPTIONS)
    frames = len(joined_audio(events))

    assert pytest.approx(length_s * rate_hz, abs=1) == frames
    assert max(timestamps_of(events)[0].end) <= frames / rate_hz


def test_timestamps() -> None:
    """There is one timestamps event, with the words as written, each in its place."""
    (timestamps,) = timestamps_of(synthesize(HELLO, LUNA, OPTIONS))
    touching = zip(timestamps.end, timestamps.start[1:], strict=False)

    assert tuple(HELLO.text.split()) == timestamps.words
    assert all(end <= start for end, start in touching)
    assert all(
        start < end for start, end in zip(timestamps.start, timestamps.end, strict=True)
    )


@pytest.mark.parametrize(("after_chunks", "place"), [(0, 0), (1, 1), (10_000, -1)])
def test_place_of_timestamps(after_chunks: int, place: int) -> None:
    """Timestamps come before, between or after the chunks, as the service is told."""
    options = ServiceOptions(ToneVoice(), timestamps_after_chunks=after_chunks)
    events = synthesize(HELLO, LUNA, options)

    assert isinstance(events[place], Timestamps)


@pytest.mark.parametrize(
    ("lang", "timed"),
    [
        *((lang, True) for lang in ("eng", "en", "en-GB", "EN", "spa", "es", "spa-mx")),
        *((lang, False) for lang in ("fra", "ger", "de", "pt-BR", "jpn")),
    ],
)
def test_languages_with_timestamps(lang: str, timed: bool) -> None:
    """Only English and Spanish have word times; the others have audio alone."""
    events = synthesize(HELLO, Voicing("luna", lang), OPTIONS)

    assert timed == bool(timestamps_of(events))
    assert joined_audio(events)


@pytest.mark.parametrize("text", ["...", " - ", "“!”", "\N{WAVING HAND SIGN}"])
def test_nothing_speakable(text: str) -> None:
    """Text without a letter or a digit has no sound, and no times."""
    nothing: list[Event] = []

    assert nothing == synthesize(Utterance(text, None), LUNA, OPTIONS)


@pytest.mark.parametrize("text", ["a" * 500, "\N{WAVING HAND SIGN}" * 250])
def test_longest_text(text: str) -> None:
    """Text up to the limit is spoken."""
    synthesize(Utterance(text, None), LUNA, OPTIONS)


@pytest.mark.parametrize("text", ["a" * 501, "a" + "\N{WAVING HAND SIGN}" * 250])
def test_too_long(text: str) -> None:
    """Text over the limit is refused; a character beyond the BMP counts as two."""
    with pytest.raises(RefusedError, match=r"^400: text too long: 501 characters"):
        synthesize(Utterance(text, None), LUNA, OPTIONS)


def test_failing_voice() -> None:
    """What the voice cannot do is the service's failure."""
    with pytest.raises(RefusedError, match=r"^500: the library is gone$"):
        synthesize(HELLO, LUNA, ServiceOptions(voice=DumbVoice()))


@given(st.text(max_size=100), st.sampled_from(["luna", "astra"]))
def test_deterministic(text: str, speaker: str) -> None:
    """The same text and voicing give the same events."""
    utterance, voicing = Utterance(text, None), Voicing(speaker, rate_hz=8000)

    assert synthesize(utterance, voicing, OPTIONS) == synthesize(
        utterance, voicing, OPTIONS
    )


def test_speakers_differ() -> None:
    """Two speakers sound different."""
    luna = synthesize(HELLO, LUNA, OPTIONS)
    astra = synthesize(HELLO, Voicing("astra"), OPTIONS)

    assert joined_audio(luna) != joined_audio(astra)
