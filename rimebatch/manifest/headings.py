"""Which paragraphs of a text are headings, by how they look.

It knows neither jobs nor what is done about a heading. There is no markup for one: text
is spoken as it stands.

Theory of operation. Prose ends in punctuation, and a heading does not. So a heading is
a paragraph that is one segment of at most 80 characters and ends in a letter or a
digit, whatever closing quotes and brackets follow it; or that is a numeral with at
most one word before it, and may then end in a full stop (``12.``, ``CHAPTER IV.``). In
36 chapters of two novels this finds all 59 headings, and nothing else. ``Who Was It?``
is not found, and the signature of a letter is.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_MOST_CHARS: Final = 80  # the longest of those 59 has 68
_CLOSING: Final = "'\"’”»›)]}」』）】"  # noqa: RUF001  # as they look
_NUMERAL: Final = re.compile(r"(\w+ )?([IVXLCDM]+|\d+)\.")


def find_headings(segments: Iterable[tuple[int, str]]) -> frozenset[int]:
    """Return which paragraphs are headings.

    Args:
        segments: Paragraph and text of each, in order.
    """
    texts: dict[int, list[str]] = {}
    for paragraph, text in segments:
        texts.setdefault(paragraph, []).append(text)
    return frozenset(
        paragraph
        for paragraph, (text, *more) in texts.items()
        if not more and is_heading(text)
    )


def is_heading(text: str) -> bool:
    """Whether a paragraph that is all *text*, with single spaces, is a heading."""
    if len(text) > _MOST_CHARS:
        return False
    last = text.rstrip(_CLOSING)[-1:]
    # The vowels of some scripts are marks.
    ends_in_word = last != "" and unicodedata.category(last)[0] in "LMN"
    return ends_in_word or _NUMERAL.fullmatch(text) is not None
