"""Markup in a text: found where it would have no effect, and never quoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.job_voice import JobVoice
from rimebatch.manifest.markup import MARKUPS, find_markup_flaws
from rimebatch.manifest.parameters import MODELS

EVERY = "Wait <400> for {h0i} [now] spell(abc)."
ON = {
    "pauseBetweenBrackets": "true",
    "phonemizeBetweenBrackets": "true",
    "inlineSpeedAlpha": "0.5",
}


def find_flaws(text: str, model_id: str, **parameters: str) -> list[str]:
    """Return what is wrong with *text* spoken by *model_id*."""
    voice = JobVoice({"modelId": model_id, **parameters}, {})
    return [f"{flaw.what}; {flaw.remedy}" for flaw in find_markup_flaws(text, voice)]


@pytest.mark.parametrize(
    ("model_id", "names"),
    [
        ("codav1", ["a pause like <400>", "phonemes in {}", "words in []", "spell()"]),
        ("arcana", ["a pause like <400>", "phonemes in {}", "words in []"]),
        ("mistv3", ["words in []"]),
        ("mistv2", []),
        ("mist", []),
    ],
)
def test_models_heed_some_markup(model_id: str, names: list[str]) -> None:
    """Even switched on, markup that the model does not know has no effect."""
    remedy = "remove it, or it may be read aloud"
    expected = [
        f"holds {name} in line 1, which {model_id} ignores as far as is known; {remedy}"
        for name in names
    ]

    assert expected == find_flaws(EVERY, model_id, **ON)


def test_markup_has_to_be_switched_on() -> None:
    """Where the model knows it, what switches it on is said."""
    why = "which has no effect as it is"

    assert find_flaws(EVERY, "mistv2", pauseBetweenBrackets="false") == [
        (
            f"holds a pause like <400> in line 1, {why}; "
            "add pauseBetweenBrackets: true to the voice, or remove it"
        ),
        (
            f"holds phonemes in {{}} in line 1, {why}; "
            "add phonemizeBetweenBrackets: true to the voice, or remove it"
        ),
        (
            f"holds words in [] in line 1, {why}; "
            'add inlineSpeedAlpha: "1.2" to the voice, or remove it'
        ),
    ]


@pytest.mark.parametrize("model_id", ["", "codette", "Coda"])
def test_nothing_is_known_of_other_models(model_id: str) -> None:
    """A model to come may know any markup."""
    expected: list[str] = []

    assert expected == find_flaws(EVERY, model_id)


@pytest.mark.parametrize(
    "text",
    [
        "a < b, 3 > 2",
        "<b>bold</b> <>",
        "{} []",
        "( spell ) misspell(x)",
        "one } two {",
        "[ [",
    ],
)
def test_marks_alone_are_no_markup(text: str) -> None:
    """Brackets in prose are left in peace where they cannot be meant."""
    expected: list[str] = []

    assert expected == find_flaws(text, "coda")


def test_the_first_of_its_kind_is_found() -> None:
    """A text with much markup is told of once for each kind, with a line."""
    [flaw] = find_flaws("One.\n\nTwo <40>.\n<50>", "arcana")

    assert flaw.startswith("holds a pause like <400> in line 3, ")


@given(st.text("<4>{a}[b]spell()\n "), st.sampled_from(MODELS))
def test_text_is_not_repeated(text: str, model_id: str) -> None:
    """Each kind is told of at most once, in the same words whatever the text."""
    flaws = find_flaws(text, model_id)

    assert len(flaws) <= len(MARKUPS)
    assert all(flaw.isprintable() and len(flaw) < 150 for flaw in flaws)
