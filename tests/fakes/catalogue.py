"""A small catalogue of voices, in the two shapes in which the service publishes it."""

from typing import Final

DATE: Final = "2026-09-10T12:00:00Z"

ALL_V2: Final = b"""\
{
  "coda": {"eng": ["astra", "luna"], "fra": ["aurelie"]},
  "arcana": {"eng": ["luna"]},
  "arcanav3": {"en": ["astra", "luna"]},
  "mistv2": {"eng": ["cove"], "spa": ["isa"]}
}
"""

# Fields have been renamed and added before: mood is one to come.
VOICE_DETAILS: Final = """\
[
  {"speaker": "luna", "modelId": "coda", "lang": "eng", "language": "English",
   "gender": "Female", "age": "Young Adult", "country": "US", "dialect": "",
   "genre": ["Any"], "description": "Bright and lively.", "flagship": true,
   "mood": ["calm"]},
  {"speaker": "aurelie", "modelId": "coda", "lang": "fr", "gender": "Female",
   "country": "France", "description": "Voilà\\u001b[31m: [bold]warm[/bold]."},
  {"speaker": "gone", "modelId": "mist", "lang": "eng"},
  {"modelId": "mistv2"}
]
""".encode()
