"""Downloads: within limits, without a key, and from nowhere else."""

import socket

import pytest

from fakes.web import Answer, open_web
from rimebatch.cli.download import download
from rimebatch.errors import CatalogueError


def test_content_comes_as_it_is() -> None:
    """A file is asked for once, without anything that says who asks."""
    content = bytes(range(256)) * 1000
    with open_web({"/a": Answer(content)}) as web:
        found = download(f"{web.url}/a")
    [(path, headers)] = web.asked

    assert content == found
    assert "/a" == path
    assert {"Host", "User-Agent", "Accept-Encoding", "Connection"} == set(headers)
    assert "rimebatch" == headers["User-Agent"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b"", 404), "the answer was 404; "),
        (Answer(b"", 500), "the answer was 500; "),
        (
            Answer(b"", 302, {"Location": "http://example.com/a"}),
            "the answer was 302; ",
        ),
        (
            Answer(b"", 302, {"Location": "file:///etc/passwd"}),
            "the answer was 302; ",
        ),
        (Answer(b"x" * 2000), "it is larger than 1000 bytes; "),
        (Answer(b"x" * 100, is_endless=True), "it is larger than 1000 bytes; "),
        (Answer(b"x", headers={"Transfer-Encoding": "chunked"}), ""),
    ],
)
def test_what_is_no_answer_is_one_line(answer: Answer, why: str) -> None:
    """A refusal, a way elsewhere and too much are said with the address."""
    with open_web({"/a": answer}) as web:
        url = f"{web.url}/a"
        with pytest.raises(CatalogueError) as caught:
            download(url, max_bytes=1000)

    assert str(caught.value).startswith(f"{url}: cannot be read: {why}")
    assert str(caught.value).endswith("; try again later")
    assert 1 == len(web.asked)


def test_a_redirect_within_the_host_is_followed() -> None:
    """A file that was moved on its own host is found."""
    answers = {"/a": Answer(b"", 301, {"Location": "/b"}), "/b": Answer(b"here")}
    with open_web(answers) as web:
        assert b"here" == download(f"{web.url}/a")


def test_a_download_without_an_end_is_given_up() -> None:
    """An answer that never ends is left when the time is over."""
    with (
        open_web({"/a": Answer(b"x" * 9999, is_endless=True)}) as web,
        pytest.raises(CatalogueError, match="it takes too long"),
    ):
        download(f"{web.url}/a", max_bytes=2**40, limit_s=0.2)


def test_a_silent_server_is_given_up() -> None:
    """A server that takes the call and says nothing is left when the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        with pytest.raises(CatalogueError, match="timed out"):
            download(url, limit_s=0.1)


def test_nobody_there() -> None:
    """A port at which nobody listens is said to be so."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/a"
    with pytest.raises(CatalogueError, match="Connection refused"):
        download(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/voices", "the line would not be encrypted"),
        ("http://127.0.0.1.example.com/", "the line would not be encrypted"),
        ("ftp://127.0.0.1/a", "the line would not be encrypted"),
        ("file:///etc/passwd", "not an address to read from"),
        ("https://me:secret@example.com/", "not an address to read from"),
        ("https://[::1", "not an address to read from"),
        ("voices", "not an address to read from"),
        ("", "not an address to read from"),
    ],
)
def test_other_addresses_are_refused(url: str, why: str) -> None:
    """Nothing is read from a file, in the clear, or with a password in the address."""
    with pytest.raises(CatalogueError) as caught:
        download(url)

    assert str(caught.value).startswith(f"--url: {why}; ")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:0x/", "http://127.0.0.1/a b\n/é"])
def test_what_cannot_stand_in_a_request(url: str) -> None:
    """An address that http cannot carry is one line, too."""
    with pytest.raises(CatalogueError, match="cannot be read"):
        download(url)
