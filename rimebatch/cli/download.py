"""Reading a small public file from the web.

It is asked for without a key, straight (through no proxy, as the service itself is),
over TLS unless it lies on this computer, and within limits of time and size.
"""

import time
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from rimebatch.errors import CatalogueError
from rimebatch.manifest.endpoint import is_loopback

MAX_BYTES: Final = 16 * 2**20  # the catalogue's larger file had 0.3 MB in August 2026
LIMIT_S: Final = 30.0  # for a file of that size, on a slow line

_BLOCK_BYTES: Final = 2**16


def download(
    url: str, *, max_bytes: int = MAX_BYTES, limit_s: float = LIMIT_S
) -> bytes:
    """Return the content of *url*.

    Args:
        url: ``https://``, or ``http://`` to this computer itself.
        max_bytes: The largest content that is read.
        limit_s: Seconds after which the download is given up.

    Raises:
        CatalogueError: The address is not one of those, or there was no whole answer.
    """
    _check_address(url)
    opener = build_opener(ProxyHandler({}), _WithinHost())
    request = Request(url, headers={"User-Agent": "rimebatch"})
    try:
        with opener.open(request, timeout=limit_s) as response:
            return _read(response, max_bytes, time.monotonic() + limit_s)
    except HTTPError as error:
        with error:
            raise _make_error(url, f"the answer was {error.code}") from error
    except URLError as error:
        raise _make_error(url, str(error.reason)) from error
    except (OSError, HTTPException, UnicodeError) as error:
        raise _make_error(url, str(error) or type(error).__name__) from error


class _WithinHost(HTTPRedirectHandler):
    """Follows a redirect only to the host that was asked; else it is the answer."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    remedy = "write https://host/folder, or http:// for this computer alone"
    try:
        scheme, at, *_ = urlsplit(url)
        host = urlsplit(url).hostname
    except ValueError:  # brackets that are not closed
        scheme = at = host = ""
    if not host or "@" in at:
        raise CatalogueError(f"--url: not an address to read from; {remedy}")
    if scheme != "https" and not (scheme == "http" and is_loopback(host)):
        raise CatalogueError(f"--url: the line would not be encrypted; {remedy}")


def _read(response: HTTPResponse, max_bytes: int, deadline_s: float) -> bytes:
    content = bytearray()
    while block := response.read1(_BLOCK_BYTES):
        content += block
        if len(content) > max_bytes:
            raise HTTPException(f"it is larger than {max_bytes} bytes")
        if time.monotonic() > deadline_s:
            raise TimeoutError("it takes too long")
    return bytes(content)


def _make_error(url: str, why: str) -> CatalogueError:
    return CatalogueError(f"{url}: cannot be read: {why}; try again later")
