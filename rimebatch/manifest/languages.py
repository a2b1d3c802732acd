"""Languages by Rime's own codes, and the other tags that name the same ones.

Knows neither manifests nor voices.
"""

import re
from typing import Final

from rimebatch.manifest.mistakes import Flaw, quote

# The codes of Rime's catalogue (some are ISO 639-2/B, some /T), each with the other
# three-letter code, if it has one, and the two-letter code that BCP-47 tags begin with.
# The service takes all of them: docs@Aug, voices page; docs@Sep, Coda page.
_OTHER_TAGS: Final = {
    "ara": ("ar",),
    "eng": ("en",),
    "fra": ("fre", "fr"),
    "ger": ("deu", "de"),
    "heb": ("he",),
    "hin": ("hi",),
    "ita": ("it",),
    "jpn": ("ja",),
    "por": ("pt",),
    "spa": ("es",),
    "tam": ("ta",),
}
_CODES: Final = {tag: code for code, tags in _OTHER_TAGS.items() for tag in tags}

TIMED_LANGUAGES: Final = ("eng", "spa")
"""The languages that have word times: docs since 2026-08-04, whatever the model."""

# Sent as "None", lang was answered with 400 (several clients do that by accident).
_TAG: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def find_lang_flaw(lang: str) -> Flaw | None:
    """Return why *lang* cannot be a language, or ``None``."""
    if _TAG.fullmatch(lang):
        return None
    what = f"expected a language, found {quote(lang)}"
    return Flaw(what, "write its code, such as eng, es or fr-CA")


def find_language(lang: str) -> str:
    """Return Rime's code for *lang*: ``fra`` for ``fr``, ``fre`` and ``FR-ca``.

    What is in no table is its own code, in lower case and without its region.
    """
    language = re.split("[-_]", lang.lower(), maxsplit=1)[0]
    return _CODES.get(language, language)
