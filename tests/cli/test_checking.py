"""What run, plan and render hold a manifest against, and what they say of it."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fakes.catalogue import ALL_V2, DATE, VOICE_DETAILS
from fakes.users import invoke, read_lines, write_manifest
from rimebatch.cli.checking import endpoint_options, make_checks, tell_voices
from rimebatch.cli.voice_copy import find_copy, read_copy, write_copy
from rimebatch.manifest import load_manifest
from rimebatch.manifest.catalogue import make_catalogue

CATALOGUE = make_catalogue(DATE, ALL_V2, VOICE_DETAILS)
PAUSE = '{id: a, text: "Wait <40>."}'
STRANGER = "{id: a, text: Yes., voice: {speaker: lunna}}"
NOT_CHECKED = (
    "Voices were not checked, for want of a copy of the service's catalogue; "
    "make one: rimebatch voices --update\n"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RIME_API_KEY", raising=False)


@pytest.fixture
def _copied() -> None:
    write_copy(CATALOGUE)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], "[None, False]\n"),
        (["--endpoint", "cloud", "--allow-unknown-voice"], "['cloud', True]\n"),
    ],
)
def test_options(words: list[str], shown: str) -> None:
    """The endpoint is the manifest's own, and no voice is let pass, by default."""

    @click.command()
    @endpoint_options
    def take(endpoint: str | None, allow_unknown_voice: bool) -> None:
        click.echo([endpoint, allow_unknown_voice])

    assert shown == CliRunner().invoke(take, words).stdout


def test_checks_are_those_of_the_options() -> None:
    """What was asked for is checked against this user's copy."""
    checks = make_checks(strict=True, allow_unknown_voice=False)

    assert (True, False) == (checks.strict, checks.allow_unknown_voice)
    assert read_copy is checks.find_catalogue


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("local", ""),
        ("ws://127.0.0.1:8000/ws3", ""),
        ("cloud", NOT_CHECKED),
        ("wss://speech/ws3", NOT_CHECKED),
    ],
)
def test_voices_that_were_not_checked(
    tmp_path: Path, endpoint: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a copy that is said, but not of the local service."""
    path = write_manifest(tmp_path, PAUSE.replace(" <40>", ""))
    tell_voices(load_manifest(path, endpoint=endpoint))

    assert ("", told) == capsys.readouterr()


@pytest.mark.usefixtures("_copied")
def test_voices_that_were_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a copy its date is said."""
    path = write_manifest(tmp_path, "{id: a, text: Yes.}")
    checks = make_checks(strict=False, allow_unknown_voice=False)
    tell_voices(load_manifest(path, endpoint="cloud", checks=checks))

    assert (
        f"Voices were checked by the catalogue of {DATE}\n" == capsys.readouterr().err
    )


@pytest.mark.parametrize("command", ["run", "plan"])
def test_warnings_are_told_once(tmp_path: Path, command: str) -> None:
    """A warning is a line on standard error, and the command goes on."""
    path = write_manifest(tmp_path, PAUSE)
    result = invoke(command, path, "--out", tmp_path)

    assert 0 == result.exit_code
    assert f"warning: {path}:5:19: jobs[0].text: holds a pause " in result.stderr
    assert 1 == result.stderr.count("warning: ")
    assert "holds a pause" not in result.stdout


def test_a_quiet_run_tells_no_warnings(tmp_path: Path) -> None:
    """A run that is to say nothing but errors says nothing."""
    result = invoke(
        "run", write_manifest(tmp_path, PAUSE), "--out", tmp_path, "--quiet"
    )

    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("command", ["run", "plan", "render"])
def test_strictness(tmp_path: Path, command: str) -> None:
    """With --strict the same line is a mistake, before anything is done."""
    path = write_manifest(tmp_path, PAUSE)
    result = invoke(command, path, "--out", tmp_path / "out", "--strict")

    assert 4 == result.exit_code
    assert result.stderr.startswith(f"{path}:5:19: jobs[0].text: holds a pause ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.usefixtures("_copied")
def test_strangers(tmp_path: Path, command: str) -> None:
    """An unknown voice is a mistake where the service would answer with another."""
    path = write_manifest(tmp_path, STRANGER)
    result = invoke(command, path, "--out", tmp_path, "--endpoint", "cloud")

    assert 4 == result.exit_code
    assert 'jobs[0].voice.speaker: arcana has no "lunna" for eng' in result.stderr
    assert 'did you mean "luna"?' in result.stderr


@pytest.mark.usefixtures("_copied")
def test_a_stranger_that_is_let_pass(tmp_path: Path) -> None:
    """With --allow-unknown-voice the same line is a warning, even with --strict."""
    path = write_manifest(tmp_path, STRANGER)
    options = ["--endpoint", "cloud", "--allow-unknown-voice", "--strict", "--json"]
    result = invoke("plan", path, "--out", tmp_path, *options)
    *_, planned = read_lines(result.stdout)

    assert 0 == result.exit_code
    assert "warning: " in result.stderr
    assert (1, DATE) == (planned.warnings, planned.catalogue)


@pytest.mark.usefixtures("_copied")
def test_strangers_to_the_local_service(tmp_path: Path) -> None:
    """The local service speaks for any name."""
    path = write_manifest(tmp_path, STRANGER, endpoint="cloud")
    result = invoke("run", path, "--out", tmp_path, "--endpoint", "local")

    assert 0 == result.exit_code


def test_a_damaged_copy_is_one_line(tmp_path: Path) -> None:
    """Where voices matter and the copy is damaged, nothing is sent."""
    find_copy().parent.mkdir(parents=True)
    find_copy().write_text("{}")
    path = write_manifest(tmp_path, STRANGER)
    result = invoke("run", path, "--out", tmp_path, "--endpoint", "cloud")

    assert 1 == result.exit_code
    assert result.stderr.startswith(f"Error: {find_copy()}: not a copy ")
    assert 0 == invoke("run", path, "--out", tmp_path).exit_code


def test_rates_of_the_cloud_count_where_it_goes(tmp_path: Path) -> None:
    """--endpoint goes before the manifest's own endpoint in every check."""
    job = "{id: a, text: Yes., voice: {samplingRate: 11025}}"
    path = write_manifest(tmp_path, job)
    result = invoke("plan", path, "--out", tmp_path, "--endpoint", "cloud")

    assert 4 == result.exit_code
    assert "the cloud has no sampling rate" in result.stderr
    assert 0 == invoke("plan", path, "--out", tmp_path).exit_code
