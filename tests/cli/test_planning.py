"""From the words of a command line to a plan."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fakes.users import invoke, write_manifest
from rimebatch.cli.planning import plan_options, read_plan, start_afresh
from rimebatch.errors import EndpointError, ManifestError

CHAPTERS = tuple(f'{{id: ch{number:02}, text: "Yes."}}' for number in range(1, 13))


@plan_options
def take(manifest: Path, out: Path, only: tuple[str, ...], strict: bool) -> None:
    """Show what was understood."""
    click.echo([manifest, out, only, strict])


def test_options() -> None:
    """A manifest is required; the folder has a default, and patterns may repeat."""
    command = click.command()(take)
    words = ["book.yaml", "--only", "a*", "--only", "b"]

    result = CliRunner(catch_exceptions=False).invoke(command, words)

    shown = [Path("book.yaml"), Path("outputs"), ("a*", "b"), False]
    assert f"{shown}\n" == result.stdout, result.stderr
    assert 2 == CliRunner().invoke(command, []).exit_code


def test_plan(tmp_path: Path) -> None:
    """Without patterns every job is planned, and the folder bears the name."""
    path = write_manifest(tmp_path, *CHAPTERS, more="name: tale\nconcurrency: 3")

    plan, folder = read_plan(path, tmp_path / "out", ())

    assert 12 == len(plan.jobs)
    assert tmp_path / "out" / "tale" == folder
    assert ("local", 3) == (plan.manifest.endpoint, plan.manifest.concurrency)


@pytest.mark.parametrize(
    ("only", "ids"),
    [
        (["ch03"], ["ch03"]),
        (["ch1*"], ["ch10", "ch11", "ch12"]),
        (["ch0[12]", "ch12", "ch01"], ["ch01", "ch02", "ch12"]),
    ],
)
def test_only(tmp_path: Path, only: list[str], ids: list[str]) -> None:
    """Jobs that match any pattern are planned, once each, in manifest order."""
    plan, _ = read_plan(write_manifest(tmp_path, *CHAPTERS), tmp_path, only)

    assert ids == [job.id for job in plan.jobs]


@pytest.mark.parametrize("only", [["chap*"], ["ch01", "chap*"], ["CH01", "chap*"]])
def test_a_pattern_without_a_match(tmp_path: Path, only: list[str]) -> None:
    """A pattern that matches nothing is a mistake, even where others do match."""
    path = write_manifest(tmp_path, *CHAPTERS)

    with pytest.raises(click.BadParameter, match="no job matches") as error:
        read_plan(path, tmp_path, only)

    assert "; the jobs are ch01, ch02, " in error.value.message
    assert error.value.message.endswith(", ch10, …")


def test_few_jobs_are_all_named(tmp_path: Path) -> None:
    """The message names each of a few jobs, and leaves nothing to guess."""
    path = write_manifest(tmp_path, *CHAPTERS[:2])

    with pytest.raises(click.BadParameter) as error:
        read_plan(path, tmp_path, ["x"])

    assert "no job matches x; the jobs are ch01, ch02" == error.value.message


def test_overrides(tmp_path: Path) -> None:
    """Endpoint and concurrency of the command line stand in for the manifest's."""
    path = write_manifest(tmp_path, *CHAPTERS, more="concurrency: 3")

    plan, _ = read_plan(path, tmp_path, (), endpoint="cloud", concurrency=9)

    assert ("cloud", 9) == (plan.manifest.endpoint, plan.manifest.concurrency)


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("cluod", 'did you mean "cloud"?'),
        ("ws://example.com/ws3", "unencrypted"),
        ("wss://u:p@example.com/ws3", "a user name or a password"),
    ],
)
def test_endpoint_with_a_flaw(tmp_path: Path, endpoint: str, words: str) -> None:
    """An endpoint of the command line is checked as the manifest's own is."""
    path = write_manifest(tmp_path, *CHAPTERS)

    with pytest.raises(EndpointError) as error:
        read_plan(path, tmp_path, (), endpoint=endpoint)

    assert str(error.value).startswith("--endpoint: ")
    assert words in str(error.value)
    assert endpoint not in str(error.value)


def test_plain_host_of_the_manifest(tmp_path: Path) -> None:
    """A host that the manifest allows by name may be spoken to in the clear."""
    path = write_manifest(tmp_path, *CHAPTERS, more="plain_ws_hosts: [speech.lan]")
    endpoint = "ws://speech.lan:8000/ws3"

    plan, _ = read_plan(path, tmp_path, (), endpoint=endpoint)

    assert endpoint == plan.manifest.endpoint


def test_manifest_with_mistakes(tmp_path: Path) -> None:
    """Mistakes of the manifest come before mistakes in what is asked of it."""
    path = write_manifest(tmp_path, "{id: a/b}")

    with pytest.raises(ManifestError):
        read_plan(path, tmp_path, ["x"], endpoint="cluod")


def test_what_is_on_record(tmp_path: Path, url: str) -> None:
    """Takes on record, and no others, are not missing from the plan."""
    path = write_manifest(tmp_path, *CHAPTERS[:2], endpoint=url)
    result = invoke("run", path, "--only", "ch02", "--out", tmp_path)
    assert 0 == result.exit_code, result.stderr

    plan, _ = read_plan(path, tmp_path, ())

    assert [1, 0] == [len(job.missing) for job in plan.jobs]


def test_afresh(tmp_path: Path, url: str) -> None:
    """A plan may be made as if nothing were on record."""
    path = write_manifest(tmp_path, *CHAPTERS[:2], endpoint=url)
    invoke("run", path, "--out", tmp_path)
    plan, _ = read_plan(path, tmp_path, ())

    assert [0, 1] == [
        len(jobs[1].missing) for jobs in (plan.jobs, start_afresh(plan).jobs)
    ]
