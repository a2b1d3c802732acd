"""Which values of the environment are credentials, and must never be on record."""

from collections.abc import Mapping
from typing import Final

from rimebatch.transcript.redactor import MIN_SECRET_CHARS

_MARKS: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def find_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is long enough, and whose name sounds like a credential's."""
    return tuple(
        value
        for name, value in environ.items()
        if len(value) >= MIN_SECRET_CHARS and any(m in name.upper() for m in _MARKS)
    )
