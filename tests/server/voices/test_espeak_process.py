"""The process that calls libespeak-ng: requests in, answers out, and how it fails.

Its functions are called in this process here, with texts that do the library no harm.
"""

import io
import json
import runpy
import shutil
from pathlib import Path

import pytest

from rimebatch.server.voices import espeak_process
from rimebatch.server.voices.espeak_library import EspeakLibrary

TEXT = "Hello there."
PARAMETERS = {"rate_wpm": 140, "pitch": 50, "volume": 75}


def speak(
    path: str, data_path: str | None, voice: str = "en-us"
) -> tuple[int, list[tuple[int, int, str | None]], bytes]:
    """Speak the same two words each time."""
    return espeak_process.speak(
        library=path,
        data_path=data_path,
        text=TEXT,
        voice=voice,
        parameters=PARAMETERS,
    )


def test_speech(library: EspeakLibrary) -> None:
    """Words and phonemes come by rising frame, inside the audio."""
    rate_hz, events, pcm = speak(library.path, library.data_path)
    frames = [frame for _, frame, _ in events]

    assert rate_hz == 22_050
    assert frames == sorted(frames)
    assert 0 < frames[-1] <= len(pcm) // 2
    assert [position for position, _, name in events if name is None] == [0, 6]
    assert "h" in {name for _, _, name in events}


def test_script(
    library: EspeakLibrary,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Run as a script, it answers JSON with a line of JSON and the samples."""
    request = {
        "library": library.path,
        "data_path": library.data_path,
        "text": TEXT,
        "voice": "en-us",
        "parameters": PARAMETERS,
    }
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(request).encode()))
    monkeypatch.setattr("sys.stdin", stdin)

    runpy.run_path(espeak_process.__file__, run_name="__main__")
    header, pcm = capsysbinary.readouterr().out.split(b"\n", 1)
    rate_hz, events = json.loads(header)

    assert rate_hz == 22_050
    assert [position for position, _, name in events if name is None] == [0, 6]
    assert len(pcm) > rate_hz


def test_no_such_library() -> None:
    """A library that is not there is an operating system's error."""
    with pytest.raises(OSError, match=r"no-such-library\.so"):
        speak("no-such-library.so", None)


def test_no_such_voice(library: EspeakLibrary) -> None:
    """A voice that does not exist is named."""
    with pytest.raises(LookupError, match="no voice 'no-such-voice'"):
        speak(library.path, library.data_path, "no-such-voice")


def test_no_voices(library: EspeakLibrary, tmp_path: Path) -> None:
    """A folder without voices is named, and does not end the process."""
    if library.data_path is None:
        pytest.skip("the system's library finds its voices by itself")
    fresh = tmp_path / "libespeak-ng.so"  # one that knows no voices yet
    shutil.copy(library.path, fresh)

    with pytest.raises(LookupError, match=f"no voices in {tmp_path}"):
        speak(str(fresh), str(tmp_path))
