"""Endpoints: which addresses are accepted, and where the line may be unencrypted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.endpoint import find_endpoint_flaw, find_host_flaw, is_here
from rimebatch.manifest.mistakes import Flaw

EXAMPLE = "write wss://host/ws3 with the host of your service"
UNUSABLE = Flaw("is not an address that can be connected to", EXAMPLE)
INCOMPLETE = Flaw("the address has no host or no path", EXAMPLE)
SCHEME = Flaw("the address does not begin with wss://", EXAMPLE)
QUERY = Flaw(
    "the address holds a query or a fragment",
    "end it before ? and #; parameters stand under voice",
)
CREDENTIALS = Flaw(
    "the address holds a user name or a password",
    "remove it; the key comes from RIME_API_KEY alone",
)


@pytest.mark.parametrize(
    "endpoint",
    [
        "local",
        "cloud",
        "wss://rime.example.com/ws3",
        "wss://rime.example.com:8003/a/ws3",
        "wss://host_1/",
        "WSS://Host/ws3",
        "wss://[2001:db8::1]:8003/ws3",
        "ws://localhost:8003/ws3",
        "ws://LOCALHOST/ws3",
        "ws://127.0.0.1/ws3",
        "ws://127.9.8.7:1/ws3",
        "ws://[::1]:8003/ws3",
        "ws://speech.lan:8003/ws3",
        "ws://SPEECH.LAN/ws3",
        "ws://[fd00::1]/ws3",
    ],
)
def test_usable_endpoints_pass(endpoint: str) -> None:
    """Both names, wss:// anywhere, and ws:// to the loopback or by leave."""
    assert find_endpoint_flaw(endpoint, ["Speech.lan", "fd00::1"]) is None


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("", Flaw("expected local, cloud or an address", EXAMPLE)),
        ("locla", Flaw("expected local, cloud or an address", 'did you mean "local"?')),
        ("Cloud", Flaw("expected local, cloud or an address", 'did you mean "cloud"?')),
        ("rime.example.com", Flaw("expected local, cloud or an address", EXAMPLE)),
        ("https://rime.example.com/ws3", SCHEME),
        ("wss://u:p@host/ws3", CREDENTIALS),
        ("wss://u@host/ws3", CREDENTIALS),
        ("wss://host/ws3?speaker=luna", QUERY),
        ("wss://host/ws3?", QUERY),
        ("wss://host/ws3#x", QUERY),
        ("wss://host", INCOMPLETE),
        ("wss:///ws3", INCOMPLETE),
        ("wss://:80/ws3", INCOMPLETE),
        ("wss://ho%20st/ws3", INCOMPLETE),
        ("wss://host:99999/ws3", UNUSABLE),
        ("wss://host:0/ws3", UNUSABLE),
        ("wss://host:x/ws3", UNUSABLE),
        ("wss://[::1/ws3", UNUSABLE),
        ("wss://ho st/ws3", UNUSABLE),
        ("wss://host/\nws3", UNUSABLE),
        ("wss://hóst/ws3", UNUSABLE),
        ("wss://good\\@host/ws3", UNUSABLE),
    ],
)
def test_unusable_endpoints_are_described(endpoint: str, expected: Flaw) -> None:
    """What is wrong with an address is said without repeating it."""
    assert expected == find_endpoint_flaw(endpoint, [])


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "10.0.0.1",
        "[::2]",
        "2130706433",
        "0.0.0.0",
    ],
)
def test_unencrypted_line_to_another_host_is_refused(host: str) -> None:
    """Neither key nor text leaves the machine unencrypted unless the host is named."""
    flaw = find_endpoint_flaw(f"ws://{host}/ws3", ["other.example.com"])
    name = host.strip("[]")

    assert flaw == Flaw(
        "ws:// would send the key and the text unencrypted",
        f"use wss://, or allow it by adding {name} to plain_ws_hosts",
    )


@pytest.mark.parametrize("host", ["speech", "speech.lan", "10.0.0.1", "fd00::1"])
def test_hosts_pass(host: str) -> None:
    """A host is a name or an address."""
    assert find_host_flaw(host) is None


@pytest.mark.parametrize("host", ["", "ws://speech", "speech:8003", "speech/ws3", "*"])
def test_what_is_more_than_a_host_is_refused(host: str) -> None:
    """Scheme, port, path and patterns have no place in a host."""
    remedy = "write its name alone, without scheme, port and path"

    assert Flaw("is not a host", remedy) == find_host_flaw(host)


@given(st.text() | st.text("wsl:/@?#[]%.0123456789abc\\ ").map("ws://".__add__))
def test_no_text_raises_or_is_repeated(endpoint: str) -> None:
    """Any text is judged, and the judgement does not hold the text."""
    flaw = find_endpoint_flaw(endpoint, [])

    assert flaw is None or len(endpoint) < 12 or endpoint not in f"{flaw}"


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("local", True),
        ("cloud", False),
        ("wss://speech.example/ws3", False),
        ("ws://localhost:8000/ws3", True),
        ("ws://127.8.9.1/ws3", True),
        ("ws://[::1]/ws3", True),
        ("ws://[::1/ws3", False),
        ("ws:///ws3", False),
    ],
)
def test_is_here(endpoint: str, *, expected: bool) -> None:
    """This computer is named `local` or by a loopback address."""
    assert expected == is_here(endpoint)
