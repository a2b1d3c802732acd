"""Tests of `rimebatch.transcript.redactor`."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import TypeAlias
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.transcript.redactor import MASK, MIN_SECRET_CHARS, Redactor
from rimebatch.ws3 import Chunk, Done, Eos, Flush, encode_command, encode_event

HASH = Redactor("hash")
KEY = "rime-canary/4711+x"
NAMES = ("type", "operation", "contextId", "data")

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from([*NAMES, "text", "words", "message"]) | st.text(), values
        )
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from([*NAMES, "text", "words"]) | st.text(), JSON)


def digest(text: str) -> str:
    """Return what stands in place of *text*."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def strings_in(value: Json) -> Iterator[str]:
    """Yield every string in *value* but those right behind a name that is known."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from strings_in(item)
        case dict():
            for name, item in value.items():
                if name not in NAMES or not isinstance(item, str):
                    yield from strings_in(item)
        case _:
            pass


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            '{ "text" :  "Say\\u00e9.", "contextId": "a",\t"speed":1.50 }',
            f'{{ "text" :  "{digest("Sayé.")}", "contextId": "a",\t"speed":1.50 }}',
        ),
        (
            '{"word_timestamps":{"words":["Say ","\\"no\\"."],"end":[0.0, 1e-1]}}',
            f'{{"word_timestamps":{{"words":["{MASK}","{MASK}"],"end":[0.0, 1e-1]}}}}',
        ),
        (
            '{"type":"error","message":"cannot say Ishmael"}',
            f'{{"type":"error","message":"{digest("cannot say Ishmael")}"}}',
        ),
        # What ws3 does not have, and a name that is written twice, or oddly.
        (
            '{"type":"later","of":[{"type":"x"},"Ishmael"]}',
            f'{{"type":"later","of":[{{"type":"x"}},"{digest("Ishmael")}"]}}',
        ),
        (
            '{"text":"a","te\\u0078t":"b"}',
            f'{{"text":"{digest("a")}","te\\u0078t":"{digest("b")}"}}',
        ),
        ('{"type":["x"],"by":null}', f'{{"type":["{digest("x")}"],"by":null}}'),
        # No object.
        ("Call me Ishmael.", digest("Call me Ishmael.")),
        ('"Ishmael"', digest('"Ishmael"')),
        ('{"text":"Ishmael"', digest('{"text":"Ishmael"')),
        ("[" * 100_000, digest("[" * 100_000)),
    ],
)
def test_hidden_text(message: str, expected: str) -> None:
    """Text is hidden, whatever might quote it is, and all else stays to the byte."""
    assert expected == HASH.redact(message)
    assert message == Redactor().redact(message)


@pytest.mark.parametrize(
    "message",
    [
        encode_event(Chunk(b"\0\xff" * 1000, "job:1")),
        encode_event(Done("job:1")),
        encode_command(Flush()),
        encode_command(Eos()),
        '{"type" : "done"}',
    ],
)
def test_messages_without_text(message: str) -> None:
    """Audio, ends and operations stay as they are."""
    assert message == HASH.redact(message)


@given(st.text(), st.booleans())
def test_any_text(text: str, ascii_only: bool) -> None:
    """However a text is written, its digest stands in its place."""
    message = json.dumps({"text": text, "contextId": "a"}, ensure_ascii=ascii_only)

    assert {"text": digest(text), "contextId": "a"} == json.loads(HASH.redact(message))


@given(OBJECTS)
def test_any_object(written: dict[str, Json]) -> None:
    """Only what stands right behind a name that is known can stay."""
    redacted = json.loads(HASH.redact(json.dumps(written)))

    assert all(
        found == MASK or found.startswith("sha256:") for found in strings_in(redacted)
    )


@given(OBJECTS.map(json.dumps) | st.text())
def test_twice(message: str) -> None:
    """What has been redacted is not redacted again."""
    once = HASH.redact(message)

    assert once == HASH.redact(once)


def test_lone_surrogate() -> None:
    """Text that is no Unicode has a digest, too."""
    expected = hashlib.sha256(b"\xed\xa0\x80").hexdigest()

    assert f'{{"text":"sha256:{expected}"}}' == HASH.redact('{"text":"\\ud800"}')


@pytest.mark.parametrize(
    ("redactor", "words", "expected"),
    [
        (Redactor(), "no Ishmael", "no Ishmael"),
        (HASH, "no Ishmael", digest("no Ishmael")),
        (HASH, digest("no Ishmael"), digest("no Ishmael")),
        (HASH, "", ""),
    ],
)
def test_words_of_a_peer(redactor: Redactor, words: str, expected: str) -> None:
    """Words that may quote text are hidden with it; none stay none."""
    assert expected == redactor.hide(words)


def to_php(text: str) -> str:
    """Return *text* in JSON as some servers write it."""
    return json.dumps(text).replace("/", r"\/")


@settings(max_examples=100)
@given(
    secret=st.text(min_size=MIN_SECRET_CHARS, max_size=40),
    before=st.binary(max_size=7),
    after=st.binary(max_size=7),
    disguise=st.sampled_from(
        [str, json.dumps, to_php, quote, quote_plus, lambda text: quote(text, safe="")]
    ),
)
def test_any_secret(
    secret: str, before: bytes, after: bytes, disguise: Callable[[str], str]
) -> None:
    """A credential is found wherever it stands: as it is, escaped, or URL-encoded."""
    shown = disguise(secret)[1:-1] if disguise in {json.dumps, to_php} else None
    data = before + (shown or disguise(secret)).encode() + after

    assert Redactor(secrets=("other-secret", secret)).find_secret(data)


@settings(max_examples=100)
@given(
    secret=st.text(min_size=MIN_SECRET_CHARS, max_size=40),
    before=st.binary(max_size=7),
    after=st.binary(max_size=7),
    encode=st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_any_secret_in_base64(
    secret: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes]
) -> None:
    """In base64 a credential is found at every alignment, whatever is beside it."""
    data = b'{"data":"' + encode(before + secret.encode() + after) + b'"}'

    assert Redactor(secrets=(secret,)).find_secret(data)


@given(st.binary(), st.binary())
def test_no_secret(before: bytes, after: bytes) -> None:
    """What holds no credential is let through, even most of one is."""
    for part in (KEY[1:], KEY[:-1]):
        data = b".".join([before, part.encode(), after])

        assert not Redactor(secrets=(KEY,)).find_secret(data)


def test_bytes_of_the_environment() -> None:
    """A credential need not be UTF-8."""
    secret = b"caf\xe9-caf\xe9".decode("utf-8", "surrogateescape")

    assert Redactor(secrets=(secret,)).find_secret(b"= caf\xe9-caf\xe9")
    assert Redactor(secrets=(secret,)).find_secret(b"caf%E9-caf%E9")


def test_short_secrets() -> None:
    """What is too short to be told from chance is not searched for."""
    redactor = Redactor(secrets=("local", "x" * (MIN_SECRET_CHARS - 1)))

    assert not redactor.find_secret(b"local, " + b"x" * 100)


def test_secrets_are_not_shown() -> None:
    """A redactor does not print what it looks for."""
    assert KEY not in repr(Redactor(secrets=(KEY,)))


def test_masks() -> None:
    """Where nothing is recorded, credentials are masked in every disguise."""
    said = f"Bearer {KEY}, {quote(KEY, safe='')}, local".encode()

    masked = Redactor(secrets=(KEY, "local")).mask(said)

    assert b"Bearer (credential), (credential), local" == masked
