"""Whether the client says what it said when it was recorded.

Messages are compared as JSON, since the order of keys and the spacing carry nothing.
Context ids are the client's to choose, so they are neither compared nor ignored: they
must map one to one, and what the server once said under the recorded id is played under
the live one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rimebatch.replay.labels import read_label
from rimebatch.transcript.redactor import Redactor

Match: TypeAlias = Literal["exact", "json", "shape", "any"]
"""``exact``: the same text; ``json``: the same value; ``shape``: the same keys and
types; ``any``: whatever is said."""

Json: TypeAlias = (
    "str | Number | bool | Sequence[Json] | Mapping[str, Json] | None"  # as decoded
)

_ID: Final = "contextId"
# In JSON: a quote behind a backslash begins no name.
_ID_MEMBER: Final = re.compile(r'(?<!\\)("contextId"\s*:\s*)("[^"\\]*(?:\\.[^"\\]*)*")')
_SHOWN_CHARS: Final = 60  # of a value: enough to see what differs
_LEAD_CHARS: Final = 20  # of them before the first difference

_MISSING: Final = "nothing"

# What is hidden on record is compared as it would be hidden now.
_HIDDEN: Final = re.compile("sha256:[0-9a-f]{64}")
_HIDING: Final = Redactor(text="hash")


class Number(str):
    """A number as it is spelled: 1, 1.0 and 1e0 are different messages."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two messages differ.

    Attributes:
        path: As in JSONPath: ``$.text``; ``$`` is the message itself.
        recorded: What stands there on record, cut to a few words.
        live: What the client says now.
    """

    path: str
    recorded: str
    live: str


class ContextIds:
    """A two-way mapping of context ids, made as the client uses them."""

    def __init__(self) -> None:
        self._live: dict[str, str] = {}
        self._recorded: dict[str, str] = {}
        self._are_equal = True

    def pair(self, recorded: str, live: str) -> bool:
        """Note that *live* stands for *recorded*; return whether that is consistent."""
        there = self._live.setdefault(recorded, live)
        back = self._recorded.setdefault(live, recorded)
        self._are_equal &= recorded == live
        return (there, back) == (live, recorded)

    def rename(self, message: str) -> str:
        """Return *message* of the server with its id as the client knows it.

        Everything else stays byte for byte.
        """
        recorded = None if self._are_equal else read_label(message).context_id
        live = None if recorded is None else self._live.get(recorded)
        if live is None:
            return message

        def replace(match: re.Match[str]) -> str:
            name, value = match.groups()
            return (
                name + json.dumps(live) if json.loads(value) == recorded else match[0]
            )

        return _ID_MEMBER.sub(replace, message)


def compare(
    recorded: str, live: str, match: Match, ids: ContextIds
) -> list[Difference]:
    """Return where *live* differs from *recorded*; nothing if it is the same.

    Args:
        recorded: What the client said then.
        live: What it says now.
        match: How alike they have to be.
        ids: Is told which context id stands for which, whatever *match* is.
    """
    if match == "any":
        _pair_labels(recorded, live, ids)
        return []
    if _HIDDEN.search(recorded):
        live = _HIDING.redact(live)
    if match != "exact":
        # What is no JSON, or nests too deep to be compared, is compared as text.
        with suppress(ValueError, RecursionError):
            then, now = _decode(recorded), _decode(live)
            return list(_find_differences("$", then, now, match, ids))
    return [] if recorded == live else [_differ("$", recorded, live)]


def _pair_labels(recorded: str, live: str, ids: ContextIds) -> None:
    then, now = read_label(recorded).context_id, read_label(live).context_id
    if then is not None and now is not None:
        ids.pair(then, now)


def _decode(message: str) -> Json:
    decoded: Json = json.loads(
        message,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
        object_pairs_hook=_make_object,
    )
    return decoded


def _make_object(members: list[tuple[str, Json]]) -> dict[str, Json]:
    unique = dict(members)
    if len(unique) < len(members):
        raise ValueError("a name stands twice")  # of which parsers make what they like
    return unique


def _find_differences(
    path: str, recorded: Json, live: Json, match: Match, ids: ContextIds
) -> Iterator[Difference]:
    if isinstance(recorded, Mapping) and isinstance(live, Mapping):
        yield from _compare_members(path, recorded, live, match, ids)
    elif isinstance(recorded, list) and isinstance(live, list):
        if len(recorded) != len(live):
            yield Difference(path, f"{len(recorded)} items", f"{len(live)} items")
        for index, (then, now) in enumerate(zip(recorded, live, strict=False)):
            yield from _find_differences(f"{path}[{index}]", then, now, match, ids)
    elif type(recorded) is not type(live) or (match == "json" and recorded != live):
        yield _differ(path, recorded, live)


def _compare_members(
    path: str,
    recorded: Mapping[str, Json],
    live: Mapping[str, Json],
    match: Match,
    ids: ContextIds,
) -> Iterator[Difference]:
    for key in dict.fromkeys([*recorded, *live]):
        where = f"{path}.{key}" if key.isidentifier() else f"{path}[{_show(key)}]"
        if key not in recorded or key not in live:
            then, now = _show_member(recorded, key), _show_member(live, key)
            yield Difference(where, then, now)
        elif where == f"$.{_ID}":
            yield from _compare_ids(where, recorded[key], live[key], ids)
        else:
            yield from _find_differences(where, recorded[key], live[key], match, ids)


def _compare_ids(
    path: str, recorded: Json, live: Json, ids: ContextIds
) -> Iterator[Difference]:
    if type(recorded) is str and type(live) is str:
        is_same = ids.pair(recorded, live)
    else:
        is_same = recorded == live
    if not is_same:
        yield _differ(path, recorded, live)


def _show_member(members: Mapping[str, Json], key: str) -> str:
    return _cut(_show(members[key]), 0) if key in members else _MISSING


def _differ(path: str, recorded: Json, live: Json) -> Difference:
    """Return the difference of two values, both cut around the first one."""
    then, now = _show(recorded), _show(live)
    pairs = enumerate(zip(then, now, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(then), len(now)))
    start = max(0, first - _LEAD_CHARS)
    return Difference(path, _cut(then, start), _cut(now, start))


def _show(value: Json) -> str:
    if isinstance(value, Number):
        return value
    shown = json.dumps(value, ensure_ascii=False)
    return shown.encode(errors="backslashreplace").decode()  # half a character


def _cut(text: str, start: int) -> str:
    end = start + _SHOWN_CHARS
    before, after = "…" * (start > 0), "…" * (len(text) > end)
    return f"{before}{text[start:end]}{after}"
