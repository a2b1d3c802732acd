"""The plan: which segments there are, what identifies them, and what they cost."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_planned
from rimebatch.manifest.load import Job, Manifest, Output, Voice
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.plan import (
    Plan,
    PlannedJob,
    Segment,
    make_key,
    make_plan,
    mark,
    plan_job,
)
from rimebatch.manifest.segments import split_text
from rimebatch.manifest.take_checks import TakeChecks
from rimebatch.ws3.commands import MAX_CONTEXT_ID_CHARS, Flush, Text, decode_command
from rimebatch.ws3.query import Parameter

VOICE: Mapping[str, Parameter] = {
    "speaker": "luna",
    "modelId": "arcana",
    "lang": "eng",
    "samplingRate": 24000,
    "segment": "never",
}
SCRIPT = (
    {"text": "This "},
    {"contextId": "a", "text": "goes. "},
    {"operation": "clear"},
    {"text": "This is kept"},
    {"operation": "eos"},
)
PARAGRAPHS = st.text("aB1 .!?,—", min_size=1, max_size=30).filter(str.strip)


def plan_text(text: str, max_chars: int = 500, job_id: str = "ch01") -> PlannedJob:
    """Return the plan of a job that says *text*."""
    return plan_job(Job(job_id, None, Voice(VOICE), text, None), max_chars)


def plan_script(*messages: Mapping[str, str], segment: str = "bySentence") -> Segment:
    """Return the only segment of a job that sends *messages*."""
    voice = Voice({**VOICE, "segment": segment})
    (planned,) = plan_job(Job("raw", None, voice, None, messages), 500).segments
    return planned


def plan_jobs(texts: Mapping[str, str], endpoint: str = "local") -> Manifest:
    """Return a manifest with a job for each of *texts*, by their ids."""
    jobs = [Job(name, None, Voice(VOICE), text, None) for name, text in texts.items()]
    path = Path("book.yaml")
    return Manifest(path, "book", endpoint, 4, Output(), tuple(jobs), max_chars=12)


def keys(job: PlannedJob) -> list[str]:
    """Return the keys of all segments, in order."""
    return [segment.key for segment in job.segments]


def texts(segments: Iterable[Segment]) -> list[str]:
    """Return what *segments* say, in order."""
    return [segment.text for segment in segments]


def test_checks_are_no_part_of_a_key() -> None:
    """A job's checks go into its plan, and leave its keys as they are."""
    job = Job("ch01", None, Voice(VOICE), "One two.", None)
    strict = replace(job, checks=TakeChecks(words=1.0))

    planned, strictly = plan_job(job, 500), plan_job(strict, 500)

    assert strict.checks == strictly.checks
    assert planned.segments == strictly.segments


def test_output_is_no_part_of_a_key() -> None:
    """What is rendered goes into the plan of every job, and leaves its keys alone."""
    manifest = plan_jobs({"ch01": "One two."})
    output = Output(pauses=Pauses(segment=0.5), trim=Trim())

    planned = make_plan(manifest).jobs[0]
    paused = make_plan(replace(manifest, output=output)).jobs[0]

    assert (Output(), output) == (planned.output, paused.output)
    assert planned.segments == paused.segments


def test_rate_of_takes() -> None:
    """Takes are as the service speaks, whatever rate the files are to have."""
    job = Job("ch01", None, Voice(VOICE), "One.", None)

    assert 24000 == plan_job(job, 500, Output(rate_hz=44100)).rate_hz


def test_length_of_takes() -> None:
    """How long audio is its bytes tell, unless they are compressed."""
    job = make_planned("One.")
    query = tuple({**dict(job.query), "audioFormat": "mp3"}.items())

    assert 1.5 == job.measure_s(3 * job.rate_hz)
    assert None is replace(job, query=query).measure_s(3)


def test_tracks_are_counted_in_the_manifest() -> None:
    """In an album a job's number is its place, whichever jobs are planned."""
    manifest = plan_jobs({"ch01": "One.", "ch02": "Two.", "ch03": "Three."})
    album = replace(manifest, output=Output(album="Notes"))

    def tracks_of(manifest: Manifest) -> list[int]:
        plan = make_plan(manifest, wanted=lambda job_id: job_id != "ch02")
        return [job.track for job in plan.jobs]

    assert [1, 3] == tracks_of(album)
    assert [0, 0] == tracks_of(manifest)


def test_find_source() -> None:
    """A segment tells where in the job's text a part of it stands."""
    text = "Zero.\n\n  One \r\n two  three  "
    segment = plan_text(text).segments[1]

    found = [
        text[slice(*segment.find_source(*word.span()))]
        for word in re.finditer(r"\w+", segment.text)
    ]

    assert ["One", "two", "three"] == found
    assert (segment.start, segment.end) == segment.find_source(0, len(segment.text))


def test_plan_job() -> None:
    """A planned job knows what is said, by whom, and where that stands in its text."""
    text = "One two.\n\n* * *\n\nThree\nfour."

    found = plan_job(Job("ch01", "The Title", Voice(VOICE), text, None), 500)

    assert ("ch01", "The Title", False) == (found.id, found.title, found.is_script)
    assert VOICE == found.parameters
    assert ("modelId", "arcana") == found.query[0]
    assert [
        ("One two.", 0, 8, 0, 8),
        ("Three four.", 17, 28, 2, 11),
    ] == [(s.text, s.start, s.end, s.paragraph, s.chars) for s in found.segments]
    assert ["* * *"] == [piece.text for piece in found.skipped]


def test_title() -> None:
    """A job without a title goes by its id."""
    found = plan_text("One.", job_id="ch01").title

    assert "ch01" == found


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_nothing_is_lost(text: str, max_chars: int) -> None:
    """Segments and skipped pieces hold the text, but for white space, in its order."""
    job = plan_text(text, max_chars)
    said = [(segment.start, segment.text) for segment in job.segments]
    skipped = [(piece.start, piece.text) for piece in job.skipped]

    found = "".join(piece for _, piece in sorted(said + skipped))

    assert "".join(text.split()) == "".join(found.split())


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_messages(text: str, max_chars: int) -> None:
    """A segment goes out as one text under its context id, and one flush."""
    for segment in plan_text(text, max_chars).segments:
        found = [decode_command(message) for message in segment.messages]

        assert [Text(segment.text, segment.context_id), Flush()] == found


def test_context_ids() -> None:
    """Context ids differ, even of equal texts, and fit the wire whatever the job."""
    segments = plan_text("Yes.\n\nNo.\n\nYes.", job_id="語" * 120).segments

    found = {segment.context_id for segment in segments}

    assert 3 == len(found)
    assert max(map(len, found)) <= MAX_CONTEXT_ID_CHARS


def test_key() -> None:
    """A key is the same in every release, or takes on record would be lost."""
    query = (("modelId", "arcana"), ("speaker", "luna"))

    found = make_key(query, "It’s “her”.", occurrence=1)

    assert "9c6a65c40b0ad926f6d793f293ac0b242b19d6e8e8ad8ad1c5fa05d6dd7c0ac9" == found


def test_key_of_the_same() -> None:
    """Neither the job, nor the place in it, nor the limit changes a key."""
    first = plan_text("One.\n\nTwo.", job_id="ch01")

    found = plan_job(Job("ch02", "Title", Voice(VOICE), "Two.", None), 300)

    assert keys(first)[1:] == keys(found)


def test_key_of_reordered_parameters() -> None:
    """The order of the parameters does not shape the sound."""
    query = (("speaker", "luna"), ("temperature", "0.5"), ("top_p", "0.9"))

    assert make_key(query, "One.", 0) == make_key(query[::-1], "One.", 0)


@pytest.mark.parametrize(
    "parameters",
    [
        {"speaker": "astra"},
        {"modelId": "mistv2"},
        {"lang": "spa"},
        {"samplingRate": 22050},
        {"segment": "bySentence"},
        {"temperature": 0.5},
        {"aParameterToCome": True},
    ],
)
def test_key_of_another_voice(parameters: Mapping[str, Parameter]) -> None:
    """Whatever shapes the sound is part of the key."""
    voice = Voice({**VOICE, **parameters})

    found = plan_job(Job("ch01", None, voice, "One.", None), 500)

    assert set(keys(plan_text("One."))).isdisjoint(keys(found))


def test_repeats() -> None:
    """A text that comes again is a segment with a key of its own."""
    found = keys(plan_text("Yes.\n\nNo.\n\nYes.\n\nYes."))

    assert 4 == len(set(found))


def test_endpoint() -> None:
    """The same takes serve a manifest that moves to another endpoint."""
    local, cloud = (
        make_plan(plan_jobs({"ch01": "One."}, endpoint))
        for endpoint in ("local", "cloud")
    )

    assert local.jobs == cloud.jobs


@pytest.mark.parametrize(
    ("before", "after", "missing"),
    [
        ("One.|Two.|Three.", "One.|Zwei.|Three.", ["Zwei."]),
        ("One.|Two.", "One.|New.|Two.", ["New."]),
        ("One.|Two.|Three.", "Three.|One.", []),
        ("Yes.|No.|Yes.", "No.|Yes.", []),
        ("Yes.|No.", "Yes.|Yes.|No.|Yes.", ["Yes.", "Yes."]),
        ("One two.", "One  two.", []),
        ("One two.", "One, two.", ["One, two."]),
    ],
)
def test_edit(before: str, after: str, missing: list[str]) -> None:
    """After an edit, only what was not there before is missing."""
    recorded = keys(plan_text(before.replace("|", "\n\n")))
    edited = plan_text(after.replace("|", "\n\n"))

    found = mark(edited, recorded).missing

    assert missing == texts(found)


@given(st.lists(PARAGRAPHS, min_size=1, max_size=5), PARAGRAPHS, st.data())
def test_an_edit_sends_no_more_than_its_paragraph(
    paragraphs: list[str], replacement: str, data: st.DataObject
) -> None:
    """Whatever repeats, an edited paragraph costs at most its own segments."""
    at = data.draw(st.integers(0, len(paragraphs) - 1))
    edited = [*paragraphs[:at], replacement, *paragraphs[at + 1 :]]
    recorded = keys(plan_text("\n\n".join(paragraphs), max_chars=8))

    job = mark(plan_text("\n\n".join(edited), max_chars=8), recorded)

    own = [piece.text for piece in split_text(replacement, 8)]
    assert Counter(texts(job.missing)) <= Counter(own)


def test_script() -> None:
    """A script is one segment, sent as it stands, with a forecast of what it says."""
    found = plan_script(*SCRIPT, segment="never")

    assert (
        '{"text":"This "}',
        '{"contextId":"a","text":"goes. "}',
        '{"operation":"clear"}',
        '{"text":"This is kept"}',
        '{"operation":"eos"}',
    ) == found.messages
    assert "This is kept" == found.text
    assert ("", 0, 0, 0) == (found.context_id, found.start, found.end, found.paragraph)


def test_chars_of_a_script() -> None:
    """Every text of a script counts, also one that is cleared: it may be billed."""
    found = plan_script(*SCRIPT)

    assert len("This goes. This is kept") == found.chars


def test_key_of_a_script() -> None:
    """A script's key is that of its messages, to the byte and in their order."""
    hello, world = {"text": "hello "}, {"text": "world "}
    tagged, gathered = {"contextId": "a", **hello}, {**hello, "contextId": "a"}
    scripts = [(hello, world), (world, hello), (tagged, world), (gathered, world)]

    found = {plan_script(*script, {"operation": "eos"}).key for script in scripts}

    assert 4 == len(found)


def test_key_of_a_text_like_a_script() -> None:
    """A text never has the key of a script, even if it spells its messages."""
    query = (("speaker", "luna"),)

    found = {make_key(query, ["a"], 0), make_key(query, '["a"]', 0)}

    assert 2 == len(found)


def test_mark() -> None:
    """Keys on record, and no others, are not missing; foreign ones do no harm."""
    job = plan_text("One.\n\nTwo.\n\nThree.")
    first, second, third = keys(job)
    marked_before = mark(job, [second])

    found = mark(marked_before, [first, third, "another"])

    assert ["Two."] == texts(found.missing)
    assert (14, 4) == (found.chars, found.missing_chars)


def test_make_plan() -> None:
    """A plan has the jobs in order, each with what is on record for it."""
    manifest = plan_jobs({"b": "One two. Three four.", "a": "Five."})
    recorded = {"a": keys(plan_text("Five.")), "b": []}

    found = make_plan(manifest, on_record=recorded.__getitem__)

    assert manifest is found.manifest
    assert ["b", "a"] == [job.id for job in found.jobs]
    assert ["One two.", "Three four."] == texts(found.jobs[0].missing)
    assert () == found.jobs[1].missing
    assert (24, 19) == (found.chars, found.missing_chars)


def test_wanted() -> None:
    """Jobs that are not wanted are not planned."""
    manifest = plan_jobs({"ch01": "One.", "ch02": "Two."})

    found = make_plan(manifest, wanted="ch02".__eq__)

    assert ["ch02"] == [job.id for job in found.jobs]
    assert Plan(manifest, found.jobs) == found
