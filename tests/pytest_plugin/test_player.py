"""How a test is played its transcripts."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from fakes.recordings import (
    FLUSH,
    QUERY,
    ended,
    farewell,
    make,
    said,
    take,
    text,
    write,
)
from fakes.transcripts import open_transcript
from rimebatch.errors import (
    ConnectionClosedError,
    DivergenceError,
    ManifestError,
    TranscriptError,
)
from rimebatch.pytest_plugin.options import Settings
from rimebatch.pytest_plugin.player import Player, make_player
from rimebatch.replay import Recording, ReplayOptions
from rimebatch.transcript import read_entries

WHOLE = make(*take("one"), *take("two"), *farewell(), name="0001.jsonl")
LOST = 1006


def player_of(
    scratch: Path, *recordings: Recording, must_play_all: bool = True
) -> Player:
    """Return what plays *recordings*."""
    options = ReplayOptions()
    return Player("test", recordings, options, scratch, must_play_all=must_play_all)


async def speak(player: Player, *labels: str, fails: bool = False) -> None:
    """Have each label spoken; leave politely, or drop the line."""
    async with player.connect(QUERY, None) as line:
        for label in labels:
            await line.send(text(f"{label.title()}.", label))
            await line.send(FLUSH)
            while '"done"' not in (await line.receive()).message:
                pass
        if fails:
            raise KeyError


def settings_of(path: Path) -> Settings:
    """Return settings for the transcript at *path*."""
    return Settings(path, "none", "json", "context", 1.0, (), must_play_all=True)


def test_a_whole_conversation(tmp_path: Path) -> None:
    """What was all played leaves no complaint, and is on record in passing."""
    player = player_of(tmp_path, make(*take("one"), ended("client")))
    trio.run(speak, player, "one", clock=player.clock)

    assert [] == player.complaints
    assert () == player.unplayed
    assert 8 == len(list(read_entries(tmp_path / "1.jsonl")))


def test_a_transcript_of_the_code_itself(tmp_path: Path) -> None:
    """Code that keeps its own transcript has all of it there, and none is made."""
    player = player_of(tmp_path, make(said(text("A.")), ended("client")))

    async def say(path: Path) -> None:
        with open_transcript(path) as transcript:
            async with player.connect(QUERY, transcript) as line:
                await line.send(text("A."))

    trio.run(say, tmp_path / "own.jsonl", clock=player.clock)

    assert ["own.jsonl"] == [path.name for path in tmp_path.iterdir()]


def test_leaving_early(tmp_path: Path) -> None:
    """It is an error at once, and counts as unplayed rather than as a divergence."""
    player = player_of(tmp_path, WHOLE)
    with pytest.raises(DivergenceError) as raised:
        trio.run(speak, player, "one", clock=player.clock)

    assert "missing" == raised.value.kind
    assert () == player.divergences
    assert [raised.value.report] == player.complaints
    assert (str(raised.value),) == player.unplayed


def test_leaving_early_where_that_may_be(tmp_path: Path) -> None:
    """Then it is no error, but can still be seen."""
    player = player_of(tmp_path, WHOLE, must_play_all=False)
    trio.run(speak, player, "one", clock=player.clock)

    assert [] == player.complaints
    assert 1 == len(player.unplayed)


@pytest.mark.parametrize("must_play_all", [True, False])
def test_a_divergence_is_never_forgiven(tmp_path: Path, must_play_all: bool) -> None:
    """Leaving after a divergence that was caught is no way out."""
    player = player_of(tmp_path, WHOLE, must_play_all=must_play_all)

    async def swallow() -> None:
        async with player.connect(QUERY, None) as line:
            with pytest.raises(DivergenceError):
                await line.send(text("Three.", "three"))

    with pytest.raises(DivergenceError):
        trio.run(swallow, clock=player.clock)
    assert ["changed"] == [divergence.kind for divergence in player.divergences]
    assert () == player.unplayed


def test_dropping_the_line(tmp_path: Path) -> None:
    """What a failure left unheard counts; a failure on record is no reproach."""
    recorded_so = make(*take("one"), ended("client", LOST))
    for recording, complaints in ((WHOLE, 1), (recorded_so, 0)):
        folder = tmp_path / str(complaints)
        folder.mkdir()
        player = player_of(folder, recording)
        with pytest.raises(KeyError):
            trio.run(lambda p: speak(p, "one", fails=True), player, clock=player.clock)

        assert complaints == len(player.complaints)


def test_connections_that_were_not_made(tmp_path: Path) -> None:
    """Each recording that nobody asked for is named."""
    player = player_of(tmp_path, WHOLE, replace(WHOLE, name="0002.jsonl"))

    assert (
        "0001.jsonl: unplayed: nobody connected",
        "0002.jsonl: unplayed: nobody connected",
    ) == player.unplayed


def test_cutting(tmp_path: Path) -> None:
    """A cut begins the record again, each time from the whole of it."""
    player = player_of(tmp_path, WHOLE)
    for place in ("1st done", "2nd done"):
        player.cut(place)
        with pytest.raises(ConnectionClosedError):
            trio.run(speak, player, "one", "two", "three", clock=player.clock)

    assert [] == player.complaints
    with pytest.raises(ManifestError):
        player.cut("3rd done")


def test_made_of_transcripts(tmp_path: Path) -> None:
    """All connections of a test are played, the first one with its faults."""
    path = write(tmp_path / "test_it.jsonl", WHOLE)
    write(tmp_path / "test_it.2.jsonl", WHOLE)
    overlay = tmp_path / "faults.yaml"
    faults = [{"delay": {"at": "first chunk", "seconds": 60}}]
    overlay.write_text(json.dumps({"faults": 1, "do": faults}))
    for written in (faults, overlay):
        player = make_player(replace(settings_of(path), faults=written), None, tmp_path)
        with pytest.raises(trio.TooSlowError):
            trio.run(_speak_within, player, 59.0, clock=player.clock)
        (tmp_path / "1.jsonl").unlink()


async def _speak_within(player: Player, limit_s: float) -> None:
    with trio.fail_after(limit_s):
        await speak(player, "one")


def test_made_with_a_cut(tmp_path: Path) -> None:
    """A transcript is cut where that is asked for."""
    path = write(tmp_path / "test_it.jsonl", WHOLE)
    player = make_player(settings_of(path), 3, tmp_path)

    with pytest.raises(ConnectionClosedError):
        trio.run(speak, player, "one", clock=player.clock)


@pytest.mark.parametrize("wrong", [{"match": "fuzzy"}, {"gate": "open"}])
def test_no_such_way(tmp_path: Path, wrong: dict[str, str]) -> None:
    """How to match and what gates there are is known."""
    settings = replace(settings_of(tmp_path / "test_it.jsonl"), **wrong)  # type: ignore[arg-type]  # of those two

    with pytest.raises(pytest.UsageError, match="is not known"):
        make_player(settings, None, tmp_path)


def test_no_transcript(tmp_path: Path) -> None:
    """A transcript that is none is an error of its own."""
    path = tmp_path / "test_it.jsonl"
    path.write_text("no transcript\n")

    with pytest.raises(TranscriptError):
        make_player(settings_of(path), None, tmp_path)


def test_there_is_no_way_to_a_network() -> None:
    """What plays loads neither the live transport nor what it is made of."""
    code = "import rimebatch.pytest_plugin.player, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()

    assert set() == {
        "rimebatch.recorder.transports.live",
        "rimebatch.recorder.transports.line",
        "rimebatch.pytest_plugin.recorder",
        "rimebatch.server",
        "trio_websocket",
    } & set(loaded)


def test_extra_connections(tmp_path: Path) -> None:
    """One connection more than there are transcripts is a divergence."""
    player = player_of(tmp_path, make(said(text("A.")), *farewell()))

    async def connect_twice() -> None:
        async with player.connect(QUERY, None) as line:
            await line.send(text("A."))
            await line.send('{"operation": "eos"}')
        async with player.connect(QUERY, None):
            pass

    with pytest.raises(DivergenceError):
        trio.run(connect_twice, clock=player.clock)
    assert ["extra-connection"] == [d.kind for d in player.divergences]
