"""The door to libespeak-ng: repeatable, from any thread, clear when it is shut."""

import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rimebatch.errors import VoiceError
from rimebatch.server.voices.espeak_library import (
    EspeakLibrary,
    EspeakSettings,
    find_library,
    installed_libraries,
)

SETTINGS = EspeakSettings("en-us+f1")
TEXT = "The quick brown fox, of course, came in at 3.14."
NOWHERE = EspeakLibrary("no-such-library.so")


def digest(library: EspeakLibrary, text: str = TEXT) -> str:
    """Speak *text* and return a digest of its samples and events."""
    speech = library.speak(text, SETTINGS)
    return hashlib.sha256(
        speech.samples.tobytes() + repr(speech.events).encode()
    ).hexdigest()


def test_speech(library: EspeakLibrary) -> None:
    """Words and phonemes come by rising frame, inside the audio."""
    speech = library.speak("Hello there.", SETTINGS)
    frames = [event.frame for event in speech.events]
    words = [event.position for event in speech.events if event.phoneme is None]

    assert speech.rate_hz == 22_050
    assert frames == sorted(frames)
    assert frames[-1] <= len(speech.samples)
    assert words == [0, 6]
    assert "h" in {event.phoneme for event in speech.events}


def test_same_text_same_bytes(library: EspeakLibrary) -> None:
    """What was spoken before leaves no trace."""
    first = digest(library)
    digest(library, "Something else in between!")

    assert first == digest(library)


def test_any_thread(library: EspeakLibrary) -> None:
    """Threads that speak at the same time all get the same bytes."""
    with ThreadPoolExecutor(4) as pool:
        digests = set(pool.map(lambda _: digest(library), range(12)))

    assert {digest(library)} == digests


def test_nothing_to_speak(library: EspeakLibrary) -> None:
    """Without words there is a moment of silence."""
    speech = library.speak("", SETTINGS)

    assert not speech.samples.any()
    assert len(speech.samples) < 2_000


def test_unknown_voice(library: EspeakLibrary) -> None:
    """A voice that does not exist is refused, and the next one speaks."""
    with pytest.raises(VoiceError, match="no voice 'no-such-voice'"):
        library.speak(TEXT, EspeakSettings("no-such-voice"))

    assert len(library.speak(TEXT, SETTINGS).samples) > 22_050


def test_no_library() -> None:
    """A library that cannot be loaded is named, with the loader's words."""
    with pytest.raises(VoiceError) as caught:
        NOWHERE.speak(TEXT, SETTINGS)

    assert str(caught.value).startswith("no-such-library.so: no speech came of it")
    assert "cannot open shared object file" in str(caught.value)


def test_crash(library: EspeakLibrary) -> None:
    """A text on which the library crashes ends no process but its own."""
    with contextlib.suppress(VoiceError):  # whether it does depends on the version
        library.speak("\u28ff", EspeakSettings("ar"))

    assert len(library.speak(TEXT, SETTINGS).samples) > 22_050


def test_installed_libraries() -> None:
    """The package's library comes before the system's, which is always worth a try."""
    pytest.importorskip("espeakng_loader")
    bundled, system = installed_libraries()

    assert Path(bundled.path).exists()
    assert [system] == installed_libraries("no_such_package")


def test_first_usable_library(library: EspeakLibrary) -> None:
    """The first library that works is taken."""
    assert library == find_library([NOWHERE, library, NOWHERE])


def test_no_usable_library() -> None:
    """Where none works, the reasons are all there, and what would help."""
    with pytest.raises(VoiceError) as caught:
        find_library([NOWHERE, EspeakLibrary("nor-this.so")])

    assert "installing rimebatch[local] would help" in str(caught.value)
    assert "no-such-library.so: " in str(caught.value)
    assert "; nor-this.so: " in str(caught.value)
