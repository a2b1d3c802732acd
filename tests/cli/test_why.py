"""Why what is to be sent is sent, and how that is told."""

from pathlib import Path

import pytest

from fakes.manifests import make_job, make_manifest
from fakes.users import invoke, write_manifest
from rimebatch.cli.planning import read_plan, start_afresh
from rimebatch.cli.why import find_why, summarize
from rimebatch.manifest.plan import make_plan
from rimebatch.manifest.plan_file import write_planned_job
from rimebatch.manifest.reasons import Reason, Why
from rimebatch.recorder.folders import plan_of, transcripts_of

NEW, EDITED = Why(Reason.NEW), Why(Reason.TEXT_CHANGED)
VOICE = Why(Reason.VOICE_CHANGED, ("speaker", "lang"))

FOLDER = Path("outputs/book")

BEFORE = make_plan(make_manifest(make_job("one", "Eins.", "Zwei.")))
NOW = make_plan(make_manifest(make_job("one", "Eins.", "Drei."), make_job("b", "Acht")))


def test_the_plan_that_was_last_run(tmp_path: Path) -> None:
    """Each job is held against the plan that is kept of it; without one all is new."""
    write_planned_job(plan_of(tmp_path, "one"), BEFORE.jobs[0])
    found = find_why(NOW, tmp_path)

    assert ["one", "b"] == list(found)
    assert [Why(Reason.NOT_ON_RECORD), EDITED] == list(found["one"].values())
    assert [NEW] == list(found["b"].values())


def test_a_plan_that_is_damaged(tmp_path: Path) -> None:
    """It keeps nobody from going on."""
    path = plan_of(tmp_path, "one")
    write_planned_job(path, BEFORE.jobs[0])
    path.write_bytes(path.read_bytes()[:-9])

    assert [NEW, NEW] == list(find_why(NOW, tmp_path)["one"].values())


def test_what_was_rejected(tmp_path: Path, url: str) -> None:
    """It says so, or that all was to be fresh: the last word on a segment holds."""
    path = write_manifest(tmp_path, r'{id: a, text: "One.\n\nTwo."}', endpoint=url)
    invoke("run", path)
    invoke("retake", FOLDER, "a:2")
    plan, _ = read_plan(path, FOLDER.parent, ())
    one, two = (segment.key for segment in plan.jobs[0].segments)

    assert {two: Why(Reason.REJECTED)} == find_why(plan, FOLDER)["a"]

    plan = start_afresh(plan)
    fresh = {one: Why(Reason.FRESH), two: Why(Reason.REJECTED)}

    assert fresh == find_why(plan, FOLDER, fresh=True)["a"]

    transcripts = transcripts_of(FOLDER, "a")
    transcripts.reject(transcripts.all_takes(), "fresh")

    assert fresh == find_why(plan, FOLDER)["a"]


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([], ""),
        ([NEW], "1 new"),
        ([NEW, EDITED, NEW], "2 new, 1 text changed"),
        ([VOICE] * 1200, "1,200 voice changed: speaker, lang"),
    ],
)
def test_summary(reasons: list[Why], told: str) -> None:
    """Each reason comes once, with how often it holds."""
    assert told == summarize(reasons)
