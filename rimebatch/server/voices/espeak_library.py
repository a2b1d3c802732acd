"""The door to libespeak-ng: text in, samples and events out, whatever happens inside.

It must not know words, speakers or languages as Rime names them. The calls
themselves are made by `espeak_process`, for each text in a process of its own.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rimebatch.errors import VoiceError
from rimebatch.server.voices import espeak_process


@dataclass(frozen=True, slots=True)
class EspeakEvent:
    """The beginning of a word or of a phoneme.

    Attributes:
        position: The character of the text it belongs to, from 0. Not to be trusted:
            on odd text it can go back, or lie outside.
        frame: Where in the audio; never before the previous event's.
        phoneme: The phoneme's name, or ``None`` where a word begins.
    """

    position: int
    frame: int
    phoneme: str | None = None


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one truth
class EspeakSpeech:
    """What the library made of a text: mono samples and the events in them."""

    samples: NDArray[np.int16]
    rate_hz: int
    events: tuple[EspeakEvent, ...]


@dataclass(frozen=True, slots=True)
class EspeakSettings:
    """How to speak.

    Attributes:
        voice: The name of a voice file, with or without ``+variant``.
        rate_wpm: From 80 to 400; from 450 the events no longer fit the audio.
        pitch: From 0 to 100, 50 being the voice's own.
        volume: In percent; above 100 the library compresses.
    """

    voice: str
    rate_wpm: int = 175
    pitch: int = 50
    volume: int = 100


@dataclass(frozen=True, slots=True)
class EspeakLibrary:
    """A libespeak-ng that may be on this machine.

    Attributes:
        path: What to give the dynamic loader.
        data_path: Its folder of voices, or ``None`` for where it looks by itself.
    """

    path: str
    data_path: str | None = None

    def speak(self, text: str, settings: EspeakSettings) -> EspeakSpeech:
        """Speak *text*, which holds no NUL and no lone surrogates.

        The same text and settings give the same bytes, from any thread or process.

        Raises:
            VoiceError: The library is not there, has no such voice, or crashed.
        """
        request = {
            "library": self.path,
            "data_path": self.data_path,
            "text": text,
            "voice": settings.voice,
            "parameters": {
                "rate_wpm": settings.rate_wpm,
                "pitch": settings.pitch,
                "volume": settings.volume,
            },
        }
        header, _, pcm = self._ask(json.dumps(request).encode()).partition(b"\n")
        rate_hz, events = json.loads(header)
        return EspeakSpeech(
            samples=np.frombuffer(pcm, np.int16),
            rate_hz=rate_hz,
            events=tuple(EspeakEvent(*event) for event in events),
        )

    def _ask(self, request: bytes) -> bytes:
        # Isolated: neither the environment nor an installed package changes what runs.
        # In a session of its own: Ctrl-C is for the service, which may want to finish.
        child = subprocess.run(
            [sys.executable, "-I", "-S", espeak_process.__file__],
            input=request,
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        if child.returncode:
            last_line = child.stderr.decode(errors="replace").strip().split("\n")[-1]
            how = f"it ended with {child.returncode} ({last_line})"
            raise VoiceError(f"{self.path}: no speech came of it; {how}")
        return child.stdout


def installed_libraries(package: str = "espeakng_loader") -> list[EspeakLibrary]:
    """Return the libraries worth trying, the best first.

    Args:
        package: What brings a library along; the extra ``local`` installs it.
    """
    system = EspeakLibrary("libespeak-ng.so.1")
    try:
        loader = importlib.import_module(package)
    except ImportError:
        return [system]
    return [EspeakLibrary(loader.get_library_path(), loader.get_data_path()), system]


def find_library(candidates: Iterable[EspeakLibrary]) -> EspeakLibrary:
    """Return the first of *candidates* that speaks.

    Raises:
        VoiceError: None does; what is wrong with each.
    """
    reasons = []
    for library in candidates:
        try:
            library.speak("", EspeakSettings("en"))
        except VoiceError as exc:
            reasons.append(str(exc))
        else:
            return library
    help_ = "installing rimebatch[local] would help"
    raise VoiceError(f"no libespeak-ng; {help_} ({'; '.join(reasons)})")
