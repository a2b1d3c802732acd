"""The names of a job's files: none is another's."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fakes.takes import plan_text
from rimebatch.manifest.encoding import AUDIO_FILES, Encoding
from rimebatch.manifest.load import Output
from rimebatch.renderer.captions import CAPTIONS
from rimebatch.renderer.job_files import RenderedJob, list_names, name_files

FORMATS = st.lists(st.sampled_from(AUDIO_FILES), min_size=1, unique=True)
KINDS = st.lists(st.sampled_from(sorted(CAPTIONS)), unique=True)


def make_output(formats: Sequence[str], captions: Sequence[str] = ()) -> Output:
    """Return an output of these formats."""
    names = [name for given in formats for name in AUDIO_FILES if name == given]
    return Output(encodings=tuple(map(Encoding, names)), captions=tuple(captions))


def test_name_files() -> None:
    """Files are named after the job, and lie in the order in which they were asked."""
    output = make_output(["mp3", "ulaw", "wav"], ["csv", "textgrid", "audacity"])

    found = name_files(plan_text(output=output), Path("out"))

    assert [
        Path("out") / name
        for name in (
            *("ch01.mp3", "ch01.ulaw.wav", "ch01.wav"),
            *("ch01.words.csv", "ch01.TextGrid", "ch01.labels.txt"),
            "ch01.words.json",
        )
    ] == list(found.all)
    assert ["csv", "textgrid", "audacity"] == list(found.captions)


@given(FORMATS, KINDS)
def test_no_two_are_alike(formats: list[str], captions: list[str]) -> None:
    """Whatever is asked for, each file has a name of its own among all that may be."""
    job = plan_text(output=make_output(formats, captions))

    found = name_files(job, Path("out"))

    names = {file.name for file in found.all}
    assert len(formats) + len(captions) + 1 == len(names)
    assert names <= list_names(job)
    assert found.sidecar == found.all[-1]


def test_names_of_other_jobs() -> None:
    """Jobs whose ids begin alike have no name in common."""
    ids = ("ch01", "ch01.words", "ch01.labels", "ch01.", "ch01.wav", "ch01.srt")
    names = [list_names(plan_text(job_id=job_id)) for job_id in ids]

    assert all(one.isdisjoint(other) for one, other in permutations(names, 2))
    assert {len(AUDIO_FILES) + len(CAPTIONS) + 1} == set(map(len, names))


def test_rendered_job() -> None:
    """What was rendered tells its main audio, its word times and its length."""
    files = name_files(plan_text(output=make_output(["opus", "wav"])), Path("out"))

    found = RenderedJob(files, 12_000, 8000)

    assert Path("out/ch01.opus") == found.audio
    assert Path("out/ch01.words.json") == found.sidecar
    assert 1.5 == found.seconds
