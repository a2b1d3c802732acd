"""The table of what may be written: types, ranges and defaults of every key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.model import (
    FLAW,
    WrittenJob,
    WrittenManifest,
    WrittenMessage,
    WrittenVoice,
    find_text_flaw,
)

JOB = {"id": "a", "text": "Hello."}
MANIFEST = {"manifest": "1", "jobs": [JOB]}


def make_manifest(**written: object) -> WrittenManifest:
    """Return a manifest with *written* added to what it needs."""
    return WrittenManifest.model_validate({**MANIFEST, **written})


def make_voice(**written: object) -> WrittenVoice:
    """Return a voice with what is *written*."""
    return WrittenVoice.model_validate(written)


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
        "output": {"format": "wav"},
    }


def test_voice_defaults_are_those_of_the_service() -> None:
    """What a voice does not say is set explicitly where a default is documented."""
    assert make_voice().model_dump(exclude_none=True) == {
        "lang": "eng",
        "audioFormat": "pcm",
        "samplingRate": 24000,
    }


def test_every_parameter_has_its_type() -> None:
    """Numbers become numbers, words stay words."""
    written = {
        "modelId": "arcana",
        "speaker": "no",
        "lang": "1.10",
        "audioFormat": "pcm",
        "samplingRate": "8000",
        "repetition_penalty": "1.5",
        "temperature": "0",
        "top_p": "1",
        "segment": "immediate",
    }
    numbers = {
        "samplingRate": 8000,
        "repetition_penalty": 1.5,
        "temperature": 0.0,
        "top_p": 1.0,
    }

    assert {**written, **numbers} == make_voice(**written).model_dump()


@pytest.mark.parametrize("rate", ["4000", "11025", "192000"])
def test_any_sane_rate_is_a_rate(rate: str) -> None:
    """On-prem services accept any sampling rate."""
    assert int(rate) == make_voice(samplingRate=rate).samplingRate


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("samplingRate", "3999"),
        ("samplingRate", "192001"),
        ("samplingRate", "-24000"),
        ("repetition_penalty", "0"),
        ("temperature", "-0.1"),
        ("top_p", "0"),
        ("top_p", "1.1"),
        ("segment", "bysentence"),
        ("speaker", ""),
        ("speaker", " luna"),
        ("speaker", "luna\n"),
        ("modelId", "a\nb"),
        ("lang", " "),
    ],
)
def test_parameters_have_limits(key: str, written: str) -> None:
    """A parameter outside its range or list is refused."""
    with pytest.raises(ValidationError):
        make_voice(**{key: written})


@pytest.mark.parametrize(
    "written",
    [
        "017",
        "1_000",
        "1e3",
        "4.0",
        "+4",
        "0x10",
        "1:30",
        "",
        " 4",
        "4\n",
        "٤",
        "9" * 16,
    ],
)
def test_whole_numbers_are_plain_digits(written: str) -> None:
    """What another YAML reader might take for another number is none."""
    with pytest.raises(ValidationError):
        make_manifest(concurrency=written)


@pytest.mark.parametrize(
    "written",
    [
        "1e3",
        ".5",
        "5.",
        "1,5",
        "nan",
        ".inf",
        "1_0.0",
        "01.5",
        "9" * 5000,
        "0." + "9" * 16,
    ],
)
def test_numbers_are_plain_decimals(written: str) -> None:
    """What could be infinite, lose digits or be read in two ways is no number."""
    with pytest.raises(ValidationError):
        make_manifest(silence_limit_s=written)


@given(st.text())
def test_whole_numbers_read_back_as_they_were_written(written: str) -> None:
    """Whatever is accepted as a whole number says the same when printed."""
    try:
        manifest = make_manifest(concurrency=written)
    except ValidationError:
        return

    assert written == str(manifest.concurrency)


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
        ("output", {"format": "mp3"}),
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


@pytest.mark.parametrize("audio_format", ["mp3", "mulaw"])
def test_formats_to_come_are_named(audio_format: str) -> None:
    """What the service knows and the renderer does not is said to be so."""
    what = f"audioFormat {audio_format} cannot be rendered yet"
    with pytest.raises(ValidationError) as caught:
        make_voice(audioFormat=audio_format)

    assert [Flaw(what, "use pcm")] == flaws_of(caught.value)


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
