"""The limits for takes: which band fits, and how they bend with the speed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.parameters import MODELS
from rimebatch.manifest.take_checks import (
    DEFAULT_CHECKS,
    LengthBand,
    TakeChecks,
    resolve_checks,
)

VOICE = {"modelId": "arcana", "lang": "eng"}
BAND = LengthBand("arcana", "eng", 8.0, 25.0)


def resolve_band(
    *bands: LengthBand, model_id: str = "arcana", lang: str = "eng"
) -> tuple[float, float]:
    """Return the characters per second that hold for a model and a language."""
    found = resolve_checks(DEFAULT_CHECKS, bands, {"modelId": model_id, "lang": lang})
    return found.slowest_chars_per_s, found.fastest_chars_per_s


def test_without_speed_and_bands_the_defaults_hold() -> None:
    """An alphabetic language at normal speed has the limits as they are."""
    assert DEFAULT_CHECKS == resolve_checks(DEFAULT_CHECKS, (), VOICE)
    assert DEFAULT_CHECKS == resolve_checks(DEFAULT_CHECKS, (), {})


@pytest.mark.parametrize("lang", ["jpn", "ja", "ja-JP", "zh", "kor"])
def test_scripts_of_syllables_have_a_band_of_their_own(lang: str) -> None:
    """Where a character is a syllable, a second holds fewer of them."""
    assert (1.0, 20.0) == resolve_band(lang=lang)


def test_the_first_band_that_fits_holds() -> None:
    """Bands go by model and language, by any name, before those built in."""
    other = LengthBand(None, "jpn", 2.0, 9.0)
    rest = LengthBand("mistv2", None, 3.0, 10.0)

    assert (8.0, 25.0) == resolve_band(other, BAND, model_id="arcanav3", lang="en-GB")
    assert (2.0, 9.0) == resolve_band(other, BAND, lang="ja")
    assert (3.0, 10.0) == resolve_band(BAND, rest, model_id="mistv2")
    assert (4.0, 40.0) == resolve_band(BAND, rest, model_id="coda")
    assert (8.0, 25.0) == resolve_band(BAND, BAND._replace(slowest=1.0))


@pytest.mark.parametrize(
    ("parameters", "longer", "shorter"),
    [
        ({"modelId": "arcana", "speedAlpha": 0.5}, 4.0, 1.0),
        ({"modelId": "mistv2", "speedAlpha": 0.5}, 1.0, 0.25),
        ({"modelId": "coda", "timeScaleFactor": 2.0}, 4.0, 1.0),
        ({"modelId": "coda", "timeScaleFactor": 2.0, "speedAlpha": 2.0}, 1.0, 1.0),
        ({"modelId": "mist", "inlineSpeedAlpha": "0.5, 3"}, 9.0, 0.25),
        ({"modelId": "mist", "inlineSpeedAlpha": "0"}, 1.0, 0.01),
    ],
)
def test_speed_widens_the_limits(
    parameters: dict[str, object], longer: float, shorter: float
) -> None:
    """Slower speech may be longer and faster speech shorter, by the square of it."""
    checks = TakeChecks(overrun_share=0.0, silence_s=1.0)

    found = resolve_checks(checks, (), parameters)

    assert found.silence_s == pytest.approx(longer)
    assert found.slowest_chars_per_s == pytest.approx(4 / longer)
    assert found.fastest_chars_per_s == pytest.approx(40 / shorter)
    assert found.overrun_share == pytest.approx(1 / shorter - 1)


@given(
    st.sampled_from(MODELS),
    st.floats(1e-15, 1e15),
    st.floats(0.4, 2.5),
    st.sampled_from(["1", "0.5, 3", "0,9999"]),
)
def test_no_speed_narrows_a_limit(
    model_id: str, speed: float, scale: float, inline: str
) -> None:
    """Whatever the speed, what passes at normal speed passes."""
    found = resolve_checks(
        DEFAULT_CHECKS,
        (),
        {
            "modelId": model_id,
            "speedAlpha": speed,
            "timeScaleFactor": scale,
            "inlineSpeedAlpha": inline,
        },
    )

    assert 0 < found.slowest_chars_per_s <= DEFAULT_CHECKS.slowest_chars_per_s
    assert DEFAULT_CHECKS.fastest_chars_per_s <= found.fastest_chars_per_s
    assert DEFAULT_CHECKS.silence_s <= found.silence_s
    assert DEFAULT_CHECKS.overrun_share <= found.overrun_share + 1e-9
