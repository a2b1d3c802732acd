"""Faults of the line, each on the wire."""

import pytest
import trio

from fakes.clients import Hear, listen
from fakes.sockets import open_socket
from rimebatch.server.faults.line import FAULTS
from rimebatch.ws3.commands import Eos, Flush, Text

FIRST = ["chunk a", "timestamps a", "chunk a", "done a"]
REST = ["timestamps b", "chunk b", "done b"]

SECOND = {
    "drop": ["chunk b", "lost"],
    "drop=0": ["lost"],
    "reset": ["chunk b", "lost"],
    "drop-mid-frame": ["chunk b", "lost"],
    "reset-mid-frame=0": ["lost"],
    "stall=0.1": ["chunk b", *REST, "close 1000"],
    "drip=0.00001": ["chunk b", *REST, "close 1000"],
    "pings=1000": ["chunk b", *REST, "close 1000"],
    "close": ["chunk b", "close 1011 fault: closed with 1011"],
    "close=4000": ["chunk b", "close 4000 fault: closed with 4000"],
    "close=1005": ["chunk b", "close 1005"],
}
SILENT = {
    "stall": ["chunk b"],
    "freeze": ["chunk b"],
    "drip=5": [],
    "ignore-close": ["chunk b", *REST],
}


def spec(fault: str) -> str:
    """Return *fault* for the second synthesis."""
    name, equals, value = fault.partition("=")
    return f"{name}@2{equals}{value}"


@pytest.mark.parametrize("fault", SECOND)
async def test_on_the_wire(hear: Hear, fault: str) -> None:
    """The second synthesis goes wrong as the table says, and the first does not."""
    heard = await hear(spec(fault))
    *expected, end = [*FIRST, *SECOND[fault]]
    if fault.startswith("reset"):  # it takes with it what has not been read yet
        expected = expected[: len(heard.in_short) - 1]

    assert [*expected, end] == heard.in_short


async def test_bad_utf8(hear: Hear) -> None:
    """A message that is not UTF-8 is the last that a client can bear."""
    heard = await hear("bad-utf8@2")

    assert FIRST == heard.in_short[:-1]
    # The service's own close may come before this side has sent one.
    assert heard.end in {"we close 1007", "close 1000"}


@pytest.mark.parametrize("fault", SILENT)
async def test_silence(hear: Hear, fault: str) -> None:
    """Nothing comes any more, and no close either."""
    heard = await hear(spec(fault), patience_s=1)

    assert [*FIRST, *SILENT[fault], "silence"] == heard.in_short


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ("drop", b"whole"),
        ("drop-mid-frame", b"half"),
        ("reset", b"reset"),
        ("reset-mid-frame", b"reset"),
    ],
)
async def test_how_it_is_lost(url: str, fault: str, ending: bytes) -> None:
    """The line ends in good order or by a reset, behind a frame or within one."""
    async with open_socket(url, f"{fault}@1") as client:
        await client.say(Text("One two."), Flush())

        assert ending == await client.read_to_the_end()


@pytest.mark.parametrize(
    ("fault", "pongs"),
    [("stall@1", True), ("ignore-close@1", True), ("freeze@1", False)],
)
async def test_ping(url: str, fault: str, pongs: bool) -> None:
    """A ping is answered, but for a line that is as good as unplugged."""
    async with open_socket(url, fault) as client:
        await client.say(Text("One two."), Flush())
        await client.read_frame()

        assert pongs == await client.is_answered(b"\x89\x80" + bytes(4), by=b"\x8a")


@pytest.mark.parametrize(
    ("fault", "closes"),
    [("stall@1", True), ("ignore-close@1", False), ("freeze@1", False)],
)
async def test_close_of_the_client(url: str, fault: str, closes: bool) -> None:
    """A close is answered, but where that is the fault."""
    async with open_socket(url, fault) as client:
        await client.say(Text("One two."), Flush())
        await client.read_frame()

        assert closes == await client.is_answered(b"\x88\x80" + bytes(4), by=b"\x88")


async def test_pings(url: str) -> None:
    """As many pings come as were asked for."""
    async with open_socket(url, "pings@1=500") as client:
        await client.say(Text("One two."), Eos())
        frames = await client.read_frames()

    assert 500 == frames.count(b"\x89")


async def test_others_go_on(url: str) -> None:
    """A line that is stuck holds up nobody else."""
    target = f"{url}?speaker=luna&segment=never&audioFormat=pcm"
    async with open_socket(url, "freeze@1") as client:
        await client.say(Text("One two."), Flush())
        await client.read_frame()
        with trio.fail_after(5):
            heard = await trio.to_thread.run_sync(listen, target, Text("One."), Eos())

    assert "close 1000" == heard.end


def test_every_fault_is_tried() -> None:
    """No fault of this module is without a line above."""
    tried = SECOND.keys() | SILENT.keys() | {"bad-utf8"}

    assert FAULTS.keys() == {fault.partition("=")[0] for fault in tried}
