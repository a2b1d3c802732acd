"""Overlays: what they say, and every mistake of a bad one."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.conversations import THREE, record
from rimebatch.errors import ManifestError, TranscriptError
from rimebatch.replay import read_recording
from rimebatch.replay.faults import (
    OPERATIONS,
    Corrupt,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Insert,
    Operation,
    Reject,
    Stall,
    Swap,
)
from rimebatch.replay.overlay import (
    Overlay,
    make_faults,
    read_overlay,
    read_replayable,
)

PAGE = Path(__file__).parents[2] / "docs/replay.md"

EVERYTHING = """\
faults: 1
base: takes/0001.jsonl
sha256: {digest}
do:
  - cut: {{at: "chunk@0.0001s", how: lost}}
  - cut: {{at: "recv[3]", code: 1011, reason: "going away"}}
  - drop: recv[3]
  - delay: {{at: first done, seconds: 2}}
  - stall: last chunk
  - duplicate: 17
  - swap: entry 17
  - corrupt: {{at: "recv[3]", byte: 12, to: "x"}}
  - corrupt: {{at: "recv[3]", truncate: 12}}
  - insert: {{before: "recv[3]", message: {{type: error, contextId: ~}}}}
  - insert:
      after: sent[1]
      text: '{{"type":"timestamps"}}'
  - reject: {{status: 429, headers: {{retry-after: "2"}}, body: "later"}}
"""

OPERATIONS_THERE: list[Operation] = [
    Cut("chunk@0.0001s", how="lost"),
    Cut("recv[3]", code=1011, reason="going away"),
    Drop("recv[3]"),
    Delay("first done", 2),
    Stall("last chunk"),
    Duplicate("17"),
    Swap("entry 17"),
    Corrupt("recv[3]", byte=12, to="x"),
    Corrupt("recv[3]", truncate=12),
    Insert(before="recv[3]", message={"type": "error", "contextId": None}),
    Insert(after="sent[1]", text='{"type":"timestamps"}'),
    Reject(429, headers={"retry-after": "2"}, body="later"),
]

DIGEST = "0" * 64


def write(folder: Path, content: str) -> Path:
    """Write an overlay to *folder* and return its path."""
    path = folder / "faults.yaml"
    path.write_text(content)
    return path


def read_mistakes(folder: Path, content: str) -> list[str]:
    """Return the mistakes of the overlay *content*, without the path of the file."""
    path = write(folder, content)
    with pytest.raises(ManifestError) as caught:
        read_overlay(path)
    return [mistake.removeprefix(f"{path}:") for mistake in caught.value.mistakes]


def test_every_operation_can_be_written(tmp_path: Path) -> None:
    """An overlay gives each operation with its fields, and where it stands."""
    path = write(tmp_path, EVERYTHING.format(digest=DIGEST))

    overlay = read_overlay(path)

    assert (tmp_path / "takes/0001.jsonl", DIGEST) == (overlay.base, overlay.sha256)
    assert OPERATIONS_THERE == [fault.operation for fault in overlay.faults]
    assert set(OPERATIONS.values()) == {type(f.operation) for f in overlay.faults}
    assert f"{path}:7:11: do[2].drop" == overlay.faults[2].where


def test_what_the_page_shows_can_be_written(tmp_path: Path) -> None:
    """The example of docs/replay.md is an overlay, each row of its table a fault."""
    page = PAGE.read_text().partition("## Faults as data")[2]
    example = page.partition("```yaml\n")[2].partition("```")[0]
    rows = re.findall(r"^\| `(\w+: .+?)` \|", page, re.MULTILINE)
    listed = "".join(f"- {row}\n" for row in rows)

    shown = read_overlay(write(tmp_path, example)).faults
    faults = read_overlay(write(tmp_path, f"faults: 1\ndo:\n{listed}")).faults

    assert [Delay, Cut] == [type(fault.operation) for fault in shown]
    assert set(OPERATIONS.values()) == {type(fault.operation) for fault in faults}


def test_base_and_digest_may_be_left_out(tmp_path: Path) -> None:
    """Faults alone are an overlay, too."""
    assert Overlay(None, None, ()) == read_overlay(write(tmp_path, "faults: 1\ndo: []"))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Each is one line with its place in the file, and in file order."""
    content = """\
faults: 1
base: 0001.jsonl
do:
- cut: {at: "recv[x]"}
- cut: {at: 1, code: 99}
- dorp: recv[1]
- drop: recv[1]
  stall: recv[1]
- delay: recv[1]
- corrupt: {at: 1, byte: 2}
- insert: {before: 1, before: 2, text: x}
- reject: {status: 429, headers: {a: [b]}}
- reject: {status: 429, body: }
- swap:
sha: 1
"""
    told = [
        '4:8: do[0].cut: "recv[x]" is no selector; write an entry number, recv[3]',
        "5:22: do[1].cut.code: expected `int` >= 1000; write it like cut: {at",
        '6:3: do[2].dorp: unknown operation; did you mean "drop"?',
        "7:3: do[3]: expected one operation; write it like drop: recv[3]",
        "9:10: do[4].delay: missing required field `seconds`; write it like",
        "10:12: do[5].corrupt: it is not clear what happens to the message; write",
        "11:23: do[6].insert.before: the key is already written at line 11; keep one",
        "12:34: do[7].reject.headers: expected `str`, got `array`; write it like",
        "13:25: do[8].reject.body: expected `str`, got `null`; write it like",
        "14:3: do[9].swap.at: expected `int | str`, got `null`; write it like",
    ]

    found = read_mistakes(tmp_path, content)

    assert "1:1: contains unknown field `sha`; write it like" in found[0]
    assert len(told) == len(found[1:])
    for start, line in zip(told, found[1:], strict=True):
        assert start == line[: len(start)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "1:1: expected keys and values at the top"),
        ("a: [", "2:1: cannot be read as YAML"),
        ("do: []", "1:1: missing required field `faults`"),
        ("faults: 2\ndo: []", "1:9: faults: invalid enum value 2"),
        ("faults: 1", "1:1: missing required field `do`"),
        ("faults: 1\ndo: x", "2:5: do: expected `array`, got `str`"),
        ("faults: 1\ndo: [x]", "2:6: do[0]: expected one operation"),
        ("faults: 1\nsha256: 0\ndo: []", "2:9: sha256: expected `str` matching regex"),
        ("faults: 1\ndo: []\ndo: []", "3:1: do: the key is already written at line 2"),
    ],
)
def test_the_top_is_checked(tmp_path: Path, content: str, told: str) -> None:
    """A file that is no overlay is told why."""
    [mistake] = read_mistakes(tmp_path, content)

    assert mistake.startswith(told)


def test_an_overlay_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is a mistake, too."""
    with pytest.raises(ManifestError, match=r"none.yaml:1:1: cannot be read: No such"):
        read_overlay(tmp_path / "none.yaml")


@given(content=st.text() | st.text(" \n-:{}[]1faultsdocutrecv"))
def test_any_text_is_an_overlay_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    """No file makes the reader fail in another way."""
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content.encode())
    with suppress(ManifestError):  # which is the other way
        read_overlay(path)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
)
fields = st.dictionaries(
    st.sampled_from(
        ["at", "before", "byte", "to", "text", "code", "seconds", "status"]
    ),
    plain | st.sampled_from(["recv[1]", "2"]),
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(list(OPERATIONS)), fields | plain, max_size=2),
        max_size=3,
    )
)
def test_any_data_is_faults_or_refused(written: list[dict[str, object]]) -> None:
    """No plain data makes the reader fail in another way."""
    try:
        faults = make_faults(written)
    except ManifestError as error:
        told = error.mistakes
    else:
        told = ()
        assert len(written) == len(faults)

    for mistake in told:
        assert re.match(r"faults\[\d+\].*: (?s:.)+; .+", mistake)


def test_faults_can_be_plain_data() -> None:
    """What stands in an overlay's list may be given as values of their own types."""
    number, cut = make_faults([{"drop": 17}, {"cut": {"at": 4, "code": 1011}}])

    assert (Drop(17), "faults[0].drop") == (number.operation, number.where)
    assert Cut(4, code=1011) == cut.operation


def test_mistakes_in_plain_data_are_told_at_once() -> None:
    """Each names its place in the list."""
    with pytest.raises(ManifestError) as caught:
        make_faults([{"drop": "x"}, {"drop": 1}, {"reject": {"status": "no"}}, {}])

    assert ["faults[0].drop", "faults[2].reject.status", "faults[3]"] == [
        mistake.partition(":")[0] for mistake in caught.value.mistakes
    ]


def test_a_transcript_is_replayed_as_it_is(tmp_path: Path) -> None:
    """What is no overlay by its name is a transcript."""
    path = record(tmp_path / "0001.jsonl", *THREE)

    assert read_recording(path) == read_replayable(path)


def test_an_overlay_is_replayed_over_its_base(tmp_path: Path) -> None:
    """The base lies beside the overlay, and has the digest that is written there."""
    base = record(tmp_path / "0001.jsonl", *THREE)
    digest = hashlib.sha256(base.read_bytes()).hexdigest()
    content = f"faults: 1\nbase: 0001.jsonl\nsha256: {digest}\ndo:\n- drop: recv[3]"

    recording = read_replayable(write(tmp_path, content))

    whole = read_recording(base)
    assert (*whole.steps[:5], *whole.steps[6:]) == recording.steps
    assert f"{base} + drop@recv[3]" == recording.name


def test_a_base_that_changed_is_told(tmp_path: Path) -> None:
    """Another file than the one that the faults were written for is not played."""
    record(tmp_path / "0001.jsonl", *THREE)
    content = f"faults: 1\nbase: 0001.jsonl\nsha256: {DIGEST}\ndo: []"

    with pytest.raises(ManifestError, match=r"0001.jsonl, which has changed; see that"):
        read_replayable(write(tmp_path, content))


def test_a_base_is_needed_to_replay(tmp_path: Path) -> None:
    """Faults alone cannot be played, nor can what is over nothing."""
    alone = write(tmp_path, "faults: 1\ndo: []")
    with pytest.raises(ManifestError, match="base is missing; name the transcript"):
        read_replayable(alone)

    over_nothing = write(tmp_path, "faults: 1\nbase: none.jsonl\ndo: []")
    with pytest.raises(TranscriptError, match=r"none.jsonl: cannot be read"):
        read_replayable(over_nothing)


def test_a_fault_that_finds_nothing_names_its_line(tmp_path: Path) -> None:
    """What does not fit the base is told with its place in the file."""
    record(tmp_path / "0001.jsonl", *THREE)
    path = write(tmp_path, "faults: 1\nbase: 0001.jsonl\ndo:\n- drop: recv[99]\n")

    with pytest.raises(ManifestError) as caught:
        read_replayable(path)

    told = f'{path}:4:9: do[0].drop: "recv[99]" finds nothing; there are 5 chunk'
    assert str(caught.value).startswith(told)
