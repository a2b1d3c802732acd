"""How a test is recorded: from a live service, into transcripts of its own."""

from pathlib import Path

import pytest

from fakes.recordings import EOS, QUERY
from fakes.transcripts import open_transcript
from rimebatch.errors import ConnectionClosedError, EndpointError
from rimebatch.pytest_plugin.recorder import Recorder, open_endpoint
from rimebatch.recorder.transports.endpoint import CLOUD_URL, Endpoint
from rimebatch.replay import Ended, Sent, read_recording
from rimebatch.transcript import Redactor, TranscriptWriter, read_header
from rimebatch.transcript.redactor import VERBATIM

URL = "ws://127.0.0.1:8000/ws3"


def recorder_of(url: str, scratch: Path, redactor: Redactor = VERBATIM) -> Recorder:
    """Return what records from the service at *url*."""
    return Recorder("test_it", (Endpoint(url, "any"), "local"), scratch, redactor)


async def say_goodbye(
    recorder: Recorder, transcript: TranscriptWriter | None = None
) -> None:
    """Make a connection that ends at once."""
    async with recorder.connect(QUERY, transcript) as line:
        await line.send(EOS)
        with pytest.raises(ConnectionClosedError):
            await line.receive()


async def test_every_connection_is_recorded(service_url: str, tmp_path: Path) -> None:
    """Each has a transcript, whose header knows neither address nor time of day."""
    redactor = Redactor(secrets=("canary-4711",))
    recorder = recorder_of(service_url, tmp_path, redactor)
    await say_goodbye(recorder)
    await say_goodbye(recorder)
    headers = [read_header(path) for path in recorder.paths]
    steps = read_recording(recorder.paths[0]).steps

    assert [("test_it", 1, "local", None), ("test_it", 2, "local", None)] == [
        (header.job, header.attempt, header.endpoint, header.wall) for header in headers
    ]
    assert [Sent, Ended, Ended] == [type(step) for step in steps]
    assert () == recorder.complaints


async def test_a_record_of_the_code_itself(service_url: str, tmp_path: Path) -> None:
    """Code that keeps a transcript is recorded by that one, takes and all."""
    path = tmp_path / "0001.jsonl"
    recorder = recorder_of(service_url, tmp_path)
    with open_transcript(path) as transcript:
        await say_goodbye(recorder, transcript)

    assert [path] == recorder.paths


def test_nothing_was_recorded(tmp_path: Path) -> None:
    """A test that makes no connection has nothing that could be saved."""
    recorder = recorder_of(URL, tmp_path)

    assert 1 == len(recorder.complaints)
    assert (None, (), ()) == (recorder.clock, recorder.divergences, recorder.unplayed)


def test_nothing_to_cut(tmp_path: Path) -> None:
    """What is only being recorded cannot be cut."""
    with pytest.raises(pytest.fail.Exception, match="no transcript to cut at 3"):
        recorder_of(URL, tmp_path).cut(3)


@pytest.mark.parametrize(
    ("name", "environ", "endpoint"),
    [
        ("cloud", {"RIME_API_KEY": "k"}, Endpoint(CLOUD_URL, "k")),
        (URL, {"RIME_API_KEY": "k"}, Endpoint(URL, "k")),
        (URL, {}, Endpoint(URL)),
    ],
)
def test_endpoints(name: str, environ: dict[str, str], endpoint: Endpoint) -> None:
    """A name or an address leads to a service, and the key goes with it."""
    with open_endpoint(name, environ) as found:
        assert endpoint == found


def test_the_local_service() -> None:
    """It is started, and is not shown the key."""
    with open_endpoint("local", {"RIME_API_KEY": "k"}) as found:
        assert found.url.startswith("ws://127.0.0.1:")
        assert "k" != found.key


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("cloud", "RIME_API_KEY is not set"), ("clowd", "did you mean")],
)
def test_no_endpoint(name: str, complaint: str) -> None:
    """The cloud without a key, and what is no service, are refused."""
    with pytest.raises(EndpointError, match=complaint), open_endpoint(name, {}):
        pass
