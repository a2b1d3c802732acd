"""Faults as a person writes them: a small YAML file over a transcript, or plain data.

An overlay copies nothing of its base, so a case of a test is a few lines to review.
This module knows how faults are written, and nothing of what they do.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from rimebatch.errors import ManifestError
from rimebatch.manifest.mistakes import (
    START,
    Flaw,
    Found,
    Mistake,
    Place,
    format_place,
    suggest,
)
from rimebatch.manifest.text_files import read_text
from rimebatch.manifest.yaml_nodes import (
    NO_VALUE,
    Data,
    Document,
    list_in,
    parse_document,
)
from rimebatch.replay.faults import OPERATIONS, Operation, ReplayFault, apply_faults
from rimebatch.replay.recording import Recording, read_recording
from rimebatch.replay.selectors import UnfitError

OVERLAYS: Final = frozenset({".yaml", ".yml"})
"""How the names of overlays end."""

# An example helps best, whatever is wrong. Inside braces YAML wants recv[3] in quotes.
_EXAMPLES: Final = {
    "cut": 'cut: {at: "recv[3]", code: 1011, reason: going away}',
    "drop": "drop: recv[3]",
    "delay": "delay: {at: first done, seconds: 2}",
    "stall": "stall: last chunk",
    "duplicate": "duplicate: recv[3]",
    "swap": "swap: recv[3]",
    "corrupt": 'corrupt: {at: "recv[3]", byte: 12, to: x}',
    "insert": 'insert: {before: "recv[3]", message: {type: error, message: no}}',
    "reject": 'reject: {status: 429, headers: {retry-after: "2"}, body: no}',
}
_TOP_EXAMPLE: Final = "{faults: 1, base: 0001.jsonl, do: [stall: last chunk]}"

# Where msgspec says that it found a mistake; of a longer path the first key.
_WHERE: Final = re.compile(r" - at .*?\$(?:\.(\w+))?.*")

_Written = TypeVar("_Written", bound=msgspec.Struct)

_Operations: TypeAlias = list[tuple[Place, Operation]]


@dataclass(frozen=True, slots=True)
class Overlay:
    """What an overlay says.

    Attributes:
        base: The transcript that the faults are for; ``None`` if it does not say.
        sha256: The digest of that file, if it is to be checked.
        faults: In the order in which they are applied.
    """

    base: Path | None
    sha256: str | None
    faults: tuple[ReplayFault, ...]


class _Top(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys at the top of an overlay; what is to be done is read by itself."""

    faults: Literal[1]
    do: list[object]
    base: str | None = None
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


def read_replayable(path: Path) -> Recording:
    """Return what is to be played of the file at *path*.

    Args:
        path: A transcript; or, by the end of its name, an overlay.

    Raises:
        ManifestError: The overlay has mistakes, or does not fit its base.
        TranscriptError: The transcript cannot be read.
    """
    if path.suffix not in OVERLAYS:
        return read_recording(path)
    overlay = read_overlay(path)
    if overlay.base is None:
        raise ManifestError([f"{path}: base is missing; name the transcript there"])
    recording = read_recording(overlay.base)
    if overlay.sha256 is not None:
        _check_digest(path, overlay.base, overlay.sha256)
    return apply_faults(recording, overlay.faults)


def _check_digest(path: Path, base: Path, sha256: str) -> None:
    digest = hashlib.sha256(base.read_bytes()).hexdigest()
    if digest != sha256:
        what = f"sha256 is not that of {base}, which has changed"
        remedy = f"see that the faults still fit, then write {digest}"
        raise ManifestError([f"{path}: {what}; {remedy}"])


def read_overlay(path: Path) -> Overlay:
    """Return what the overlay at *path* says.

    Raises:
        ManifestError: With every mistake as ``file:line:column: place: what; what
            would help``, in file order.
    """
    content = read_text(path)
    if isinstance(content, Flaw):
        raise ManifestError([Mistake(START, (), content).sentence(str(path))])
    document = parse_document(content)
    if isinstance(document, Mistake):
        raise ManifestError([document.sentence(str(path))])
    top = _convert(_make_plain(dict(document.data)), _Top, (), _TOP_EXAMPLE)
    entries = map(_make_plain, list_in(document.data.get("do")))
    operations, found = _read_operations(entries, ("do",))
    if isinstance(top, Found):
        found.append(top)
    mistakes = [*document.duplicates, *map(document.locate, found)]
    if mistakes or isinstance(top, Found):
        mistakes.sort(key=lambda mistake: mistake.position)
        raise ManifestError([mistake.sentence(str(path)) for mistake in mistakes])
    base = None if top.base is None else path.parent / top.base
    faults = (
        ReplayFault(operation, _describe_place(path, document, place))
        for place, operation in operations
    )
    return Overlay(base, top.sha256, tuple(faults))


def make_faults(written: Sequence[Mapping[str, object]]) -> tuple[ReplayFault, ...]:
    """Return the faults that are *written* as in the ``do`` of an overlay.

    Raises:
        ManifestError: With every mistake as ``faults[0].cut: what; what would help``.
    """
    operations, found = _read_operations(written, ("faults",))
    if found:
        raise ManifestError(
            [
                f"{format_place(place)}: {flaw.what}; {flaw.remedy}"
                for place, flaw, _ in found
            ]
        )
    return tuple(
        ReplayFault(operation, format_place(place)) for place, operation in operations
    )


def _read_operations(
    entries: Iterable[object], place: Place
) -> tuple[_Operations, list[Found]]:
    """Return the operations in a list at *place*, and all mistakes there."""
    operations: _Operations = []
    found: list[Found] = []
    for index, entry in enumerate(entries):
        operation = _read_operation(entry, (*place, index))
        if isinstance(operation, Found):
            found.append(operation)
        else:
            operations.append(operation)
    return operations, found


def _read_operation(entry: object, place: Place) -> tuple[Place, Operation] | Found:
    if not (isinstance(entry, Mapping) and len(entry) == 1):
        what, remedy = "expected one operation", f"write it like {_EXAMPLES['drop']}"
        return Found(place, Flaw(what, remedy))
    [(name, fields)] = entry.items()
    place = (*place, str(name))
    if name not in OPERATIONS:
        remedy = suggest(str(name), OPERATIONS, f"known are {', '.join(OPERATIONS)}")
        return Found(place, Flaw("unknown operation", remedy), at_key=True)
    if not isinstance(fields, Mapping):
        fields = {"at": fields}
    operation = _convert(fields, OPERATIONS[name], place, _EXAMPLES[name])
    return operation if isinstance(operation, Found) else (place, operation)


def _convert(
    written: object, kind: type[_Written], place: Place, example: str
) -> _Written | Found:
    """Return *written* as a *kind*, or what is wrong first with it."""
    try:
        return msgspec.convert(written, kind, strict=False)  # digits are numbers, too
    except msgspec.ValidationError as error:
        if isinstance(unfit := error.__cause__, UnfitError):
            return Found(place, Flaw(unfit.what, unfit.remedy))
        what = _WHERE.sub("", str(error)).removeprefix("Object ")
        where = _WHERE.search(str(error))
        inner = (where[1],) if where and where[1] else ()
        remedy = f"write it like {example}"
        return Found((*place, *inner), Flaw(what[:1].lower() + what[1:], remedy))


def _make_plain(data: Data) -> object:
    """Return *data* with nothing where it has no value."""
    match data:
        case list():
            return list(map(_make_plain, data))
        case dict():
            return {key: _make_plain(value) for key, value in data.items()}
        case _:
            return None if data is NO_VALUE else data


def _describe_place(path: Path, document: Document, place: Place) -> str:
    line, column = document.values[place]
    return f"{path}:{line}:{column}: {format_place(place)}"
