"""Faults of the handshake, each on the wire."""

from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import trio
from websockets.exceptions import InvalidMessage
from websockets.sync.client import connect

from fakes.clients import KEY
from rimebatch.server import ServiceOptions, serve_ws3
from rimebatch.server.faults import parse_fault
from rimebatch.server.faults.opening import FAULTS
from rimebatch.server.voices import ToneVoice

ELSEWHERE = "wss://elsewhere.invalid/ws3"

REFUSALS = {
    "status": (503, "Service Unavailable", {}),
    "status=401": (401, "invalid api key", {}),
    "status=402": (402, "Payment Required", {}),
    "status=403": (403, "access forbidden", {}),
    "status=404": (404, "Not Found", {}),
    "status=429": (429, "Currently at websocket limit", {}),
    "status=500": (500, "Internal Server Error", {}),
    "status=502": (502, "Bad Gateway", {}),
    "status=599": (599, "", {}),
    "retry-after": (429, "Currently at websocket limit", {"Retry-After": "2"}),
    "retry-after=soon": (429, "Currently at websocket limit", {"Retry-After": "soon"}),
    "redirect": (302, "Found", {"Location": ELSEWHERE}),
    "redirect=ws://a/b": (302, "Found", {"Location": "ws://a/b"}),
}


def knock(url: str) -> tuple[int, str, dict[str, str]]:
    """Ask for a connection that will be refused; status, body and headers."""
    address = urlsplit(url)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    with closing(HTTPConnection(address.netloc, timeout=5)) as connection:
        target = f"{address.path}?{address.query}"
        connection.request("GET", target, headers={**KEY, **upgrade})
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())


def _open(url: str) -> None:
    with connect(url, additional_headers=KEY, open_timeout=5):
        pass


@pytest.mark.parametrize("fault", REFUSALS)
async def test_refusals(url: str, fault: str) -> None:
    """The handshake is refused with a status, its text, and what goes along."""
    target = f"{url}?speaker=luna&fault={fault}"
    status, body, headers = await trio.to_thread.run_sync(knock, target)
    expected_status, expected_body, expected_headers = REFUSALS[fault]

    assert (expected_status, expected_body) == (status, body)
    assert expected_headers.items() <= headers.items()


@pytest.mark.parametrize("fault", ["slow-handshake=0.1", "drip-handshake=0.0001"])
async def test_slow(url: str, fault: str) -> None:
    """Who is patient is let in."""
    with trio.fail_after(5):
        await trio.to_thread.run_sync(_open, f"{url}?speaker=luna&fault={fault}")


@pytest.mark.parametrize("fault", ["slow-handshake", "drip-handshake"])
async def test_too_slow(url: str, fault: str) -> None:
    """Who is not patient is not."""

    def knock_hastily() -> None:
        with pytest.raises(TimeoutError):
            connect(
                f"{url}?speaker=luna&fault={fault}",
                additional_headers=KEY,
                open_timeout=0.1,
            )

    with trio.fail_after(5):
        await trio.to_thread.run_sync(knock_hastily)


async def test_gone_before_the_answer(url: str) -> None:
    """A client that has left by the time of its answer harms nobody."""

    def knock_and_leave() -> None:
        with pytest.raises(TimeoutError):
            connect(
                f"{url}?speaker=luna&fault=slow-handshake=0.1",
                additional_headers=KEY,
                open_timeout=0.05,
            )

    await trio.to_thread.run_sync(knock_and_leave)
    # Let in after the other's answer is due, by the same service.
    target = f"{url}?speaker=luna&fault=slow-handshake=0.2"

    with trio.fail_after(5):
        await trio.to_thread.run_sync(_open, target)


async def test_no_http(url: str) -> None:
    """What answers is no web server."""

    def knock_and_wonder() -> None:
        with pytest.raises(InvalidMessage):
            _open(f"{url}?speaker=luna&fault=no-http")

    await trio.to_thread.run_sync(knock_and_wonder)


async def test_reset(url: str) -> None:
    """The line is reset in place of an answer."""

    def knock_in_vain() -> None:
        with pytest.raises((ConnectionResetError, InvalidMessage)):
            _open(f"{url}?speaker=luna&fault=reset-handshake")

    await trio.to_thread.run_sync(knock_in_vain)


async def test_at_a_connection(nursery: trio.Nursery) -> None:
    """A fault for the second connection alone leaves the others as they are."""
    faults = (parse_fault("status@2=500"), parse_fault("slow-handshake@1=0"))
    options = ServiceOptions(voice=ToneVoice(), faults=faults)
    url = f"{await nursery.start(serve_ws3, options)}?speaker=luna"

    await trio.to_thread.run_sync(_open, url)
    status, *_ = await trio.to_thread.run_sync(knock, url)
    await trio.to_thread.run_sync(_open, url)

    assert 500 == status


async def test_first_refusal_counts(url: str) -> None:
    """Of two faults that both answer, the first does."""
    target = f"{url}?speaker=luna&fault=slow-handshake=0&fault=status=403&fault=status"
    status, *_ = await trio.to_thread.run_sync(knock, target)

    assert 403 == status


def test_every_fault_is_tried() -> None:
    """No fault of this module is without a test above."""
    refusals = {fault.partition("=")[0] for fault in REFUSALS}
    others = {"slow-handshake", "drip-handshake", "no-http", "reset-handshake"}

    assert FAULTS.keys() == refusals | others
