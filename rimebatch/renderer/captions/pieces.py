"""What a caption is put together from: pieces of a text that are never torn apart.

Knows words, scripts and how wide they are printed; must not know times or lines.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rimebatch.manifest.sentences import Border, make_tokens, split_graphemes

LINE_COLUMNS: Final = 42  # Netflix, Timed Text Style Guide: characters a line

# What it costs to end a line or a cue behind a piece. Only the order has an origin
# (Netflix: after punctuation, before conjunctions and prepositions, never inside what
# belongs together; BBC: at natural points); the sizes were found by looking.
_COSTS: Final = {
    Border.SENTENCE: 0,
    Border.CLAUSE: 20,
    Border.PHRASE: 30,
    Border.WORD: 100,
    Border.TIED: 400,
}
_COST_BEFORE_LEADING: Final = 60
_COST_AFTER_CLINGING: Final = 180

_LEADING: Final = re.compile(
    r"and|but|or|nor|yet|because|if|when|while|whilst|that|which|who|whom|whose|where|"
    r"than|as|though|although|since|until|till|unless|after|before|of|in|on|at|to|for|"
    r"from|with|by|into|onto|upon|over|under|through|between|among|against|about|"
    r"without|within|towards?|across|behind|beyond|along|around|like"
)
# Articles, pronouns that a verb follows, auxiliaries: they belong to what comes next,
# and so do those above.
_CLINGING: Final = re.compile(
    r"an?|the|this|these|those|my|your|his|her|its|our|their|some|any|no|every|each|"
    r"i|s?he|we|they|you|it|there|not|is|are|was|were|be|been|am|has|have|had|do|does|"
    r"did|will|would|shall|should|can|could|may|might|must|very|so|too|more|most|"
    rf"{_LEADING.pattern}"
)
_SHORT_LETTERS: Final = 3  # elsewhere such words are mostly articles and the like

_OPENING: Final = ("(", "[", "“", "«", "„")
_CLOSING: Final = (")", "]", "”", "»")

# Japanese: nothing is broken inside a loan word, nor before small kana, the sign of
# length and that of repetition (kinsoku); it is well broken where particles and endings
# are over, which are in hiragana.
_UNBROKEN: Final = re.compile("[ァ-ヿ]{2}|.[ぁぃぅぇぉっゃゅょゎー々]")
_ENDING_OVER: Final = re.compile("[ぁ-ゖ][^ぁ-ゖ]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A word with its punctuation, or a character where a script has no spaces.

    Attributes:
        char_start: Where it begins in the text, in code points.
        char_end: Where it ends; it has no white space in it.
        columns: How wide it is printed; wide characters count as two.
        is_spaced: Whether a space follows.
        border: How good a place its end is for a break.
        cost: What a break there costs, 0 or more.
    """

    char_start: int
    char_end: int
    columns: int
    is_spaced: bool
    border: Border
    cost: int


def make_pieces(text: str, language: str) -> list[Piece]:
    """Return *text* as pieces, none wider than a line unless it is one character.

    Args:
        text: Any text. Every character but white space is in exactly one piece.
        language: As the service names it; English has lists of words.
    """
    runs = [match.span() for match in re.finditer(r"\S+", text)]
    # Where each character of the text with single spaces stands in the text itself.
    origins = [at for start, end in runs for at in range(start, end + 1)]
    line = " ".join(text[start:end] for start, end in runs)
    if not line:
        return []
    cuts = [cut for token in make_tokens(line) for cut in _cut(*token)]
    pieces = []
    place = 0
    for (part, border), (following, _) in pairwise([*cuts, ("", Border.SENTENCE)]):
        word = part.rstrip(" ")
        start, place = place, place + len(part)
        end = origins[start + len(word) - 1] + 1
        cost = _price(word, following.rstrip(" "), border, language)
        columns = count_columns(word)
        pieces.append(Piece(origins[start], end, columns, word != part, border, cost))
    return pieces


def count_columns(text: str) -> int:
    """Return how wide *text* is printed: 2 for wide characters, 0 for marks."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(token: str, border: Border) -> list[tuple[str, Border]]:
    """Return *token* as one, or as characters where it may or must be broken inside."""
    if not any(map(_stands_alone, token)) and count_columns(token) <= LINE_COLUMNS:
        return [(token, border)]
    chars = split_graphemes(token)
    inner = [_inner_border(a, b) for a, b in pairwise(chars)]
    return list(zip(chars, [*inner, border], strict=True))


def _stands_alone(char: str) -> bool:
    """Whether *char* is of a script without spaces; Korean has them, and is wide."""
    return (
        unicodedata.east_asian_width(char) in "WF"
        and char.isalnum()
        and not "가" <= char <= "힣"
    )


def _inner_border(char: str, following: str) -> Border:
    pair = char[0] + following[0]
    is_free = pair.isalnum() and any(map(_stands_alone, pair))
    return Border.WORD if is_free and not _UNBROKEN.match(pair) else Border.TIED


def _price(word: str, following: str, border: Border, language: str) -> int:
    if border is not Border.WORD:
        return _COSTS[border]
    if _stands_alone(word[-1]):
        is_over = _ENDING_OVER.match(word[-1] + following[:1])
        return _COST_BEFORE_LEADING if is_over else _COSTS[border]
    if word.endswith(_CLOSING) or following.startswith(_OPENING):
        return _COSTS[Border.PHRASE]
    if _clings(word, language):
        return _COST_AFTER_CLINGING
    if _is_english(language) and _LEADING.fullmatch(following.lower()):
        return _COST_BEFORE_LEADING
    return _COSTS[border]


def _clings(word: str, language: str) -> bool:
    """Whether *word* belongs to the next: ``the house``, ``to go``, ``12 km``."""
    if word[-1].isdigit():
        return True
    bare = word.lstrip("“‘\"'(").lower()
    if _is_english(language):
        return _CLINGING.fullmatch(bare) is not None
    return len(bare) <= _SHORT_LETTERS


def _is_english(language: str) -> bool:
    return language in {"en", "eng"}
