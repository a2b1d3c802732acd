"""The table of all faults, and how one is asked for."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.server.faults import FAULTS, HandshakeFault, parse_fault
from rimebatch.server.faults.kinds import FaultKind, Place

SERVE_MD = Path(__file__).parents[3] / "docs" / "serve.md"


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
def test_every_fault(kind: FaultKind) -> None:
    """Every fault can be asked for by its name alone, and says in a line what it is."""
    fault = parse_fault(kind.name)

    assert Place() == fault.place
    assert kind.opens == isinstance(fault, HandshakeFault)
    assert re.fullmatch(r"[A-Z`].*\.", kind.summary)
    assert not kind.metavar or kind.metavar in kind.summary


def test_documented() -> None:
    """The table in docs/serve.md is this one, row for row."""
    rows = re.findall(
        r"^\| `([a-z0-9-]+)(?:=([A-Z]+))?` \| (?:`([^`]+)`)? *\| (.+) \|$",
        SERVE_MD.read_text(encoding="utf-8"),
        re.MULTILINE,
    )

    assert [
        (kind.name, kind.metavar, kind.default, kind.summary)
        for kind in FAULTS.values()
    ] == rows


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("drop", Place()),
        ("drop=3", Place()),
        ("drop@2", Place(None, 2)),
        ("drop@7.2", Place(7, 2)),
        ("drop@2=3", Place(None, 2)),
        ("drop@7.2=3", Place(7, 2)),
        ("status@2=500", Place(2)),
        ("redirect@2=ws://a@b=c", Place(2)),
    ],
)
def test_place(spec: str, place: Place) -> None:
    """A place is the number of a synthesis, with or without that of a connection."""
    assert place == parse_fault(spec).place


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("", "there is none of this name"),
        ("nothing-like-it", "there is none of this name"),
        ("dorp", "did you mean 'drop'?"),
        ("Drop", "did you mean 'drop'?"),
        ("drop@", "it is written NAME[@WHERE][=VALUE]"),
        ("drop@x", "it is written NAME[@WHERE][=VALUE]"),
        ("drop@1.2.3", "it is written NAME[@WHERE][=VALUE]"),
        ("drop@-1", "it is written NAME[@WHERE][=VALUE]"),
        ("drop=", "CHUNKS is a number from 0 to 999999999"),
        ("drop=x", "CHUNKS is a number from 0 to 999999999"),
        ("close=999", "CODE is a number from 1000 to 4999"),
        ("no-times=1", "it takes no value, and '1' is one"),
        ("status@1.2", "its WHERE is the number of a connection, and no more"),
        ("status=200", "CODE is a number from 400 to 599"),
    ],
)
def test_mistakes(spec: str, reason: str) -> None:
    """What is no fault is named, with what would be one."""
    with pytest.raises(ValueError, match=re.escape(f"fault {spec!r}: {reason}")):
        parse_fault(spec)


@given(st.text() | st.from_regex(r"[a-z-]+(@\d+)?(=.*)?", fullmatch=True))
def test_any_text(spec: str) -> None:
    """Any text is a fault or a mistake of one line."""
    try:
        lines = 1
        parse_fault(spec)
    except ValueError as error:
        lines = len(str(error).splitlines())

    assert 1 == lines
