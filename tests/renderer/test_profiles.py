"""Limits are data, and a value is within them or not as it is shown."""

import math
from datetime import date

import pytest

from rimebatch.renderer.profiles import (
    MEASURES,
    PROFILES,
    Limit,
    Value,
    measure_run,
)

FILE: dict[str, Value] = {
    "format": "mp3",
    "sampling_rate_hz": 44_100,
    "channels": 1,
    "bit_rate_kbps": 192.0,
    "bit_rate_mode": "constant",
    "rms_db": -20.0,
    "loudness_lufs": -19.0,
    "peak_db": -3.0,
    "true_peak_db": -2.9,
    "noise_floor_db": -61.0,
    "head_s": 0.5,
    "tail_s": 5.0,
    "length_s": 7200.0,
}


def find_outside(name: str, **changes: Value) -> set[str]:
    """Return which limits of the profile *name* a good file with *changes* breaks."""
    verdicts = PROFILES[name].judge({**FILE, **changes})
    return {verdict.measure for verdict in verdicts if verdict.is_met is False}


@pytest.mark.parametrize("name", PROFILES)
def test_a_good_file(name: str) -> None:
    """What ACX takes, all others take."""
    assert set() == find_outside(name)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("format", "wav"),
        ("sampling_rate_hz", 48_000),
        ("channels", 3),
        ("bit_rate_kbps", 191.0),
        ("bit_rate_mode", "variable"),
        ("rms_db", -23.01),
        ("rms_db", -17.99),
        ("rms_db", -math.inf),
        ("peak_db", -2.99),
        ("noise_floor_db", -59.9),
        ("head_s", 0.49),
        ("head_s", 1.01),
        ("tail_s", 0.99),
        ("tail_s", 5.01),
        ("length_s", 7200.01),
    ],
)
def test_outside(measure: str, value: Value) -> None:
    """Each limit of ACX is one by itself."""
    assert {measure} == find_outside("acx", **{measure: value})


@pytest.mark.parametrize(
    ("name", "measure", "value"),
    [
        ("inaudio", "format", "ogg"),
        ("google", "bit_rate_kbps", 127.0),
        ("google", "sampling_rate_hz", 24_000),
        ("podcast", "loudness_lufs", -16.0),
        ("podcast", "true_peak_db", -0.9),
    ],
)
def test_outside_of_others(name: str, measure: str, value: Value) -> None:
    """The other profiles have limits of their own."""
    assert {measure} == find_outside(name, **{measure: value})


@pytest.mark.parametrize(
    ("value", "shown", "is_met"),
    [(-17.9951, "-18.00 dB", True), (-17.9949, "-17.99 dB", False)],
)
def test_as_it_is_shown(value: float, shown: str, is_met: bool) -> None:
    """What seems to meet a limit meets it, and what seems not to does not."""
    [verdict] = PROFILES["acx"].judge({"rms_db": value})

    assert (shown, is_met) == (MEASURES["rms_db"].format(value), verdict.is_met)
    assert shown == MEASURES["rms_db"].format(verdict.value)


def test_what_a_file_has_not() -> None:
    """Where a file has no such thing there is no verdict, as where nothing is asked."""
    changes = {"format": "flac", "bit_rate_kbps": None, "bit_rate_mode": None}
    verdicts = PROFILES["acx"].judge({**FILE, **changes})

    assert {"bit_rate_kbps", "bit_rate_mode", "loudness_lufs", "true_peak_db"} == {
        verdict.measure for verdict in verdicts if verdict.is_met is None
    }
    assert "-" == MEASURES["bit_rate_kbps"].format(None)


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit("rms_db", -23, -18), "-23 to -18 dB"),
        (Limit("peak_db", most=-3), "at most -3 dB"),
        (Limit("bit_rate_kbps", least=192), "at least 192 kbit/s"),
        (Limit("sampling_rate_hz", 44_100, 44_100), "44,100 Hz"),
        (Limit("channels", 1, 2), "1 to 2"),
        (Limit("format", one_of=("mp3", "flac")), "mp3 or flac"),
    ],
)
def test_limits_for_people(limit: Limit, text: str) -> None:
    """A limit is shown as one would say it."""
    assert text == str(limit)


def test_which_formats() -> None:
    """A profile takes the formats that it names, or all."""
    assert ["mp3", "flac"] == [
        name
        for name in ("mp3", "flac", "wav", "opus")
        if PROFILES["inaudio"].takes(name)
    ]
    assert PROFILES["none"].takes("opus")


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "none"])
def test_where_limits_are_from(name: str) -> None:
    """Each profile has a source and the day on which it was read."""
    profile = PROFILES[name]

    assert profile.source.startswith("https://")
    assert date(2026, 1, 1) <= date.fromisoformat(profile.read)
    assert profile.caution.endswith(".")
    assert {limit.measure for limit in profile.limits} <= MEASURES.keys()


def test_acx_says_what_it_is_not() -> None:
    """The ACX profile does not claim that ACX would take the book."""
    assert "technical checks only" in PROFILES["acx"].title
    assert "human narrator" in PROFILES["acx"].caution


def test_a_run() -> None:
    """Files are compared with each other: how long, how alike, how far apart."""
    other = {**FILE, "rms_db": -21.5, "channels": 2}

    assert {
        "total_length_s": 14_400.0,
        "encodings": 2,
        "rms_spread_db": 1.5,
    } == measure_run([FILE, other])
    [broken] = [
        verdict
        for verdict in PROFILES["acx"].judge(measure_run([FILE, other]))
        if verdict.is_met is False
    ]
    assert "encodings" == broken.measure


@pytest.mark.parametrize(
    ("levels", "spread"),
    [([-20.0], 0.0), ([-math.inf] * 2, 0.0), ([-20.0, -math.inf], math.inf)],
)
def test_the_spread_of_silence(levels: list[float], spread: float) -> None:
    """Silence has a level too: silent files are alike, and far from all others."""
    files = [{**FILE, "rms_db": level} for level in levels]

    assert spread == measure_run(files)["rms_spread_db"]
