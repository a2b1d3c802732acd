"""What a client asks for when it opens a connection."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.server.encoding import AudioFormat
from rimebatch.server.faults import parse_fault
from rimebatch.server.handshake import Voicing, make_voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.profiles import PAGE
from rimebatch.server.refusal import RefusedError
from rimebatch.server.voices import ToneVoice
from rimebatch.ws3.query import encode_query

KEY = b"Bearer a-key"
OPTIONS = ServiceOptions(voice=ToneVoice())
ON_THE_PAGE = ServiceOptions(voice=ToneVoice(), profile=PAGE)
WITH_A_KEY = ServiceOptions(voice=ToneVoice(), api_key="a-key")

# All that the page lists for the cloud.
DOCUMENTED_RATES_HZ = (8000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)


def voicing_for(query: str, options: ServiceOptions = OPTIONS) -> Voicing:
    """Return what a client with a key gets for *query*, besides a speaker."""
    return make_voicing(f"/ws3?speaker=luna&{query}", KEY, options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (OPTIONS, Voicing("luna", "eng", "wav", 24_000, "bySentence")),
        (ON_THE_PAGE, Voicing("luna", "eng", "mp3", 22_050, "bySentence")),
    ],
)
def test_least_query(options: ServiceOptions, expected: Voicing) -> None:
    """A speaker is enough; all else is as the documents have it."""
    assert expected == make_voicing("/ws3?speaker=luna", KEY, options)


def test_whole_query() -> None:
    """Every parameter is read; what the local service does not know is left alone."""
    voicing = make_voicing(
        "/ws3?modelId=coda&speaker=Jos%C3%A9%20Luis&lang=spa&audioFormat=mulaw"
        "&samplingRate=8000&segment=never&temperature=0.5&timeScaleFactor=2",
        KEY,
        WITH_A_KEY,
    )

    assert Voicing("José Luis", "spa", "mulaw", 8000, "never", 0.5) == voicing


@pytest.mark.parametrize("model", ["", "&modelId=", "&modelId=arcanna"])
def test_other_model(model: str) -> None:
    """A missing or unknown model is replaced without a word: by Mist v3, or v2."""
    query = f"speedAlpha=0.5{model}"

    assert 0.5 == voicing_for(query).tempo
    assert 2.0 == voicing_for(query, ON_THE_PAGE).tempo


@pytest.mark.parametrize(
    ("query", "tempo"),
    [
        ("modelId=mistv2&speedAlpha=0.5", 2.0),
        ("modelId=mist&speedAlpha=2", 0.5),
        ("modelId=mistv3&speedAlpha=0.5", 0.5),
        ("modelId=coda&speedAlpha=2", 2.0),
        ("modelId=arcana&speedAlpha=2", 2.0),
        ("modelId=coda&timeScaleFactor=1.6", 0.625),
        ("modelId=mistv3&timeScaleFactor=0.5", 2.0),
        ("modelId=coda&timeScaleFactor=100", 0.4),
        ("modelId=coda&timeScaleFactor=0.001", 2.5),
        ("modelId=mistv2&timeScaleFactor=2", 1.0),
        ("modelId=coda&timeScaleFactor=2&speedAlpha=2", 1.0),
    ],
)
def test_tempo(query: str, tempo: float) -> None:
    """Models differ in what is faster, and in what they heed; scales are clamped."""
    assert pytest.approx(tempo) == voicing_for(query).tempo


def test_arcana_on_the_page() -> None:
    """The page's Arcana knows no timeScaleFactor."""
    query = "modelId=arcana&timeScaleFactor=2"

    assert (1.0, 0.5) == (
        voicing_for(query, ON_THE_PAGE).tempo,
        voicing_for(query).tempo,
    )


@pytest.mark.parametrize(
    ("query", "pauses"),
    [
        ("modelId=mistv3&pauseBetweenBrackets=true", True),
        ("modelId=mistv2&pauseBetweenBrackets=true", True),
        ("modelId=mistv3&pauseBetweenBrackets=false", False),
        ("modelId=mistv3", False),
        ("modelId=coda&pauseBetweenBrackets=true", False),
    ],
)
def test_pauses(query: str, pauses: bool) -> None:
    """The Mists alone make pauses of brackets, if they are asked to."""
    assert pauses == voicing_for(query).pauses


@pytest.mark.parametrize(
    ("query", "segment"),
    [
        ("segment=", ""),
        ("segment=immediate", "immediate"),
        ("immediate=true", "immediate"),
        ("immediate=true&segment=never", "immediate"),
        ("immediate=false&segment=never", "never"),
    ],
)
def test_segment(query: str, segment: str) -> None:
    """`immediate=true` is the older spelling of `segment=immediate`."""
    assert segment == voicing_for(query).segment


@pytest.mark.parametrize("lang", ["eng", "en", "en-US", "spa-mx", "fra", "ger"])
def test_lang(lang: str) -> None:
    """A language is taken in either spelling."""
    assert lang == voicing_for(f"lang={lang}").lang


@pytest.mark.parametrize(
    ("written", "audio_format"),
    [
        *((name, name) for name in get_args(AudioFormat)),
        ("mpeg", "mp3"),
        ("l16", "pcm"),
        ("pcmu", "mulaw"),
        ("flac", "wav"),
        ("", "wav"),
    ],
)
def test_audio_format(written: str, audio_format: AudioFormat) -> None:
    """A format has several names, and an unknown one means wav."""
    assert audio_format == voicing_for(f"audioFormat={written}").audio_format


@pytest.mark.parametrize("audio_format", ["mp3", "mulaw", "pcm"])
def test_audio_format_on_the_page(audio_format: AudioFormat) -> None:
    """The page has three."""
    voicing = voicing_for(f"audioFormat={audio_format}&samplingRate=24000", ON_THE_PAGE)

    assert audio_format == voicing.audio_format


@pytest.mark.parametrize("rate_hz", [*DOCUMENTED_RATES_HZ, 4000, 192_000])
@pytest.mark.parametrize("audio_format", ["pcm", "mulaw", "wav"])
def test_rate(audio_format: str, rate_hz: int) -> None:
    """Any rate that speech is worth having at is taken, as on premises."""
    voicing = voicing_for(f"audioFormat={audio_format}&samplingRate={rate_hz}")

    assert rate_hz == voicing.rate_hz


@pytest.mark.parametrize("rate_hz", DOCUMENTED_RATES_HZ[:-1])
def test_rate_of_mp3(rate_hz: int) -> None:
    """MP3 has all of the documented rates but the highest."""
    voicing = voicing_for(f"audioFormat=mp3&samplingRate={rate_hz}")

    assert rate_hz == voicing.rate_hz


@pytest.mark.parametrize(
    ("asked_hz", "spoken_hz"), [(22_050, 24_000), (24_000, 24_000), (96_000, 48_000)]
)
def test_rate_of_ogg(asked_hz: int, spoken_hz: int) -> None:
    """Opus has rates of its own, and takes the nearest that loses nothing."""
    voicing = voicing_for(f"audioFormat=ogg&samplingRate={asked_hz}")

    assert spoken_hz == voicing.rate_hz


@pytest.mark.parametrize(
    ("model", "rate_hz"), [("coda", 24_000), ("mistv3", 24_000), ("mistv2", 22_050)]
)
def test_rate_left_out(model: str, rate_hz: int) -> None:
    """Left out, the rate is the model's own."""
    assert rate_hz == voicing_for(f"modelId={model}").rate_hz


@pytest.mark.parametrize("target", ["/", "/ws2?speaker=luna", "/ws3/?speaker=luna", ""])
def test_other_path(target: str) -> None:
    """Only one path is served, and another is not asked for its key."""
    with pytest.raises(RefusedError, match=r"^404: .*/ws3$"):
        make_voicing(target, None, OPTIONS)


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "Missing Authorization header"),
        (b"", "empty apikey"),
        (b"Bearer", "empty apikey"),
        (b"Bearer  ", "empty apikey"),
        (b"Basic a-key", "invalid api key"),
        (b"Bearer another-key", "invalid api key"),
        (b"Bearer cl\xe9", "invalid api key"),
    ],
)
def test_wrong_key(authorization: bytes | None, reason: str) -> None:
    """Without the key a client is refused, in the service's words."""
    with pytest.raises(RefusedError) as caught:
        make_voicing("/ws3?speaker=luna", authorization, WITH_A_KEY)

    assert (401, reason) == (caught.value.status, caught.value.reason)


@pytest.mark.parametrize("authorization", [b"Bearer x", b"bearer x", b"Bearer cl\xe9"])
def test_any_key(authorization: bytes) -> None:
    """A service without a key of its own takes any, so that others' clients run."""
    assert Voicing("luna") == make_voicing("/ws3?speaker=luna", authorization, OPTIONS)


def test_unknown_speaker() -> None:
    """A speaker that it has not is refused here, if anywhere."""
    here = ServiceOptions(voice=ToneVoice(), speakers=["astra"])
    later = ServiceOptions(ToneVoice(), speakers=["astra"], unknown_speaker="event")

    with pytest.raises(RefusedError, match=r"^400: Speaker not found$"):
        make_voicing("/ws3?speaker=luna", KEY, here)
    assert "astra" == make_voicing("/ws3?speaker=astra", KEY, here).speaker
    assert "luna" == make_voicing("/ws3?speaker=luna", KEY, later).speaker


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "speaker is missing"),
        ("speaker=", "speaker is missing"),
        ("speaker=%20", "speaker is missing"),
        ("speaker=luna&lang=tlh", "tlh"),
        ("speaker=luna&lang=None", "None"),
        ("speaker=luna&lang=", "lang"),
        ("speaker=luna&audioFormat=webm", "'webm' .* mp3, mulaw, pcm, mpeg, ogg, wav"),
        ("speaker=luna&samplingRate=3999", "samplingRate='3999' .* 4000 to 192000"),
        ("speaker=luna&samplingRate=192001", "samplingRate='192001'"),
        ("speaker=luna&samplingRate=24e3", "samplingRate='24e3'"),
        ("speaker=luna&samplingRate=+24000", "samplingRate=' 24000'"),
        ("speaker=luna&samplingRate=2_4000", "samplingRate='2_4000'"),
        ("speaker=luna&samplingRate=", "samplingRate=''"),
        ("speaker=luna&samplingRate=" + "9" * 5000, "samplingRate='9"),
        (
            "speaker=luna&audioFormat=mp3&samplingRate=96000",
            "samplingRate=96000 .* mp3 has 8000, .* 48000$",
        ),
        ("speaker=luna&speedAlpha=fast", "speedAlpha='fast' is not a number above 0"),
        ("speaker=luna&speedAlpha=0", "speedAlpha='0'"),
        ("speaker=luna&timeScaleFactor=nan", "timeScaleFactor='nan'"),
        ("speaker=luna&timeScaleFactor=1e999", "timeScaleFactor='1e999'"),
        ("speaker=luna&fault=dorp", "did you mean 'drop'"),
    ],
)
def test_wrong_query(query: str, reason: str) -> None:
    """What the service cannot do is refused before the connection is open."""
    with pytest.raises(RefusedError, match=rf"^400: .*{reason}"):
        make_voicing(f"/ws3?{query}", KEY, OPTIONS)


@pytest.mark.parametrize("audio_format", ["wav", "ogg", "flac", ""])
def test_wrong_format_on_the_page(audio_format: str) -> None:
    """The page's service refuses the formats that the page has not."""
    with pytest.raises(RefusedError, match=r"^400: .* it is one of mp3, mulaw, pcm$"):
        voicing_for(f"audioFormat={audio_format}", ON_THE_PAGE)


def test_faults() -> None:
    """A client's own faults come behind the service's."""
    of_all = parse_fault("no-times")
    options = ServiceOptions(voice=ToneVoice(), faults=(of_all,))
    voicing = voicing_for("fault=drop%402&fault=status%3D503", options)
    places = [fault.place.synthesis for fault in voicing.faults]

    assert of_all is voicing.faults[0]
    assert [None, 2, None] == places


NAMES = st.sampled_from(
    [
        *("speaker", "lang", "audioFormat", "samplingRate", "segment", "immediate"),
        *("modelId", "speedAlpha", "timeScaleFactor", "fault"),
    ]
)
VALUES = st.text(max_size=8) | st.sampled_from(["coda", "0.5", "mp3", "96000", "drop"])


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_any_query(pairs: list[tuple[str, str]]) -> None:
    """Whatever a query holds, it is served, or refused in one encodable line."""
    try:
        target = f"/ws3?{encode_query(tuple(pairs))}"
        voicing = make_voicing(target, KEY, OPTIONS)
        status, lines = 101, [voicing.speaker.encode()]
    except RefusedError as refusal:
        status, lines = refusal.status, refusal.reason.encode().splitlines()

    assert status in {101, 400}
    assert 1 == len(lines)
