"""Where a run finds its service, and which key goes there."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from fakes.transcripts import open_transcript, read_kinds
from rimebatch.cli.service import Service, find_key
from rimebatch.errors import ConnectError, EndpointError
from rimebatch.recorder.transports.endpoint import CLOUD_URL, Endpoint
from rimebatch.ws3 import Query

QUERY: Query = (("speaker", "luna"),)


@asynccontextmanager
async def open_service(name: str, key: str | None = None) -> AsyncIterator[Service]:
    """Yield a service that has nothing to tell; what it started is stopped."""
    async with AsyncExitStack() as stack:
        yield Service(name, key, pytest.fail, stack)


async def connect(service: Service, folder: Path) -> list[str]:
    """Connect and hang up; return what kinds of things are on record of it."""
    path = folder / "0001.jsonl"
    with open_transcript(path) as transcript:
        async with service.connect(QUERY, transcript):
            pass
    return read_kinds(path)


async def test_cloud() -> None:
    """The cloud is Rime's own address, and gets the key."""
    async with open_service("cloud", "a-key") as service:
        assert Endpoint(CLOUD_URL, "a-key") == await service.start()
    assert CLOUD_URL.startswith("wss://")


@pytest.mark.parametrize("key", [None, ""])
async def test_cloud_without_a_key(key: str | None) -> None:
    """Without a key the cloud is not even tried, and the message shows a way out."""
    async with open_service("cloud", key) as service:
        with pytest.raises(EndpointError, match="--endpoint local") as error:
            await service.start()

    assert "RIME_API_KEY" in str(error.value)


@pytest.mark.parametrize("name", ["cloud", "wss://host/ws3"])
def test_key_with_a_line_break(name: str) -> None:
    """What cannot be a key is found out before anything is begun, and not shown."""
    with pytest.raises(EndpointError) as error:
        find_key(name, "canary\n4711")

    assert "canary" not in str(error.value)


def test_key_of_the_local_service() -> None:
    """The local service never gets the key, whatever it is."""
    assert "canary" not in (find_key("local", "canary\n4711") or "")


async def test_address(tmp_path: Path, url: str) -> None:
    """An address is spoken to as it stands, with the key."""
    async with open_service(url, "a-key") as service:
        kinds = await connect(service, tmp_path)

    assert "opened" in kinds


async def test_wrong_key(tmp_path: Path, url: str) -> None:
    """A service that does not know the key says so."""
    async with open_service(url, "another-key") as service:
        with pytest.raises(ConnectError, match="401") as error:
            await connect(service, tmp_path)

    assert "another-key" not in str(error.value)


async def test_local(tmp_path: Path) -> None:
    """The local service is one for all who ask at once, and gone when it is stopped."""
    found: list[Endpoint] = []
    async with open_service("local", "a-key") as service:

        async def ask() -> None:
            found.append(await service.start())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            nursery.start_soon(ask)
        kinds = await connect(service, tmp_path)
    address = found[0]

    assert [address, address] == found
    assert "a-key" != address.key
    assert "opened" in kinds
    with pytest.raises(OSError, match="connect"):
        await trio.open_tcp_stream(address.host, address.port)


async def test_the_local_service_speaks_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the voice of words is missing, people are told, in one line."""
    # Both are found before the real ones, and are of no use.
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError")
    (tmp_path / "libespeak-ng.so.1").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    notices: list[str] = []
    async with AsyncExitStack() as stack:
        await Service("local", None, notices.append, stack).start()

    [notice] = notices
    assert "tone voice" in notice
    assert 1 == len(notice.splitlines())
