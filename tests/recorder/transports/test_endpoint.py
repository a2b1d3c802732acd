"""Tests of where the service is, and of the key that may go there."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import EndpointError
from rimebatch.recorder.transports.endpoint import Endpoint

KEY = "rime-4711"


@pytest.mark.parametrize(
    ("url", "secure", "host", "port", "host_header"),
    [
        ("wss://host.example/ws3", True, "host.example", 443, "host.example"),
        ("ws://127.0.0.1/ws3", False, "127.0.0.1", 80, "127.0.0.1"),
        ("ws://localhost:8003/ws3", False, "localhost", 8003, "localhost:8003"),
        ("wss://[::1]:8003/ws3", True, "::1", 8003, "[::1]:8003"),
    ],
)
def test_parts(
    url: str, host: str, port: int, host_header: str, *, secure: bool
) -> None:
    """An address is taken apart into what a connection is opened with."""
    endpoint = Endpoint(url)

    assert secure == endpoint.secure
    assert (host, port, host_header) == (
        endpoint.host,
        endpoint.port,
        endpoint.host_header,
    )


def test_target() -> None:
    """The request line has the path and the query, percent-encoded and in order."""
    query = (("modelId", "arcana"), ("speaker", "a b&c"))

    assert "/v1/ws3?modelId=arcana&speaker=a%20b%26c" == Endpoint(
        "wss://host/v1/ws3"
    ).target(query)
    assert "/?modelId=arcana" == Endpoint("wss://host").target(query[:1])


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5).map(tuple))
def test_target_is_ascii(query: tuple[tuple[str, str], ...]) -> None:
    """Whatever the query holds, it stands in the request line and comes back."""
    target = Endpoint("wss://host/ws3").target(query)

    assert target.isascii()
    assert target.isprintable()
    assert " " not in target
    assert query == tuple(parse_qsl(urlsplit(target).query, keep_blank_values=True))


def test_the_key_is_not_shown() -> None:
    """Neither form of an endpoint as text holds its key."""
    endpoint = Endpoint("wss://host/ws3", KEY)

    assert KEY not in repr(endpoint)
    assert KEY not in str(endpoint)


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f" {KEY}", f"{KEY}\r\nX: y", "ключ", "a\0"]
)
def test_a_key_that_is_none(key: str) -> None:
    """A key that cannot stand in a header is refused, and not repeated."""
    with pytest.raises(EndpointError) as caught:
        Endpoint("wss://host/ws3", key)

    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize("key", [None, "", KEY])
def test_a_key_may_be_missing(key: str | None) -> None:
    """An endpoint need not have a key."""
    assert key == Endpoint("wss://host/ws3", key).key
