"""One text as the steps that carry it."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.server.encoding import AudioFormat, make_encoder
from rimebatch.server.encoding.plain import encode_pcm
from rimebatch.server.handshake import Voicing
from rimebatch.server.options import ServiceOptions, TimesPlace
from rimebatch.server.profiles import PAGE
from rimebatch.server.refusal import RefusedError
from rimebatch.server.script import EndRun, Say, Steps
from rimebatch.server.synthesis import (
    check_length,
    count_chars,
    split_audio,
    synthesize,
)
from rimebatch.server.voices import ToneVoice
from rimebatch.server.voices import Utterance as Speech
from rimebatch.ws3.buffer import Utterance
from rimebatch.ws3.events import Chunk, Timestamps

LUNA = Voicing("luna", audio_format="pcm")
OPTIONS = ServiceOptions(voice=ToneVoice(), profile=PAGE)
HELLO = Utterance("Hello there, my friend.", "c1")


class MuteVoice:
    """A voice that says nothing, whatever it is given."""

    name = "mute"

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Speech:
        """Say nothing."""
        return Speech(np.zeros(0, np.int16), 24_000, ())


def steps_for(
    utterance: Utterance = HELLO,
    voicing: Voicing = LUNA,
    options: ServiceOptions = OPTIONS,
) -> Steps:
    """Return what is done for *utterance*."""
    encode = make_encoder(voicing.audio_format, voicing.rate_hz)
    return synthesize(utterance, voicing, options, encode)


def chunks_in(steps: Steps) -> list[Chunk]:
    """Return the audio."""
    said = [step.what for step in steps if isinstance(step, Say)]
    return [event for event in said if isinstance(event, Chunk)]


def joined_audio(steps: Steps) -> bytes:
    """Return the audio of all chunks."""
    return b"".join(chunk.audio for chunk in chunks_in(steps))


def times_in(steps: Steps) -> list[Timestamps]:
    """Return the timestamps events."""
    said = [step.what for step in steps if isinstance(step, Say)]
    return [event for event in said if isinstance(event, Timestamps)]


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
    steps = steps_for()
    speech = ToneVoice().speak(HELLO.text, speaker="luna", lang="eng")

    assert speech.samples.tobytes() == joined_audio(steps)
    assert {"c1"} == {chunk.context_id for chunk in chunks_in(steps)}
    assert EndRun("c1") == steps[-1]


@pytest.mark.parametrize("audio_format", ["pcm", "mulaw", "wav", "mp3", "ogg"])
def test_length_of_chunks(audio_format: AudioFormat) -> None:
    """Whatever the format, the chunks together last as long as the speech."""
    steps = steps_for(voicing=Voicing("luna", audio_format=audio_format))
    speech = ToneVoice().speak(HELLO.text, speaker="luna", lang="eng")
    lasts_s = sum(step.lasts_s for step in steps if isinstance(step, Say))

    assert len(speech.samples) / 24_000 == pytest.approx(lasts_s)


def test_no_context_id() -> None:
    """Events without a context id say so, as null."""
    steps = steps_for(Utterance("Hello.", None))
    [times] = times_in(steps)

    assert {None} == {times.context_id, *(c.context_id for c in chunks_in(steps))}


@pytest.mark.parametrize("rate_hz", [4000, 8000, 22_050, 44_100, 96_000, 192_000])
def test_any_rate(rate_hz: int) -> None:
    """At any rate no word ends after the audio."""
    voicing = Voicing("luna", rate_hz=rate_hz, audio_format="mulaw")
    steps = steps_for(voicing=voicing)
    frames = len(joined_audio(steps))

    assert max(times_in(steps)[0].end) <= frames / rate_hz


def test_timestamps() -> None:
    """There is one timestamps event, with the words as written, each in its place."""
    (timestamps,) = times_in(steps_for())
    touching = zip(timestamps.end, timestamps.start[1:], strict=False)

    assert tuple(HELLO.text.split()) == timestamps.words
    assert all(end <= start for end, start in touching)


@pytest.mark.parametrize(
    ("place", "position"), [("before", 0), ("between", 1), ("after", -2)]
)
def test_place_of_timestamps(place: TimesPlace, position: int) -> None:
    """Timestamps come before, between or after the chunks, as the service is told."""
    options = ServiceOptions(ToneVoice(), times_place=place)
    steps = steps_for(options=options)

    assert Say(times_in(steps)[0]) == steps[position]


def test_language_without_timestamps() -> None:
    """Most languages have audio alone."""
    steps = steps_for(voicing=Voicing("luna", "fra", "pcm"))

    assert [] == times_in(steps)
    assert joined_audio(steps)


@pytest.mark.parametrize(("follow", "factor"), [(True, 2.0), (False, 1.0)])
def test_times_and_tempo(follow: bool, factor: float) -> None:
    """Word times belong to the audio, or to what it would be at its normal speed."""
    options = ServiceOptions(ToneVoice(), times_follow_speed=follow)
    slow = Voicing("luna", audio_format="pcm", tempo=0.5)
    [plain], [times] = (times_in(steps_for(HELLO, v, options)) for v in (LUNA, slow))

    assert plain.end[-1] * factor == pytest.approx(times.end[-1], rel=0.01)


@pytest.mark.parametrize("text", ["...", " - ", "“!”", "\N{WAVING HAND SIGN}"])
def test_nothing_speakable(text: str) -> None:
    """Text without a letter or a digit has no sound, no times, and an end."""
    assert (EndRun("x"),) == steps_for(Utterance(text, "x"))


def test_mute_voice() -> None:
    """Where the voice makes no sound of a text, there is nothing but an end, either."""
    options = ServiceOptions(voice=MuteVoice())

    assert (EndRun("c1"),) == steps_for(options=options)


@pytest.mark.parametrize("text", ["a" * 500, "\N{WAVING HAND SIGN}" * 250])
def test_longest_text(text: str) -> None:
    """Text up to the limit is spoken."""
    check_length(text, 500)
    steps_for(Utterance(text, None))


@pytest.mark.parametrize("text", ["a" * 501, "a" + "\N{WAVING HAND SIGN}" * 250])
def test_too_long(text: str) -> None:
    """Text over the limit is refused; a character beyond the BMP counts as two."""
    with pytest.raises(RefusedError, match=r"^400: text too long: 501 characters"):
        steps_for(Utterance(text, None))
    with pytest.raises(RefusedError, match=r"at most 500 are spoken$"):
        check_length(text, 500)


def test_limit_elsewhere() -> None:
    """Where messages are what must not be too long, a synthesis may be."""
    options = ServiceOptions(ToneVoice(), profile=PAGE, limit_per="message")

    assert chunks_in(steps_for(Utterance("a" * 501, None), options=options))


@given(st.text())
def test_count_chars(text: str) -> None:
    """No text has fewer characters than code points."""
    assert len(text) <= count_chars(text) <= 2 * len(text)


def test_encoder_goes_on() -> None:
    """What encodes the audio is the caller's, and may go on from text to text."""
    steps = synthesize(HELLO, LUNA, OPTIONS, lambda samples: b"<" + encode_pcm(samples))

    assert joined_audio(steps).startswith(b"<")


@given(st.text(max_size=100), st.sampled_from(["luna", "astra"]))
def test_deterministic(text: str, speaker: str) -> None:
    """The same text and voicing give the same steps."""
    utterance = Utterance(text, None)
    voicing = Voicing(speaker, rate_hz=8000, audio_format="pcm")

    assert steps_for(utterance, voicing) == steps_for(utterance, voicing)


def test_speakers_differ() -> None:
    """Two speakers sound different."""
    luna = steps_for()
    astra = steps_for(voicing=Voicing("astra", audio_format="pcm"))

    assert joined_audio(luna) != joined_audio(astra)
