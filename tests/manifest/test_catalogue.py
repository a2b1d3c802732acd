"""The catalogue of voices: two shapes in, and which voices of a manifest it lacks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.catalogue import ALL_V2, DATE, VOICE_DETAILS
from rimebatch.errors import CatalogueError
from rimebatch.manifest.catalogue import (
    Catalogue,
    ListedVoice,
    decode_catalogue,
    encode_catalogue,
    find_strangers,
    list_voices,
    make_catalogue,
)
from rimebatch.manifest.job_voice import JobVoice

CATALOGUE = make_catalogue(DATE, ALL_V2, VOICE_DETAILS)
PASS = "(--allow-unknown-voice lets a cloned or a new voice pass)"


def judge(**written: str) -> list[str]:
    """Return what the catalogue lacks of a voice."""
    found = find_strangers(CATALOGUE, [JobVoice(written, {})])
    return [f"{place[-1]}: {flaw.what}; {flaw.remedy}" for place, flaw, _ in found]


def test_every_voice_is_listed_once() -> None:
    """Aliases of models and tags of languages are one; details are what was told."""
    listed = list_voices(CATALOGUE)

    assert [(voice.model, voice.lang, voice.speaker) for voice in listed] == [
        ("arcana", "eng", "astra"),
        ("arcana", "eng", "luna"),
        ("coda", "eng", "astra"),
        ("coda", "eng", "luna"),
        ("coda", "fra", "aurelie"),
        ("mistv2", "eng", "cove"),
        ("mistv2", "spa", "isa"),
    ]
    assert ("Female", ["calm"]) == tuple(map(listed[3].details.get, ("gender", "mood")))
    assert ListedVoice("mistv2", "eng", "cove", {}) == listed[5]


def test_a_copy_is_what_it_is_a_copy_of() -> None:
    """What was kept reads back the same, to fields that nobody knows yet."""
    assert CATALOGUE == decode_catalogue("voices.json", encode_catalogue(CATALOGUE))
    assert "2026-09-10" == CATALOGUE.day


@pytest.mark.parametrize(
    ("all_v2", "details", "why"),
    [
        (b"", VOICE_DETAILS, "all-v2.json: "),
        (b"<html>", VOICE_DETAILS, "all-v2.json: "),
        (ALL_V2[:-9], VOICE_DETAILS, "all-v2.json: "),
        (b"\xff", VOICE_DETAILS, "all-v2.json: "),
        (b"[]", VOICE_DETAILS, "all-v2.json: "),
        (b'{"coda": ["luna"]}', VOICE_DETAILS, "all-v2.json: "),
        (b'{"coda": {"eng": [{"name": "luna"}]}}', VOICE_DETAILS, "all-v2.json: "),
        (b"{}", VOICE_DETAILS, "all-v2.json: "),
        (b'{"coda": {"eng": []}}', VOICE_DETAILS, "all-v2.json: "),
        (ALL_V2, b"{}", "voice_details.json: "),
        (ALL_V2, b'["luna"]', "voice_details.json: "),
        (ALL_V2, b"[]", "voice_details.json: "),
        (ALL_V2, b'[{"name": "luna"}]', "voice_details.json: "),
        (ALL_V2, b'[{"speaker": 1}]', "voice_details.json: "),
        (ALL_V2, b'[{"x": 1e999}]', "voice_details.json: "),
        (ALL_V2, b'[{"x": ' + b"[" * 100_000, "voice_details.json: "),
    ],
)
def test_a_changed_shape_is_one_line(all_v2: bytes, details: bytes, why: str) -> None:
    """Whatever the service answers instead, the line says which file and why."""
    with pytest.raises(CatalogueError) as caught:
        make_catalogue(DATE, all_v2, details)

    assert str(caught.value).startswith(f"{why}not a catalogue of voices as RimeBatch ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff", b'{"rimebatch_voices": 2}', b'{"x":' * 100_000]
)
def test_a_damaged_copy_is_one_line(content: bytes) -> None:
    """A copy that cannot be read says how to make another."""
    with pytest.raises(CatalogueError) as caught:
        decode_catalogue("voices.json", content)

    assert str(caught.value).startswith("voices.json: not a copy of the catalogue (")
    assert str(caught.value).endswith("; make a new one: rimebatch voices --update")


@given(st.binary())
def test_any_bytes_are_a_catalogue_or_are_not(content: bytes) -> None:
    """No answer of a server raises anything but ``CatalogueError``."""
    for all_v2, details in ((content, VOICE_DETAILS), (ALL_V2, content)):
        with pytest.raises(CatalogueError):
            make_catalogue(DATE, all_v2, details)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_records_may_hold_anything(value: object) -> None:
    """A record is listed with whatever fields it has."""
    record = {"speaker": "luna", "modelId": "coda", "lang": "eng", "new": value}
    odd = {"speaker": value, "modelId": value, "lang": value}
    details = json.dumps([odd, record]).replace("NaN", "0").replace("Infinity", "1")
    catalogue = make_catalogue(DATE, b'{"coda": {"eng": ["luna"]}}', details.encode())

    [voice] = list_voices(catalogue)
    assert voice.details.keys() == record.keys()


@pytest.mark.parametrize(
    ("model_id", "lang", "speaker"),
    [
        ("coda", "eng", "luna"),
        ("codav1", "en-GB", "astra"),
        ("coda", "fr", "aurelie"),
        ("arcanav2", "en", "luna"),
        ("mistv2", "es", "isa"),
    ],
)
def test_known_voices_pass(model_id: str, lang: str, speaker: str) -> None:
    """A voice of the catalogue passes by any name of its model and language."""
    expected: list[str] = []

    assert expected == judge(modelId=model_id, lang=lang, speaker=speaker)


@pytest.mark.parametrize(
    ("model_id", "lang", "speaker", "expected"),
    [
        (
            "cosa",
            "eng",
            "luna",
            (
                'modelId: the catalogue of 2026-09-10 has no model "cosa"; '
                'did you mean "coda"?'
            ),
        ),
        (
            "xyz",
            "eng",
            "luna",
            (
                'modelId: the catalogue of 2026-09-10 has no model "xyz"; '
                "it has arcana, coda, mistv2"
            ),
        ),
        (
            "coda",
            "fro",
            "luna",
            (
                'lang: coda does not speak "fro", by the catalogue of 2026-09-10; '
                'did you mean "fra"?'
            ),
        ),
        (
            "codav1",
            "ja",
            "luna",
            (
                'lang: codav1 does not speak "ja", by the catalogue of 2026-09-10; '
                "it speaks eng, fra"
            ),
        ),
        (
            "coda",
            "eng",
            "lunna",
            (
                'speaker: coda has no "lunna" for eng, by the catalogue of 2026-09-10; '
                'did you mean "luna"?'
            ),
        ),
        (
            "coda",
            "fr",
            "Luna",
            (
                'speaker: coda has no "Luna" for fr, by the catalogue of 2026-09-10; '
                "see rimebatch voices --model coda --lang fra"
            ),
        ),
        (
            "coda",
            "eng",
            "aurelie",
            (
                'speaker: coda has no "aurelie" for eng, '
                "by the catalogue of 2026-09-10; it speaks fra"
            ),
        ),
        (
            "mistv2",
            "eng",
            "luna",
            (
                'speaker: mistv2 has no "luna" for eng, '
                "by the catalogue of 2026-09-10; it is a voice of arcana, coda"
            ),
        ),
    ],
)
def test_strangers_are_told_of(
    model_id: str, lang: str, speaker: str, expected: str
) -> None:
    """What is unknown or does not go together is said, with what would."""
    assert [f"{expected} {PASS}"] == judge(modelId=model_id, lang=lang, speaker=speaker)


def test_the_default_language_counts() -> None:
    """A voice without a language speaks English."""
    [flaw] = judge(modelId="coda", speaker="aurelie")

    assert flaw.endswith(f"; it speaks fra {PASS}")


@pytest.mark.parametrize("written", [{"modelId": "x"}, {"speaker": "x"}, {}])
def test_half_a_voice_is_not_judged(written: dict[str, str]) -> None:
    """What is missing is reported elsewhere."""
    expected: list[str] = []

    assert expected == judge(**written)


def test_nothing_from_the_web_reaches_a_terminal_as_it_is() -> None:
    """Names in a catalogue are escaped where they would be obeyed."""
    speakers = {"co\x1bda": {"eng": ["x"]}, "mist": {"e\x1bng": ["x"]}}
    catalogue = Catalogue(date=DATE, speakers=speakers, details=[])
    voices = [
        JobVoice({"modelId": model_id, "speaker": "y"}, {})
        for model_id in ("quite another", "mist")
    ]

    for found in find_strangers(catalogue, voices):
        assert found.flaw.what.isprintable()
        assert found.flaw.remedy.isprintable()
        assert "\\x1b" in found.flaw.remedy


def test_a_shared_voice_is_told_of_once() -> None:
    """However many jobs share a stranger, it stands in one place."""
    written = {"modelId": "coda", "speaker": "x"}
    shared = JobVoice(written, {"speaker": ("voice", "speaker")})
    own = JobVoice(written, {"speaker": ("jobs", 1, "voice", "speaker")})
    found = find_strangers(CATALOGUE, [shared, own, shared])

    assert [("voice", "speaker"), ("jobs", 1, "voice", "speaker")] == [
        stranger.place for stranger in found
    ]


def test_a_catalogue_is_a_value() -> None:
    """A catalogue is made of what it holds, without a file or the web."""
    made = Catalogue(date=DATE, speakers={"coda": {"en": ["x"]}}, details=[])

    assert [ListedVoice("coda", "eng", "x", {})] == list_voices(made)
