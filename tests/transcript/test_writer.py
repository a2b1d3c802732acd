"""Tests of `rimebatch.transcript.writer`."""

import json
import os
import traceback
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from stat import S_IMODE

import msgspec
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from fakes.disks import largest_file
from rimebatch.errors import OutputError, SecretError, SynthesisError
from rimebatch.transcript.entries import (
    Header,
    TakeRecord,
    Trailer,
    decode_checked,
    decode_entry,
    encode_checked,
)
from rimebatch.transcript.redactor import Redactor
from rimebatch.transcript.sums import LineSums, Sums
from rimebatch.transcript.writer import FLUSH_BYTES, Span, TranscriptWriter
from rimebatch.ws3.takes import EndedTake, TakeEnd

KEY = "rime-canary-4711"

RecordTake = Callable[[TranscriptWriter, str, Sequence[str]], TakeRecord]

_ANY_MESSAGE = st.text(st.characters(exclude_categories=()), max_size=20) | (
    st.sampled_from(
        [
            '{"type":"chunk","data":"AAAA","contextId":"a"}',
            '{"type":"error","message":"no such speaker"}',
            '{"type":"chunk",\n"data":"AQID"}',
            '{"type":"done"}',
        ]
    )
)


@pytest.fixture
def writer(tmp_path: Path, make_header: Callable[[int], Header]) -> TranscriptWriter:
    """Return a writer whose clock says 100, 200, 300 and so on."""
    ticks = count(100, 100)
    return TranscriptWriter(tmp_path / "0001.jsonl", make_header(1), ticks.__next__)


@pytest.fixture
def guarded(tmp_path: Path, make_header: Callable[[int], Header]) -> TranscriptWriter:
    """Return a writer that hides text and knows a credential."""
    redactor = Redactor("hash", (KEY,))
    return TranscriptWriter(tmp_path / "0001.jsonl", make_header(1), int, redactor)


def read_lines(writer: TranscriptWriter) -> list[bytes]:
    """Return the lines that are on disk after the header."""
    return writer.path.read_bytes().splitlines(keepends=True)[1:]


@pytest.mark.usefixtures("_open_umask")
def test_for_this_user_alone(
    tmp_path: Path, make_header: Callable[[int], Header]
) -> None:
    """What was spoken may be confidential: nobody else can read the file."""
    with TranscriptWriter(tmp_path / "0001.jsonl", make_header(1), int) as writer:
        pass

    assert 0o600 == S_IMODE(writer.path.stat().st_mode)


def put_on_full_disk(writer: TranscriptWriter) -> None:
    """Make a device that is always full of the open file."""
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._file.fileno())
    os.close(full)


def test_header_comes_first(
    writer: TranscriptWriter, make_header: Callable[[int], Header]
) -> None:
    """The file begins with the header, and the first entry comes right behind."""
    position = writer.position
    writer.flush()

    assert make_header(1).encode() == writer.path.read_bytes()
    assert len(make_header(1).encode()) == position

    writer.seal()


def test_entries_stand_in_order(writer: TranscriptWriter) -> None:
    """Each thing that happens is one line, numbered and timed, under its name."""
    with writer:
        writer.opened(101, {"server": "x"})
        writer.sent('{"operation":"eos"}')
        writer.received('{"type": "done"}')
        writer.received("not JSON")
        writer.received_binary(b"\0\xff")
        writer.ping("client", b"\1")
        writer.pong("server", b"\1")
        writer.closed("server", 1005, "")
        writer.lost("server", "reset")
        writer.refused(429, {}, "limit")
        writer.flush()

        assert [
            b'{"n":1,"t":100,"opened":{"status":101,"headers":{"server":"x"}}}\n',
            b'{"n":2,"t":200,"sent":{"operation":"eos"}}\n',
            b'{"n":3,"t":300,"received":{"type": "done"}}\n',
            b'{"n":4,"t":400,"received_text":"not JSON"}\n',
            b'{"n":5,"t":500,"received_binary":"AP8="}\n',
            b'{"n":6,"t":600,"ping":{"by":"client","payload":"01"}}\n',
            b'{"n":7,"t":700,"pong":{"by":"server","payload":"01"}}\n',
            b'{"n":8,"t":800,"closed":{"by":"server","code":1005,"reason":""}}\n',
            b'{"n":9,"t":900,"lost":{"by":"server","how":"reset"}}\n',
            b'{"n":10,"t":1000,"refused":{"status":429,"headers":{},"body":"limit"}}\n',
        ] == read_lines(writer)


def test_span_is_where_the_entry_lies(writer: TranscriptWriter) -> None:
    """A span holds the number of an entry and its bytes in the file."""
    with writer:
        writer.sent('{"text":"a"}')
        writer.flush()
        start = writer.position
        span = writer.received('"é"')
        writer.flush()

        assert Span(2, start, writer.position) == span
        assert (
            '{"n":2,"t":200,"received":"é"}\n'.encode()
            == (writer.path.read_bytes()[span.start : span.end])
        )


@given(reads=st.lists(st.lists(_ANY_MESSAGE, max_size=5), max_size=4))
def test_received_at_once(
    tmp_path_factory: pytest.TempPathFactory,
    make_header: Callable[[int], Header],
    reads: list[list[str]],
) -> None:
    """Messages of one read are recorded as they would be one by one, at one time."""
    folder = tmp_path_factory.mktemp("reads")
    redactor = Redactor("hash")
    now_ns = [0]

    def clock_ns() -> int:
        return now_ns[0]

    header = make_header(1)
    at_once = TranscriptWriter(folder / "0001.jsonl", header, clock_ns, redactor)
    singly = TranscriptWriter(folder / "0002.jsonl", header, clock_ns, redactor)
    with at_once, singly:
        for messages in reads:
            now_ns[0] += 1
            spans = [singly.received(message) for message in messages]

            assert spans == at_once.received_at_once(messages, [False] * len(messages))
            assert singly.ping("server", b"!") == at_once.ping("server", b"!")

    assert singly.path.read_bytes() == at_once.path.read_bytes()


def test_one_read_has_one_time(writer: TranscriptWriter) -> None:
    """The clock is read once for all messages that came together."""
    with writer:
        writer.sent('"a"')
        first, second = writer.received_at_once(['"b"', "é"], [False, False])
        writer.flush()
        content = writer.path.read_bytes()

        assert b'{"n":2,"t":200,"received":"b"}\n' == content[first.start : first.end]
        assert (
            b'{"n":3,"t":200,"received_text":"\\u00e9"}\n'
            == (content[second.start : second.end])
        )
        assert Span(1, content.index(b'{"n":1,'), first.start) == writer.last_sent


def test_credential_in_one_of_many(guarded: TranscriptWriter) -> None:
    """Of messages that came together none is written if one has a credential."""
    messages = ['{"type":"done"}', f'{{"type":"{KEY}"}}', '"c"']
    guarded.received_at_once(messages, [False] * 3)
    with pytest.raises(SecretError, match="entries 0 to 3, and none of it was written"):
        guarded.seal()

    assert b"" == guarded.path.read_bytes()


def test_appends_stay_in_memory(writer: TranscriptWriter) -> None:
    """Recording alone does not touch the file; a flush writes all of it."""
    with writer:
        writer.received('"a"')

        assert b"" == writer.path.read_bytes()

        writer.flush()

        assert [b'{"n":1,"t":100,"received":"a"}\n'] == read_lines(writer)


def test_flush_if_large(writer: TranscriptWriter) -> None:
    """A buffer is written out once it is large enough, not before."""
    with writer:
        writer.received(f'"{"a" * (FLUSH_BYTES - 1000)}"')
        writer.flush_if_large()

        assert b"" == writer.path.read_bytes()

        writer.received(f'"{"a" * 1000}"')
        writer.flush_if_large()

        assert 2 == len(read_lines(writer))


def test_commit_covers_the_take(writer: TranscriptWriter) -> None:
    """A commit says what the take is, and holds the digest of its bytes."""
    with writer:
        writer.opened(101, {})
        start = writer.position
        writer.received('"a"')
        end = writer.position
        take = EndedTake("ch01:s1", TakeEnd.CLOSE, 8, "1d", before_this_event=False)
        record = writer.commit(take, segment="s1", chars=5, start=start, end=end)
        covered = writer.path.read_bytes()[start:end]

    expected = TakeRecord(
        segment="s1",
        context_id="ch01:s1",
        id="1d",
        start=start,
        end=end,
        digest=xxhash.xxh3_128_hexdigest(covered),
        ended="close",
        inferred=True,
        audio_bytes=8,
        chars=5,
    )

    assert b'{"n":2,"t":200,"received":"a"}\n' == covered
    assert expected == record


def test_commit_is_on_disk(writer: TranscriptWriter, record_take: RecordTake) -> None:
    """Once a take is committed, it and its commit are in the file."""
    with writer:
        record = record_take(writer, "s1", ['"a"'])
        writer.sync()
        fields = json.loads(read_lines(writer)[-1])

    assert fields["take"].pop("check")
    assert msgspec.to_builtins(record) == fields["take"]


def test_withdrawn_take(writer: TranscriptWriter, record_take: RecordTake) -> None:
    """A take that is taken back is no longer listed; its entries stay."""
    cut = record_take(writer, "one", ["a"])
    kept = record_take(writer, "two", ["b"])
    writer.withdraw(cut)
    writer.seal()
    *_, withdrawn, sealed = read_lines(writer)

    assert withdrawn.split(b'"withdrawn":')[1] == encode_checked(cut) + b"}\n"
    assert (kept,) == decode_checked(decode_entry(sealed, 0).value, Trailer).takes


def sums_of(lines: list[bytes]) -> Sums:
    """Return the sums of *lines*."""
    counted = LineSums()
    counted.add(*lines)
    return counted.sums


def test_trailer_seals(writer: TranscriptWriter, record_take: RecordTake) -> None:
    """The last line counts the entries, lists the takes and vouches for all bytes."""
    with writer:
        writer.opened(101, {})
        records = [record_take(writer, segment, ['"a"']) for segment in ("s1", "s2")]
    *before, last = writer.path.read_bytes().splitlines(keepends=True)
    fields = json.loads(last)

    assert 8 == fields["n"]
    assert fields["sealed"].pop("check")
    assert {
        "entries": 7,
        "takes": msgspec.to_builtins(records),
        "sums": list(sums_of(before)),
    } == fields["sealed"]


def test_sealing_twice(writer: TranscriptWriter) -> None:
    """A sealed transcript stays as it is."""
    writer.seal()
    once = writer.path.read_bytes()
    with writer:
        writer.seal()

    assert once == writer.path.read_bytes()


def test_sealed_on_the_way_out_of_an_error(writer: TranscriptWriter) -> None:
    """Whatever happens, the transcript is sealed, and the error goes on its way."""

    def record_and_fail() -> None:
        with writer:
            writer.lost("server", "a bug")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()

    assert [b'"lost"', b'"sealed"'] == [
        line.split(b",")[2].partition(b":")[0] for line in read_lines(writer)
    ]


def test_existing_file(
    writer: TranscriptWriter, make_header: Callable[[int], Header]
) -> None:
    """A transcript is never written over another file."""
    writer.seal()
    before = writer.path.read_bytes()
    with pytest.raises(OutputError, match=r"0001\.jsonl: .*File exists"):
        TranscriptWriter(writer.path, make_header(1), count().__next__)

    assert before == writer.path.read_bytes()


def test_missing_folder(tmp_path: Path, make_header: Callable[[int], Header]) -> None:
    """A file that cannot be made is an output error."""
    with pytest.raises(OutputError, match="No such file or directory"):
        TranscriptWriter(tmp_path / "no" / "0001.jsonl", make_header(1), int)


def test_disk_full_in_the_middle_of_a_line(
    writer: TranscriptWriter, record_take: RecordTake
) -> None:
    """What a full disk cuts off is written behind it once there is room again."""
    record_take(writer, "s1", ['"a"'])
    writer.received(f'"{"b" * 100}"')
    room = writer.position - 50
    with largest_file(room), pytest.raises(OutputError, match="File too large"):
        writer.flush()
    size = writer.path.stat().st_size
    writer.seal()
    *before, last = writer.path.read_bytes().splitlines(keepends=True)

    assert room == size
    assert f'{{"n":4,"t":400,"received":"{"b" * 100}"}}\n'.encode() == before[-1]
    assert list(sums_of(before)) == json.loads(last)["sealed"]["sums"]


def test_disk_full_at_the_commit(
    writer: TranscriptWriter, record_take: RecordTake
) -> None:
    """A take whose bytes could not be written is not committed."""
    with (
        largest_file(writer.position + 20),
        pytest.raises(OutputError, match="File too large"),
    ):
        record_take(writer, "s1", ['"a"'])
    writer.seal()

    assert [] == json.loads(read_lines(writer)[-1])["sealed"]["takes"]


def test_disk_full_at_the_end(writer: TranscriptWriter) -> None:
    """A seal that cannot be written is an output error, and the file is closed."""
    put_on_full_disk(writer)
    with pytest.raises(OutputError, match="No space left on device"), writer:
        writer.lost("server", "reset")
    writer.seal()

    assert writer._file.closed


def test_file_that_cannot_be_synced(
    writer: TranscriptWriter, record_take: RecordTake
) -> None:
    """A sync that the system refuses is an output error; nothing is vouched for."""
    record_take(writer, "s1", ['"a"'])
    before = writer.path.read_bytes()
    put_on_full_disk(writer)
    with pytest.raises(OutputError, match="Invalid argument"):
        writer.sync()
    writer.seal()

    assert writer._file.closed
    assert before == writer.path.read_bytes()


def test_file_that_cannot_be_read_back(writer: TranscriptWriter) -> None:
    """A take whose bytes cannot be read back is not committed."""
    end = writer.position
    writer.flush()
    put_on_full_disk(writer)
    take = EndedTake("ch01:s1", TakeEnd.DONE, 2, "1d", before_this_event=False)
    with pytest.raises(OutputError, match="Bad file descriptor"):
        writer.commit(take, segment="s1", chars=5, start=0, end=end)
    with pytest.raises(OutputError):
        writer.seal()


def test_text_is_hidden(guarded: TranscriptWriter) -> None:
    """What is recorded is what the redactor makes of it; reasons are hidden, too."""
    messages = ('{"text":"Ishmael"}', '{"type":"done"}', "Call me Ishmael.")
    with guarded:
        guarded.sent(messages[0])
        guarded.received(messages[1])
        guarded.received(messages[2])
        guarded.closed("server", 1008, "no Ishmael")
    sent, done, other, closed, _ = read_lines(guarded)
    text, _, words = map(guarded.redactor.redact, messages)

    assert f'{{"n":1,"t":0,"sent":{text}}}\n'.encode() == sent
    assert b'{"n":2,"t":0,"received":{"type":"done"}}\n' == done
    assert f'{{"n":3,"t":0,"received_text":"{words}"}}\n'.encode() == other
    assert guarded.redactor.hide("no Ishmael").encode() in closed
    assert b"Ishmael" not in guarded.path.read_bytes()


def test_credential(guarded: TranscriptWriter, record_take: RecordTake) -> None:
    """What stands beside a credential is never written; what stood before stays."""
    record_take(guarded, "s1", ['"a"'])
    before = guarded.path.read_bytes()
    guarded.received('{"type":"done"}')
    guarded.ping("server", b"")
    guarded.opened(101, {"server": KEY})
    with pytest.raises(SecretError) as caught:
        guarded.flush()
    with pytest.raises(SecretError):
        guarded.flush()
    guarded.seal()

    assert str(caught.value).startswith(f"{guarded.path}: ")
    assert "entries 4 to 6, and none of it was written" in str(caught.value)
    assert KEY not in str(caught.value)
    assert before == guarded.path.read_bytes()


def test_credential_in_the_header(
    tmp_path: Path, make_header: Callable[[int], Header]
) -> None:
    """The first line is searched as well."""
    header = msgspec.structs.replace(make_header(1), endpoint=f"ws://host/{KEY}")
    redactor = Redactor(secrets=(KEY,))
    writer = TranscriptWriter(tmp_path / "0001.jsonl", header, int, redactor)
    with pytest.raises(SecretError, match="entries 0 to 0"):
        writer.seal()

    assert b"" == writer.path.read_bytes()


def test_credential_in_an_error(guarded: TranscriptWriter) -> None:
    """An error that quotes the credential is not shown beside the one about it."""

    def record_and_fail() -> None:
        with guarded:
            guarded.received_binary(KEY.encode())
            raise SynthesisError(f"the service answered: {KEY}")

    with pytest.raises(SecretError) as caught:
        record_and_fail()
    shown = "".join(traceback.format_exception(caught.value))

    assert b"" == guarded.path.read_bytes()
    assert "the service answered" not in shown


@given(before=st.lists(st.integers(0, 60), max_size=5), size=st.integers(0, 60))
def test_credential_beside_other_flushes(
    tmp_path_factory: pytest.TempPathFactory,
    make_header: Callable[[int], Header],
    before: list[int],
    size: int,
) -> None:
    """However much was written before, no byte of a credential is."""
    path = tmp_path_factory.mktemp("flushes") / "0001.jsonl"
    writer = TranscriptWriter(path, make_header(1), int, Redactor(secrets=(KEY,)))
    for count_chars in before:
        writer.received("x" * count_chars)
        writer.flush()
    written = path.read_bytes()
    writer.received(f"{'x' * size}{KEY}")
    with pytest.raises(SecretError):
        writer.seal()

    assert written == path.read_bytes()


def test_credential_behind_a_full_disk(
    tmp_path: Path, make_header: Callable[[int], Header]
) -> None:
    """The rest of a line that was cut off is not written beside a credential either."""
    path = tmp_path / "0001.jsonl"
    writer = TranscriptWriter(path, make_header(1), int, Redactor(secrets=(KEY,)))
    with largest_file(writer.position - 50), pytest.raises(OutputError):
        writer.flush()
    size = path.stat().st_size
    writer.received(KEY)
    with pytest.raises(SecretError):
        writer.seal()

    assert size == path.stat().st_size
