"""Why each segment that will be sent is sent."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_job, make_planned, make_script, make_voice
from rimebatch.manifest.load import Job, Voice
from rimebatch.manifest.plan import PlannedJob, mark, plan_job
from rimebatch.manifest.reasons import Reason, Why, find_reasons
from rimebatch.ws3.query import Parameter

MAX_CHARS = 12  # so that a paragraph of two sentences is two segments

PARAGRAPHS = st.text("aB1 .!?", min_size=1, max_size=30).filter(str.strip)


def plan_text(text: str, **parameters: Parameter) -> PlannedJob:
    """Return the plan of a job of the paragraphs in *text*, which `|` sets apart."""
    voice = Voice({**make_voice().parameters, **parameters})
    job = Job("job", None, voice, text.replace("|", "\n\n"), None)
    return plan_job(job, MAX_CHARS)


def keys(job: PlannedJob) -> list[str]:
    """Return the keys of all segments."""
    return [segment.key for segment in job.segments]


def explain(before: str, after: str) -> dict[str, Reason]:
    """Return the reasons, by text, once all of *before* is on record."""
    last = plan_text(before)
    job = mark(plan_text(after), keys(last))
    reasons = find_reasons(job, last)
    return {s.text: reasons[s.key].reason for s in job.missing}


def test_a_first_run() -> None:
    """What was never planned before is new."""
    job = make_planned("One.", "Two.")

    assert dict.fromkeys(keys(job), Why(Reason.NEW)) == find_reasons(job, None)


def test_what_is_on_record_needs_no_reason() -> None:
    """Only what will be sent is explained."""
    job = make_planned("One.", "Two.")

    assert {} == find_reasons(mark(job, keys(job)), job)


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        ("A.|B.|C.", "A.|X.|C.", {"X.": Reason.TEXT_CHANGED}),
        ("A.|B.", "A.|X.|B.", {"X.": Reason.NEW}),
        ("A.|B.", "A.|X.|Y.", {"X.": Reason.TEXT_CHANGED, "Y.": Reason.NEW}),
        ("A.|B.|C.", "X.", {"X.": Reason.TEXT_CHANGED}),
        ("A.|B.|C.", "A.|C.", {}),
        ("A.|B.", "B.|A.", {}),
        ("A.|* * *|B.", "A.|B.|X.", {"X.": Reason.NEW}),
        ("A.|B.", "A.|* * *|X.", {"X.": Reason.TEXT_CHANGED}),
        ("A.|B.", "A.|A.|B.", {"A.": Reason.NEW}),
        ("B.|A.|C.", "A.|A.|C.", {"A.": Reason.NEW}),
        ("", "X.", {"X.": Reason.NEW}),
        (
            "A.|A long one.|C.",
            "A.|A long one. And longer.|C.",
            {"And longer.": Reason.TEXT_CHANGED},
        ),
    ],
    ids=[
        "edited",
        "inserted",
        "edited and inserted behind",
        "all else removed",
        "removed",
        "moved",
        "unspeakable removed",
        "unspeakable inserted",
        "repeated",
        "edited into a repeat",
        "the first text",
        "a segment of a paragraph",
    ],
)
def test_texts(before: str, after: str, reasons: Mapping[str, Reason]) -> None:
    """What took the place of something is changed; what was put between is new."""
    assert reasons == explain(before, after)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"speaker": "astra"}, "voice changed: speaker"),
        ({"modelId": "mistv2"}, "voice changed: modelId"),
        ({"lang": "spa"}, "voice changed: lang"),
        ({"temperature": 0.5}, "parameter changed: temperature"),
        ({"samplingRate": 22050}, "parameter changed: samplingRate"),
        (
            {"speaker": "astra", "samplingRate": 22050},
            "voice changed: speaker, samplingRate",
        ),
    ],
)
def test_queries(parameters: Mapping[str, Parameter], why: str) -> None:
    """What is said as before, but otherwise, names what is otherwise, both ways."""
    plain, other = plan_text("One.|Two."), plan_text("One.|Two.", **parameters)

    for job, before in ((other, plain), (plain, other)):
        found = find_reasons(mark(job, keys(before)), before)

        assert dict.fromkeys(keys(job), why) == {
            key: str(w) for key, w in found.items()
        }


def test_the_order_of_parameters() -> None:
    """Parameters in another order sound the same and are no change."""
    before = plan_text("One.", temperature=0.5, top_p=0.9)
    job = plan_text("One.", top_p=0.9, temperature=0.5)

    assert [Why(Reason.NOT_ON_RECORD)] == list(find_reasons(job, before).values())


def test_text_and_voice() -> None:
    """Where the voice changed too, only what is said as before blames it."""
    job = plan_text("A.|X.|C.|D.", speaker="astra")

    found = find_reasons(job, plan_text("A.|B.|C."))

    assert [
        Reason.VOICE_CHANGED,
        Reason.TEXT_CHANGED,
        Reason.VOICE_CHANGED,
        Reason.NEW,
    ] == [why.reason for why in found.values()]


def test_rejected() -> None:
    """Who turns down a take has the reason, whatever else there may be."""
    job = make_planned("One.", "Two.", "Three.")
    first, second, third = keys(job)

    found = find_reasons(mark(job, [third]), job, {first})

    assert {first: Reason.REJECTED, second: Reason.NOT_ON_RECORD} == {
        key: why.reason for key, why in found.items()
    }


def test_fresh() -> None:
    """A fresh run is the reason only where there is no other."""
    job = plan_text("A.|X.|C.")

    found = find_reasons(job, plan_text("A.|B.|C."), fresh=keys(job))

    assert ["fresh", "text changed", "fresh"] == list(map(str, found.values()))


def test_scripts() -> None:
    """A script is one text: sent for its voice if it is the same, else changed."""
    hello, goodbye = ({"text": text} for text in ("Hello.", "Goodbye."))
    first = plan_job(make_script("job", hello), MAX_CHARS)
    edited = plan_job(make_script("job", goodbye), MAX_CHARS)
    text = plan_job(make_job("job", "Hello."), MAX_CHARS)

    assert [Why(Reason.NOT_ON_RECORD)] == list(find_reasons(first, first).values())
    assert [Why(Reason.TEXT_CHANGED)] == list(find_reasons(edited, first).values())
    assert [Why(Reason.TEXT_CHANGED)] == list(find_reasons(text, first).values())


@given(st.lists(PARAGRAPHS, min_size=1, max_size=6), PARAGRAPHS, st.data())
def test_an_edit_is_the_reason_of_its_own_segments(
    paragraphs: list[str], replacement: str, data: st.DataObject
) -> None:
    """An edited paragraph gives reasons for what it says, and for nothing else."""
    at = data.draw(st.integers(0, len(paragraphs) - 1))
    edited = [*paragraphs[:at], replacement, *paragraphs[at + 1 :]]
    before = plan_text("|".join(paragraphs))
    job = mark(plan_text("|".join(edited)), keys(before))

    found = find_reasons(job, before)

    sent = Counter(segment.text for segment in job.segments if segment.key in found)
    assert sent <= Counter(s.text for s in plan_text(replacement).segments)
    assert {why.reason for why in found.values()} <= {Reason.TEXT_CHANGED, Reason.NEW}


@given(st.integers(1, 300), st.data())
def test_an_edit_in_a_book(count: int, data: st.DataObject) -> None:
    """Among paragraphs that all differ an edited one is changed, wherever it is."""
    paragraphs = [f"Number {n}." for n in range(count)]
    at = data.draw(st.integers(0, count - 1))
    edited = [*paragraphs[:at], "Other.", *paragraphs[at + 1 :]]

    found = explain("|".join(paragraphs), "|".join(edited))

    assert {"Other.": Reason.TEXT_CHANGED} == found


@given(st.lists(PARAGRAPHS, max_size=5), st.lists(PARAGRAPHS, max_size=5), st.data())
def test_everything_sent_has_a_reason(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    """Whatever was there before, each segment that is sent has one reason, in order."""
    plan = plan_text(
        "|".join(new), speaker=data.draw(st.sampled_from(["luna", "astra"]))
    )
    job = mark(plan, data.draw(st.sets(st.sampled_from([*keys(plan), "other"]))))

    found = find_reasons(job, plan_text("|".join(old)))

    assert [segment.key for segment in job.missing] == list(found)
