"""Which voice is used: espeak where its library is, else tone.

It must not know what either does.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rimebatch.errors import VoiceError
from rimebatch.server.voices.espeak import EspeakVoice
from rimebatch.server.voices.espeak_library import (
    EspeakLibrary,
    find_library,
    installed_libraries,
)
from rimebatch.server.voices.tone import ToneVoice
from rimebatch.server.voices.voice import Voice

VoiceName: TypeAlias = Literal["auto", "espeak", "tone"]


def open_voice(
    name: VoiceName, candidates: Sequence[EspeakLibrary] = ()
) -> tuple[Voice, str]:
    """Return the voice called *name*, and a line to show a person, if need be.

    Args:
        name: ``auto`` is espeak where it works, else tone.
        candidates: The libraries to try for espeak; by default the installed ones.

    Returns:
        The voice; why it is not the better one, or nothing where it is.

    Raises:
        VoiceError: *name* is ``espeak``, and no library for it works.
    """
    if name == "tone":
        return ToneVoice(), ""
    try:
        library = find_library(candidates or installed_libraries())
    except VoiceError as exc:
        if name == "espeak":
            raise
        return ToneVoice(), f"the tone voice is used, which speaks no words: {exc}"
    return EspeakVoice(library), ""
