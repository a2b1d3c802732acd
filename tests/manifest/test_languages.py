"""Languages: many tags for one, and what is no tag at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.languages import (
    TIMED_LANGUAGES,
    find_lang_flaw,
    find_language,
)


@pytest.mark.parametrize(
    ("lang", "language"),
    [
        ("eng", "eng"),
        ("en", "eng"),
        ("en-GB", "eng"),
        ("EN_us", "eng"),
        ("es", "spa"),
        ("spa-mx", "spa"),
        ("fr", "fra"),
        ("fre", "fra"),
        ("de", "ger"),
        ("deu", "ger"),
        ("pt-BR", "por"),
        ("ja", "jpn"),
        ("ar", "ara"),
        ("hi", "hin"),
        ("he", "heb"),
        ("it", "ita"),
        ("ta", "tam"),
        ("zh-Hant-TW", "zh"),
        ("Xyz", "xyz"),
    ],
)
def test_language(lang: str, language: str) -> None:
    """All tags of a language are one; what is in no table is its own code."""
    assert language == find_language(lang)
    assert find_lang_flaw(lang) is None


@pytest.mark.parametrize("lang", ["", "e", "None", "english", "en-", "en GB", "1.10"])
def test_what_is_no_language(lang: str) -> None:
    """The service has answered such a value with 400."""
    flaw = find_lang_flaw(lang)

    assert flaw is not None
    assert flaw.what.startswith("expected a language, found ")


@given(st.text())
def test_a_code_is_its_own(lang: str) -> None:
    """Looking twice changes nothing, whatever was written."""
    found = find_language(lang)

    assert found == find_language(found)


def test_timed_languages_are_codes() -> None:
    """Languages with word times are compared by their codes."""
    assert list(TIMED_LANGUAGES) == [find_language(code) for code in TIMED_LANGUAGES]
