"""Tests of `rimebatch.transcript.edit`."""

import hashlib
from pathlib import Path
from stat import S_IMODE

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.conversations import HEADER_8K, THREE, Spoken, record
from fakes.transcripts import open_transcript
from rimebatch.errors import OutputError, SecretError, TranscriptError
from rimebatch.transcript import (
    Redactor,
    TranscriptWriter,
    read_entries,
    read_header,
    read_messages,
    read_takes,
)
from rimebatch.transcript.edit import (
    cut_transcript,
    redact_transcript,
    reseal,
    write_transcript,
)
from rimebatch.transcript.verify import verify_transcript
from rimebatch.ws3.takes import EndedTake, TakeEnd

HIDING = Redactor("hash")
WITHDRAWN = (*THREE, Spoken("Late.", is_withdrawn=True))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a sealed transcript of three takes, and one that was withdrawn."""
    return record(tmp_path / "0001.jsonl", *WITHDRAWN)


def write(path: Path, content: bytes) -> Path:
    """Write *content* to a file beside *path*, and return it."""
    made = path.with_name("made.jsonl")
    made.write_bytes(content)
    return made


def values(path: Path) -> list[tuple[int, int, str, str]]:
    """Return what the entries at *path* hold, the commits and the trailer left out."""
    return [
        (entry.number, entry.time_ns, entry.kind, entry.value)
        for entry in read_entries(path)
        if entry.kind not in {"take", "withdrawn", "sealed"}
    ]


def test_cut_at_every_entry(source: Path) -> None:
    """Cut anywhere, what is kept is unchanged, sound, and ends with a lost line."""
    whole = values(source)
    entries = len(list(read_entries(source))) - 1
    for at in range(entries + 1):
        made = write(source, cut_transcript(source, at))
        verified, kept = verify_transcript(made), values(made)

        assert ((), True) == (verified.damages, verified.is_sealed)
        assert [entry for entry in whole if entry[0] <= at] == [
            entry for entry in kept if entry[0] <= at
        ]
        assert verified.entries == at + (at < entries - 1)
        assert all(map(read_messages, read_takes(made, verify=True)))


@pytest.mark.parametrize(
    ("code", "kind", "value"),
    [
        (None, "lost", '{"by":"server","how":"the transcript was cut here"}'),
        (1011, "closed", '{"by":"server","code":1011,"reason":""}'),
    ],
)
def test_how_it_ends(source: Path, code: int | None, kind: str, value: str) -> None:
    """After the last entry, and at its time, the line is lost or the server closes."""
    made = write(source, cut_transcript(source, 9, code))

    assert (10, 9_000_000, kind, value) == values(made)[-1]


def test_no_second_end(source: Path) -> None:
    """Where the server has closed, or the line was lost, nothing is added."""
    [closed] = [
        entry.number
        for entry in read_entries(source)
        if entry.kind == "closed" and "bye" in entry.value
    ]
    made = write(source, cut_transcript(source, closed, 1011))

    assert (closed, "closed") == (values(made)[-1][0], values(made)[-1][2])

    lost = write(source, cut_transcript(source, 5))
    again = lost.with_name("again.jsonl")
    again.write_bytes(cut_transcript(lost, 6))

    assert values(lost) == values(again)


def test_where_a_cut_comes_from(source: Path) -> None:
    """The header says of what file it was made, and how, and is otherwise the same."""
    header = read_header(write(source, cut_transcript(source, 5, 1000)))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()

    assert "derived" == header.vantage
    assert {
        "from": digest,
        "by": "cut",
        "at": "5",
        "how": "1000",
    } == header.derived
    assert (HEADER_8K.query, HEADER_8K.job) == (header.query, header.job)


def test_a_cut_without_need(source: Path) -> None:
    """A transcript that is cut where it is over keeps all its takes."""
    entries = len(list(read_entries(source))) - 1
    made = write(source, cut_transcript(source, entries))

    assert [take.record.id for take in read_takes(source)] == [
        take.record.id for take in read_takes(made)
    ]


def test_an_unsealed_transcript_can_be_cut(source: Path) -> None:
    """What a crash left can be cut like any other, and is sealed then."""
    lines = source.read_bytes().splitlines(keepends=True)
    source.write_bytes(b"".join(lines[:12]))

    assert verify_transcript(write(source, cut_transcript(source, 11))).is_sealed


@pytest.mark.parametrize(
    ("at", "code", "what"),
    [(99, None, "it has 36 entries"), (0, 1000, "no connection is open after entry 0")],
)
def test_cuts_that_cannot_be(
    source: Path, at: int, code: int | None, what: str
) -> None:
    """A cut behind the end, or a close before the beginning, is an error."""
    with pytest.raises(TranscriptError, match=what):
        cut_transcript(source, at, code)


def test_damage_is_not_sealed_anew(source: Path) -> None:
    """A damaged transcript is neither cut nor redacted, and the error says where."""
    source.write_bytes(source.read_bytes().replace(b'"AQI="', b'"BQI="'))
    with pytest.raises(
        TranscriptError, match="damaged: entry 2: the digest of the tak"
    ):
        cut_transcript(source, 30)
    with pytest.raises(TranscriptError, match="damaged"):
        redact_transcript(source, HIDING)


def test_redact(source: Path) -> None:
    """A redacted transcript is sound, says what it is, and keeps all but the text."""
    made = write(source, redact_transcript(source, HIDING))
    header = read_header(made)
    before, after = read_takes(source), read_takes(made, verify=True)

    assert () == verify_transcript(made).damages
    assert {"by": "redact", "text": "hash"}.items() <= (header.derived or {}).items()
    assert [entry[:3] for entry in values(source)] == [e[:3] for e in values(made)]
    assert [t.record.segment for t in before] == [t.record.segment for t in after]
    assert b"bye" not in made.read_bytes()


def test_ids_of_redacted_takes(source: Path) -> None:
    """A take's id is the digest of what is on record of it, as in any transcript."""
    made = write(source, redact_transcript(source, HIDING))
    for take in read_takes(made):
        wire = "".join(f"{message}\n" for message in read_messages(take))

        assert xxhash.xxh3_128_hexdigest(wire.encode()) == take.record.id


@settings(max_examples=30)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8"), min_size=7, max_size=40).filter(
            lambda text: text.strip() and not text.isascii()
        ),
        min_size=1,
        max_size=3,
        unique=True,
    )
)
def test_nothing_of_the_text_is_left(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Neither a text nor a word of it stands anywhere in a redacted transcript."""
    folder = tmp_path_factory.mktemp("redacted")
    spoken = [Spoken(text, context_id=f"c{n}") for n, text in enumerate(texts)]
    source = record(folder / "0001.jsonl", *spoken)
    content = redact_transcript(source, HIDING).decode()
    made = write(source, content.encode())

    assert () == verify_transcript(made).damages
    assert [] == [
        word
        for text in texts
        for word in text.split()
        if not word.isascii() and set(word) != {"•"} and word in content
    ]


def test_redacting_again_changes_nothing_more(source: Path) -> None:
    """What was hidden stays as it is, so that only the header is another."""
    once = write(source, redact_transcript(source, HIDING))
    twice = once.with_name("twice.jsonl")
    twice.write_bytes(redact_transcript(once, HIDING))

    assert values(once) == values(twice)


def test_a_credential_is_not_passed_on(tmp_path: Path) -> None:
    """Where a credential stands in a transcript, nothing is made of it."""
    source = record(tmp_path / "0001.jsonl", Spoken("Hi.", context_id="hunter2hunter2"))
    with pytest.raises(SecretError, match="a credential stands in it"):
        redact_transcript(source, Redactor("hash", ("hunter2hunter2",)))


def test_reseal_changes_nothing_by_itself(source: Path) -> None:
    """Entries that are sealed anew under the same header are the same, with sums."""
    *entries, sealed = read_entries(source)
    content = reseal(read_header(source), entries)

    assert content.startswith(source.read_bytes()[: sealed.start])
    assert content.endswith(f'"sealed":{sealed.value}}}\n'.encode())


def test_a_commit_across_lines(tmp_path: Path) -> None:
    """A commit that does not cover whole entries cannot be moved."""
    path = tmp_path / "0001.jsonl"
    with open_transcript(path) as writer:
        commit_from(writer, 1)
    with pytest.raises(TranscriptError, match="does not begin and end where entries"):
        cut_transcript(path, 2)


def commit_from(writer: TranscriptWriter, offset: int) -> None:
    """Commit a take that begins so many bytes into an entry."""
    start = writer.position + offset
    writer.received('"a"')
    take = EndedTake("c", TakeEnd.DONE, 2, "id", before_this_event=False)
    writer.commit(take, segment="s", chars=1, start=start, end=writer.position)


def test_a_close_that_is_none(tmp_path: Path) -> None:
    """A close entry without its fields is an error that names the entry."""
    path = tmp_path / "0001.jsonl"
    with open_transcript(path) as writer:
        writer.closed("server", 1000, "")
    content = path.read_bytes().replace(b'"code":1000', b'"kode":1000')
    path.write_bytes(b"".join(content.splitlines(keepends=True)[:2]))
    with pytest.raises(TranscriptError, match=r"entry 1: .*code"):
        redact_transcript(path, HIDING)


def test_write(source: Path) -> None:
    """A transcript is written whole, and nothing else is left beside it."""
    out = source.with_name("out.jsonl")
    write_transcript(out, b"content", source=source, force=False)

    assert b"content" == out.read_bytes()
    assert {source, out} == set(source.parent.iterdir())


@pytest.mark.usefixtures("_open_umask")
def test_what_is_written_is_for_this_user_alone(source: Path) -> None:
    """Also where a crash has left a file that is open to others."""
    out = source.with_name("out.jsonl")
    source.with_name(".out.jsonl.part").touch(0o666)
    write_transcript(out, b"content", source=source, force=False)

    assert 0o600 == S_IMODE(out.stat().st_mode)


def test_a_file_that_exists(source: Path) -> None:
    """Another file is replaced only by force, and the source not even then."""
    out = source.with_name("out.jsonl")
    out.write_bytes(b"before")
    with pytest.raises(OutputError, match="exists already; --force replaces it"):
        write_transcript(out, b"after", source=source, force=False)
    write_transcript(out, b"after", source=source, force=True)
    link = source.with_name("link.jsonl")
    link.symlink_to(source)
    for path in (source, link):
        with pytest.raises(OutputError, match="this is the transcript itself"):
            write_transcript(path, b"after", source=source, force=True)

    assert b"after" == out.read_bytes()
    assert () == verify_transcript(source).damages


def test_a_place_that_cannot_be_written(source: Path) -> None:
    """A folder that is not there is one line."""
    with pytest.raises(OutputError, match="cannot write: No such file"):
        write_transcript(
            source.parent / "none" / "o.jsonl", b"", source=source, force=False
        )
    folder = source.parent / "folder"
    folder.mkdir()
    with pytest.raises(OutputError, match="cannot write: Is a directory"):
        write_transcript(folder, b"", source=source, force=True)

    assert {source, folder} == set(source.parent.iterdir())
