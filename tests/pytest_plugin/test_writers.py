"""The transcript of code that keeps none itself."""

from pathlib import Path

import trio
from trio.testing import MockClock

from fakes.recordings import QUERY
from rimebatch.pytest_plugin.writers import open_writer
from rimebatch.transcript import read_entries, read_header


def test_a_writer_begins_now(tmp_path: Path) -> None:
    """Times count from its opening, and the header says whose connection it is."""

    async def write() -> None:
        await trio.sleep(5)
        with open_writer(tmp_path, "test_it", 2, QUERY, "local") as writer:
            await trio.sleep(0.25)
            writer.opened(101, {})

    trio.run(write, clock=MockClock(autojump_threshold=0))
    path = tmp_path / "2.jsonl"
    header, entry = read_header(path), next(read_entries(path))

    assert ("test_it", 2, "local", QUERY, None) == (
        header.job,
        header.attempt,
        header.endpoint,
        header.query,
        header.wall,
    )
    assert 250_000_000 == entry.time_ns
