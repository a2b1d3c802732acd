"""Markup inside a text: what the service knows, for which models, and how to find it.

Markup that a model does not heed is not an error of the service: it is read aloud, or
leaks into the word list (field, Sep 2026). Knows neither manifests nor files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rimebatch.manifest.job_voice import JobVoice
from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.parameters import FACTS, MODELS


@dataclass(frozen=True, slots=True)
class Markup:
    """One kind of markup.

    Attributes:
        name: What it is, as one reads it aloud.
        pattern: How it is written.
        parameter: What switches it on; "" if nothing has to.
        switched: What to write, so that it is on.
        heeded_by: Models by their usual ids.
    """

    name: str
    pattern: re.Pattern[str]
    parameter: str
    switched: str
    heeded_by: frozenset[str]


def _make_switched(name: str, pattern: str, parameter: str, value: str) -> Markup:
    heeded_by = FACTS[parameter].heeded_by
    return Markup(name, re.compile(pattern), parameter, value, heeded_by)


MARKUPS: Final = (
    # docs@Aug, pages on custom pauses, custom pronunciation and speed.
    _make_switched("a pause like <400>", r"<\d+>", "pauseBetweenBrackets", "true"),
    _make_switched("phonemes in {}", r"\{[^{}]+\}", "phonemizeBetweenBrackets", "true"),
    _make_switched("words in []", r"\[[^\[\]]+\]", "inlineSpeedAlpha", '"1.2"'),
    # Coda spells by docs@Aug, models page, and read it out in a live rendering (field,
    # Sep 2026); who relies on it should be told.
    Markup(
        "spell()",
        re.compile(r"\bspell\([^()]*\)"),
        "",
        "",
        frozenset(MODELS) - {"coda"},
    ),
)


def find_markup_flaws(text: str, voice: JobVoice) -> Iterator[Flaw]:
    """Yield a flaw for every kind of markup in *text* that would have no effect.

    No flaw quotes the text: it says in which line the first of its kind stands. Of
    a model that is not in `MODELS` nothing is known, and nothing is said.
    """
    for markup in MARKUPS if voice.model in MODELS else ():
        if not (found := markup.pattern.search(text)):
            continue
        line = text.count("\n", 0, found.start()) + 1
        what = f"holds {markup.name} in line {line}"
        if voice.model not in markup.heeded_by:
            what = f"{what}, which {voice.model_id} ignores as far as is known"
            yield Flaw(what, "remove it, or it may be read aloud")
        elif markup.parameter and not _is_on(markup.parameter, voice):
            remedy = f"add {markup.parameter}: {markup.switched} to the voice, or "
            yield Flaw(f"{what}, which has no effect as it is", f"{remedy}remove it")


def _is_on(parameter: str, voice: JobVoice) -> bool:
    return voice.written.get(parameter, "false") != "false"
