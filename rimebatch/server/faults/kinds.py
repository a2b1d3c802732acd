"""What a fault is: a name, a value, a place, and a function.

It must not know any fault.
"""

import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from rimebatch.server.connection import Connection
from rimebatch.server.script import Script, Steps

V = TypeVar("V")

Change: TypeAlias = Callable[[Script], Steps]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault happens; ``None`` is everywhere. Both count from 1.

    Attributes:
        connection: The number of the connection on its service.
        synthesis: The number of the synthesis on its connection.
    """

    connection: int | None = None
    synthesis: int | None = None

    def is_on(self, connection: int) -> bool:
        """Whether it is on this connection."""
        return self.connection in {None, connection}


@dataclass(frozen=True, slots=True)
class HandshakeFault:
    """Something that is done to a client in place of letting it in.

    Where the client is unanswered afterwards, it is let in all the same.
    """

    place: Place
    act: Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SynthesisFault:
    """Something that is done to the script of one synthesis."""

    place: Place
    change: Change

    def is_at(self, synthesis: int) -> bool:
        """Whether it is at this synthesis of its connection."""
        return self.place.synthesis in {None, synthesis}


Fault: TypeAlias = HandshakeFault | SynthesisFault


@dataclass(frozen=True, slots=True)
class Value(Generic[V]):
    """What may stand behind the ``=``.

    Attributes:
        metavar: What it is called, its unit included; empty where there is none.
        default: What it is when left out.
        read: Makes it from a text, or raises a `ValueError` with what it must be.
    """

    metavar: str
    default: V
    read: Callable[[str], V]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One row of the table.

    Attributes:
        name: As it is asked for.
        metavar: What its value is called; empty where it takes none.
        default: The value when it is left out.
        summary: What happens, in one line.
        opens: Whether it happens at the handshake, rather than at a synthesis.
        make: Makes the fault at a place, with a value that is still text.
    """

    name: str
    metavar: str
    default: str
    summary: str
    opens: bool
    make: Callable[[Place, str | None], Fault]


class _Function(Protocol):
    """What any function has."""

    __name__: str
    __doc__: str | None


class FaultTable(dict[str, FaultKind]):
    """Faults by their names. Its methods are decorators of the functions."""

    def plain(self, change: Change) -> Change:
        """Add a fault of a synthesis that takes no value."""
        self._add(change, NOTHING, lambda at, _: SynthesisFault(at, change))
        return change

    def valued(
        self, value: Value[V]
    ) -> Callable[[Callable[[Script, V], Steps]], Callable[[Script, V], Steps]]:
        """Add a fault of a synthesis that takes *value*."""

        def add(change: Callable[[Script, V], Steps]) -> Callable[[Script, V], Steps]:
            def make(at: Place, argument: V) -> Fault:
                return SynthesisFault(at, lambda script: change(script, argument))

            self._add(change, value, make)
            return change

        return add

    def opening(
        self, value: Value[V]
    ) -> Callable[
        [Callable[[Connection, V], Awaitable[None]]],
        Callable[[Connection, V], Awaitable[None]],
    ]:
        """Add a fault of the handshake that takes *value*."""

        def add(
            act: Callable[[Connection, V], Awaitable[None]],
        ) -> Callable[[Connection, V], Awaitable[None]]:
            def make(at: Place, argument: V) -> Fault:
                return HandshakeFault(at, lambda client: act(client, argument))

            self._add(act, value, make, opens=True)
            return act

        return add

    def _add(
        self,
        function: _Function,
        value: Value[V],
        make: Callable[[Place, V], Fault],
        *,
        opens: bool = False,
    ) -> None:
        def read_and_make(at: Place, text: str | None) -> Fault:
            return make(at, value.default if text is None else value.read(text))

        name = function.__name__.replace("_", "-")
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        default = str(value.default) if value.metavar else ""
        self[name] = FaultKind(
            name, value.metavar, default, summary, opens, read_and_make
        )


def seconds(default: float) -> Value[float]:
    """Return the value of a fault that takes a while."""
    return Value("SECONDS", default, _read_seconds)


def count(metavar: str, default: int, allowed: range = range(10**9)) -> Value[int]:
    """Return the value of a fault that counts something."""

    def read(text: str) -> int:
        # Digits and nothing else; int() would take " +1_6" for 16.
        if not (text.isascii() and text.isdigit() and int(text[:19]) in allowed):
            last = allowed.stop - 1
            raise ValueError(f"{metavar} is a number from {allowed.start} to {last}")
        return int(text)

    return Value(metavar, default, read)


def header(metavar: str, default: str) -> Value[str]:
    """Return the value of a fault that is sent as an HTTP header."""

    def read(text: str) -> str:
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"{metavar} is printable ASCII")
        return text

    return Value(metavar, default, read)


def _read_seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ValueError("SECONDS is a number, 0 or above")
    return value


def _read_nothing(text: str) -> None:
    raise ValueError(f"it takes no value, and {text[:40]!r} is one")


NOTHING: Value[None] = Value("", None, _read_nothing)
