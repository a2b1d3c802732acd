"""What a test gets that asks for a fixture, from its first recording on."""

import pytest

from fakes.suites import Suite
from rimebatch.replay import Sent, read_recording

ONE = (
    "async def test_one(ws3_transcript):\n"
    "    await speak(ws3_transcript.connect, 'one')\n"
)
CLIENT = (
    "import asyncio, json, threading\n"
    "from websockets.sync.client import connect\n"
    "def test_one(ws3_service):\n"
    "    query = '?speaker=luna&audioFormat=pcm&samplingRate=8000&segment=never'\n"
    "    key = {'Authorization': 'Bearer any'}\n"
    "    with connect(ws3_service.url + query, additional_headers=key) as line:\n"
    "        line.send(json.dumps({'text': 'One.'}))\n"
    "        line.send(json.dumps({'operation': 'eos'}))\n"
    "        for message in line:\n"
    "            pass\n"
)


@pytest.fixture
def record(service_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options that have tests recorded from a service that is quick."""
    monkeypatch.setenv("RIME_API_KEY", "any")
    return "--ws3-record=once", f"--ws3-endpoint={service_url}"


def test_no_transcript(suite: Suite) -> None:
    """A test that has none fails by a line with the file and the way to record it."""
    suite.write(ONE)
    result = suite.run()

    result.assert_outcomes(errors=1)
    way = "`pytest test_it.py::test_one --ws3-record=once`"
    result.stdout.fnmatch_lines([f"*test_one.jsonl: there is no such*{way}"])


def test_record_and_replay(suite: Suite, record: tuple[str, ...]) -> None:
    """What is recorded once is played ever after, and nothing is left lying about."""
    suite.write(ONE)
    suite.run(*record).stdout.fnmatch_lines(["1 recorded"])
    before = (suite.transcripts / "test_one.jsonl").read_bytes()
    for options in (record, ()):
        suite.run(*options).stdout.fnmatch_lines(["1 replayed"])

    assert before == (suite.transcripts / "test_one.jsonl").read_bytes()
    assert ["test_one.jsonl"] == [path.name for path in suite.transcripts.iterdir()]


def test_several_connections(suite: Suite, record: tuple[str, ...]) -> None:
    """Each connection of a test has a transcript, and they are played in order."""
    suite.write(ONE + "    await speak(ws3_transcript.connect, 'two')\n")
    suite.run(*record).assert_outcomes(passed=1)
    second = read_recording(suite.transcripts / "test_one.2.jsonl")

    assert any("Two." in s.message for s in second.steps if isinstance(s, Sent))
    suite.run().assert_outcomes(passed=1)


def test_a_failure_is_not_recorded(suite: Suite, record: tuple[str, ...]) -> None:
    """A test that fails leaves no transcript, and the old one if there is one."""
    suite.write(ONE + "    assert False\n")
    suite.run(*record).assert_outcomes(failed=1)
    assert not suite.transcripts.exists()
    before = suite.put("test_one").read_bytes()

    suite.run(*record, "--ws3-record=rewrite").assert_outcomes(failed=1)
    assert before == (suite.transcripts / "test_one.jsonl").read_bytes()


def test_recording_anew(suite: Suite, record: tuple[str, ...]) -> None:
    """What was there is replaced if that is asked for."""
    before = suite.put("test_one").read_bytes()
    suite.write(ONE)

    suite.run(*record, "--ws3-record=rewrite").assert_outcomes(passed=1)
    assert before != (suite.transcripts / "test_one.jsonl").read_bytes()


def test_nothing_to_record(suite: Suite, record: tuple[str, ...]) -> None:
    """A test that makes no connection cannot be recorded."""
    suite.write("def test_one(ws3_transcript):\n    pass\n")

    suite.run(*record).stdout.fnmatch_lines(["nothing was recorded, *"])


def test_a_secret_is_not_recorded(
    suite: Suite, record: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential of the environment that was sent keeps the test from being saved."""
    monkeypatch.setenv("SOME_TOKEN", "canary-4711")
    suite.write(ONE.replace("'one'", "'canary-4711'"))

    suite.run(*record).stdout.fnmatch_lines(["*a credential stands in what was*"])
    assert not suite.transcripts.exists()


def test_where_there_is_no_service(suite: Suite) -> None:
    """An endpoint that is none fails the test by a line, whichever fixture it has."""
    suite.write(ONE + "def test_two(ws3_service):\n    pass\n")
    result = suite.run("--ws3-record=once", "--ws3-endpoint=clowd", "-rE")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["--ws3-endpoint: * did you mean *"])


def test_each_entry_is_cut(suite: Suite) -> None:
    """The test is told where its line will be lost, and there it is lost."""
    suite.put("test_one")
    suite.write(
        "from rimebatch.errors import ConnectionClosedError\n"
        "async def test_one(ws3_transcript, ws3_cut_each):\n"
        "    with pytest.raises(ConnectionClosedError):\n"
        "        await speak(ws3_transcript.connect, 'one')\n"
        "    print('cut at', ws3_cut_each)\n"
    )
    result = suite.run("-k", "cut-at-2 or cut-at-5", "-rP")

    result.assert_outcomes(passed=2, deselected=5)
    result.stdout.fnmatch_lines(["cut at 2", "cut at 5"])


def test_to_be_cut_and_recorded_first(suite: Suite, record: tuple[str, ...]) -> None:
    """A test that cuts each entry is recorded in one run without a cut."""
    suite.write(
        "async def test_one(ws3_transcript, ws3_cut_each):\n"
        "    assert ws3_cut_each is None\n"
        "    await speak(ws3_transcript.connect, 'one')\n"
    )

    suite.run(*record).assert_outcomes(passed=1)
    assert (suite.transcripts / "test_one.jsonl").exists()


def test_a_foreign_client(suite: Suite, record: tuple[str, ...]) -> None:
    """A client of another library is recorded through a proxy, and played to."""
    suite.write(CLIENT)
    suite.run(*record).stdout.fnmatch_lines(["1 recorded"])
    suite.run("--ws3-pace=0").stdout.fnmatch_lines(["1 replayed"])
    suite.write(CLIENT.replace("One.", "Two."))
    result = suite.run("--ws3-pace=0")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 replayed, 1 failed to replay"])


def test_a_replay_loads_nothing_live(suite: Suite) -> None:
    """A run that only replays never gets as far as the live transport."""
    suite.put("test_one")
    suite.write(
        "import sys\n" + ONE + "def test_two():\n"
        "    assert 'rimebatch.recorder.transports.replay' in sys.modules\n"
        "    assert 'rimebatch.recorder.transports.live' not in sys.modules\n"
    )

    suite.run_outside().assert_outcomes(passed=2)


def test_a_run_without_ws3_loads_nothing(suite: Suite) -> None:
    """Whoever has the plugin and does not use it does not pay for it."""
    suite.write(
        "import sys\n"
        "def test_one():\n"
        "    heavy = {'numpy', 'pydantic', 'msgspec', 'yaml', 'rimebatch.replay'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )

    suite.run_outside().assert_outcomes(passed=1)
