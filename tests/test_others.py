"""RimeBatch and programs by others: it renders from a service that shares no code."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import soundfile

from others.ws3_service import MS_PER_CHAR, open_service

ROOT = Path(__file__).parent.parent
STORY = ROOT / "jobs/story.yaml"


class _Segment(msgspec.Struct):
    text: str
    start_frame: int
    end_frame: int
    timing: str


class _Word(msgspec.Struct):
    text: str
    start_s: float


class _Sidecar(msgspec.Struct):
    segments: list[_Segment]
    words: list[_Word]


def run(out: Path, url: str) -> None:
    """Render the story from the service at *url*."""
    command = [sys.executable, "-m", "rimebatch", "run", str(STORY), "--quiet"]
    subprocess.run(
        [*command, "--out", str(out), "--endpoint", url],
        env={**os.environ, "RIME_API_KEY": "any-key"},
        check=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("done", [True, False])
def test_the_story_from_another_service(tmp_path: Path, *, done: bool) -> None:
    """With and without `done`: every character is spoken once, in its place.

    A service without `done` speaks by the page that binds; the takes are told apart by
    their context ids.
    """
    with open_service(done=done) as (url, bill):
        run(tmp_path, url)
        billed = bill.chars
        run(tmp_path, url)

    assert billed == bill.chars  # the second run bought nothing

    rendered = sorted((tmp_path / "story").glob("*.words.json"))
    spoken: list[str] = []
    for path in rendered:
        sidecar = msgspec.json.decode(path.read_bytes(), type=_Sidecar)
        frames = soundfile.info(path.with_name(path.name.replace("words.json", "wav")))

        assert sidecar.segments[-1].end_frame == frames.frames
        for segment in sidecar.segments:
            length = segment.end_frame - segment.start_frame
            assert len(segment.text) * 24 * MS_PER_CHAR == length
            assert "service" == segment.timing
        texts = [segment.text for segment in sidecar.segments]
        assert " ".join(texts).split() == [word.text for word in sidecar.words]
        spoken += texts

    assert 4 == len(rendered)
    assert sorted(spoken) == sorted(bill.texts)
