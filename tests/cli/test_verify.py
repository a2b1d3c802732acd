"""``rimebatch verify``, of what a run wrote."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fakes.conversations import THREE, Spoken, record
from fakes.users import invoke, write_manifest
from rimebatch.cli.verify import find_jobs
from rimebatch.errors import TranscriptError
from rimebatch.manifest.plan_file import read_planned_job, write_planned_job


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an output folder with two jobs, one of them recorded twice."""
    for name in ("ch01/0001", "ch01/0002", "ch02/0001"):
        path = tmp_path / "book" / "transcripts" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        record(path, *(THREE if name.startswith("ch01") else THREE[:1]))
    return tmp_path / "book"


def damage(folder: Path, old: bytes = b"Bwc=", new: bytes = b"Cwc=") -> Path:
    """Change a letter in the second transcript of ``ch01``, and return its path."""
    path = folder / "transcripts" / "ch01" / "0002.jsonl"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def test_after_a_run(tmp_path: Path, url: str) -> None:
    """What a run has just written is sound."""
    job = '{id: hello, text: "Hello there."}'
    assert (
        0
        == invoke(
            "run", write_manifest(tmp_path, job, endpoint=url), "--out", tmp_path
        ).exit_code
    )

    result = invoke("verify", tmp_path / "book")

    assert (0, "") == (result.exit_code, result.stderr)
    assert "Everything is sound." in result.stdout


def test_which_takes_count(folder: Path) -> None:
    """The table says of each job how many takes count, and how many do not."""
    result = invoke("verify", folder)
    headings, first, second, last = result.stdout.splitlines()

    assert headings.split()[1:] == [
        *("transcripts", "entries"),
        *("counting", "superseded", "rejected", "withdrawn", "damaged"),
    ]
    assert "ch01 2 54 3 3 0 0 0" == " ".join(first.split())
    assert "ch02 1 12 1 0 0 0 0" == " ".join(second.split())
    assert "Everything is sound." == last


def test_a_flipped_letter(folder: Path) -> None:
    """Damage is a line with file, entry, byte and take, and then what to do."""
    path = damage(folder)
    start = path.read_bytes().index(b'{"n":12,')
    result = invoke("verify", folder)
    _, first, _, flaw, advice = result.stdout.splitlines()

    assert 7 == result.exit_code
    assert "ch01 2 54 3 2 0 0 1" == " ".join(first.split())
    assert flaw == (
        f"{path}: entry 12, byte {start}, received: the digest of the take differs; "
        "in take 2 of 3 (segment key of j, job:Three.)"
    )
    assert "`rimebatch run` records again" in advice
    assert "`rimebatch render`" in advice


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b'"vantage"', b'"vintage"', "header: damaged header: "),
        (b'"by":"client"', b'"by":"client', "entry 27, byte "),
        (b'{"n":9,', b'{"n":7,', ", ping: it has number 7; in no take"),
        (b'"t":9000000', b'"t":7000000', ", ping: time goes back; in no take"),
        (b'\n{"n":2,', b' {"n":2,', ": entries 1 to 2, from byte "),
        (b'"entries":27', b'"entries":28', "sealed: its check sum differs; in no take"),
    ],
)
def test_where_damage_is(folder: Path, old: bytes, new: bytes, where: str) -> None:
    """The header is named as that, and any other entry by number, byte and kind."""
    path = damage(folder, old, new)

    assert f"{path}: " in invoke("verify", folder).stdout
    assert where in invoke("verify", folder).stdout


def test_a_crash(folder: Path) -> None:
    """A transcript without its trailer is said to be one, and is no error."""
    path = folder / "transcripts" / "ch02" / "0001.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    result = invoke("verify", folder)

    assert 0 == result.exit_code
    assert f"{path}: not sealed, as a crash leaves it" in result.stdout


def test_programs(folder: Path) -> None:
    """Programs get a line for each damage, each job, and the whole."""
    path = damage(folder)
    result = invoke("verify", folder, "--json")
    lines = [
        msgspec.json.decode(line, type=dict[str, object])
        for line in result.stdout.splitlines()
    ]
    first = {"rimebatch": 1, "event": "damage", "job": "ch01", "file": str(path)}
    counts = {"counting": 3, "superseded": 2, "rejected": 0}
    counts |= {"withdrawn": 0, "damaged": 1}

    assert 7 == result.exit_code
    assert ["damage", "job-verified", "job-verified", "verified"] == [
        line["event"] for line in lines
    ]
    assert first == {name: lines[0][name] for name in first}
    assert {
        "number": 2,
        "of": 3,
        "segment": "key of job:Three.",
        "context_id": "job:Three.",
    } == lines[0]["take"]
    assert {"transcripts": 2, "entries": 54, **counts}.items() <= lines[1].items()
    assert (2, 1) == (lines[-1]["jobs"], lines[-1]["damages"])


def test_programs_and_crashes(folder: Path) -> None:
    """Programs learn of transcripts without a trailer, and of damage in no take."""
    path = folder / "transcripts" / "ch02" / "0001.jsonl"
    path.write_bytes(path.read_bytes()[:-40].replace(b'"ping"', b'"pxng"'))
    lines = [
        msgspec.json.decode(line, type=dict[str, object])
        for line in invoke("verify", folder, "--json").stdout.splitlines()
    ]

    assert lines[0]["take"] is None
    assert [str(path)] == lines[2]["unsealed"]


def test_no_transcripts(tmp_path: Path) -> None:
    """A folder without transcripts is an error that says what to name."""
    (tmp_path / "transcripts" / "empty").mkdir(parents=True)
    result = invoke("verify", tmp_path)

    assert 1 == result.exit_code
    assert f"Error: {tmp_path}: there are no transcripts" in result.stderr
    assert 1 == result.stderr.count("\n")
    with pytest.raises(TranscriptError):
        find_jobs(tmp_path)


def test_jobs_in_order(folder: Path) -> None:
    """Jobs are found by name, whatever else lies beside them."""
    (folder / "transcripts" / "notes.txt").touch()
    record(folder / "transcripts" / "notes.jsonl", Spoken("Hi."))

    assert ["ch01", "ch02"] == list(find_jobs(folder))


@pytest.fixture
def rendered(tmp_path: Path, url: str) -> Path:
    """Run a manifest of one job; the folder of its outputs."""
    manifest = write_manifest(
        tmp_path, '{id: hello, text: "One.\\n\\nTwo.\\n\\nThree."}', endpoint=url
    )
    assert 0 == invoke("run", manifest, "--out", tmp_path).exit_code
    return tmp_path / "book"


def test_a_flipped_byte_of_the_audio(rendered: Path) -> None:
    """A file that is not what the record gives is named, with the place."""
    audio = rendered / "hello.wav"
    content = bytearray(audio.read_bytes())
    content[-1] ^= 1
    audio.write_bytes(content)

    result = invoke("verify", rendered)

    assert 7 == result.exit_code
    assert f"{audio}: differs at byte {len(content) - 1}" in result.stdout
    assert "in segment 3 of 3" in result.stdout


def test_files_for_programs(rendered: Path) -> None:
    """Programs get a line for each file that differs, or is missing."""
    (rendered / "hello.wav").unlink()

    result = invoke("verify", rendered, "--json")

    lines = [msgspec.json.decode(line) for line in result.stdout.splitlines()]
    audio = str(rendered / "hello.wav")
    assert 7 == result.exit_code
    assert ("difference", audio, "missing") == tuple(
        lines[0][name] for name in ("event", "file", "what")
    )
    assert (0, 1) == (lines[-1]["damages"], lines[-1]["differences"])


def test_unfinished_jobs_have_no_files(rendered: Path) -> None:
    """What lacks a take is not compared: its transcripts say what there is."""
    (rendered / "hello.wav").unlink()
    [path] = (rendered / "transcripts/hello").glob("*.jsonl")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b'"take"')])

    result = invoke("verify", rendered)

    assert 0 == result.exit_code, result.stdout


def test_takes_that_give_no_files(rendered: Path) -> None:
    """A plan that asks for what the takes are not is told in a line."""
    plan = read_planned_job(rendered / "plans/hello.json")
    query = tuple(
        (name, "mp3" if name == "audioFormat" else value) for name, value in plan.query
    )
    write_planned_job(rendered / "plans/hello.json", replace(plan, query=query))

    result = invoke("verify", rendered)

    assert 7 == result.exit_code
    assert f"{rendered / 'plans/hello.json'}: " in result.stdout
