"""Where the service is, and the key that may go there and nowhere else."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from rimebatch.errors import EndpointError
from rimebatch.ws3.query import Query, encode_query

CLOUD_URL: Final = "wss://users-ws.rime.ai/ws3"
"""The service that is called ``cloud``."""

_KEY: Final = re.compile(r"[!-~]*")  # what a header can carry, less white space


def check_key(key: str | None) -> None:
    """Make sure that *key* can stand in a header, and do not repeat it.

    Raises:
        EndpointError: It cannot.
    """
    if not _KEY.fullmatch(key or ""):
        raise EndpointError(
            "the key holds white space or other characters that no key has; "
            "copy it again, without line breaks"
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a ws3 service.

    Attributes:
        url: ``wss://host[:port]/path`` or ``ws://…``, without query or credentials,
            as checked where the manifest is read.
        key: Sent as a bearer token to this host alone; ``None`` sends none. Never
            shown by ``repr``.

    Raises:
        EndpointError: The key cannot stand in a header.
    """

    url: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # Here, because whoever refuses it later quotes it.
        check_key(self.key)

    @property
    def secure(self) -> bool:
        """Whether the line is encrypted and the host's certificate is verified."""
        return urlsplit(self.url).scheme == "wss"

    @property
    def host(self) -> str:
        """The host's name or address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, or the scheme's default."""
        return urlsplit(self.url).port or (443 if self.secure else 80)

    @property
    def host_header(self) -> str:
        """What the ``Host`` header says."""
        return urlsplit(self.url).netloc

    def target(self, query: Query) -> str:
        """Return path and query as the request line has them."""
        return f"{urlsplit(self.url).path or '/'}?{encode_query(query)}"
