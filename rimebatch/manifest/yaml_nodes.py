"""Guarded YAML: text in, plain data with positions out. The only module with yaml.

Knows nothing about manifests, and gives no scalar a meaning: every scalar is the text
that was written, so ``no``, ``1:30``, ``1.10`` and ``017`` cannot turn into something
else. Whoever knows the declared type of a value converts it.

The data grows in one loop over the parser's events, without recursion and without
yaml's composer, so nesting and size are bounded before anything is built: the C
composer crashes the interpreter on 100,000 nested brackets, and an alias bomb of 400
bytes has millions of nodes when walked. Anchors, aliases, tags and merge keys are
refused altogether; a manifest has no use for them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, NoReturn, Protocol, TypeAlias

import yaml

from rimebatch.manifest.mistakes import (
    START,
    Flaw,
    Found,
    Mistake,
    Place,
    Position,
    quote,
)

MAX_DEPTH = 40  # a manifest needs 5; the C parser itself is safe far beyond this
MAX_VALUES = 1_000_000  # some 100,000 jobs, and about 500 MB while they are read


class NoValue(Enum):
    """The kind of :data:`NO_VALUE`."""

    NO_VALUE = "no value"


NO_VALUE: Final = NoValue.NO_VALUE
"""What stands for ``key:``, ``key: ~`` and ``key: null``."""

Data: TypeAlias = "str | Literal[NoValue.NO_VALUE] | list[Data] | dict[str, Data]"
"""What YAML can say here. A dict keeps the order in which its keys were written."""

# "The allowed character range explicitly excludes the C0 control block (except for
# TAB, LF, and CR), DEL, the C1 control block (except for NEL), the surrogate block,
# #xFFFE, and #xFFFF." YAML 1.1, section 5.1. Escapes may not bring them back.
_FORBIDDEN = re.compile(
    r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader

# What helps, by a part of the parser's own words.
_REMEDIES = {
    "mapping values are not allowed": 'put a value that holds ": " in quotes',
    "cannot start any token": "indent with spaces, not tabs, and put a value that "
    "begins with a special character in quotes",
    "unexpected end of stream": "close the quotation mark",
    "did not find expected": "check the indentation, quotation marks and brackets",
}
_ALIAS = "anchors and aliases are not used here"
_NO_REFERENCES = "write it out in full, or in quotes if it begins with & or *"


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one YAML document and where each part of it was written.

    Attributes:
        data: The keys and values at the top.
        values: The position of the value at each place.
        keys: The position of the key at each place that has one.
        duplicates: A mistake for every key written twice; the last one counts.
    """

    data: Mapping[str, Data]
    values: Mapping[Place, Position]
    keys: Mapping[Place, Position]
    duplicates: Sequence[Mistake]

    def locate(self, found: Found) -> Mistake:
        """Return *found* with its position, or that of the nearest place around it."""
        place = found.place
        if found.at_key:
            return Mistake(self.keys[place], place, found.flaw)
        while place not in self.values:
            place = place[:-1]
        return Mistake(self.values[place], found.place, found.flaw)


def parse_document(content: str, max_values: int = MAX_VALUES) -> Document | Mistake:
    """Parse YAML, or return the mistake that keeps it from being read.

    Args:
        content: The whole file, without a byte order mark.
        max_values: How many values, lists and mappings it may have.

    Returns:
        The only document in *content*, with keys and values at its top.
    """
    if forbidden := _FORBIDDEN.search(content):
        position = _count_position(content[: forbidden.start()])
        return Mistake(position, (), _make_character_flaw(forbidden[0]))
    builder = _Builder(max_values)
    try:
        for event in yaml.parse(content, Loader=_LOADER):
            builder.take(event)
    except _RefusedError as refused:
        return Mistake(refused.position, (), refused.flaw)
    except yaml.MarkedYAMLError as error:
        return Mistake(_convert_mark(error.problem_mark), (), _translate(error))
    return builder.finish()


def mapping_in(data: "Data | None") -> Mapping[str, Data]:
    """Return *data* if it has keys and values, else nothing in that shape."""
    return data if isinstance(data, dict) else {}


def list_in(data: "Data | None") -> Sequence[Data]:
    """Return *data* if it is a list, else an empty one."""
    return data if isinstance(data, list) else []


class _RefusedError(yaml.YAMLError):
    """YAML that is legal, and not accepted here."""

    def __init__(self, position: Position, flaw: Flaw) -> None:
        super().__init__(position, flaw)
        self.position = position
        self.flaw = flaw


def _refuse(position: Position, what: str, remedy: str) -> NoReturn:
    raise _RefusedError(position, Flaw(what, remedy))


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet.

    Attributes:
        wants_key: A mapping's next scalar is a key; a list never wants one.
        key: The last key, whose value comes next.
    """

    data: list[Data] | dict[str, Data]
    place: Place
    wants_key: bool
    key: str = ""


@dataclass(slots=True)
class _Builder:
    """Grows the data of a document from its events."""

    max_values: int
    root: Data = NO_VALUE
    values: dict[Place, Position] = field(default_factory=dict)
    keys: dict[Place, Position] = field(default_factory=dict)
    duplicates: list[Mistake] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Let the data grow by *event*, or refuse it."""
        position = _convert_mark(event.start_mark)
        match event:
            case yaml.ScalarEvent():
                self._check_node(event, position)
                self._take_scalar(event, position)
            case yaml.CollectionStartEvent():
                self._check_node(event, position)
                self._take_start(isinstance(event, yaml.MappingStartEvent), position)
            case yaml.CollectionEndEvent():
                self._open.pop()
            case yaml.AliasEvent():
                _refuse(position, _ALIAS, _NO_REFERENCES)
            case yaml.DocumentStartEvent() if () in self.values:
                what = "a second document begins here"
                _refuse(position, what, "keep one manifest per file, without ---")

    def _check_node(
        self, node: yaml.ScalarEvent | yaml.CollectionStartEvent, position: Position
    ) -> None:
        if len(self.values) == self.max_values:
            what = f"the file holds more than {self.max_values} values"
            _refuse(position, what, "divide it into several manifests")
        if node.anchor is not None:
            _refuse(position, _ALIAS, _NO_REFERENCES)
        if node.tag is not None:
            what = f"tags such as {quote(node.tag)} are not used here"
            _refuse(position, what, "remove it, or put the value in quotes")

    def _take_scalar(self, event: yaml.ScalarEvent, position: Position) -> None:
        if forbidden := _FORBIDDEN.search(event.value):
            raise _RefusedError(position, _make_character_flaw(forbidden[0]))
        if self._wants_key():
            self._add_key(event.value, position)
        elif event.implicit[0] and event.value in _NULLS:  # implicit: without quotes
            self._add(NO_VALUE, position)
        else:
            self._add(event.value, position)

    def _take_start(self, is_mapping: bool, position: Position) -> None:
        if self._wants_key():
            _refuse(position, "a key must be a word", "put the value behind a word")
        if len(self._open) == MAX_DEPTH:
            what = f"lists or mappings are nested more than {MAX_DEPTH} deep"
            _refuse(position, what, "check the brackets and the indentation")
        data: list[Data] | dict[str, Data] = {} if is_mapping else []
        self._open.append(_Open(data, self._add(data, position), is_mapping))

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].wants_key

    def _add_key(self, key: str, position: Position) -> None:
        if key == "<<":
            _refuse(position, "merge keys are not used here", _NO_REFERENCES)
        parent = self._open[-1]
        place = (*parent.place, key)
        if key in parent.data:
            what = f"the key is already written at line {self.keys[place].line}"
            flaw = Flaw(what, "keep one of the two")
            self.duplicates.append(Mistake(position, place, flaw))
        self.keys[place] = position
        parent.key, parent.wants_key = key, False

    def _add(self, data: Data, position: Position) -> Place:
        """Put *data* where the document has got to, and return that place."""
        place: Place = ()
        if not self._open:
            self.root = data
        elif isinstance(siblings := self._open[-1].data, list):
            place = (*self._open[-1].place, len(siblings))
            siblings.append(data)
        else:
            parent = self._open[-1]
            place = (*parent.place, parent.key)
            siblings[parent.key] = data
            parent.wants_key = True
        # What is not there is looked for at its key.
        self.values[place] = (
            self.keys.get(place, position) if data is NO_VALUE else position
        )
        return place

    def finish(self) -> Document | Mistake:
        """Return the document, which must have keys and values at its top."""
        if isinstance(self.root, dict):
            return Document(self.root, self.values, self.keys, self.duplicates)
        found = "a list" if isinstance(self.root, list) else "none"
        what = f"expected keys and values at the top, found {found}"
        remedy = 'write lines such as "manifest: 1" and "jobs:"'
        return Mistake(self.values.get((), START), (), Flaw(what, remedy))


def _make_character_flaw(char: str) -> Flaw:
    what = f"holds the character U+{ord(char):04X}, which text cannot contain"
    return Flaw(what, "remove it, and save the file as UTF-8")


class _Mark(Protocol):
    """Where the parser is; its numbers count from 0."""

    line: int
    column: int


def _convert_mark(mark: _Mark | None) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else START


def _count_position(before: str) -> Position:
    """Return the position of the character that follows *before*."""
    lines = (before + "x").splitlines()
    return Position(len(lines), len(lines[-1]))


def _translate(error: yaml.MarkedYAMLError) -> Flaw:
    problem = error.problem or "not YAML"
    origin = ""
    if error.context_mark:
        origin = f" ({error.context} begun at line {error.context_mark.line + 1})"
    known = (remedy for part, remedy in _REMEDIES.items() if part in problem)
    remedy = next(known, "put the value in quotes, or write it on one line")
    return Flaw(f"cannot be read as YAML: {problem}{origin}", remedy)
