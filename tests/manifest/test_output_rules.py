"""Rules of the output: each is broken on purpose, and said at its place."""

import pytest

from rimebatch.manifest.encoding import Encoding
from rimebatch.manifest.job_voice import find_voices
from rimebatch.manifest.mistakes import Place
from rimebatch.manifest.output_model import WrittenOutput
from rimebatch.manifest.output_rules import check_output, make_encodings
from rimebatch.manifest.yaml_nodes import NO_VALUE, Data

BOTH = {"mp3": {"bitrate_kbps": "64", "quality": "0"}}
SOFT = {"target": "-18 LUFS", "peak": "-18 dB"}


def check(output: Data, *rates: str) -> list[tuple[Place, str]]:
    """Return the flaws of *output*, for jobs with voices of these *rates*."""
    jobs: list[Data] = [{"voice": {"samplingRate": rate}} for rate in rates]
    data: dict[str, Data] = {"output": output, "jobs": [*jobs, {}]}
    found = check_output(data, find_voices(data))
    return [(place, flaw.what) for place, flaw, _ in found]


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"format": ["wav", "flac", "mp3", "ogg", "opus", "ulaw"]},
        {"format": "mp3", "mp3": {"bitrate_kbps": "160"}},
        {"format": "mp3", "mp3": {"quality": "0"}},
        {"format": "opus", "opus": {"bitrate_kbps": "256"}},
        {"loudness": {"target": "-18 LUFS", "peak": "-1 dBTP"}},
    ],
)
def test_good_output_breaks_no_rule(output: Data) -> None:
    """Every format goes with the usual rate."""
    expected: list[tuple[Place, str]] = []

    assert expected == check(output)


@pytest.mark.parametrize(
    ("output", "place", "what"),
    [
        (
            {"format": "opus", "sampling_rate": "22050"},
            ("sampling_rate",),
            "opus cannot be of 22050 Hz",
        ),
        (
            {"format": ["wav", "mp3"], "mp3": {"bitrate_kbps": "32"}},
            ("mp3", "bitrate_kbps"),
            "an mp3 of 24000 Hz with a header cannot be of 32 kbit/s",
        ),
        (
            {"format": "opus", "opus": {"bitrate_kbps": "5"}},
            ("opus", "bitrate_kbps"),
            "opus cannot be of 5 kbit/s",
        ),
        ({"format": "mp3", **BOTH}, ("mp3",), "has both bitrate and quality"),
        ({"ogg": {"quality": "1"}}, ("ogg",), "no ogg is made"),
        ({"loudness": SOFT}, ("loudness",), "a file of -18 LUFS peaks above -18 dB"),
    ],
)
def test_broken_rules(output: Data, place: Place, what: str) -> None:
    """What cannot be is said where it can be changed."""
    assert [(("output", *place), what)] == check(output)


def test_rates_of_voices() -> None:
    """Each format is held against every voice, and said once; here the second's."""
    output: Data = {"format": ["opus", "wav", "mp3"]}
    expected = [
        (("output", "format"), "opus cannot be of 22050 Hz"),
        (("output", "format"), "mp3 cannot be of 96000 Hz"),
    ]

    assert expected == check(output, "16000", "22050", "22050", "96000")


def test_own_rate_wins() -> None:
    """Files with a rate of their own are not held against the voices'."""
    expected: list[tuple[Place, str]] = []

    assert expected == check({"format": "mp3", "sampling_rate": "44100"}, "96000")


@pytest.mark.parametrize("output", [NO_VALUE, "wav", [], {"format": "x", **BOTH}])
def test_wrong_shapes_are_passed_over(output: Data) -> None:
    """What is no output at all is reported elsewhere."""
    expected: list[tuple[Place, str]] = []

    assert expected == check(output)


@pytest.mark.parametrize("rate", ["22.05", "x", "0", "022050", "9" * 5000])
def test_wrong_rates_are_passed_over(rate: str) -> None:
    """What is no rate at all is reported elsewhere."""
    expected: list[tuple[Place, str]] = []

    assert expected == check({"format": "opus"}, rate)


def test_encodings_have_their_settings() -> None:
    """Each format comes in its order, with the settings that are its own."""
    output = WrittenOutput.model_validate(
        {"format": ["opus", "mp3", "wav"], "mp3": {"quality": "0.25"}}
    )
    expected = [Encoding("opus"), Encoding("mp3", quality=0.25), Encoding("wav")]

    assert expected == list(make_encodings(output))
