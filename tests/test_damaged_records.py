"""Damage to a record, of any kind: no file comes out wrong, and little is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251  # seeded: every damage can be had again
from typing import Final

import pytest
import trio

from fakes.disks import skip_syncs
from fakes.manifests import make_job, make_manifest
from fakes.services import FakeService
from rimebatch.manifest.plan import PlannedJob, make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.renderer import render_job
from rimebatch.transcript import RecordedTake

TEXTS: Final = ("The first.", "And the second.", "The third.", "Four!", "Five it is.")


@dataclass(frozen=True)
class Recorded:
    """A job on record, and its files."""

    job: PlannedJob
    transcript: bytes
    takes: dict[str, RecordedTake]
    files: list[bytes]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Return a job of five segments, recorded over one connection."""
    folder = tmp_path_factory.mktemp("recorded")
    plan = make_plan(make_manifest(make_job("job", *TEXTS)))
    (result,) = trio.run(partial(run_batch, plan, FakeService().connect, folder))
    transcripts = transcripts_of(folder, "job")
    (path,) = transcripts.paths()
    files = [Path(name).read_bytes() for name in result.files]
    return Recorded(plan.jobs[0], path.read_bytes(), transcripts.takes(), files)


def flip(content: bytes, chance: Random) -> bytes:
    """Change one bit, but not in the version: it may become that of a newer release."""
    damaged = bytearray(content)
    place = chance.randrange(content.index(b","), len(content))
    damaged[place] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def cut(content: bytes, chance: Random) -> bytes:
    """Keep the beginning."""
    return content[: chance.randrange(len(content))]


def lose_a_line(content: bytes, chance: Random) -> bytes:
    """Leave out one line, which may be the header."""
    lines = content.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def repeat_a_line(content: bytes, chance: Random) -> bytes:
    """Have one line stand twice, the second time anywhere."""
    lines = content.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"".join(lines)


def swap_lines(content: bytes, chance: Random) -> bytes:
    """Have two lines change places."""
    lines = content.splitlines(keepends=True)
    one, other = (chance.randrange(len(lines)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


@pytest.mark.parametrize("times", [20, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("damage", [flip, cut, lose_a_line, repeat_a_line, swap_lines])
def test_any_damage(
    tmp_path: Path,
    recorded: Recorded,
    damage: Callable[[bytes, Random], bytes],
    times: int,
) -> None:
    """What is still believed is right; a flipped bit costs one take at most."""
    chance, transcripts = Random(1), transcripts_of(tmp_path, "job")
    transcripts.folder.mkdir(parents=True)
    path = transcripts.folder / "0001.jsonl"
    for _ in range(times):
        path.write_bytes(damage(recorded.transcript, chance))
        takes = transcripts.takes(verify=True)

        assert len(TEXTS) - 1 <= len(takes) or damage is not flip

        made_up_for = {**recorded.takes, **takes}
        with skip_syncs(tmp_path):
            made = render_job(recorded.job, made_up_for, tmp_path)

        assert recorded.files == [made.audio.read_bytes(), made.sidecar.read_bytes()]
