"""Warnings: what the service would take without a word, and do otherwise."""

import pytest

from rimebatch.manifest.cautions import find_cautions
from rimebatch.manifest.job_voice import find_voices
from rimebatch.manifest.yaml_nodes import Document, parse_document

HEAD = """\
manifest: 1
voice: {speaker: luna, modelId: MODEL}
jobs:
"""
NOTHING: list[str] = []


def check(content: str, texts: dict[int, str] | None = None) -> list[str]:
    """Return every caution about *content*, which must be YAML, without its file."""
    document = parse_document(content)
    assert isinstance(document, Document)
    found = find_cautions(document.data, find_voices(document.data), texts or {})
    located = map(document.locate, found)
    return [mistake.sentence("").removeprefix(":") for mistake in located]


def check_jobs(model_id: str, *jobs: str) -> list[str]:
    """Return every caution about *jobs*, the first of which is in line 4."""
    head = HEAD.replace("MODEL", model_id)
    return check(head + "".join(f"- {job}\n" for job in jobs))


@pytest.mark.parametrize(
    ("model_id", "parameter"),
    [
        ("arcana", "temperature: 0.5"),
        ("arcanav3", "max_tokens: 900"),
        ("coda", "timeScaleFactor: 1.2"),
        ("coda", "max_tokens: 900"),
        ("mistv2", "noTextNormalization: true"),
        ("mistv2", "speedAlpha: 0.8"),
        ("codette", "temperature: 0.5"),
        ("coda", "extra: {temperature_next: 1}"),
        ("coda", "segment: never"),
    ],
)
def test_what_is_heeded_is_fine(model_id: str, parameter: str) -> None:
    """A parameter of its model, or of a model to come, is nothing to talk about."""
    job = f"{{id: a, text: b, voice: {{{parameter}}}}}"

    assert NOTHING == check_jobs(model_id, job)


@pytest.mark.parametrize(
    ("model_id", "parameter", "heeding"),
    [
        ("coda", "temperature: 0.5", "arcana"),
        ("mistv3", "top_p: 0.5", "arcana"),
        ("codav1", "repetition_penalty: 1.1", "arcana"),
        ("mist", "max_tokens: 900", "coda, arcana"),
        ("mistv2", "timeScaleFactor: 1.2", "coda, mistv3"),
        ("arcana", "timeScaleFactor: 1.2", "coda, mistv3"),
        ("mistv3", 'inlineSpeedAlpha: "1"', "mistv2, mist"),
        ("coda", "pauseBetweenBrackets: true", "mistv3, mistv2, mist"),
        ("arcana", "phonemizeBetweenBrackets: true", "mistv3, mistv2, mist"),
        ("mistv3", "noTextNormalization: true", "mistv2, mist"),
        ("mistv3", "reduceLatency: true", "mistv2, mist"),
        ("coda", "saveOovs: true", "mistv2, mist"),
    ],
)
def test_what_is_ignored_is_told(model_id: str, parameter: str, heeding: str) -> None:
    """A parameter that the model ignores is told of where it stands."""
    name = parameter.partition(":")[0]
    what = f"{model_id} ignores it as far as is known"

    assert [
        f"4:28: jobs[0].voice.{name}: {what}; remove it; it is for {heeding}"
    ] == check_jobs(model_id, f"{{id: a, text: b, voice: {{{parameter}}}}}")


def test_what_is_shared_is_told_once() -> None:
    """However many jobs inherit a parameter, it is told of once for each model."""
    content = HEAD.replace("MODEL", "coda, temperature: 1") + (
        "- {id: a, text: b}\n"
        "- {id: b, text: b}\n"
        "- {id: c, text: b, voice: {modelId: mistv3}}\n"
        "- {id: d, text: b, voice: {modelId: arcana}}\n"
    )
    place = "2:39: voice.temperature"
    remedy = "remove it; it is for arcana"

    assert check(content) == [
        f"{place}: coda ignores it as far as is known; {remedy}",
        f"{place}: mistv3 ignores it as far as is known; {remedy}",
    ]


def test_one_speed_in_two_directions() -> None:
    """A shared speedAlpha that speeds up one job and slows another is told of."""
    content = HEAD.replace("MODEL", "coda, speedAlpha: 0.8") + (
        "- {id: a, text: b}\n"
        "- {id: b, text: b, voice: {modelId: mistv2}}\n"
        "- {id: c, text: b, voice: {modelId: codette}}\n"
    )
    what = "below 1 is faster for mistv2 and mist, and slower for other models"

    assert check(content) == [
        f"2:39: voice.speedAlpha: {what}; give it in each job that needs it"
    ]


def test_a_speed_of_its_own_has_one_direction() -> None:
    """A speedAlpha that each job gives itself is what it means there."""
    assert NOTHING == check_jobs(
        "coda",
        "{id: a, text: b, voice: {speedAlpha: 1.2}}",
        "{id: b, text: b, voice: {speedAlpha: 0.8, modelId: mistv2}}",
    )


@pytest.mark.parametrize("lang", ["eng", "en-GB", "spa", "es"])
def test_languages_with_word_times(lang: str) -> None:
    """English and Spanish have word times, however they are written."""
    assert NOTHING == check_jobs("coda", f"{{id: a, text: b, voice: {{lang: {lang}}}}}")


@pytest.mark.parametrize("lang", ["fra", "fr", "hin", "xyz"])
def test_languages_without_word_times(lang: str) -> None:
    """Any other language has none, and the words sidecar will lack them."""
    what = f'the service gives no word times for "{lang}"'
    remedy = "only eng and spa have them; do without"
    job = f"{{id: a, text: b, voice: {{lang: {lang}}}}}"

    assert [f"4:34: jobs[0].voice.lang: {what}; {remedy}"] == check_jobs("coda", job)


PAUSE = "holds a pause like <400> in line 1, which arcana ignores as far as is known"
REMOVE = "remove it, or it may be read aloud"


def test_markup_in_a_text() -> None:
    """Markup without effect is told of at the text that has it."""
    expected = [f"4:17: jobs[0].text: {PAUSE}; {REMOVE}"]

    assert expected == check_jobs("arcana", "{id: a, text: b <40>}")


def test_markup_in_a_script() -> None:
    """Each message of a script is looked at by itself."""
    messages = "[{text: a}, {text: <40>}, {operation: eos}]"
    expected = [f"4:40: jobs[0].messages[1].text: {PAUSE}; {REMOVE}"]

    assert expected == check_jobs("arcana", f"{{id: a, messages: {messages}}}")


def test_markup_in_a_file() -> None:
    """Markup in a file names the file and the line there."""
    content = HEAD.replace("MODEL", "arcana") + "- {id: a, text_file: a.txt}\n"
    what = PAUSE.replace("line 1", "line 2")

    assert [f'4:22: jobs[0].text_file: "a.txt" {what}; {REMOVE}'] == check(
        content, {0: "One.\nTwo <40>."}
    )


def test_what_has_the_wrong_shape_is_passed_over() -> None:
    """What `structure` reports anyway raises nothing here."""
    assert NOTHING == check_jobs(
        "arcana", "x", "{text: [a]}", "{messages: [x, {text: [a]}], voice: [x]}"
    )
