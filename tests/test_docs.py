"""The documents are true: commands in them run, and what they list exists."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from rimebatch.cli.displays import EVENTS
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.main import cli
from rimebatch.cli.status import JobStatus

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]

# Its commands build on each other: tests/test_tutorial.py follows it.
TUTORIAL = ROOT / "docs/testing-with-rimebatch.md"

# Set-up and the test run itself: `.ci/run` does these, on a machine from nothing.
BY_CI = {"python3", ".venv/bin/pip", ".venv/bin/pytest"}


def commands() -> list[str]:
    """Return every command in a ``console`` block that is not `.ci/run`'s to test."""
    found = []
    for page in PAGES:
        if page == TUTORIAL:
            continue
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            found += [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in dict.fromkeys(found) if line.split()[0] not in BY_CI]


@pytest.mark.parametrize("line", commands())
def test_a_documented_command_works(line: str, tmp_path: Path) -> None:
    """Each command succeeds in a folder that holds the examples."""
    (tmp_path / "jobs").symlink_to(ROOT / "jobs")
    program, *arguments = shlex.split(line)
    assert program in {"rimebatch", ".venv/bin/rimebatch"}

    done = subprocess.run(
        [sys.executable, "-m", "rimebatch", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, line) == (done.returncode, line), done.stderr


def test_the_python_example_works(tmp_path: Path) -> None:
    """The README's program renders the job and says so."""
    (tmp_path / "jobs").symlink_to(ROOT / "jobs")
    [code] = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("hello done ")
    assert (tmp_path / "outputs/hello/hello.wav").exists()


def test_every_command_has_help_and_is_documented() -> None:
    """No command is without help, an example, or a row in docs/cli.md."""
    page = (ROOT / "docs/cli.md").read_text()
    context = cli.make_context("rimebatch", ["--help"], resilient_parsing=True)
    for name in cli.list_commands(context):
        shown = CliRunner().invoke(cli, [name, "--help"])

        assert 0 == shown.exit_code
        assert "Example:" in shown.output
        assert f"`rimebatch {name}" in page


def test_every_option_has_help() -> None:
    """No option that is shown is without a sentence."""
    context = cli.make_context("rimebatch", ["--help"], resilient_parsing=True)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        silent = [
            option.name
            for option in command.params
            if not getattr(option, "hidden", False)
            and option.param_type_name == "option"
            and not getattr(option, "help", None)
        ]

        assert [] == silent


def test_the_table_of_exit_codes_is_the_enum() -> None:
    """docs/cli.md lists every exit code, by number and name, and no other."""
    rows = re.findall(
        r"^\| (\d+) \| `(\w+)` \|", (ROOT / "docs/cli.md").read_text(), re.MULTILINE
    )

    assert [(int(code), code.name) for code in ExitCode] == [
        (int(number), name) for number, name in rows
    ]


def list_fields(event: str) -> set[str]:
    """Return the fields that docs/cli.md lists for *event*, without the remarks."""
    page = (ROOT / "docs/cli.md").read_text()
    [row] = re.findall(rf"^\| `{event}` \| (.*?) \|", page, re.MULTILINE)
    without_remarks = re.sub(r" \([^()]*(\([^()]*\)[^()]*)*\)", "", row)
    return set(re.findall(r"`(\w+)`", without_remarks))


@pytest.mark.parametrize(("kind", "event"), EVENTS.items())
def test_the_fields_of_events_are_documented(kind: type, event: str) -> None:
    """docs/cli.md lists each field of an event of `run`, and no other."""
    assert {field.name for field in fields(kind)} == list_fields(event)


def test_the_fields_of_status_are_documented() -> None:
    """docs/cli.md lists each field of a job's status, and no other."""
    assert {field.name for field in fields(JobStatus)} == list_fields("job-status")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]

    assert [] == missing


def test_the_schema_beside_the_examples_is_current() -> None:
    """Editors check the examples by what `rimebatch schema` prints now."""
    kept = (ROOT / "jobs/manifest-v1.schema.json").read_text()

    assert CliRunner().invoke(cli, ["schema"]).stdout == kept


def test_every_fact_is_held_by_a_test() -> None:
    """The tests that docs/protocol.md names are there."""
    page = (ROOT / "docs/protocol.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if f"def {name}(" not in (ROOT / "tests" / file).read_text()
    ]

    assert len(named) > 40
    assert [] == missing


def test_every_dependency_is_explained() -> None:
    """docs/dependencies.md has a row for each package that pyproject.toml names."""
    text = (ROOT / "pyproject.toml").read_text()
    tables = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    names = set(re.findall(r'^  "([\w-]+)[^"]*"|\["([\w-]+)>', tables, re.MULTILINE))
    page = (ROOT / "docs/dependencies.md").read_text().lower()
    unexplained = {
        name
        for pair in names
        for name in pair
        if name and name != "rimebatch" and name.lower() not in page
    }

    assert set() == unexplained
