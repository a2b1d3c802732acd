"""How a test is recorded: its connections are live ones, and each is put on record.

It is imported only by tests that are recorded; a replay has no way here.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Never

import pytest

from rimebatch.errors import EndpointError
from rimebatch.manifest.endpoint import find_endpoint_flaw
from rimebatch.pytest_plugin.processes import open_command
from rimebatch.pytest_plugin.writers import open_writer
from rimebatch.recorder.transports import Transport
from rimebatch.recorder.transports.endpoint import CLOUD_URL, Endpoint
from rimebatch.recorder.transports.live import open_live
from rimebatch.replay import Divergence
from rimebatch.transcript import Redactor, TranscriptWriter
from rimebatch.ws3.query import Query

_LOCAL_KEY: Final = "local"  # the local service lets in any token but an empty one

_SILENT: Final = "nothing was recorded, because the test made no connection"


@contextmanager
def open_endpoint(name: str, environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """Yield where the service called *name* is; the local one is started and stopped.

    It is as slow as the real one, for its pauses are part of what is recorded.

    Args:
        name: ``local``, ``cloud``, or an address.
        environ: Holds the key.

    Raises:
        EndpointError: There is no such service, or no key for it.
    """
    if flaw := find_endpoint_flaw(name, plain_ws_hosts=()):
        raise EndpointError(f"--ws3-endpoint: {flaw.what}; {flaw.remedy}")
    key = environ.get("RIME_API_KEY")
    if name == "local":
        with open_command("serve") as announced:
            yield Endpoint(announced["url"], _LOCAL_KEY)
    elif name != "cloud":
        yield Endpoint(name, key)
    elif key:
        yield Endpoint(CLOUD_URL, key)
    else:
        raise EndpointError(
            "RIME_API_KEY is not set, and the cloud wants a key; set it, or record "
            "from the local service: --ws3-endpoint=local"
        )


class Recorder:
    """Connections of one test to a service, on record.

    Args:
        name: Of the test.
        endpoint: Where the service is, and what transcripts call it.
        scratch: An empty folder for what is recorded.
        redactor: What is kept out of it.

    Attributes:
        clock: None but the real one.
        divergences: There is no record to leave.
        unplayed: Nor to play.
        paths: The transcripts so far, in the order of the connections.
    """

    clock: Final = None
    divergences: tuple[Divergence, ...] = ()
    unplayed: tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        endpoint: tuple[Endpoint, str],
        scratch: Path,
        redactor: Redactor,
    ) -> None:
        self._name = name
        self._endpoint, self._called = endpoint
        self._scratch = scratch
        self._redactor = redactor
        self.paths: list[Path] = []

    @property
    def complaints(self) -> Sequence[str]:
        """Why the test fails; see `rimebatch.pytest_plugin.checks.Checked`."""
        return () if self.paths else (_SILENT,)

    def cut(self, at: int | str) -> Never:
        """Fail the test: what is not on record yet cannot be cut."""
        pytest.fail(
            f"there is no transcript to cut at {at}; record it by a test that plays it "
            "whole, and name it in the marker of this one: transcript=…",
            pytrace=False,
        )

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter | None
    ) -> AsyncIterator[Transport]:
        """Open a live connection; see `rimebatch.recorder.transports.Connect`.

        What the code under test keeps on record itself is what will be saved.
        """
        number = len(self.paths) + 1
        async with AsyncExitStack() as stack:
            if transcript is None:
                transcript = open_writer(
                    self._scratch,
                    self._name,
                    number,
                    query,
                    self._called,
                    self._redactor,
                )
                stack.enter_context(transcript)
            self.paths.append(transcript.path)
            line = open_live(self._endpoint, query, transcript)
            yield await stack.enter_async_context(line)
