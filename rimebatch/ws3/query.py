"""The synthesis arguments as an ordered, percent-encoded query.

The names are Rime's own. What each may hold is checked where a person writes it, in
`rimebatch.manifest`; this module only puts it on the wire and takes it off again.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

Parameter: TypeAlias = str | int | float | bool

Query: TypeAlias = tuple[tuple[str, str], ...]
"""Name and value pairs in the order of the wire, not percent-encoded."""

# modelId leads: without it the service answers with another model, and bills for it.
_ORDER: Final = ("modelId", "speaker", "lang", "audioFormat", "samplingRate", "segment")


def make_query(parameters: Mapping[str, Parameter]) -> Query:
    """Return *parameters* as pairs: the well-known ones first, then as given."""
    leading = [name for name in _ORDER if name in parameters]
    names = [*leading, *(name for name in parameters if name not in leading)]
    return tuple((name, _format(parameters[name])) for name in names)


def encode_query(query: Query) -> str:
    """Return *query* as it stands behind the ``?`` of the address."""
    return urlencode(query, quote_via=quote)


def decode_query(text: str) -> Query:
    """Return the pairs in *text*, the part behind the ``?``; blank values are kept."""
    return tuple(parse_qsl(text, keep_blank_values=True))


def _format(value: Parameter) -> str:
    """Return *value* as real clients write it: ``true``, ``24000``, ``0.00001``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)
