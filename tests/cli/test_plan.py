"""``rimebatch plan`` from end to end."""

from pathlib import Path

import pytest

from fakes.users import Line, Sent, invoke, read_lines, write_manifest

HELLO = '{id: hello, text: "Hello there."}'  # 12 characters
STARS = '{id: stars, text: "One.\\n\\n* * *\\n\\nTwo."}'  # 4 and 4

STAIRS = [f'{{id: {text[0]}, text: "{text}"}}' for text in ("a" * 4, "b" * 4, "c" * 20)]

ASTRA = "voice: {speaker: astra}"


def test_people(tmp_path: Path) -> None:
    """People get a table and what it rests on; nothing is changed."""
    path = write_manifest(tmp_path, HELLO, STARS)

    result = invoke("plan", path, "--out", tmp_path / "out")

    heading, hello, stars, total, basis, skipped = result.stdout.splitlines()
    assert (0, "") == (result.exit_code, result.stderr)
    assert ["job", "segments", "chars"] == heading.split()[:3]
    assert ["hello", "1", "12", "0", "12"] == hello.split()[:5]
    assert ["stars", "2", "8", "0", "8"] == stars.split()[:5]
    assert ["total", "3", "20", "0", "20"] == total.split()[:5]
    assert "0.05 USD" in basis
    assert 'stars: skipped "* * *" at character 6' in skipped
    assert [path] == list(tmp_path.iterdir())


def test_programs(tmp_path: Path) -> None:
    """Programs get a line for each job, and the sums as the last."""
    path = write_manifest(tmp_path, HELLO, STARS)

    result = invoke("plan", path, "--json", "--price", "100", "--out", tmp_path)

    assert [
        Line(
            rimebatch=1,
            event="job-planned",
            job="hello",
            segments=1,
            missing=1,
            why=(Sent(1, 12, "new"),),
            chars=12,
            missing_chars=12,
            estimated_audio_s=0.8,
            estimated_usd=1.2,
        ),
        Line(
            rimebatch=1,
            event="job-planned",
            job="stars",
            segments=2,
            missing=2,
            why=(Sent(1, 4, "new"), Sent(2, 4, "new")),
            skipped=((6, 11),),
            chars=8,
            missing_chars=8,
            estimated_audio_s=0.5,
            estimated_usd=0.8,
        ),
        Line(
            rimebatch=1,
            event="planned",
            jobs=2,
            chars=20,
            missing_chars=20,
            estimated_audio_s=1.3,
            estimated_usd=2.0,
            order="longest-first",
            estimated_makespan_s={"longest-first": 0.8, "manifest": 0.8},
        ),
    ] == read_lines(result.stdout)


@pytest.mark.parametrize(
    ("order", "takes", "other", "would_take"),
    [
        ("longest-first", "0:01.3", "manifest", "0:01.6, 20.0% more"),
        ("manifest", "0:01.6", "longest-first", "0:01.3, 16.7% less"),
    ],
)
def test_order(
    tmp_path: Path, order: str, takes: str, other: str, would_take: str
) -> None:
    """It says what the other order would cost or save."""
    path = write_manifest(tmp_path, *STAIRS, more="concurrency: 2")
    words = ("plan", path, "--order", order, "--out", tmp_path)

    people = invoke(*words).stdout.splitlines()[-1]
    *_, total = read_lines(invoke(*words, "--json").stdout)

    assert (
        f"The busiest of 2 connections has {takes} of speech; with --order {other} it "
        f"would have {would_take}."
    ) == people
    assert order == total.order
    assert {"longest-first": 1.3, "manifest": 1.6} == total.estimated_makespan_s


def test_after_a_run(tmp_path: Path, url: str) -> None:
    """What a run has recorded is not to be sent again."""
    path = write_manifest(tmp_path, HELLO, STARS, endpoint=url)
    invoke("run", path, "--out", tmp_path, "--only", "hello")

    planned = invoke("plan", path, "--json", "--out", tmp_path)

    *_, total = read_lines(planned.stdout)
    assert (20, 12, 8) == (total.chars, total.reused_chars, total.missing_chars)


def test_why(tmp_path: Path, url: str) -> None:
    """Each segment to be sent says what has changed since the last run."""
    path = write_manifest(tmp_path, HELLO, STARS, endpoint=url)
    invoke("run", path, "--out", tmp_path)
    text = path.read_text()
    path.write_text(
        text.replace("Two.", "Zwei.").replace("id: hello", f"id: hello, {ASTRA}")
    )

    people = invoke("plan", path, "--out", tmp_path).stdout
    hello, stars, _ = read_lines(
        invoke("plan", path, "--json", "--out", tmp_path).stdout
    )

    assert [
        (Sent(1, 12, "voice changed", ("speaker",)),),
        (Sent(2, 5, "text changed"),),
    ] == [
        hello.why,
        stars.why,
    ]
    assert [
        "1 voice changed: speaker",
        "1 text changed",
        "1 voice changed: speaker, 1 text changed",
    ] == [line.split("  ")[-1] for line in map(str.strip, people.splitlines()[1:4])]


def test_check(tmp_path: Path, url: str) -> None:
    """With ``--check`` it fails as long as anything would be sent."""
    path = write_manifest(tmp_path, HELLO, endpoint=url)
    words = ("plan", path, "--check", "--out", tmp_path)

    before = invoke(*words)
    invoke("run", path, "--out", tmp_path)
    after = invoke(*words)

    assert (1, 0) == (before.exit_code, after.exit_code)
    assert "1 new" in before.stdout


def test_part_of_it(tmp_path: Path) -> None:
    """Only the jobs that were asked for are planned."""
    path = write_manifest(tmp_path, HELLO, STARS)

    result = invoke("plan", path, "--json", "--only", "st*", "--out", tmp_path)

    assert ["stars", ""] == [line.job for line in read_lines(result.stdout)]


@pytest.mark.parametrize("name", ["cloud", "wss://speech.invalid/ws3"])
def test_needs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither a key nor a service is needed to plan."""
    monkeypatch.delenv("RIME_API_KEY")
    path = write_manifest(tmp_path, HELLO, endpoint=name)

    assert 0 == invoke("plan", path, "--out", tmp_path).exit_code


def test_fresh(tmp_path: Path, url: str) -> None:
    """With ``--fresh`` it tells of everything, and changes nothing."""
    path = write_manifest(tmp_path, HELLO, endpoint=url)
    invoke("run", path, "--out", tmp_path)
    path.write_text(path.read_text().replace(HELLO, f"{HELLO}\n  - {STARS}"))
    fresh = invoke("plan", path, "--fresh", "--json", "--out", tmp_path)
    hello, stars, planned = read_lines(fresh.stdout)
    after = invoke("plan", path, "--json", "--out", tmp_path)

    assert (Sent(1, 12, "fresh"),) == hello.why
    assert (Sent(1, 4, "new"), Sent(2, 4, "new")) == stars.why
    assert 20 == planned.missing_chars
    assert 8 == read_lines(after.stdout)[-1].missing_chars
