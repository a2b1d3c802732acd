"""A process of its own for libespeak-ng: one request in, one answer out, and over.

It must not know words, speakers or languages as Rime names them. It is run as a
script, by its path, and imports nothing but a little of the standard library, so that
it starts in 20 ms.

Why a process for every text, measured with version 1.52:

- some texts crash the library: a braille pattern in Arabic, ``©`` and an emoji in
  Portuguese, about one text of random characters in 3,000. Only this process dies;
- the library carries state from one text to the next (the index of the pitch flutter
  is a static that nothing resets), so that a text spoken twice gives other bytes;
- two threads in it at a time crash it, and processes run side by side.
"""

import ctypes
import json
import os
import sys

# From the library's speak_lib.h.
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: return when all is spoken
_PHONEME_EVENTS = 0x0001
_DONT_EXIT = 0x8000  # report missing data instead of ending the process
_POSITION_IN_CHARACTERS = 1
_TEXT_IS_UTF8 = 1
_PARAMETERS = {"rate_wpm": 1, "volume": 2, "pitch": 3}
_NO_MORE_EVENTS, _WORD, _PHONEME = 0, 1, 7

_MAX_DATA_PATH_BYTES = 159  # N_PATH_HOME in the library's speech.h, less one


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h; its union is read as a phoneme's name."""

    # The base's own type for it cannot be written down without Any.
    _fields_ = [  # type: ignore[mutable-override]  # ctypes only reads it, once
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("phoneme", ctypes.c_char * 8),
    ]


_Receiver = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_short),
    ctypes.c_int,
    ctypes.POINTER(_Event),
)


class _Recording:
    """What the library has handed over so far."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.events: list[tuple[int, int, str | None]] = []

    def receive(
        self,
        samples: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[_Event]",
    ) -> int:
        """Keep *count* samples and the events up to the last; 0 asks for more."""
        self.pcm += ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short))
        index = 0
        while (event := events[index]).type != _NO_MORE_EVENTS:
            position = event.text_position - 1  # it counts from 1
            if event.type == _WORD:
                self.events.append((position, event.sample, None))
            elif event.type == _PHONEME:
                self.events.append((position, event.sample, event.phoneme.decode()))
            index += 1
        return 0


def speak(
    *,
    library: str,
    data_path: str | None,
    text: str,
    voice: str,
    parameters: dict[str, int],
) -> tuple[int, list[tuple[int, int, str | None]], bytes]:
    """Speak *text*, which holds no NUL, with the library at the path *library*.

    Returns:
        The rate in Hz; the events (position in the text, frame in the audio, name of
        the phoneme or ``None`` for a word); mono samples of 16 bits.

    Raises:
        OSError: The library cannot be loaded.
        LookupError: It finds no voices, or has not got this one.
    """
    native = ctypes.CDLL(library)
    rate_hz = _initialize(native, data_path)
    if native.espeak_SetVoiceByName(voice.encode()):
        raise LookupError(f"no voice {voice!r}")
    for name, value in parameters.items():
        native.espeak_SetParameter(_PARAMETERS[name], value, 0)
    recording = _Recording()
    receiver = _Receiver(recording.receive)
    native.espeak_SetSynthCallback(receiver)
    encoded = text.encode()
    size = ctypes.c_size_t(len(encoded) + 1)
    options = (0, _POSITION_IN_CHARACTERS, 0, _TEXT_IS_UTF8, None, None)
    native.espeak_Synth(encoded, size, *options)
    return rate_hz, recording.events, bytes(recording.pcm)


def _initialize(native: ctypes.CDLL, data_path: str | None) -> int:
    path = None if data_path is None else os.fsencode(data_path)
    options = _PHONEME_EVENTS | _DONT_EXIT
    rate_hz: int = native.espeak_Initialize(_SYNCHRONOUS, 0, path, options)
    if rate_hz <= 0:
        raise LookupError(
            f"no voices in {data_path}, a path of which it reads "
            f"{_MAX_DATA_PATH_BYTES} bytes at most"
        )
    return rate_hz


def main() -> None:
    """Read a request from standard input as JSON, write the answer to standard output.

    The answer is a line of JSON, the rate and the events, then the samples. What goes
    wrong is the last line on standard error, or a signal.
    """
    rate_hz, events, pcm = speak(**json.load(sys.stdin.buffer))
    sys.stdout.buffer.write(json.dumps([rate_hz, events]).encode() + b"\n" + pcm)


if __name__ == "__main__":
    main()
