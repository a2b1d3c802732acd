"""Tests of the plan of one job as a file."""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.manifests import MAX_CHARS, make_planned, make_script
from rimebatch.errors import OutputError, PlanError
from rimebatch.manifest.encoding import Encoding
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import Job, Output, Voice
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.plan import PlannedJob, mark, plan_job
from rimebatch.manifest.plan_file import read_planned_job, write_planned_job
from rimebatch.manifest.take_checks import DEFAULT_CHECKS
from rimebatch.ws3.query import Parameter

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PARAMETERS = st.dictionaries(
    TEXTS, TEXTS | st.integers() | NUMBERS | st.booleans(), max_size=4
)

GOLDEN = """\
{
 "rimebatch_plan": 1,
 "id": "job",
 "title": "job",
 "parameters": {
  "modelId": "arcana",
  "segment": "never"
 },
 "query": [
  [
   "modelId",
   "arcana"
  ],
  [
   "segment",
   "never"
  ]
 ],
 "segments": [
  {
   "key": "773af1cff4656a3e29b65358e55b2e79bbd45ac39649a0e3e4cee9c29d5cd8c2",
   "text": "«Hello.»",
   "start": 0,
   "end": 8,
   "paragraph": 0,
   "context_id": "job:773af1cff4656a3e",
   "messages": [
    "{\\"text\\":\\"«Hello.»\\",\\"contextId\\":\\"job:773af1cff4656a3e\\"}",
    "{\\"operation\\":\\"flush\\"}"
   ],
   "chars": 8,
   "gaps": []
  }
 ],
 "skipped": [
  {
   "text": "* * *",
   "start": 10,
   "end": 15,
   "paragraph": 1,
   "speakable": false,
   "gaps": []
  }
 ],
 "is_script": false,
 "checks": {
  "on_fail": "retake",
  "retakes": 2,
  "words": 0.8,
  "overrun_s": 0.5,
  "overrun_share": 0.4,
  "silence_s": 3.0,
  "clipped": 0.001,
  "slowest_chars_per_s": 4.0,
  "fastest_chars_per_s": 40.0
 },
 "output": {
  "encodings": [
   {
    "format": "wav",
    "bitrate_kbps": null,
    "quality": null
   }
  ],
  "pauses": {
   "head": 0.0,
   "tail": 0.0,
   "segment": 0.0,
   "paragraph": 0.0,
   "heading": 0.0
  },
  "trim": null,
  "rate_hz": null,
  "loudness": null,
  "captions": [],
  "artist": "",
  "album": "",
  "comment": null
 },
 "track": 0,
 "check": "80453941"
}
"""


def make_plan(text: str, title: str, parameters: Mapping[str, Parameter]) -> PlannedJob:
    """Return the plan of a job with these, all on record."""
    voice = Voice(MappingProxyType({**parameters, "segment": "never"}))
    job = plan_job(Job("job", title, voice, text, None), MAX_CHARS)
    return mark(job, [segment.key for segment in job.segments])


def seal(content: bytes) -> bytes:
    """Return *content*, a plan that was changed, with the check sum made right."""
    start = content.index(b',\n "check": "')
    return b'%s,\n "check": "%08x"\n}\n' % (
        content[:start],
        zlib.crc32(content[:start]),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a plan is to be kept."""
    return tmp_path / "plans" / "job.json"


@settings(max_examples=50)
@given(TEXTS, TEXTS, PARAMETERS)
def test_round_trip(text: str, title: str, parameters: Mapping[str, Parameter]) -> None:
    """Whatever a plan holds reads back equal, but with nothing on record."""
    job = make_plan(text, title, parameters)
    with TemporaryDirectory() as folder:
        path = Path(folder, "job.json")
        write_planned_job(path, job)

        assert mark(job, ()) == read_planned_job(path)


def test_script(path: Path) -> None:
    """A script reads back with its messages as they stand."""
    script = make_script("raw", {"text": "This  goes. "}, {"operation": "eos"})
    job = plan_job(script, MAX_CHARS)
    write_planned_job(path, job)

    assert job == read_planned_job(path)


def test_bytes(path: Path) -> None:
    """The bytes are those of version 1, to the letter."""
    write_planned_job(path, make_plan("«Hello.»\n\n* * *", "", {"modelId": "arcana"}))

    assert GOLDEN == path.read_text()


def test_file_without_checks(path: Path) -> None:
    """A file from before there were checks has those that hold by default."""
    job = make_planned("Hello.")
    write_planned_job(path, job)
    fields = re.sub(rb',\n "checks": \{.*', b"", path.read_bytes(), flags=re.DOTALL)
    path.write_bytes(b'%s,\n "check": "%08x"\n}\n' % (fields, zlib.crc32(fields)))

    assert b"checks" not in path.read_bytes()
    assert replace(job, checks=DEFAULT_CHECKS) == read_planned_job(path)


def test_file_with_one_format(path: Path) -> None:
    """A file from when WAV was the only format has the output of today's defaults."""
    output = b'"output": {"format": "wav", "trim": null}'
    job = make_planned("Hello.")
    write_planned_job(path, job)
    fields = re.sub(rb'"output": .*', output, path.read_bytes(), flags=re.DOTALL)
    path.write_bytes(b'%s,\n "check": "%08x"\n}\n' % (fields, zlib.crc32(fields)))

    assert job == read_planned_job(path)


def test_every_output(path: Path) -> None:
    """All that an output can say reads back equal."""
    output = Output(
        encodings=(Encoding("mp3", bitrate_kbps=192), Encoding("ogg", quality=0.5)),
        pauses=Pauses(head=0.5),
        trim=Trim(),
        rate_hz=44100,
        loudness=Goal(Target(-20.0, "dB RMS"), Peak(-3.0, "dB")),
        captions=("srt", "csv"),
        artist="Ada Lovelace",
        album="Notes",
        comment="By a computer.",
    )
    job = replace(make_planned("Hello."), output=output, track=7)
    write_planned_job(path, job)

    assert job == read_planned_job(path)


def test_fields(path: Path) -> None:
    """Every field of a plan is in the file, but for what is on record."""
    write_planned_job(path, make_planned("Hello."))
    names = {field.name for field in fields(PlannedJob)} - {"on_record"}

    assert names == json.loads(path.read_bytes()).keys() - {"rimebatch_plan", "check"}


def test_equal_plan_is_not_touched(path: Path) -> None:
    """A plan that is there already stays the very file; another one replaces it."""
    write_planned_job(path, make_planned("Hello."))
    before = path.stat()
    write_planned_job(path, make_planned("Hello."))
    untouched = path.stat()
    write_planned_job(path, make_planned("Good-bye."))

    assert (before.st_ino, before.st_mtime_ns) == (
        untouched.st_ino,
        untouched.st_mtime_ns,
    )
    assert make_planned("Good-bye.") == read_planned_job(path)
    assert [path] == list(path.parent.iterdir())


def test_mode(path: Path) -> None:
    """Whoever may read the other outputs may read the plan."""
    write_planned_job(path, make_planned("Hello."))
    other = path.with_name("other")
    other.touch()

    assert other.stat().st_mode == path.stat().st_mode


def test_folder_in_the_way(path: Path) -> None:
    """A plan that cannot be written is one line, and leaves nothing behind."""
    path.mkdir(parents=True)

    with pytest.raises(OutputError, match=r"^.*job\.json: cannot write: .*; make room"):
        write_planned_job(path, make_planned("Hello."))

    assert [path] == list(path.parent.iterdir())


def test_record_in_the_file_is_not_believed(path: Path) -> None:
    """What a file says is on record is ignored, as are fields that nobody knows."""
    job = make_planned("Hello.")
    write_planned_job(path, job)
    more = b'"on_record": ["%s"], "new": 1, "id"' % job.segments[0].key.encode()
    path.write_bytes(seal(path.read_bytes().replace(b'"id"', more)))

    assert job == read_planned_job(path)


@settings(max_examples=50)
@given(st.data())
def test_damage(data: st.DataObject) -> None:
    """Any byte that is not as it was written, or is cut off, is found; in one line."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "job.json")
        write_planned_job(path, make_planned("Hello."))
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] ^= data.draw(st.integers(1, 255))
        else:
            del content[at:]
        path.write_bytes(content)

        with pytest.raises(PlanError) as caught:
            read_planned_job(path)

    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{", "[", "not a plan"),
        (": 1,", ": 2,", "plan version 2; this RimeBatch reads up to 1; please update"),
        ('"Hello."', '"Howdy."', "damaged; `rimebatch run` writes it again"),
    ],
)
def test_foreign(path: Path, old: str, new: str, message: str) -> None:
    """What is no plan, of a later version or changed by hand is told apart."""
    write_planned_job(path, make_planned("Hello."))
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(PlanError, match=f"^{path}: {message}"):
        read_planned_job(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"title": "job"', '"title": 1', r"not a plan: Expected `str`, got `int`"),
        ('"title": "job"', '"title": ' + "[" * 9999, "not a plan: "),
        ('"id": "job"', '"id": "../job"', "not a plan: the id of its job, .* holds /"),
    ],
)
def test_forged(path: Path, old: str, new: str, message: str) -> None:
    """A right check sum does not make a plan; nor may its name lead elsewhere."""
    write_planned_job(path, make_planned("Hello."))
    path.write_bytes(seal(path.read_text().replace(old, new, 1).encode()))

    with pytest.raises(PlanError, match=f"^{path}: {message}"):
        read_planned_job(path)


def test_no_file(path: Path) -> None:
    """A plan that is not there is said to be."""
    with pytest.raises(PlanError, match=r"job\.json: cannot be read: No such file"):
        read_planned_job(path)
