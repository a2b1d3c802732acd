"""What becomes of tests as they are collected."""

import pytest

from fakes.recordings import ended, farewell, make, take
from fakes.suites import Suite

CUTS = (
    "import contextlib\n"
    "from rimebatch.errors import ConnectionClosedError\n"
    "async def test_one(ws3_transcript, ws3_cut_each):\n"
    "    with contextlib.suppress(ConnectionClosedError):\n"
    "        await speak(ws3_transcript.connect, 'one')\n"
)


def names(suite: Suite, *options: str) -> list[str]:
    """Return the names of the tests in *suite*."""
    return [item.name for item in suite.collect(*options)]


def test_a_test_for_each_entry(suite: Suite) -> None:
    """A transcript can be cut after each entry that a line outlives."""
    suite.put("test_one", make(*take("one", chunks=1), *farewell()))
    suite.write(CUTS)

    assert [f"test_one[cut-at-{number}]" for number in range(1, 7)] == names(suite)
    suite.run().assert_outcomes(passed=6)


@pytest.mark.parametrize("mode", ["none", "once"])
def test_nothing_to_cut_yet(suite: Suite, mode: str) -> None:
    """Without a transcript there is one test, uncut, that can be recorded."""
    suite.write(CUTS)

    assert ["test_one[uncut]"] == names(suite, "--ws3-record", mode)


def test_recording_anew_is_not_cut(suite: Suite) -> None:
    """What is there is not looked at where it is to be replaced."""
    suite.put("test_one")
    suite.write(CUTS)

    assert ["test_one[uncut]"] == names(suite, "--ws3-record=rewrite")


def test_a_refusal_cannot_be_cut(suite: Suite) -> None:
    """Of a connection that was never open there is nothing to lose."""
    path = suite.put("test_one")
    lines = path.read_bytes().splitlines(keepends=True)
    refused = b'{"n":1,"t":1,"refused":{"status":429,"headers":{},"body":""}}\n'
    path.write_bytes(lines[0] + refused)
    suite.write(CUTS)

    assert ["test_one[uncut]"] == names(suite)


def test_a_broken_transcript(suite: Suite) -> None:
    """What cannot be read is said when the test is run, in a line."""
    suite.put("test_one").write_text("no transcript\n")
    suite.write(CUTS)
    result = suite.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_one.jsonl: *"])


def test_a_named_transcript_is_cut(suite: Suite) -> None:
    """The marker says what is cut; where the client left, the line goes on."""
    suite.put("other", make(*take("one", chunks=1), ended("client")))
    suite.write("pytestmark = pytest.mark.ws3(transcript='other')\n" + CUTS)

    assert "test_one[cut-at-6]" == names(suite)[-1]


def test_time_is_virtual(suite: Suite) -> None:
    """An async test runs by the clock of its transcript, without asking."""
    suite.put("test_one")
    suite.write(
        "async def test_one(ws3_transcript):\n"
        "    await speak(ws3_transcript.connect, 'one')\n"
        "    await trio.sleep(3600)\n"
        "    assert 3600 < trio.current_time() < 3601\n"
    )

    suite.run("--strict-markers").assert_outcomes(passed=1)
    suite.run("-o", "trio_mode=true").assert_outcomes(passed=1)


def test_a_clock_of_the_test(suite: Suite) -> None:
    """A test that brings a clock of its own runs by that one."""
    suite.put("test_one")
    suite.write(
        "@pytest.mark.ws3(unplayed='ignore')\n"
        "async def test_one(ws3_transcript, autojump_clock):\n"
        "    assert trio.lowlevel.current_clock() is autojump_clock\n"
    )

    suite.run().assert_outcomes(passed=1)


def test_a_runner_of_the_test(suite: Suite) -> None:
    """A test that names its runner is run by that one."""
    suite.put("test_one")
    suite.write(
        "ran = []\n"
        "def run(main, **options):\n"
        "    ran.append(1)\n"
        "    return trio.run(main, **options)\n"
        "@pytest.mark.trio(run=run)\n"
        "@pytest.mark.ws3(unplayed='ignore')\n"
        "async def test_one(ws3_transcript):\n"
        "    assert ran\n"
    )

    suite.run().assert_outcomes(passed=1)


def test_without_pytest_trio(suite: Suite) -> None:
    """Tests that are no coroutines are played all the same."""
    suite.put("test_one")
    suite.write(
        "def test_one(ws3_transcript):\n"
        "    connect = ws3_transcript.connect\n"
        "    trio.run(speak, connect, 'one', clock=ws3_transcript.clock)\n"
    )

    suite.run_outside("-p", "no:trio", "--strict-markers").assert_outcomes(passed=1)


def test_documents_are_left_alone(suite: Suite) -> None:
    """What is no function has no transcript."""
    suite.write('def one():\n    """\n    >>> 1\n    1\n    """\n')

    suite.run("--doctest-modules").assert_outcomes(passed=1)
