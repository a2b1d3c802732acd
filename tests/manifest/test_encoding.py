"""What can be asked of an audio file, and what each format makes of it."""

import pytest

from rimebatch.manifest.encoding import (
    AUDIO_FILES,
    MP3_RATES_HZ,
    SUFFIXES,
    AudioFile,
    Encoding,
    complete,
    find_encoding_flaw,
    find_rate_flaw,
    mp3_bitrates_kbps,
)


def test_suffixes() -> None:
    """Every format has a suffix of its own, so that all can lie in one folder."""
    assert set(AUDIO_FILES) == set(SUFFIXES)
    assert len(AUDIO_FILES) == len(set(SUFFIXES.values()))


@pytest.mark.parametrize("format_", ["wav", "flac", "ogg", "ulaw"])
@pytest.mark.parametrize("rate_hz", [8000, 22050, 96000])
def test_any_rate(format_: AudioFile, rate_hz: int) -> None:
    """Four formats are of any rate that there is speech in."""
    assert find_rate_flaw(format_, rate_hz) is None


@pytest.mark.parametrize(
    ("format_", "rate_hz", "remedy"),
    [
        ("opus", 44100, "set sampling_rate to 8000, 12000, 16000, 24000 or 48000"),
        (
            "mp3",
            96000,
            f"set sampling_rate to {', '.join(map(str, MP3_RATES_HZ[:-1]))} or 48000",
        ),
    ],
)
def test_rate(format_: AudioFile, rate_hz: int, remedy: str) -> None:
    """A format that cannot be of a rate says which ones it can be of."""
    flaw = find_rate_flaw(format_, rate_hz)

    assert flaw
    assert f"{format_} cannot be of {rate_hz} Hz" == flaw.what
    assert remedy == flaw.remedy


@pytest.mark.parametrize(
    ("encoding", "what"),
    [
        (Encoding("opus", 64), "opus cannot be of 44100 Hz"),
        (Encoding("mp3", 192, 0.5), "has both bitrate and quality"),
        (
            Encoding("mp3", 100),
            "an mp3 of 44100 Hz with a header cannot be of 100 kbit/s",
        ),
        (
            Encoding("mp3", 48),
            "an mp3 of 44100 Hz with a header cannot be of 48 kbit/s",
        ),
        (Encoding("ogg", 64), "ogg has no bit rate to set"),
        (Encoding("flac", quality=0.5), "flac has no quality to set"),
        (Encoding("ogg", quality=1.5), "1.5 is no quality"),
        (Encoding("mp3", quality=-0.1), "-0.1 is no quality"),
        (Encoding("mp3", quality=float("nan")), "nan is no quality"),
    ],
)
def test_flaw(encoding: Encoding, what: str) -> None:
    """What a format does not have is named."""
    flaw = find_encoding_flaw(encoding, 44100)

    assert flaw
    assert what == flaw.what


@pytest.mark.parametrize("kbps", [5, 257])
def test_opus_bitrate(kbps: int) -> None:
    """Opus has bounds, and says so."""
    flaw = find_encoding_flaw(Encoding("opus", kbps), 48000)

    assert flaw
    assert "use 6 to 256" == flaw.remedy


@pytest.mark.parametrize(
    ("encoding", "rate_hz", "expected"),
    [
        (Encoding("mp3"), 44100, Encoding("mp3", 192)),
        (Encoding("mp3"), 24000, Encoding("mp3", 160)),
        (Encoding("mp3"), 8000, Encoding("mp3", 64)),
        (Encoding("mp3", 320), 44100, Encoding("mp3", 320)),
        (Encoding("mp3", quality=0.0), 44100, Encoding("mp3", quality=0.0)),
        (Encoding("ogg"), 44100, Encoding("ogg", quality=0.4)),
        (Encoding("opus"), 48000, Encoding("opus", 64)),
        (Encoding("wav"), 44100, Encoding("wav")),
    ],
)
def test_complete(encoding: Encoding, rate_hz: int, expected: Encoding) -> None:
    """Figures that were left out are the usual ones, and the others stay."""
    found = complete(encoding, rate_hz)

    assert expected == found
    assert find_encoding_flaw(found, rate_hz) is None


@pytest.mark.parametrize(
    ("rate_hz", "lowest_kbps", "highest_kbps"),
    [(8000, 24, 64), (16000, 40, 160), (24000, 64, 160), (44100, 56, 320)],
)
def test_mp3_bitrates(rate_hz: int, lowest_kbps: int, highest_kbps: int) -> None:
    """An MP3 has no bit rate so low that LAME's header does not fit into a frame."""
    found = mp3_bitrates_kbps(rate_hz)

    assert rate_hz in MP3_RATES_HZ
    assert (lowest_kbps, highest_kbps) == (found[0], found[-1])
