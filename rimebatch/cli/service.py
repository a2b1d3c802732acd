"""The service that a run speaks to: found, and if need be started, when first needed.

A run with nothing to send needs none: no key, no process, no socket.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import trio

from rimebatch.errors import EndpointError
from rimebatch.recorder.transports import Transport
from rimebatch.recorder.transports.endpoint import CLOUD_URL, Endpoint, check_key
from rimebatch.recorder.transports.live import LINE_LIMITS, LineLimits, open_live
from rimebatch.server import open_local_service
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3.query import Query

_LOCAL_KEY: Final = "local"  # the local service lets in any token but an empty one


async def find_url(
    name: str, notify: Callable[[str], None], stack: AsyncExitStack
) -> str:
    """Return the address of the service of that *name*, started if it is ``local``.

    Args:
        name: ``local``, ``cloud``, or an address that has been checked.
        notify: Is given a line for people, such as which voice the local service has.
        stack: Stops, when it is left, what had to be started.

    Raises:
        EndpointError: The local service did not start.
    """
    if name != "local":
        return CLOUD_URL if name == "cloud" else name
    service = await stack.enter_async_context(open_local_service())
    if service.notice:
        notify(service.notice)
    return service.url


def find_key(name: str, key: str | None) -> str | None:
    """Return the key for the service of that *name*.

    Args:
        name: ``local``, ``cloud``, or an address that has been checked.
        key: From the environment; the local service does not get it.

    Raises:
        EndpointError: There is none for the cloud, or it cannot be one.
    """
    if name == "local":
        return _LOCAL_KEY
    if name == "cloud" and not key:
        raise EndpointError(
            "RIME_API_KEY is not set, and the cloud wants a key; set it, or add "
            "--endpoint local to hear a local voice instead"
        )
    check_key(key)
    return key


class Service:
    """Where `connect` connects to.

    Args:
        name: ``local``, ``cloud``, or an address that has been checked.
        key: From the environment; it goes to the cloud or to the address, and never
            to the local service.
        notify: Is given a line for people, such as which voice the local service has.
        stack: Stops, when it is left, what had to be started.
        limits: Of every connection.
    """

    def __init__(
        self,
        name: str,
        key: str | None,
        notify: Callable[[str], None],
        stack: AsyncExitStack,
        limits: LineLimits = LINE_LIMITS,
    ) -> None:
        self._name = name
        self._key = key
        self._notify = notify
        self._stack = stack
        self._limits = limits
        self._starting = trio.Lock()
        self._endpoint: Endpoint | None = None

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[Transport]:
        """Open a connection; see `rimebatch.recorder.transports.Connect`."""
        endpoint = await self.start()
        connecting = open_live(endpoint, query, transcript, self._limits)
        async with connecting as transport:
            yield transport

    async def start(self) -> Endpoint:
        """Return where to connect, after making sure that there is something.

        Raises:
            EndpointError: There is no key for the cloud, or the local service did not
                start.
        """
        async with self._starting:
            if self._endpoint is None:
                self._endpoint = await self._find()
            return self._endpoint

    async def _find(self) -> Endpoint:
        key = find_key(self._name, self._key)  # before anything is started
        return Endpoint(await find_url(self._name, self._notify, self._stack), key)
