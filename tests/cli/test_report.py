"""``rimebatch report``, of what a run wrote."""

import json
import re
import webbrowser
from pathlib import Path

import pytest

from fakes.users import invoke, write_manifest

JOBS = ('{id: b, text: "Hello there."}', '{id: a, title: <A>, text: "One.\\n\\nTwo."}')


@pytest.fixture
def folder(tmp_path: Path, url: str) -> Path:
    """Run two jobs, and return the folder of their outputs."""
    path = write_manifest(tmp_path, *JOBS, endpoint=url)
    result = invoke("run", path, "--out", tmp_path)
    assert 0 == result.exit_code, result.stderr
    return tmp_path / "book"


def read_run(folder: Path) -> dict[str, object]:
    """Return what the page in *folder* says of the run."""
    page = (folder / "report.html").read_text("utf-8")
    [block] = re.findall(
        r'<script type="application/json" id="run">(.*)</script>', page
    )
    run: dict[str, object] = json.loads(block)
    return run


def jobs_of(folder: Path, *names: str) -> list[list[object]]:
    """Return the named fields of each job on the page in *folder*."""
    jobs = read_run(folder)["jobs"]
    assert isinstance(jobs, list)
    return [[job[name] for name in names] for job in jobs]


def test_after_a_run(folder: Path) -> None:
    """The page has every job in the order of the manifest, and says where it is."""
    result = invoke("report", folder)

    assert (0, f"{folder}/report.html\n", "") == (
        result.exit_code,
        result.stdout,
        result.stderr,
    )
    assert [
        ["b", "b", "done", "b.wav", 12],
        ["a", "<A>", "done", "a.wav", 8],
    ] == jobs_of(folder, "id", "title", "state", "audio", "chars")
    assert [[12, 0, 1, []], [8, 0, 1, []]] == jobs_of(
        folder, "sent", "wasted", "connections", "notes"
    )
    assert "book" == read_run(folder)["name"]


def test_same_bytes(folder: Path) -> None:
    """Made again of the same, the page is the same, and replaces the first one."""
    invoke("report", folder)
    before = (folder / "report.html").read_bytes()
    invoke("report", folder)

    assert before == (folder / "report.html").read_bytes()


def test_runs_and_price(folder: Path) -> None:
    """Each run of the ledger is there; what it cost is at the price that was given."""
    invoke("report", folder, "--price", "0.1")
    run = read_run(folder)

    assert isinstance(run["runs"], list)
    assert 0.1 == run["price"]
    assert [(20, 20, 0)] == [
        (one["recorded_chars"], one["sent_chars"], one["wasted_chars"])
        for one in run["runs"]
    ]


def test_without_a_ledger(folder: Path) -> None:
    """Without a ledger there is no cost, and jobs are in order of their names."""
    (folder / "ledger.json").unlink()
    invoke("report", folder)

    assert [["a", "done", 0], ["b", "done", 0]] == jobs_of(
        folder, "id", "state", "sent"
    )


def test_a_job_that_was_not_recorded(folder: Path) -> None:
    """A job without any take is shown, with all it lacks."""
    for path in (folder / "transcripts" / "a").iterdir():
        path.unlink()
    invoke("report", folder)

    what = "not on record"

    assert [["done", 0], ["unfinished", 8]] == jobs_of(folder, "state", "missing")
    assert [[[]], [[[0, 0, "fault", what], [1, 0, "fault", what]]]] == jobs_of(
        folder, "notes"
    )


def test_no_run(tmp_path: Path) -> None:
    """A folder that no run wrote is an error that says what to name."""
    result = invoke("report", tmp_path)

    assert 1 == result.exit_code
    assert f"Error: {tmp_path}: there are no plans; name the folder" in result.stderr


def test_no_room(folder: Path) -> None:
    """A page that cannot be written is an error of the disk."""
    (folder / "report.html").unlink()
    (folder / "report.html").mkdir()
    result = invoke("report", folder)

    assert 6 == result.exit_code
    assert "report.html: cannot write: " in result.stderr


@pytest.mark.parametrize(
    ("program", "complaint"),
    [("true", ""), ("false", "No browser was found; open it in one.\n")],
)
def test_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str, complaint: str
) -> None:
    """``--open`` shows the page in the person's browser, or says that there is none."""
    for variable in ("DISPLAY", "TERM", "WAYLAND_DISPLAY"):  # no other one is there
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    monkeypatch.setattr(webbrowser, "_tryorder", None)  # forget what was found before
    result = invoke("report", folder, "--open")

    assert (0, complaint) == (result.exit_code, result.stderr)
