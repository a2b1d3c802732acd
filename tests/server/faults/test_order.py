"""Faults of order, each on the wire."""

import pytest

from fakes.clients import Hear
from rimebatch.server.faults.edits import is_chunk
from rimebatch.server.faults.kinds import FaultKind, Place, SynthesisFault
from rimebatch.server.faults.order import FAULTS
from rimebatch.server.script import EndRun, Say, Script
from rimebatch.ws3.events import Done, ErrorEvent

FIRST = ["chunk a", "timestamps a", "chunk a", "done a"]
STRANGE = "somebody else's"

# What comes instead of "chunk b", "timestamps b", "chunk b", "done b".
SECOND = {
    "early-done": ["chunk b", "done b", "timestamps b", "chunk b", "done b"],
    "early-done=0": ["done b", "chunk b", "timestamps b", "chunk b", "done b"],
    "early-done=99": ["chunk b", "timestamps b", "chunk b", "2 done b"],
    "double-done": ["chunk b", "timestamps b", "chunk b", "2 done b"],
    "null-done": ["chunk b", "timestamps b", "chunk b", "done"],
    "no-done": ["chunk b", "timestamps b", "chunk b"],
    "stale-done": ["done a", "chunk b", "timestamps b", "chunk b", "done b"],
    "stale-audio": ["2 chunk a", "chunk b", "timestamps b", "chunk b", "done b"],
    "stale-audio=1": ["chunk a", "chunk b", "timestamps b", "chunk b", "done b"],
    "late-audio": ["chunk b", "timestamps b", "done b", "chunk b"],
    "late-audio=2": ["timestamps b", "done b", "2 chunk b"],
    "double-audio": ["2 chunk b", "timestamps b", "2 chunk b", "done b"],
    "no-audio": ["timestamps b", "done b"],
    "no-times": ["2 chunk b", "done b"],
    "double-times": ["chunk b", "2 timestamps b", "chunk b", "done b"],
    "late-times": ["2 chunk b", "done b", "timestamps b"],
    "error": ["chunk b", "error"],
    "error=0": ["error"],
    "error-then-done": ["chunk b", "error", "done b"],
    "error-then-audio": ["chunk b", "error", "timestamps b", "chunk b", "done b"],
    "error-after-done": ["chunk b", "timestamps b", "chunk b", "done b", "error"],
    "null-id": ["chunk", "timestamps", "chunk", "done"],
    "foreign-id": [f"{t} {STRANGE}" for t in ("chunk", "timestamps", "chunk", "done")],
    "long-id=3": [f"{t} xxx" for t in ("chunk", "timestamps", "chunk", "done")],
}


@pytest.mark.parametrize("fault", SECOND)
async def test_on_the_wire(hear: Hear, fault: str) -> None:
    """The second synthesis goes wrong as the table says, and the first does not."""
    name, _, value = fault.partition("=")
    heard = await hear(f"{name}@2={value}" if value else f"{name}@2")
    joined = [*FIRST, *SECOND[fault], "close 1000"]
    if fault == "stale-done":
        joined[3:5] = ["2 done a"]

    assert joined == heard.in_short


def test_every_fault_is_tried() -> None:
    """No fault of this module is without a line above."""
    assert FAULTS.keys() == {fault.partition("=")[0] for fault in SECOND}


@pytest.mark.parametrize("fault", ["stale-done", "stale-audio"])
async def test_nothing_before(hear: Hear, fault: str) -> None:
    """The first synthesis has none before it to bring back."""
    assert (await hear()).in_short == (await hear(f"{fault}@1")).in_short


@pytest.mark.parametrize("name", ["null-id", "foreign-id", "long-id"])
def test_events_of_other_faults(name: str) -> None:
    """What other faults have put in gets the id, too, if it has one at all."""
    error = Say(ErrorEvent("none"))
    steps = (Say(Done("a")), error, Say("text"))
    fault = FAULTS[name].make(Place(), None)
    assert isinstance(fault, SynthesisFault)
    changed = fault.change(Script(steps, "a"))

    assert Say(Done("a")) != changed[0]
    assert (error, Say("text")) == changed[1:]


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
def test_nothing_to_change(kind: FaultKind) -> None:
    """A synthesis without sound is changed as far as it goes, and does no harm."""
    fault = kind.make(Place(), None)
    assert isinstance(fault, SynthesisFault)
    steps = fault.change(Script((EndRun("a"),), "a", Script((EndRun("b"),), "b")))

    assert not any(map(is_chunk, steps))
