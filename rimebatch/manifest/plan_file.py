"""The plan of one job as a file, so that what was made of it needs no manifest.

`docs/formats.md` is its reference. What is on record for the job is not in it: that is
looked up, never believed. It knows no other file of an output folder.
"""

import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from rimebatch.errors import OutputError, PlanError
from rimebatch.files import make_folder, write_whole
from rimebatch.manifest.names import find_name_flaw
from rimebatch.manifest.plan import PlannedJob, mark

FORMAT_VERSION: Final = 1

# The writer's own spellings, so they can be matched exactly.
_HEAD: Final = re.compile(rb'\{\n "rimebatch_plan": (\d{1,9}),')
_CHECK: Final = b',\n "check": "'


def write_planned_job(path: Path, job: PlannedJob) -> None:
    """Write the plan of *job* to *path*, whole or not at all.

    A file that says the same already is not touched.

    Raises:
        OutputError: It cannot be written.
    """
    content = _encode(job)
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        make_folder(path.parent)
        # Not durable: what a power cut takes, the next run writes again, for nothing.
        write_whole(path, content, durable=False)
    except OSError as error:
        what = f"{path}: cannot write: {error.strerror}"
        raise OutputError(f"{what}; make room there, or write elsewhere") from error


def read_planned_job(path: Path) -> PlannedJob:
    """Return the plan in the file at *path*, with nothing on record.

    Raises:
        PlanError: It cannot be read, is damaged or no plan, or a newer RimeBatch wrote
            it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}") from error
    _check_sound(path, content)
    try:
        job = msgspec.json.decode(content, type=PlannedJob)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{path}: not a plan: {error}") from None
    if flaw := find_name_flaw(job.id):  # files are named by it
        raise PlanError(f"{path}: not a plan: the id of its job, {flaw.what}")
    return mark(job, ())


def _encode(job: PlannedJob) -> bytes:
    fields: dict[str, object] = msgspec.to_builtins(
        replace(job, parameters=dict(job.parameters))  # it may be read-only
    )
    del fields["on_record"]
    content = msgspec.json.encode({"rimebatch_plan": FORMAT_VERSION, **fields})
    return _add_check_sum(msgspec.json.format(content, indent=1).removesuffix(b"\n}"))


def _add_check_sum(fields: bytes) -> bytes:
    """Return the whole file: *fields*, and last a check sum of them all."""
    return b'%s%s%08x"\n}\n' % (fields, _CHECK, zlib.crc32(fields))


def _check_sound(path: Path, content: bytes) -> None:
    head = _HEAD.match(content)
    if head is None:
        raise PlanError(f"{path}: not a plan")
    # Before all else: a later version may differ in everything that follows.
    if int(head[1]) > FORMAT_VERSION:
        raise PlanError(
            f"{path}: plan version {int(head[1])}; this RimeBatch reads up to "
            f"{FORMAT_VERSION}; please update it"
        )
    if content != _add_check_sum(content.rpartition(_CHECK)[0]):
        raise PlanError(f"{path}: damaged; `rimebatch run` writes it again")
