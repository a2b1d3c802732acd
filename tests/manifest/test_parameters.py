"""The table of query parameters: types, ranges, defaults, and what is known of each."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.parameters import (
    FACTS,
    FASTER_BELOW_1,
    MODELS,
    WrittenVoice,
    find_model,
)
from rimebatch.manifest.written import FLAW

PAGE = Path(__file__).parents[2] / "docs" / "manifest.md"

WRITTEN = {
    "modelId": "arcana",
    "speaker": "no",
    "lang": "no",
    "audioFormat": "mp3",
    "samplingRate": "8000",
    "repetition_penalty": "1.5",
    "temperature": "0",
    "top_p": "1",
    "max_tokens": "1200",
    "speedAlpha": "0.8",
    "timeScaleFactor": "2.5",
    "inlineSpeedAlpha": "0.5, 3",
    "pauseBetweenBrackets": "true",
    "phonemizeBetweenBrackets": "false",
    "noTextNormalization": "true",
    "reduceLatency": "true",
    "saveOovs": "false",
    "segment": "immediate",
    "immediate": "true",
    "extra": {"seed": "017"},
}


def make_voice(**written: object) -> WrittenVoice:
    """Return a voice with what is *written*."""
    return WrittenVoice.model_validate(written)


def find_flaws(**written: object) -> list[Flaw]:
    """Return the flaws that our own checks find in what is *written*."""
    with pytest.raises(ValidationError) as caught:
        make_voice(**written)
    contexts = [
        detail["ctx"] for detail in caught.value.errors() if detail["type"] == FLAW
    ]
    return [Flaw(context["what"], context["remedy"]) for context in contexts]


def test_defaults_are_those_of_the_service() -> None:
    """What a voice does not say is set explicitly where a default is documented."""
    assert make_voice().model_dump(exclude_none=True) == {
        "lang": "eng",
        "audioFormat": "pcm",
        "samplingRate": 24000,
    }


def test_every_parameter_has_its_type() -> None:
    """Numbers become numbers, truths become truths, and words stay words."""
    typed = {
        "samplingRate": 8000,
        "repetition_penalty": 1.5,
        "temperature": 0.0,
        "top_p": 1.0,
        "max_tokens": 1200,
        "speedAlpha": 0.8,
        "timeScaleFactor": 2.5,
        "pauseBetweenBrackets": True,
        "phonemizeBetweenBrackets": False,
        "noTextNormalization": True,
        "reduceLatency": True,
        "saveOovs": False,
        "immediate": True,
    }

    assert {**WRITTEN, **typed} == make_voice(**WRITTEN).model_dump()
    assert set(WRITTEN) == set(WrittenVoice.model_fields)


@pytest.mark.parametrize("rate", ["4000", "11025", "192000"])
def test_any_sane_rate_is_a_rate(rate: str) -> None:
    """On-prem services accept any sampling rate."""
    assert int(rate) == make_voice(samplingRate=rate).samplingRate


@pytest.mark.parametrize("audio_format", ["pcm", "mulaw", "mp3"])
def test_formats_of_the_page(audio_format: str) -> None:
    """All that the page names can be asked for."""
    assert audio_format == make_voice(audioFormat=audio_format).audioFormat


@pytest.mark.parametrize("speeds", ["1", "0.5, 3", "0.5,3,1.25"])
def test_speeds(speeds: str) -> None:
    """A list of speeds is sent as it is written."""
    assert speeds == make_voice(inlineSpeedAlpha=speeds).inlineSpeedAlpha


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("samplingRate", "3999"),
        ("samplingRate", "192001"),
        ("samplingRate", "-24000"),
        ("repetition_penalty", "0"),
        ("temperature", "-0.1"),
        ("top_p", "0"),
        ("top_p", "1.1"),
        ("max_tokens", "0"),
        ("speedAlpha", "0"),
        ("timeScaleFactor", "0.39"),
        ("timeScaleFactor", "2.51"),
        ("pauseBetweenBrackets", "yes"),
        ("immediate", "1"),
        ("audioFormat", "wav"),
        ("segment", "bysentence"),
        ("speaker", ""),
        ("speaker", " luna"),
        ("speaker", "luna\n"),
        ("modelId", "a\nb"),
        ("extra", ["seed"]),
        ("extra", {"seed": ["1"]}),
        ("seed", "1"),
    ],
)
def test_parameters_have_limits(key: str, written: object) -> None:
    """A parameter outside its range or list is refused, and so is an unknown one."""
    with pytest.raises(ValidationError):
        make_voice(**{key: written})


@pytest.mark.parametrize(
    ("key", "written", "what"),
    [
        ("lang", "None", 'expected a language, found "None"'),
        ("lang", " ", 'expected a language, found " "'),
        (
            "inlineSpeedAlpha",
            "fast",
            'expected numbers with commas between them, found "fast"',
        ),
        (
            "inlineSpeedAlpha",
            "1,",
            'expected numbers with commas between them, found "1,"',
        ),
    ],
)
def test_lists_and_languages_have_words_of_their_own(
    key: str, written: str, what: str
) -> None:
    """What no range can say is said in a sentence."""
    [flaw] = find_flaws(**{key: written})

    assert what == flaw.what
    assert "such as" in flaw.remedy


@pytest.mark.parametrize(
    ("model_id", "model"),
    [
        ("coda", "coda"),
        ("codav1", "coda"),
        ("arcanav2", "arcana"),
        ("arcanav3", "arcana"),
        ("mistv2", "mistv2"),
        ("Arcana", "Arcana"),
        ("", ""),
    ],
)
def test_models_have_aliases(model_id: str, model: str) -> None:
    """Two ids of one model are one; a misspelt id is none of them."""
    assert model == find_model(model_id)


def test_something_is_known_of_every_parameter() -> None:
    """Each has a source and heeding models; what we do not know goes under extra."""
    assert set(WrittenVoice.model_fields) - {"extra"} == FACTS.keys()
    assert all(fact.source for fact in FACTS.values())
    assert all(fact.heeded_by <= set(MODELS) for fact in FACTS.values())
    assert FASTER_BELOW_1 <= FACTS["speedAlpha"].heeded_by


def test_the_model_leads() -> None:
    """Without a model the service answers with another one, so it is sent first."""
    assert "modelId" == next(iter(WrittenVoice.model_fields))


def test_the_documented_table_is_this_one() -> None:
    """docs/manifest.md has a row for each parameter, with its models and source."""
    rows = re.findall(
        r"^\| `(\w+)` \|.*?\| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE
    )
    documented = {name: (models, source) for name, models, source in rows}
    expected = {
        name: (
            ", ".join(model for model in MODELS if model in fact.heeded_by)
            if len(fact.heeded_by) < len(MODELS)
            else "all",
            fact.source,
        )
        for name, fact in FACTS.items()
    }

    assert expected == {name: documented.get(name) for name in FACTS}
