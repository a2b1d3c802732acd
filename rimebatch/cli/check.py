"""``rimebatch check``."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import click
from rich.text import Text

from rimebatch.cli.displays import echo_json
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.records import list_jobs, outdir_argument
from rimebatch.cli.tables import STYLES, make_table, print_table
from rimebatch.manifest.encoding import SUFFIXES
from rimebatch.manifest.mistakes import make_printable
from rimebatch.renderer.measuring import measure_file
from rimebatch.renderer.profiles import (
    MEASURES,
    PROFILES,
    Limit,
    Profile,
    Value,
    Verdict,
    measure_run,
)

_Files: TypeAlias = Mapping[str, Sequence[Path]]

_STATES: Final = {True: "within", False: "outside", None: ""}


@dataclass(frozen=True, slots=True)
class _File:
    """An audio file and the verdict on each of its measures."""

    job: str
    path: Path
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class _Run:
    """All files together.

    Attributes:
        files: Those that were measured.
        left_out: Those that were not, as their jobs have others for the profile.
        missing: The jobs without any.
        verdicts: On the measures of the run.
    """

    files: Sequence[_File]
    left_out: Sequence[Path]
    missing: Sequence[str]
    verdicts: Sequence[Verdict]

    @property
    def outside(self) -> list[Path]:
        """The files that are outside of a limit."""
        return [file.path for file in self.files if _is_outside(file.verdicts)]

    @property
    def is_within(self) -> bool:
        """Whether every job has a file, and nothing is outside of a limit."""
        return not (self.missing or self.outside or _is_outside(self.verdicts))


@click.command()
@outdir_argument
@click.option(
    "--profile",
    "name",
    type=click.Choice(list(PROFILES)),
    default="none",
    help="Whose limits to hold the files to; none only measures.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def check(folder: Path, name: str, as_json: bool) -> None:
    """Measure the audio files under OUTDIR, and hold them to a publisher's limits.

    OUTDIR is the folder that a run wrote, named as its manifest. What is measured is
    what was encoded, whole. A job in several formats is judged by those that the
    profile takes, if it has any. The exit code is 0 if every job has a file and all is
    within the limits, and 10 if not.

    \b
    Example:
      rimebatch check outputs/hello --profile acx
    """
    jobs = find_files(folder)
    show_file, show_run = _JSON if as_json else _TABLES
    files, all_values = [], []
    for job, path in _choose(jobs, PROFILES[name]):
        all_values.append(measure_file(path))
        files.append(_File(job, path, PROFILES[name].judge(all_values[-1])))
        show_file(files[-1])
    measured = {file.path for file in files}
    run = _Run(
        files=files,
        left_out=[
            path for of_job in jobs.values() for path in of_job if path not in measured
        ],
        missing=[job for job, of_job in jobs.items() if not of_job],
        verdicts=PROFILES[name].judge(measure_run(all_values)) if files else (),
    )
    show_run(run, name)
    sys.exit(ExitCode.DONE if run.is_within else ExitCode.CHECKS)


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Return the audio files in the output *folder* of a run, by job; some have none.

    Raises:
        PlanError: No run has planned anything there.
    """
    return {
        job: [
            path
            for suffix in SUFFIXES.values()
            if (path := folder / f"{job}{suffix}").is_file()
        ]
        for job in list_jobs(folder)
    }


def _choose(jobs: _Files, profile: Profile) -> Iterator[tuple[str, Path]]:
    """Yield the files that are to be judged: of a job those that *profile* takes."""
    endings = {suffix: name for name, suffix in SUFFIXES.items()}
    for job, files in jobs.items():
        taken = [
            path
            for path in files
            if profile.takes(endings[path.name.removeprefix(job)])
        ]
        for path in taken or files:
            yield job, path


def _is_outside(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.is_met is False for verdict in verdicts)


def _print_file(file: _File) -> None:
    _print_table(file.path.name, file.verdicts)
    click.echo()


def _print_run(run: _Run, name: str) -> None:
    profile = PROFILES[name]
    _print_table("all files", run.verdicts)
    click.echo(f"\n{profile.title}. {profile.caution}")
    if profile.source:
        click.echo(f"Read {profile.read}: {profile.source}")
    for what, paths in {
        "Left out, since their jobs have what it takes": run.left_out,
        f"Of {len(run.files)} files outside of a limit": run.outside,
    }.items():
        if paths:
            names = ", ".join(path.name for path in paths)
            click.echo(make_printable(f"{what}: {names}"))
    for job in run.missing:
        what = "has no audio file; `rimebatch run` makes it"
        click.echo(make_printable(f"{job}: {what}"))
    if run.is_within and profile.limits:
        click.echo("Everything is within its limits.")


def _print_table(heading: str, verdicts: Sequence[Verdict]) -> None:
    """Print what was measured, with the limits; where there are none, with how."""
    has_limits = any(verdict.limit for verdict in verdicts)
    last = ("limit", "verdict") if has_limits else ("how",)
    table = make_table(("measured",), last, first=heading)
    for verdict in verdicts:
        measure = MEASURES[verdict.measure]
        state = _STATES[verdict.is_met]
        limit = (str(verdict.limit or ""), Text(state, STYLES.get(state, "")))
        table.add_row(
            measure.label,
            measure.format(verdict.value),
            *(limit if has_limits else (measure.how,)),
        )
    print_table(table)


def _echo_file(file: _File) -> None:
    fields = {"job": file.job, "file": str(file.path)}
    echo_json("file-checked", {**fields, "measures": _encode(file.verdicts)})


def _echo_run(run: _Run, name: str) -> None:
    profile = PROFILES[name]
    fields: dict[str, object] = {
        "profile": name,
        "title": profile.title,
        "caution": profile.caution,
        "source": profile.source,
        "read": profile.read,
        "files": len(run.files),
        "outside": list(map(str, run.outside)),
        "left_out": list(map(str, run.left_out)),
        "missing": run.missing,
        "measures": _encode(run.verdicts),
        "is_within": run.is_within,
    }
    echo_json("checked", fields)


def _encode(verdicts: Sequence[Verdict]) -> dict[str, object]:
    return {
        verdict.measure: {
            "value": _encode_value(verdict.value),
            "limit": verdict.limit and _encode_limit(verdict.limit),
            "is_met": verdict.is_met,
        }
        for verdict in verdicts
    }


def _encode_value(value: Value) -> Value:
    """Return *value*; as a word, if JSON has no number for it."""
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _encode_limit(limit: Limit) -> dict[str, object]:
    if limit.one_of:
        return {"one_of": limit.one_of}
    return {"least": limit.least, "most": limit.most}


_TABLES: Final = (_print_file, _print_run)
_JSON: Final = (_echo_file, _echo_run)
