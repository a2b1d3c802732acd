"""What a transcript must not hold: text that is to stay hidden, and credentials.

It knows messages and bytes, and neither entries nor files.

Theory of operation. Text is hidden by names: of all strings in a message only those
stay whose name is known to stand before no text, so that a field that a server adds
is hidden as well. Strings are replaced where they stand and all else is left alone, so
that a hidden message is read, cut at takes and replayed like any other. Credentials are
searched for and, in a record, never replaced: where one turns up, something is wrong,
and the record must not be written.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, quote_plus

import pybase64

TextMode: TypeAlias = Literal["keep", "hash"]

MASK: Final = "•"
"""Stands for a hidden word, which nobody could then tell from any other."""

MIN_SECRET_CHARS: Final = 8
"""A shorter secret, such as ``local``, is not searched for: text holds it by chance."""

# Audio is under ``data``. The rest of the strings of ws3 are text, or quote it.
_NAMES_BEFORE_NO_TEXT: Final = frozenset({"type", "operation", "contextId", "data"})
_NAME_BEFORE_WORDS: Final = "words"

# A string, with the colon if it is a name. It is only used on what is known to be JSON.
_STRING: Final = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:\s*)?')
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Redactor:
    """What is kept out of the transcripts of one run.

    Attributes:
        text: Whether text to be spoken is kept as it is, or hidden.
        secrets: Every known credential.
    """

    text: TextMode = "keep"
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def redact(self, message: str) -> str:
        """Return *message*, sent or received, as it may be recorded.

        Text and whatever might quote it becomes ``sha256:`` and the digest of it; what
        is no JSON object is text as a whole. The words of a timestamps event become
        `MASK`, because digests of single words would hide nothing: a dictionary undoes
        them. What has been redacted before is returned as it is.
        """
        if self.text == "keep":
            return message
        try:
            is_object = isinstance(json.loads(message), dict)
        except (ValueError, RecursionError):
            is_object = False
        return _hide_strings(message) if is_object else _digest(message)

    def hide(self, words: str) -> str:
        """Return *words* of a peer that may quote text, as they may be recorded."""
        return words if self.text == "keep" or not words else _digest(words)

    def find_secret(self, data: bytes | bytearray) -> bool:
        """Whether a credential stands in *data*, as it is or in a usual disguise."""
        return any(needle in data for needle in self._needles)

    def mask(self, data: bytes) -> bytes:
        """Return *data*, which is no record, with every credential masked."""
        for needle in sorted(self._needles, key=len, reverse=True):
            data = data.replace(needle, b"(credential)")
        return data

    @cached_property
    def _needles(self) -> frozenset[bytes]:
        return frozenset(
            needle
            for secret in self.secrets
            if len(secret) >= MIN_SECRET_CHARS
            for needle in _disguises(secret)
        )


VERBATIM: Final = Redactor()
"""Keeps everything."""


def _hide_strings(message: str) -> str:
    """Return *message*, a JSON object, without the strings that may be text."""
    name, value_at = "", 0

    def replace(match: re.Match[str]) -> str:
        nonlocal name, value_at
        string, colon = match.groups()
        if colon:
            name, value_at = json.loads(string), match.end()
        elif name == _NAME_BEFORE_WORDS:
            return f'"{MASK}"'
        elif name not in _NAMES_BEFORE_NO_TEXT or match.start() != value_at:
            return f'"{_digest(json.loads(string))}"'
        return match[0]

    return _STRING.sub(replace, message)


def _digest(text: str) -> str:
    if _DIGEST.fullmatch(text):
        return text
    wire = text.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(wire).hexdigest()}"


def _disguises(secret: str) -> Iterator[bytes]:
    """Yield the bytes by which *secret* is known, wherever it was put."""
    # Of the environment, whose bytes need not be UTF-8.
    plain = secret.encode("utf-8", "surrogateescape")
    yield plain
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped.encode("utf-8", "surrogateescape")
        yield escaped.replace("/", r"\/").encode("utf-8", "surrogateescape")
    for quoted in (quote(plain), quote(plain, safe=""), quote_plus(plain)):
        yield quoted.encode()
    for encode in (pybase64.b64encode, pybase64.urlsafe_b64encode):
        for offset in range(3):
            # Its first and last digit may hold bits of the bytes beside it.
            start, end = (8 * offset + 5) // 6, 8 * (offset + len(plain)) // 6
            yield encode(bytes(offset) + plain)[start:end]
