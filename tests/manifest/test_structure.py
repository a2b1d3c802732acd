"""The structure of a manifest: typed values, or every flaw in our own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.mistakes import Flaw, Found, Place
from rimebatch.manifest.model import (
    WrittenJob,
    WrittenManifest,
    WrittenMessage,
)
from rimebatch.manifest.output_model import WrittenOutput
from rimebatch.manifest.parameters import WrittenVoice
from rimebatch.manifest.structure import check_structure
from rimebatch.manifest.yaml_nodes import NO_VALUE, Data

JOB: dict[str, Data] = {"id": "a", "text": "Hello."}
MANIFEST: dict[str, Data] = {"manifest": "1", "jobs": [JOB]}

OUTPUTS = (
    "known are format, mp3, ogg, opus, sampling_rate, loudness, captions, tags, "
    "pauses, trim"
)
TAGS = "known are artist, album, comment"
TO_VALUE = 'write it as "key: value"'
TO_EXTRA = "(parameters that RimeBatch does not know go under extra)"
VALUE = Flaw("has no value", "write one (a word like null needs quotes)")


def found_in(**written: Data) -> list[Found]:
    """Return the flaws of a manifest with *written* added to what it needs."""
    result = check_structure({**MANIFEST, **written})
    return result if isinstance(result, list) else []


def test_good_data_becomes_typed() -> None:
    """Values without flaws come back in their types."""
    result = check_structure({**MANIFEST, "concurrency": "7"})

    assert isinstance(result, WrittenManifest)
    assert result.concurrency == 7


@pytest.mark.parametrize(
    ("key", "written", "what", "remedy"),
    [
        ("name", ["x"], "expected text, found a list", "put the text behind the key"),
        (
            "endpoint",
            {"x": "y"},
            "expected text, found keys and values",
            "put the text behind the key",
        ),
        (
            "concurrency",
            "four",
            'expected a whole number, found "four"',
            "write digits, such as 4",
        ),
        (
            "concurrency",
            ["4"],
            "expected a whole number, found a list",
            "write digits, such as 4",
        ),
        (
            "silence_limit_s",
            "1:30",
            'expected a number, found "1:30"',
            "write digits, such as 0.5",
        ),
        ("jobs", "x", 'expected a list, found "x"', "begin each entry with a dash"),
        ("jobs", [], "the list is empty", "add at least one entry"),
        ("voice", "luna", 'expected keys and values, found "luna"', TO_VALUE),
        ("concurrency", "0", "0 is too small", "write at least 1"),
        ("max_chars", "1001", "1001 is too large", "write at most 1000"),
        ("silence_limit_s", "0", "0 is too small", "write more than 0"),
        ("silence_limit_s", "-1.5", "-1.5 is too small", "write more than 0"),
        ("manifest", "2", "expected 1, found 2", "write it exactly so"),
        (
            "done",
            "allways",
            "expected 'auto', 'always' or 'never', found \"allways\"",
            'did you mean "always"?',
        ),
        (
            "done",
            ["never"],
            "expected 'auto', 'always' or 'never', found a list",
            'did you mean "never"?',
        ),
        ("name", "a/b", '"a/b" holds /, which a file name cannot', None),
    ],
)
def test_flaws_are_worded(
    key: str, written: Data, what: str, remedy: str | None
) -> None:
    """A flaw says what was expected and what was found, and what would help."""
    remedy = remedy or "use letters, digits, - and _, such as ch01"

    assert [Found((key,), Flaw(what, remedy))] == found_in(**{key: written})


def test_long_values_are_quoted_in_part() -> None:
    """A text in the wrong place is not repeated at length."""
    [found] = found_in(concurrency="word " * 1000)

    assert len(found.flaw.what) < 80


@pytest.mark.parametrize(
    ("job", "place", "flaw"),
    [
        (
            {"id": "a", "title": " x"},
            ("title",),
            Flaw(
                "is empty, of several lines, or has white space around it",
                "write the bare text on one line",
            ),
        ),
        (
            {"id": "a", "messages": [{"text": "a", "contextId": "x" * 257}]},
            ("messages", 0, "contextId"),
            Flaw("is too long", "write at most 256 characters"),
        ),
        (
            {"id": "a", "messages": [{"operation": "eso"}]},
            ("messages", 0, "operation"),
            Flaw(
                "expected 'clear', 'flush' or 'eos', found \"eso\"",
                'did you mean "eos"?',
            ),
        ),
        ({"id": "a", "messages": ["hi"]}, ("messages", 0), None),
        ({"id": "a", "voice": {"top_p": "2"}}, ("voice", "top_p"), "2 is too large"),
        (
            {"id": "a", "voice": {"timeScaleFactor": "2.6"}},
            ("voice", "timeScaleFactor"),
            Flaw("2.6 is too large", "write at most 2.5"),
        ),
        (
            {"id": "a", "voice": {"saveOovs": "yes"}},
            ("voice", "saveOovs"),
            Flaw('expected true or false, found "yes"', "write one of the two"),
        ),
        (
            {"id": "a", "voice": {"lang": "None"}},
            ("voice", "lang"),
            Flaw(
                'expected a language, found "None"',
                "write its code, such as eng, es or fr-CA",
            ),
        ),
        (
            {"id": "a", "voice": {"extra": "x"}},
            ("voice", "extra"),
            Flaw('expected keys and values, found "x"', TO_VALUE),
        ),
        (
            {"id": "a", "voice": {"extra": {"seed": ["x"]}}},
            ("voice", "extra", "seed"),
            Flaw("expected text, found a list", "put the text behind the key"),
        ),
        (
            {"text": "a"},
            ("id",),
            Flaw(
                "is missing",
                "add it. The name of the job's files, unique even if case is ignored.",
            ),
        ),
    ],
)
def test_flaws_are_found_at_any_depth(
    job: Data, place: Place, flaw: Flaw | str | None
) -> None:
    """A flaw has the place of its value."""
    if flaw is None:
        flaw = Flaw('expected keys and values, found "hi"', TO_VALUE)
    if isinstance(flaw, str):
        flaw = Flaw(flaw, "write at most 1")

    assert [Found(("jobs", 0, *place), flaw)] == found_in(jobs=[job])


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"name": NO_VALUE}, ("name",)),
        ({"concurrency": NO_VALUE}, ("concurrency",)),
        ({"voice": NO_VALUE}, ("voice",)),
        ({"voice": {"speaker": NO_VALUE}}, ("voice", "speaker")),
        ({"voice": {"audioFormat": NO_VALUE}}, ("voice", "audioFormat")),
        ({"voice": {"extra": {"seed": NO_VALUE}}}, ("voice", "extra", "seed")),
        ({"jobs": [NO_VALUE]}, ("jobs", 0)),
        ({"done": NO_VALUE}, ("done",)),
    ],
)
def test_absent_value_is_a_flaw_of_its_own(
    written: dict[str, Data], place: Place
) -> None:
    """A key without a value is not the same as no key."""
    assert [Found(place, VALUE)] == found_in(**written)


@pytest.mark.parametrize(
    ("written", "place", "remedy"),
    [
        ({"nmae": "x"}, ("nmae",), 'did you mean "name"?'),
        ({"nmae": NO_VALUE}, ("nmae",), 'did you mean "name"?'),
        (
            {"voice": {"SPEAKER": "x"}},
            ("voice", "SPEAKER"),
            f'did you mean "speaker"? {TO_EXTRA}',
        ),
        ({"output": {"fromat": "x"}}, ("output", "fromat"), 'did you mean "format"?'),
        (
            {"output": {"q": "x"}},
            ("output", "q"),
            OUTPUTS,
        ),
        (
            {"output": {"audioFormat": "x"}},
            ("output", "audioFormat"),
            'did you mean "format"?',
        ),
        (
            {"output": {"loudness": {"target": "-20 dB RMS", "peek": "x"}}},
            ("output", "loudness", "peek"),
            'did you mean "peak"?',
        ),
        ({"output": {"tags": {"x": "x"}}}, ("output", "tags", "x"), TAGS),
        ({"output": {"ogg": {"x": "x"}}}, ("output", "ogg", "x"), "known are quality"),
        (
            {"output": {"opus": {"x": "x"}}},
            ("output", "opus", "x"),
            "known are bitrate_kbps",
        ),
        ({"speaker": "x"}, ("speaker",), "write it under voice"),
        (
            {"jobs": [{**JOB, "textfile": "x"}]},
            ("jobs", 0, "textfile"),
            'did you mean "text_file"?',
        ),
        (
            {"jobs": [{**JOB, "samplingRate": "x"}]},
            ("jobs", 0, "samplingRate"),
            "write it under voice",
        ),
        (
            {"jobs": [{**JOB, "voice": {"model": "x"}}]},
            ("jobs", 0, "voice", "model"),
            f'did you mean "modelId"? {TO_EXTRA}',
        ),
        (
            {"jobs": [{"id": "a", "messages": [{"contextid": "x"}]}]},
            ("jobs", 0, "messages", 0, "contextid"),
            'did you mean "contextId"?',
        ),
    ],
)
def test_unknown_keys_get_a_suggestion(
    written: dict[str, Data], place: Place, remedy: str
) -> None:
    """An unknown key is at the key; the nearest known key of that level is named."""
    expected = Found(place, Flaw("unknown key", remedy), at_key=True)

    assert [expected] == found_in(**written)


def test_all_flaws_come_at_once() -> None:
    """One flaw does not hide another."""
    voice: Data = {"samplingRate": "x", "speakr": "y"}
    found = found_in(concurrency="x", voice=voice, jobs=[NO_VALUE, {"id": "CON"}])

    assert [flawed.place for flawed in found] == [
        ("concurrency",),
        ("voice", "samplingRate"),
        ("voice", "speakr"),
        ("jobs", 0),
        ("jobs", 1, "id"),
    ]


MODELS = (WrittenManifest, WrittenVoice, WrittenOutput, WrittenJob, WrittenMessage)
KEYS = st.sampled_from([*(key for m in MODELS for key in m.model_fields), "other"])
VALUES = st.sampled_from(["1", "-1", "1e3", "", " x", "never", "eos", "wav", "pcm"])
LEAVES = VALUES | st.text() | st.just(NO_VALUE)


@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            LEAVES,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
            max_leaves=20,
        ),
    )
)
def test_every_flaw_has_words(data: dict[str, Data]) -> None:
    """No data of the right kind of keys raises or lacks a sentence."""
    result = check_structure(data)

    if isinstance(result, list):
        assert all(found.flaw.what and found.flaw.remedy for found in result)
