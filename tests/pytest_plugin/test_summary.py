"""What a run came to, in the terminal and from several processes."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.recordings import farewell, make, take
from fakes.suites import Suite
from rimebatch.pytest_plugin.summary import (
    Tally,
    pytest_sessionfinish,
    pytest_testnodedown,
    tally_of,
)

REPLAYED = "async def test_{0}(ws3_transcript): await speak({1})\n"
SPEAK = "ws3_transcript.connect, 'one'"

orphans = st.none() | st.lists(st.sampled_from("abc"), unique=True)
tallies = st.builds(Tally, st.integers(0, 9), st.integers(0, 9), orphans=orphans)


@dataclass
class Worker:
    """A worker of pytest-xdist, as its controller sees it."""

    config: pytest.Config
    workeroutput: dict[str, object]


@given(tallies, tallies)
def test_counts_are_added(one: Tally, other: Tally) -> None:
    """Tests of two processes are added up; an orphan is one to both."""
    known = [t.orphans for t in (one, other) if t.orphans is not None]
    total = Tally()
    total.add(one)
    total.add(other)

    assert one.replayed + other.replayed == total.replayed
    assert one.recorded + other.recorded == total.recorded
    assert (set[str].intersection(*map(set, known)) if known else None) == (
        None if total.orphans is None else set(total.orphans)
    )


def test_nothing_to_tell(suite: Suite) -> None:
    """A run without any test that speaks ws3 has no section."""
    suite.write("def test_one():\n    pass\n")

    suite.run().stdout.no_fnmatch_line("*= ws3 =*")


def test_what_is_told(suite: Suite) -> None:
    """The section has the counts, and how long that would have taken."""
    suite.put("test_good")
    suite.put("test_bad")
    suite.put("test_early")
    suite.put("test_gone")
    suite.write(
        REPLAYED.format("good", SPEAK)
        + REPLAYED.format("bad", "ws3_transcript.connect, 'two'")
        + "def test_early(ws3_transcript): pass\n"
    )
    result = suite.run()

    result.stdout.fnmatch_lines(
        [
            "*= ws3 =*",
            "3 replayed, 1 failed to replay, 1 unplayed, 1 orphaned",
            "0.4?0 s of conversation in *.* s",
            "orphaned: transcripts?test_it?test_gone.jsonl",
        ]
    )


@pytest.mark.parametrize(
    ("options", "exit_code", "is_told"),
    [
        ((), 0, True),
        (("--ws3-orphans=ignore",), 0, False),
        (("--ws3-orphans=fail",), 1, True),
        (("--ws3-orphans=fail", "-k", "one"), 0, False),
        (("--ws3-orphans=fail", "-m", "not ws3"), 0, False),
        (("--ws3-orphans=fail", "test_it.py::test_one"), 0, False),
        (("--ws3-orphans=fail", "--collect-only"), 0, False),
    ],
)
def test_orphans(
    suite: Suite, options: tuple[str, ...], exit_code: int, is_told: bool
) -> None:
    """They are told unless that is unwanted, or only some of the tests were wanted."""
    suite.put("test_one")
    suite.put("test_gone")
    suite.write(REPLAYED.format("one", SPEAK))
    result = suite.run(*options)

    assert exit_code == result.ret
    assert is_told == ("orphaned: " in result.stdout.str())


def test_orphans_of_modules(suite: Suite) -> None:
    """What belonged to a module that is gone is told; other modules are left alone."""
    suite.put("test_one")
    suite.put("../test_gone/test_one")
    suite.put("../test_other/test_one")
    (suite.folder / "test_other.py").touch()
    suite.write(REPLAYED.format("one", SPEAK))
    told = suite.run("test_it.py").stdout.str()

    assert "1 replayed, 1 orphaned\n" in told
    assert "test_gone" in told


def test_what_is_asked_for_by_a_call_is_owned(suite: Suite) -> None:
    """A test owns its transcript even if its fixtures do not say so."""
    suite.put("test_one")
    suite.put("test_two")
    suite.write(
        REPLAYED.format("two", SPEAK) + "def test_one(request):\n"
        "    played = request.getfixturevalue('ws3_transcript')\n"
        "    trio.run(speak, played.connect, 'one', clock=played.clock)\n"
    )

    suite.run().stdout.fnmatch_lines(["2 replayed"])


def test_a_worker_tells_its_controller(suite: Suite) -> None:
    """What a worker puts out at its end is added to what the controller has."""
    controller, config = suite.configure(), suite.configure()
    worker = Worker(controller, {})
    config.workeroutput = worker.workeroutput  # type: ignore[attr-defined]  # xdist's
    tally_of(config).count(diverged=(), unplayed=("a line",))
    pytest_sessionfinish(pytest.Session.from_config(config))
    for _ in range(2):
        pytest_testnodedown(worker)
    pytest_testnodedown(object())

    assert Tally(replayed=2, unplayed=2) == tally_of(controller)


def test_beside_xdist(suite: Suite) -> None:
    """What workers counted is added up, and what they found told once."""
    for name in ("a", "b", "c"):
        suite.put(f"test_{name}")
    suite.put("test_gone", make(*take("two"), *farewell()))
    suite.write("".join(REPLAYED.format(name, SPEAK) for name in ("a", "b", "c")))
    result = suite.run_outside("-n", "2", "--ws3-orphans=fail")

    assert 1 == result.ret
    result.stdout.fnmatch_lines(["3 replayed, 1 orphaned", "1.080 s of conversation*"])


def test_a_worker_that_crashed(suite: Suite) -> None:
    """It has put out nothing, and nothing is added."""
    suite.put("test_one")
    suite.write("import os\n" + REPLAYED.format("one", SPEAK) + "    os._exit(1)\n")
    result = suite.run_outside("-n", "1", "--max-worker-restart=0")

    assert 1 == result.ret
    result.stdout.no_fnmatch_line("*= ws3 =*")


def test_a_tally_is_one_for_each_run(suite: Suite) -> None:
    """Whoever asks for the tally of a run gets the same one."""
    config = suite.configure()
    tally_of(config).recorded += 1

    assert 1 == tally_of(config).recorded
