"""The ledger of an output folder as a file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import OutputError
from rimebatch.recorder.ledger import Account, Amounts, JobEntry, JobState, RunEntry
from rimebatch.recorder.ledger_file import read_ledger, write_ledger

SEGMENT = Amounts(5, recorded_chars=5, sent_chars=5)
ONE = Amounts(17, reused_chars=5, recorded_chars=5, missing_chars=7, sent_chars=5)
TOTAL = ONE + Amounts(5, reused_chars=5)
ACCOUNT = Account(
    jobs={"one": JobState("failed", 17, 10, 7), "two": JobState("done", 5, 5, 0)},
    runs=(
        RunEntry(
            "2026-11-23T12:00:00Z", TOTAL, {"one": JobEntry(ONE, {2: SEGMENT})}, 3
        ),
    ),
    earlier=SEGMENT,
)

GOLDEN = """\
{
 "rimebatch_ledger": 1,
 "jobs": {
  "one": {
   "state": "failed",
   "planned_chars": 17,
   "on_record_chars": 10,
   "missing_chars": 7
  },
  "two": {
   "state": "done",
   "planned_chars": 5,
   "on_record_chars": 5,
   "missing_chars": 0
  }
 },
 "runs": [
  {
   "wall": "2026-11-23T12:00:00Z",
   "total": {
    "planned_chars": 22,
    "reused_chars": 10,
    "recorded_chars": 5,
    "missing_chars": 7,
    "sent_chars": 5,
    "wasted_chars": 0,
    "in_flight_chars": 0
   },
   "jobs": {
    "one": {
     "total": {
      "planned_chars": 17,
      "reused_chars": 5,
      "recorded_chars": 5,
      "missing_chars": 7,
      "sent_chars": 5,
      "wasted_chars": 0,
      "in_flight_chars": 0
     },
     "segments": {
      "2": {
       "planned_chars": 5,
       "reused_chars": 0,
       "recorded_chars": 5,
       "missing_chars": 0,
       "sent_chars": 5,
       "wasted_chars": 0,
       "in_flight_chars": 0
      }
     }
    }
   },
   "number": 3
  }
 ],
 "earlier": {
  "planned_chars": 5,
  "reused_chars": 0,
  "recorded_chars": 5,
  "missing_chars": 0,
  "sent_chars": 5,
  "wasted_chars": 0,
  "in_flight_chars": 0
 }
}
"""

NAMES = st.text("a1é", min_size=1)
AMOUNTS = st.builds(Amounts, *[st.integers(0, 10**12)] * 7)
JOBS = st.builds(JobEntry, AMOUNTS, st.dictionaries(st.integers(1, 10**6), AMOUNTS))
RUNS = st.builds(
    RunEntry,
    st.none() | NAMES,
    AMOUNTS,
    st.dictionaries(NAMES, JOBS),
    st.integers(0, 10**6),
)
ACCOUNTS = st.builds(
    Account,
    st.dictionaries(NAMES, st.from_type(JobState)),
    st.lists(RUNS, max_size=3).map(tuple),
    AMOUNTS,
)


def test_file(tmp_path: Path) -> None:
    """The file is the same in every release, and stands alone."""
    path = tmp_path / "new" / "ledger.json"

    write_ledger(path, ACCOUNT)

    assert GOLDEN == path.read_text()
    assert [path] == list(path.parent.iterdir())


@given(ACCOUNTS)
@settings(max_examples=50)
def test_round_trip(account: Account) -> None:
    """What is written can be read back, also over what was there."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.json"
        write_ledger(path, ACCOUNT)

        write_ledger(path, account)

        assert account == read_ledger(path)


def test_no_file(tmp_path: Path) -> None:
    """Before the first run there is nothing to tell."""
    found = read_ledger(tmp_path / "ledger.json")

    assert Account() == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a ledger, or damaged; move it away"),
        (b"[]", "not a ledger"),
        (b"{}", "not a ledger"),
        (GOLDEN.encode()[:-9], "not a ledger"),
        (b'{"rimebatch_ledger":1,"runs":7}', "not a ledger"),
        (b'{"rimebatch_ledger":1,"jobs":' + b"[" * 100_000, "not a ledger"),
        (b'{"rimebatch_ledger":2,"runs":7}', "ledger version 2; .* update"),
    ],
)
def test_not_a_ledger(tmp_path: Path, content: bytes, message: str) -> None:
    """What is no ledger is never read as an empty one, or a run would replace it."""
    path = tmp_path / "ledger.json"
    path.write_bytes(content)

    with pytest.raises(OutputError, match=message):
        read_ledger(path)


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    """No bytes whatever raise anything but the error that says so."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.json"
        path.write_bytes(content)

        with pytest.raises(OutputError):
            read_ledger(path)


def test_unreadable(tmp_path: Path) -> None:
    """A ledger that is there and cannot be read is an error."""
    with pytest.raises(OutputError, match="cannot be read: Is a directory"):
        read_ledger(tmp_path)


def test_unwritable(tmp_path: Path) -> None:
    """What stands in the way is named, and nothing is left behind."""
    path = tmp_path / "ledger.json"
    path.mkdir()

    with pytest.raises(OutputError, match="cannot write: Is a directory"):
        write_ledger(path, ACCOUNT)

    assert [path] == list(tmp_path.iterdir())
