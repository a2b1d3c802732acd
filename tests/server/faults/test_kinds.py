"""What a fault is: a name, a value, a place, and a function."""

import pytest
import trio

from rimebatch.server.connection import Connection
from rimebatch.server.faults.kinds import (
    NOTHING,
    FaultTable,
    HandshakeFault,
    Place,
    SynthesisFault,
    count,
    header,
    seconds,
)
from rimebatch.server.script import Rest, Script, Steps

TABLE = FaultTable()
NO_SCRIPT = Script((), None)


@TABLE.plain
def no_steps(_script: Script) -> Steps:
    """There are none.

    Nobody reads this.
    """
    return ()


@TABLE.valued(seconds(1.5))
def one_rest(_script: Script, seconds: float) -> Steps:
    """There is one, of SECONDS."""
    return (Rest(seconds),)


@TABLE.opening(NOTHING)
async def at_the_door(_client: Connection, _: None) -> None:
    """Nothing is done."""
    await trio.lowlevel.checkpoint()


def test_rows() -> None:
    """A fault is called what its function is, and says what its first line says."""
    rows = [
        (kind.name, kind.metavar, kind.default, kind.summary, kind.opens)
        for kind in TABLE.values()
    ]

    assert [
        ("no-steps", "", "", "There are none.", False),
        ("one-rest", "SECONDS", "1.5", "There is one, of SECONDS.", False),
        ("at-the-door", "", "", "Nothing is done.", True),
    ] == rows


def test_function_stays() -> None:
    """A function that has become a fault is still one."""
    assert ((), (Rest(7),)) == (no_steps(NO_SCRIPT), one_rest(NO_SCRIPT, 7))


@pytest.mark.parametrize(("text", "taken_s"), [(None, 1.5), ("0", 0), ("2.5e1", 25)])
def test_value(text: str | None, taken_s: float) -> None:
    """A value is the one that is given, or the default."""
    fault = TABLE["one-rest"].make(Place(), text)
    assert isinstance(fault, SynthesisFault)

    assert (Rest(taken_s),) == fault.change(NO_SCRIPT)


def test_no_value() -> None:
    """A fault without a value takes none."""
    with pytest.raises(ValueError, match=r"^it takes no value, and '5' is one$"):
        TABLE["no-steps"].make(Place(), "5")


def test_opening() -> None:
    """A fault of the handshake is something else than one of a synthesis."""
    fault = TABLE["at-the-door"].make(Place(3), None)

    assert isinstance(fault, HandshakeFault)
    assert [False, False, True] == [fault.place.is_on(number) for number in (1, 2, 3)]


def test_everywhere() -> None:
    """Without a place a fault is at every synthesis of every connection."""
    fault = SynthesisFault(Place(), no_steps)

    assert all(fault.place.is_on(number) and fault.is_at(number) for number in (1, 99))


def test_at_a_synthesis() -> None:
    """With one it is at that one."""
    fault = SynthesisFault(Place(synthesis=2), no_steps)

    assert [False, True, False] == [fault.is_at(number) for number in (1, 2, 3)]


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e999"])
def test_no_seconds(text: str) -> None:
    """A time is a number, and not an endless one."""
    with pytest.raises(ValueError, match=r"^SECONDS is a number, 0 or above$"):
        seconds(1.0).read(text)


@pytest.mark.parametrize(
    "text", ["", "x", "-1", " 1", "1_0", "1.0", "5", "²", "9" * 5000]
)
def test_no_count(text: str) -> None:
    """A count is made of digits, and within its range."""
    with pytest.raises(ValueError, match=r"^THINGS is a number from 0 to 4$"):
        count("THINGS", 1, range(5)).read(text)


def test_count() -> None:
    """A count may be anything up to a thousand million, if nothing else is said."""
    assert [0, 999_999_999] == [count("N", 1).read(text) for text in ("0", "999999999")]


@pytest.mark.parametrize("text", ["a\r\nb", "é", "\x00"])
def test_no_header(text: str) -> None:
    """What is sent as a header cannot begin another one."""
    with pytest.raises(ValueError, match=r"^URL is printable ASCII$"):
        header("URL", "").read(text)


def test_header() -> None:
    """Anything else can be one."""
    assert "Mon, 1 Jan" == header("WHEN", "").read("Mon, 1 Jan")
