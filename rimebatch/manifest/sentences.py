"""Where a line of prose may be cut, and how good each place is.

Knows punctuation, abbreviations and scripts. Must not know limits, paragraphs or
segments: what is cut where, and why, is the business of ``segments.py``.

Theory of operation
===================

A line is read as *tokens*: stretches without a space, each with the space after it.
Scripts that write no spaces, and dashes, end a token at their punctuation as well.
Every token carries the `Border` at its end, which is found in three steps:

1. The last mark before it, seen through closing quotes and brackets, says what the
   border may be: ``. ! ? 。 ।`` a sentence's end, ``; : —`` a clause's, a comma a
   phrase's.
2. Tokens without a letter or digit (``. .``, ``—``, ``”``, ``?``) lean back on the
   token before them: the border moves behind them. A lone opening quote leans
   forward instead.
3. A sentence's end is then doubted. Before a small letter it is none: ``“What?” he
   said``. After an abbreviation, an initial or an ellipsis it is one only before a
   word that often starts a sentence: ``at 5 p.m. He`` but ``the U.S. Army``.

The doubt leans one way on purpose. A border that is missed costs next to nothing,
since sentences are packed together again; a wrong one is heard.

Lists of words (in 3) know English and a little of its neighbours. In other languages
the marks of the script and small letters have to do.
"""

# ruff: noqa: RUF001  # marks of many scripts, written as they look

import re
import unicodedata
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple


class Border(IntEnum):
    """How good a place the end of a token is for a cut; higher is better."""

    TIED = 0  # inside "Mr. Smith", "No. 7", "« mot »"
    WORD = 1
    PHRASE = 2  # after a comma
    CLAUSE = 3  # after ; : — and where a sentence's end was doubted
    SENTENCE = 4


class Token(NamedTuple):
    """A stretch of text without a space, the space after it, and the border there."""

    text: str
    border: Border


_FULL_STOPS = "。！？｡।॥"  # these end a sentence without a space after them
_OPENING = "“‘„‚«‹([{「『（《〈【〔¿¡"
_CLOSING = "'\"’”»›)]}」』）》〉】〕"
# What may stand between a mark and the next word. German closes with “ and «,
# Markdown with * and _; e-books guard dashes and dots with U+2060 (word joiner), and
# U+FE0F makes an emoji of ‼.
_AFTER_MARK = _CLOSING + "“‘«‹*_\u2060\ufe0f "

_BORDERS = {
    **dict.fromkeys(_FULL_STOPS + ".!?…؟۔።။។։‼⁇⁈⁉", Border.SENTENCE),
    **dict.fromkeys(";:؛；：—―–", Border.CLAUSE),
    **dict.fromkeys(",،，、", Border.PHRASE),
}

# A token that only opens what comes next: « or “…
_OPENER = re.compile(rf"[{re.escape(_OPENING)}][^\w{re.escape(_CLOSING)}]*")
# The end of speech whose mark does not tell whether the sentence goes on. Where it
# does not, a full stop would stand there; where it does, "I" is no sign of a new one.
_OPEN_SPEECH = re.compile("(?:[!?…]|[.][.])['\"’”»]+ $")

_EDGE = re.compile(
    rf"""
    [ ]
    # After a closing quote only an opening one: 「行こう。」と言った is one sentence.
    | (?<! [{_FULL_STOPS}] ) [{_FULL_STOPS}]++
      (?: [{re.escape(_CLOSING)}]++ (?= [{re.escape(_OPENING)}] )
        | (?= [\w{re.escape(_OPENING)}] ) )
    # Not before a digit, which may belong to a number or a span of years. Not before
    # a straight quote, which may open or close.
    | (?: [，、；：] | (?<= [^ —―-] ) (?: [—―]++ | --++ ) )
      (?= [^\W\d_] | [{re.escape(_OPENING)}] )
    """,
    re.VERBOSE,
)

# In small letters, without their last full stop. Never at a sentence's end:
_TITLES = re.compile(
    r"mrs?|ms|mx|messrs|mme|mlle|drs?|prof|rev|hon|capt|cpt|col|gen|lt|lieut|maj|sgt|"
    r"cpl|pvt|cmdr|adm|gov|sen|rep|pres|supt|insp|sra|srta|msgr|mgr|fr|hr|"
    r"e\.g|i\.e|cf|vs|viz|bzw|ee"
)
# Abbreviations before a number, else mostly ordinary words:
_COUNTERS = re.compile("nos?|nr|figs?|art|sec|para|mar|núm|pág")
# Sometimes at a sentence's end, as are initials and dotted ones (U.S., p.m., Ph.D.):
_ABBREVIATIONS = re.compile(
    r"etc|al|ltd|inc|co|corp|bros|jr|sr|esq|st|mt|ft|ave|blvd|rd|dept|approx|ca|"
    r"vols?|ch|chap|pp|eds?|pt|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec|"
    r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}"
)
_STEM = re.compile(r"[^\W\d_]+(?:[.'’][^\W\d_]+)*$")
_STEM_CHARS = 16  # the longest abbreviation above has 6; dotted ones seldom have more

# Words that start a sentence far more often than they follow an abbreviation. "A." is
# not one of them but an initial.
_STARTER = re.compile(
    r"[\W_]*+(A|After|All|Although|An|And|Another|As|At|Because|Before|Both|But|By|Each|"
    r"Even|Every|For|From|He|Her|Here|His|How|However|I|If|In|It|Its|Just|Meanwhile|My|"
    r"No|Nor|Not|Now|Of|Oh|On|Once|Or|Our|Perhaps|She|Since|So|Some|Still|Such|That|The|"
    r"Their|Then|There|These|They|This|Those|Though|To|Until|Was|We|Well|What|When|Where|"
    r"Which|While|Who|Why|With|Without|Yes|Yet|You|Your)(?![\w.])"
)

_ZWJ = "\u200d"
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]")  # two of them make a flag
# Code points that extend a grapheme without being marks: the space that ends a token;
# the other joiner, halfwidth kana's voicing, skin tones, flag tags; and the later
# parts of a Hangul syllable that is written in parts.
_EXTENDING = re.compile(
    "[ \u200c\u200d\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
    "\u1160-\u11ff\ud7b0-\ud7fb]"
)
_VIRAMA = 9  # the combining class of signs that join two consonants (UAX 44, 5.7.4)


def make_tokens(line: str) -> list[Token]:
    """Return *line* as tokens, each with the border at its end.

    Args:
        line: Words with single spaces between them, and none at either end.

    Returns:
        Tokens whose texts joined are *line*. Takes time linear in its length.
    """
    edges = [0, *(edge.end() for edge in _EDGE.finditer(line)), len(line)]
    words = [line[start:end] for start, end in pairwise(edges)]
    tokens = []
    before = spoken = ""  # the last two words with a letter or digit in them
    mark = Border.TIED
    for word, following in pairwise([*words, ""]):
        if _is_plain(word, following):
            before, spoken = spoken, word
            tokens.append(Token(word, Border.WORD))
            continue
        if _initial(word):
            before, spoken = spoken, word
        if spoken:
            mark = max(mark, _marked_border(word))
        if _leans_back(following):
            tokens.append(Token(word, Border.TIED))
            continue
        if mark is Border.SENTENCE:
            mark = _doubted_border(before, spoken, word, following)
        tokens.append(Token(word, mark))
        mark = Border.TIED
    return tokens


def split_graphemes(text: str) -> list[str]:
    """Return *text* as what readers take for single characters.

    Follows UAX 29, extended grapheme clusters, as far as the standard library knows
    the properties: marks, joined emoji, flags, conjuncts, Hangul in parts. A space
    stays with what it follows.
    """
    starts = [0]
    for index in range(1, len(text)):
        if not _extends(text, starts[-1], index):
            starts.append(index)
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _is_plain(word: str, following: str) -> bool:
    """Whether nothing but a space lies between two words, as between most of them.

    No step of the theory has anything to say of these, and to see it is quick.
    """
    return word[-1:] == " " and word[-2:-1].isalnum() and following[:1].isalnum()


def _initial(token: str) -> str:
    return next(filter(str.isalnum, token), "")


def _leans_back(token: str) -> bool:
    return bool(token) and not _initial(token) and not _OPENER.fullmatch(token)


def _marked_border(word: str) -> Border:
    if _OPENER.fullmatch(word):
        return Border.TIED
    bare = word.rstrip(_AFTER_MARK)
    if bare == "-" or bare.endswith("--"):  # how typewriters write a dash
        return Border.CLAUSE
    return _BORDERS.get(bare[-1:], Border.WORD)


def _doubted_border(before: str, spoken: str, word: str, following: str) -> Border:
    """Return what a sentence's end after *word*, the end of *spoken*, comes to."""
    found = _STARTER.match(following)
    starter = found[1] if found else ""
    bare = word.rstrip(_AFTER_MARK) or spoken.rstrip(_AFTER_MARK)
    if bare.endswith(".") and _is_abbreviation(before, bare, starter, following):
        return Border.TIED
    goes_on = starter == "I" and _OPEN_SPEECH.search(word)  # “What?” I said
    if goes_on or _initial(following).islower():
        return Border.CLAUSE
    is_ellipsis = bare == "." or bare.endswith(("..", "…"))
    stammer = spoken.strip(_OPENING + _AFTER_MARK + ".…")  # "B... But", "I... I am"
    if is_ellipsis and (not starter or starter.startswith(stammer)):
        return Border.CLAUSE
    return Border.SENTENCE


def _is_abbreviation(before: str, word: str, starter: str, following: str) -> bool:
    if not before and word[:-1].isdigit():
        return True  # the number of a list's item
    found = _STEM.search(word[-_STEM_CHARS:-1])
    stem = found[0].lower() if found else ""
    if _TITLES.fullmatch(stem):
        return True
    if _COUNTERS.fullmatch(stem):
        return _initial(following).isdigit()
    if starter or (stem == "i" and before.islower()):  # "and so did I. Nobody"
        return False
    is_initial = len(stem) == 1 and stem != stem.upper()
    return is_initial or _ABBREVIATIONS.fullmatch(stem) is not None


def _extends(text: str, start: int, index: int) -> bool:
    """Whether the code point at *index* belongs to the grapheme begun at *start*."""
    char, previous = text[index], text[index - 1]
    if _REGIONAL.match(char):
        return index - start == 1 and _REGIONAL.match(previous) is not None
    return (
        unicodedata.category(char)[0] == "M"
        or _EXTENDING.match(char) is not None
        or previous == _ZWJ
        or unicodedata.combining(previous) == _VIRAMA
    )
