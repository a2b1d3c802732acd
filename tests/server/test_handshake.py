"""What a client asks for when it opens a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.server.handshake import RefusedError, Voicing, make_voicing
from rimebatch.ws3.query import encode_query

KEY = b"Bearer a-key"


def test_least_query() -> None:
    """A speaker is enough; all else has the page's defaults."""
    voicing = make_voicing("/ws3?speaker=luna", KEY, None)

    assert Voicing("luna", "eng", "pcm", 24_000, "bySentence") == voicing


def test_whole_query() -> None:
    """Every parameter is read; what the local service does not know is left alone."""
    voicing = make_voicing(
        "/ws3?modelId=arcana&speaker=Jos%C3%A9%20Luis&lang=spa&audioFormat=mulaw"
        "&samplingRate=8000&segment=never&temperature=0.5",
        KEY,
        "a-key",
    )

    assert Voicing("José Luis", "spa", "mulaw", 8000, "never") == voicing


@pytest.mark.parametrize("model", ["", "&modelId=", "&modelId=arcanna"])
def test_any_model(model: str) -> None:
    """A missing or unknown model is replaced without a word, as the service does."""
    assert Voicing("luna") == make_voicing(f"/ws3?speaker=luna{model}", KEY, None)


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
    voicing = make_voicing(f"/ws3?speaker=luna&{query}", KEY, None)

    assert segment == voicing.segment


@pytest.mark.parametrize("lang", ["eng", "en", "en-US", "spa-mx", "fra", "ger"])
def test_lang(lang: str) -> None:
    """A language is taken in either spelling."""
    assert lang == make_voicing(f"/ws3?speaker=luna&lang={lang}", KEY, None).lang


@pytest.mark.parametrize("rate_hz", [4000, 22_050, 96_000, 192_000])
def test_rate(rate_hz: int) -> None:
    """Any rate that speech is worth having at is taken, as on premises."""
    voicing = make_voicing(f"/ws3?speaker=luna&samplingRate={rate_hz}", KEY, None)

    assert rate_hz == voicing.rate_hz


@pytest.mark.parametrize("target", ["/", "/ws2?speaker=luna", "/ws3/?speaker=luna", ""])
def test_other_path(target: str) -> None:
    """Only one path is served, and another is not asked for its key."""
    with pytest.raises(RefusedError, match=r"^404: .*/ws3$"):
        make_voicing(target, None, None)


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
        make_voicing("/ws3?speaker=luna", authorization, "a-key")

    assert (401, reason) == (caught.value.status, caught.value.reason)


@pytest.mark.parametrize("authorization", [b"Bearer x", b"bearer x", b"Bearer cl\xe9"])
def test_any_key(authorization: bytes) -> None:
    """A service without a key of its own takes any, so that others' clients run."""
    assert Voicing("luna") == make_voicing("/ws3?speaker=luna", authorization, None)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "speaker is missing"),
        ("speaker=", "speaker is missing"),
        ("speaker=%20", "speaker is missing"),
        ("speaker=luna&lang=tlh", "tlh"),
        ("speaker=luna&lang=None", "None"),
        ("speaker=luna&lang=", "lang"),
        ("speaker=luna&audioFormat=mp3", "audioFormat='mp3' .* pcm or mulaw"),
        ("speaker=luna&audioFormat=", "audioFormat=''"),
        ("speaker=luna&samplingRate=3999", "samplingRate='3999' .* 4000 to 192000"),
        ("speaker=luna&samplingRate=192001", "samplingRate='192001'"),
        ("speaker=luna&samplingRate=24e3", "samplingRate='24e3'"),
        ("speaker=luna&samplingRate=+24000", "samplingRate=' 24000'"),
        ("speaker=luna&samplingRate=2_4000", "samplingRate='2_4000'"),
        ("speaker=luna&samplingRate=", "samplingRate=''"),
        ("speaker=luna&samplingRate=" + "9" * 5000, "samplingRate='9"),
    ],
)
def test_wrong_query(query: str, reason: str) -> None:
    """What the service cannot do is refused before the connection is open."""
    with pytest.raises(RefusedError, match=rf"^400: .*{reason}"):
        make_voicing(f"/ws3?{query}", KEY, None)


NAMES = st.sampled_from(
    ["speaker", "lang", "audioFormat", "samplingRate", "segment", "immediate"]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=8))))
def test_any_query(pairs: list[tuple[str, str]]) -> None:
    """Whatever a query holds, it is served, or refused in one encodable line."""
    try:
        voicing = make_voicing(f"/ws3?{encode_query(tuple(pairs))}", KEY, None)
        status, lines = 101, [voicing.speaker.encode()]
    except RefusedError as refusal:
        status, lines = refusal.status, refusal.reason.encode().splitlines()

    assert status in {101, 400}
    assert 1 == len(lines)
