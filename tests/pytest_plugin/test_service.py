"""A service on a socket, for clients that are not of this process."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.recordings import EOS, FLUSH, QUERY, farewell, make, take, text, write
from fakes.transcripts import open_transcript
from rimebatch.errors import ConnectionClosedError, EndpointError
from rimebatch.pytest_plugin.options import Settings
from rimebatch.pytest_plugin.service import (
    Verdict,
    open_recording_proxy,
    open_replay_service,
)
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import open_live
from rimebatch.replay import Sent, read_recording
from rimebatch.transcript import JobTranscripts


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a test whose transcript has one take."""
    path = write(tmp_path / "test_it.jsonl", make(*take("one"), *farewell()))
    return Settings(path, "none", "json", "context", 0.0, (), must_play_all=True)


async def speak(url: str, scratch: Path, label: str) -> int:
    """Have *label* spoken; return the code of the close that comes."""
    with open_transcript(scratch / f"{label}.jsonl") as transcript:
        async with open_live(Endpoint(url, "any"), QUERY, transcript) as line:
            try:
                await line.send(text(f"{label.title()}.", label))
                await line.send(FLUSH)  # by then it may have been hung up on
                while '"done"' not in (await line.receive()).message:
                    pass
                await line.send(EOS)
                await line.receive()
            except ConnectionClosedError as closed:
                return closed.code
    return 0


async def test_a_client_that_keeps_to_the_record(
    settings: Settings, tmp_path: Path
) -> None:
    """It gets what is on record, and the verdict is good."""
    with open_replay_service(settings, None, tmp_path) as service:
        code = await speak(service.url, tmp_path, "one")

        assert Verdict() == service.verdict()
        assert service.verdict().ok
        assert () == service.complaints
    assert (1000, settings.path) == (code, service.path)


async def test_a_client_that_does_not(settings: Settings, tmp_path: Path) -> None:
    """It is hung up on, and the verdict has the whole report."""
    with open_replay_service(settings, None, tmp_path) as service:
        code = await speak(service.url, tmp_path, "two")
        [complaint] = service.complaints

    assert 4400 == code
    assert 'recorded: "One."' in complaint


@pytest.mark.parametrize("must_play_all", [True, False])
def test_nobody_came(settings: Settings, tmp_path: Path, must_play_all: bool) -> None:
    """What is unplayed is in the verdict, unless that may be."""
    (tmp_path / "test_it.2.jsonl").write_bytes(settings.path.read_bytes())
    settings = replace(settings, must_play_all=must_play_all)
    with open_replay_service(settings, None, tmp_path) as service:
        verdict = service.verdict()

    assert must_play_all != verdict.ok
    assert 2 * must_play_all == len(verdict.unplayed)


async def test_a_client_that_stays(settings: Settings, tmp_path: Path) -> None:
    """One that is still there at the end has not played everything."""
    with (
        open_replay_service(settings, None, tmp_path) as service,
        open_transcript(tmp_path / "still.jsonl") as transcript,
    ):
        async with open_live(Endpoint(service.url, "any"), QUERY, transcript):
            verdict = service.verdict()

    assert (f"{settings.path}: its client is still there",) == verdict.unplayed


async def test_leaving_where_that_may_be(settings: Settings, tmp_path: Path) -> None:
    """A client that leaves early does no harm if the marker says so."""
    settings = replace(settings, must_play_all=False)
    with open_replay_service(settings, None, tmp_path) as service:
        with open_transcript(tmp_path / "short.jsonl") as transcript:
            async with open_live(Endpoint(service.url, "any"), QUERY, transcript):
                pass

        assert service.verdict().ok


@pytest.mark.parametrize("is_overlay", [True, False])
async def test_faults(settings: Settings, tmp_path: Path, is_overlay: bool) -> None:
    """A fault happens to the client, whether it stands in an overlay or in the test."""
    overlay = tmp_path / "cut.yaml"
    overlay.write_text("{faults: 1, base: test_it.jsonl, do: [{cut: 1st chunk}]}")
    faults = overlay if is_overlay else [{"cut": "first chunk"}]
    faulty = replace(settings, faults=faults)
    with open_replay_service(faulty, None, tmp_path) as service:
        assert 1006 == await speak(service.url, tmp_path, "one")


async def test_a_cut(settings: Settings, tmp_path: Path) -> None:
    """The line is lost after the entry that is given."""
    with open_replay_service(settings, 3, tmp_path) as service:
        assert 1006 == await speak(service.url, tmp_path, "one")


def test_a_transcript_that_is_none(settings: Settings, tmp_path: Path) -> None:
    """A service that cannot start says so."""
    settings.path.write_text("no transcript\n")
    starting = open_replay_service(settings, None, tmp_path)
    with pytest.raises(EndpointError), starting:
        pass


async def test_recording(settings: Settings, service_url: str, tmp_path: Path) -> None:
    """A client is passed on, and what was said is on record."""
    folder = tmp_path / "recorded"
    with open_recording_proxy(settings, service_url, folder) as service:
        nothing = service.complaints
        await speak(service.url, tmp_path, "one")

        assert service.verdict().ok
        assert () == service.complaints
    [path] = JobTranscripts(folder).paths()
    sends = [s for s in read_recording(path).steps if isinstance(s, Sent)]
    assert 1 == len(nothing)
    assert 3 == len(sends)
