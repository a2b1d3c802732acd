"""The voices of the local service: text in, samples and word times out.

- `Voice`: what the service needs, and `open_voice`, which finds one;
- `EspeakVoice`: real words by libespeak-ng, where the extra ``local`` is installed;
- `ToneVoice`: tones for letters, everywhere;
- `Utterance` and `SpokenWord`: what they return; times in frames.

It must not know ws3, nor anything asynchronous: speaking is a plain call, some
50 ms for a segment of 500 characters, and may be made from any thread.
"""

from rimebatch.server.voices.choice import VoiceName, open_voice
from rimebatch.server.voices.espeak import EspeakVoice
from rimebatch.server.voices.tone import ToneVoice
from rimebatch.server.voices.voice import SpokenWord, Utterance, Voice, language_tag

__all__ = [
    "EspeakVoice",
    "SpokenWord",
    "ToneVoice",
    "Utterance",
    "Voice",
    "VoiceName",
    "language_tag",
    "open_voice",
]
