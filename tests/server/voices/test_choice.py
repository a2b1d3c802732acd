"""Which voice is used, and what a person is told about it."""

import pytest

from rimebatch.errors import VoiceError
from rimebatch.server.voices.choice import open_voice
from rimebatch.server.voices.espeak_library import EspeakLibrary

NOWHERE = [EspeakLibrary("no-such-library.so")]


def test_tone() -> None:
    """The tone voice, when asked for, needs nothing and no comment."""
    voice, notice = open_voice("tone", NOWHERE)

    assert (voice.name, notice) == ("tone", "")


@pytest.mark.parametrize("name", ["auto", "espeak"])
def test_espeak(library: EspeakLibrary, name: str) -> None:
    """Where the library works, it speaks, and there is nothing to say about it."""
    voice, notice = open_voice("auto" if name == "auto" else "espeak", [library])

    assert (voice.name, notice) == ("espeak", "")


def test_fallback() -> None:
    """Without the library, the tone voice speaks, and one line says why."""
    voice, notice = open_voice("auto", NOWHERE)

    assert voice.name == "tone"
    assert notice.startswith("the tone voice is used")
    assert "no-such-library.so: no speech came of it" in notice
    assert "\n" not in notice


def test_espeak_or_nothing() -> None:
    """Asked for by name, espeak is not replaced."""
    with pytest.raises(VoiceError, match="no libespeak-ng"):
        open_voice("espeak", NOWHERE)


def test_installed_libraries_are_the_default() -> None:
    """Without candidates, what is installed is tried."""
    voice, notice = open_voice("auto")

    assert (voice.name == "tone") == bool(notice)
