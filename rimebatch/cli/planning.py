"""From the words of a command line to a plan; shared by run, plan and render."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, ParamSpec, get_args

import click

from rimebatch.errors import EndpointError
from rimebatch.manifest import Checks, Manifest, load_manifest
from rimebatch.manifest.endpoint import find_endpoint_flaw
from rimebatch.manifest.plan import Plan, make_plan, mark
from rimebatch.manifest.schedule import DEFAULT_ORDER, Order
from rimebatch.recorder.folders import transcripts_of

_Options = ParamSpec("_Options")

_BY_ITSELF: Final = Checks()

_SHOWN_IDS: Final = 10  # enough to see how the ids are made

order_option: Final = click.option(
    "--order",
    type=click.Choice(get_args(Order)),
    default=DEFAULT_ORDER,
    help="Which jobs get a connection first; longest-first ends soonest.",
)


def plan_options(command: Callable[_Options, None]) -> Callable[_Options, None]:
    """Add what every command that takes a manifest has in common."""
    for decorate in (
        click.option(
            "--strict",
            is_flag=True,
            help="Take warnings about the manifest for mistakes.",
        ),
        click.option(
            "--only",
            metavar="GLOB",
            multiple=True,
            help="Only jobs whose id matches, like 'ch0*'. May be given again.",
        ),
        click.option(
            "--out",
            metavar="DIR",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("outputs"),
            help="All files are under DIR/NAME, where NAME is the manifest's.",
        ),
        click.argument("manifest", type=click.Path(path_type=Path)),
    ):
        command = decorate(command)
    return command


def read_plan(
    path: Path,
    out: Path,
    only: Sequence[str],
    *,
    endpoint: str | None = None,
    concurrency: int | None = None,
    checks: Checks = _BY_ITSELF,
) -> tuple[Plan, Path]:
    """Return the plan of the manifest at *path*, and the folder of its outputs.

    Args:
        path: The manifest.
        out: Under which the folder lies.
        only: Patterns of job ids; none for all jobs.
        endpoint: In place of the manifest's own.
        concurrency: In place of the manifest's own.
        checks: What the manifest is held against beside itself.

    Raises:
        ManifestError: It has mistakes.
        CatalogueError: There is a copy of the catalogue, and it cannot be read.
        EndpointError: *endpoint* is not usable.
        TranscriptError: A transcript cannot be read.
        click.BadParameter: One of the patterns matches no job.
    """
    manifest = load_manifest(path, endpoint=endpoint, checks=checks)
    _check_endpoint(manifest, endpoint)
    if concurrency is not None:
        manifest = replace(manifest, concurrency=concurrency)
    _check_patterns(only, [job.id for job in manifest.jobs])
    folder = out / manifest.name

    def wanted(job_id: str) -> bool:
        return not only or any(fnmatchcase(job_id, pattern) for pattern in only)

    plan = make_plan(
        manifest, lambda job_id: transcripts_of(folder, job_id).takes(), wanted
    )
    return plan, folder


def start_afresh(plan: Plan) -> Plan:
    """Return *plan* as if nothing were on record."""
    return replace(plan, jobs=tuple(mark(job, ()) for job in plan.jobs))


def _check_patterns(only: Sequence[str], ids: Sequence[str]) -> None:
    for pattern in only:
        if not any(fnmatchcase(job_id, pattern) for job_id in ids):
            raise click.BadParameter(
                f"no job matches {pattern}; the jobs are {show_ids(ids)}",
                param_hint="'--only'",
            )


def show_ids(ids: Sequence[str]) -> str:
    """Return *ids* of jobs for an error; of many only the first."""
    return ", ".join(ids if len(ids) <= _SHOWN_IDS else [*ids[:_SHOWN_IDS], "…"])


def _check_endpoint(manifest: Manifest, endpoint: str | None) -> None:
    if endpoint is None:
        return
    flaw = find_endpoint_flaw(endpoint, manifest.plain_ws_hosts)
    if flaw is not None:
        raise EndpointError(f"--endpoint: {flaw.what}; {flaw.remedy}")
