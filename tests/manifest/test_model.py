"""The table of what may be written: types, ranges and defaults of every key."""

from itertools import permutations

import pytest
from pydantic import ValidationError

from rimebatch.manifest.encoding import SUFFIXES
from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.model import (
    WrittenJob,
    WrittenManifest,
    WrittenMessage,
    find_text_flaw,
)
from rimebatch.manifest.written import FLAW
from rimebatch.renderer.captions import CAPTIONS

JOB = {"id": "a", "text": "Hello."}
MANIFEST = {"manifest": "1", "jobs": [JOB]}


def make_manifest(**written: object) -> WrittenManifest:
    """Return a manifest with *written* added to what it needs."""
    return WrittenManifest.model_validate({**MANIFEST, **written})


def flaws_of(error: ValidationError) -> list[Flaw]:
    """Return the flaws that our own checks put into *error*."""
    contexts = [detail["ctx"] for detail in error.errors() if detail["type"] == FLAW]
    return [Flaw(context["what"], context["remedy"]) for context in contexts]


def test_defaults_are_those_of_the_documents() -> None:
    """A manifest of the least size has the documented defaults."""
    manifest = make_manifest()

    assert manifest.model_dump(exclude={"manifest", "jobs"}) == {
        "name": None,
        "endpoint": "cloud",
        "plain_ws_hosts": [],
        "concurrency": 4,
        "max_chars": 500,
        "done": "auto",
        "silence_limit_s": 30.0,
        "voice": None,
        "output": {
            "format": ["wav"],
            "mp3": None,
            "ogg": None,
            "opus": None,
            "sampling_rate": None,
            "loudness": None,
            "captions": [],
            "tags": {"artist": None, "album": None, "comment": None},
            "pauses": {
                "head": 0.0,
                "tail": 0.0,
                "segment": 0.0,
                "paragraph": None,
                "heading": None,
            },
            "trim": None,
        },
        "transcript": {"text": "keep"},
        "budget": None,
        "checks": {
            "on_fail": "retake",
            "retakes": 2,
            "words": 0.8,
            "overrun_s": 0.5,
            "overrun_share": 0.4,
            "silence_s": 3.0,
            "clipped": 0.001,
            "length": [],
        },
    }


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("manifest", "2"),
        ("name", "a/b"),
        ("concurrency", "0"),
        ("max_chars", "0"),
        ("max_chars", "1001"),
        ("silence_limit_s", "0"),
        ("done", "yes"),
        ("plain_ws_hosts", ["ws://x"]),
        ("checks", {"on_fail": "ask"}),
        ("checks", {"retakes": "-1"}),
        ("checks", {"words": "1.1"}),
        ("checks", {"overrun_s": "-1"}),
        ("checks", {"overrun_share": "-1"}),
        ("checks", {"silence_s": "0"}),
        ("checks", {"clipped": "2"}),
        ("checks", {"length": [{"chars_per_second": ["8"]}]}),
        ("checks", {"length": [{"chars_per_second": ["25", "8"]}]}),
        ("checks", {"length": [{"chars_per_second": ["0", "8"]}]}),
        ("checks", {"length": [{"lang": "eng"}]}),
        ("transcript", {"text": "hide"}),
        ("budget", {"max_chars": "-1"}),
        ("budget", {}),
        ("jobs", []),
        ("unknown", "x"),
    ],
)
def test_keys_at_the_top_have_limits(key: str, written: object) -> None:
    """A value outside its range or list, and an unknown key, are refused."""
    with pytest.raises(ValidationError):
        make_manifest(**{key: written})


def test_title_is_whatever_was_written() -> None:
    """A title that looks like a number or a truth value is a title."""
    titles = ["no", "1.10", "1:30"]

    assert titles == [WrittenJob(id="a", title=title).title for title in titles]


def test_files_cannot_collide() -> None:
    """No suffix of a job's files ends another one, but for the one that ids avoid."""
    captions = [writer.suffix for writer in CAPTIONS.values()]
    suffixes = [*SUFFIXES.values(), *captions, ".words.json"]
    colliding = {
        (one, other)
        for one, other in permutations(suffixes, 2)
        if one.lower().endswith(other.lower())
    }

    assert {(".ulaw.wav", ".wav")} == colliding


def test_id_like_a_suffix_is_explained() -> None:
    """The WAV file of such a job would be the u-law file of another."""
    what = "ends with .ulaw, as the names of u-law files do"
    with pytest.raises(ValidationError) as caught:
        WrittenJob(id="ch01.ULAW")

    assert [Flaw(what, "choose another id")] == flaws_of(caught.value)


@pytest.mark.parametrize("job_id", ["transcripts", "Transcripts", "../x", "CON", "x."])
def test_ids_are_safe_and_not_reserved(job_id: str) -> None:
    """An id is a safe file name and not that of the folder beside the outputs."""
    with pytest.raises(ValidationError):
        WrittenJob(id=job_id)


def test_reserved_id_is_explained() -> None:
    """The folder beside the outputs is mentioned."""
    expected = Flaw("is the name of a folder beside the outputs", "choose another id")
    with pytest.raises(ValidationError) as caught:
        WrittenJob(id="TRANSCRIPTS")

    assert [expected] == flaws_of(caught.value)


@pytest.mark.parametrize(("length", "is_accepted"), [(256, True), (257, False)])
def test_context_id_is_limited(length: int, is_accepted: bool) -> None:
    """A label of 256 characters passes, a longer one does not."""
    try:
        WrittenMessage(text="a", contextId="x" * length)
    except ValidationError:
        assert not is_accepted
    else:
        assert is_accepted


@pytest.mark.parametrize("text", ["a", "1", "…é", "第"])
def test_a_letter_or_digit_can_be_spoken(text: str) -> None:
    """One letter or digit of any script is enough."""
    assert find_text_flaw(text) is None


@pytest.mark.parametrize("text", ["", " \n\t", "…", "-- * --", "\ufeff"])
def test_marks_alone_cannot_be_spoken(text: str) -> None:
    """Text without a letter or digit holds nothing to say."""
    expected = Flaw("holds nothing that can be spoken", "write at least one word")

    assert expected == find_text_flaw(text)


def test_nul_is_no_text() -> None:
    """A NUL character means that the file is of another kind or encoding."""
    remedy = "remove it, and save the file as UTF-8"

    assert Flaw("holds a NUL character", remedy) == find_text_flaw("a\0b")
