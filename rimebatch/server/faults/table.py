"""The table of all faults, and how one is asked for.

It must not know what any of them does.
"""

import difflib
import re
from typing import Final

from rimebatch.server.faults import content, line, opening, order
from rimebatch.server.faults.kinds import Fault, FaultKind, FaultTable, Place

FAULTS: Final = FaultTable(opening.FAULTS | line.FAULTS | order.FAULTS | content.FAULTS)

_SPEC: Final = re.compile(
    r"""(?P<name>[^@=]*)
        (@((?P<first>[0-9]{1,9})\.)?(?P<last>[0-9]{1,9}))?
        (=(?P<value>.*))?""",
    re.VERBOSE | re.DOTALL,
)


def parse_fault(spec: str) -> Fault:
    """Return the fault that *spec* asks for, as in ``close@2.3=1012``.

    The place is ``@SYNTHESIS`` or ``@CONNECTION.SYNTHESIS``; for a fault of the
    handshake, ``@CONNECTION``.

    Raises:
        ValueError: There is no such fault, or not at such a place, or not with such a
            value. It says which, in one line.
    """
    found = _SPEC.fullmatch(spec)
    if not found:
        raise ValueError(f"fault {spec[:80]!r}: it is written NAME[@WHERE][=VALUE]")
    kind = FAULTS.get(found["name"])
    if not kind:
        raise ValueError(f"fault {spec[:80]!r}: {_suggest(found['name'])}")
    try:
        return kind.make(_read_place(kind, found), found["value"])
    except ValueError as error:
        raise ValueError(f"fault {spec[:80]!r}: {error}") from None


def _read_place(kind: FaultKind, found: re.Match[str]) -> Place:
    first, last = (_read_number(found[group]) for group in ("first", "last"))
    if not kind.opens:
        return Place(connection=first, synthesis=last)
    if first is not None:
        raise ValueError("its WHERE is the number of a connection, and no more")
    return Place(connection=last)


def _suggest(name: str) -> str:
    near = difflib.get_close_matches(name, FAULTS, 1)
    return f"did you mean {near[0]!r}?" if near else "there is none of this name"


def _read_number(text: str | None) -> int | None:
    return None if text is None else int(text)
