"""What can go wrong, as operations: each is data, and makes one recording of another.

An operation names a step (`rimebatch.replay.selectors`). The recording that it makes
says from which step on it tells no longer what happened; up to there a client is held
to it, and from there on it is free. Entry numbers stay those of the record, whatever
becomes of the steps. Knows nothing of files; how operations are written in one is the
business of `rimebatch.replay.overlay`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from rimebatch.errors import ManifestError
from rimebatch.replay.recording import (
    LOST_LINE,
    Ended,
    Heard,
    Opening,
    Recording,
    Step,
)
from rimebatch.replay.selectors import UnfitError, find_step, parse_selector

CUT_OFF: Final = "cut off"

_NANOSECONDS: Final = 1_000_000_000
_REASON_BYTES: Final = 123  # RFC 6455, 5.5: a control frame has 125, the code takes two


class _Located(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done at one step.

    Attributes:
        at: Which one, as a selector.
    """

    at: str | int

    def __post_init__(self) -> None:
        parse_selector(self.at)

    @property
    def place(self) -> str | int:
        """Where it strikes, for people."""
        return self.at


class Cut(_Located, frozen=True):
    """The server is gone after this step.

    Of an entry number that is no step, the last step before it is meant; what comes
    before the answer to the handshake loses the line instead of it.

    Attributes:
        how: The line is lost, which is so unless there is a code.
        code: The server closes with it.
        reason: Of the close, or how the line was lost.
    """

    how: Literal["lost"] | None = None
    code: Annotated[int, Meta(ge=1000, le=4999)] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.how and self.code is not None:
            raise UnfitError("a lost line has no code", "keep how or code")
        if len(self.reason.encode()) > _REASON_BYTES:
            what = f"the reason has more than {_REASON_BYTES} bytes"
            raise UnfitError(what, "shorten it")

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        opening = recording.opening
        number = parse_selector(self.at)
        if not isinstance(number, int):
            kept = recording.steps[: find_step(recording, self.at) + 1]
        elif number < opening.number:
            how = self.reason or CUT_OFF
            return replace(recording, opening=_lose(opening, how), steps=())
        else:
            kept = tuple(step for step in recording.steps if step.number <= number)
        if opening.is_accepted and not _has_ended(kept):
            kept = (*kept, self._make_end(kept[-1] if kept else opening))
        return replace(recording, steps=kept)

    def _make_end(self, last: Step | Opening) -> Ended:
        number, time_ns = last.number + 1, last.time_ns
        if self.code is None:
            how = self.reason or CUT_OFF
            return Ended(number, time_ns, "server", LOST_LINE, how)
        return Ended(number, time_ns, "server", self.code, self.reason)


class Drop(_Located, frozen=True):
    """What the server said here never comes."""

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        steps, index = recording.steps, _find_of_server(recording, self.at)
        return replace(recording, steps=(*steps[:index], *steps[index + 1 :]))


class Delay(_Located, frozen=True):
    """What the server said here, and all that follows, comes later.

    Attributes:
        seconds: By so much.
    """

    seconds: Annotated[float, Meta(gt=0, le=86_400)]  # a day outlasts every time limit

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        steps, index = recording.steps, _find_of_server(recording, self.at)
        by_ns = round(self.seconds * _NANOSECONDS)
        late = [replace(step, time_ns=step.time_ns + by_ns) for step in steps[index:]]
        return replace(recording, steps=(*steps[:index], *late))


class Stall(_Located, frozen=True):
    """The server says nothing after this step, and the line stays open."""

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        index = find_step(recording, self.at)
        return replace(recording, steps=recording.steps[: index + 1])


class Duplicate(_Located, frozen=True):
    """This message of the server comes twice."""

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        index, heard = _find_message(recording, self.at)
        return _insert(recording, index, heard)


class Swap(_Located, frozen=True):
    """This message of the server and its next one come in each other's place."""

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        index, heard = _find_message(recording, self.at)
        steps = list(recording.steps)
        for later in range(index + 1, len(steps)):
            if isinstance(following := steps[later], Heard):
                steps[index] = replace(heard, message=following.message)
                steps[later] = replace(following, message=heard.message)
                return replace(recording, steps=tuple(steps))
        raise UnfitError(
            "the server sent no message after this one", "choose an earlier one"
        )


class Corrupt(_Located, frozen=True):
    """The bytes of this message of the server are not what they were.

    What is no UTF-8 afterwards, in a message that is text, becomes U+FFFD.

    Attributes:
        byte: The one that is replaced, from 0.
        to: What stands there instead.
        truncate: Instead of that, only so many bytes are left.
    """

    byte: Annotated[int, Meta(ge=0)] | None = None
    to: str | None = None
    truncate: Annotated[int, Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        is_absent = tuple(x is None for x in (self.byte, self.to, self.truncate))
        if is_absent not in {(False, False, True), (True, True, False)}:
            what = "it is not clear what happens to the message"
            raise UnfitError(what, "write byte and to, or truncate alone")

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        index, heard = _find_message(recording, self.at)
        message = heard.message
        if isinstance(message, bytes):
            corrupt: str | bytes = self._change(message)
        else:
            wire = message.encode(errors="surrogatepass")
            corrupt = self._change(wire).decode(errors="replace")
        steps = recording.steps
        changed = replace(heard, message=corrupt)
        return replace(recording, steps=(*steps[:index], changed, *steps[index + 1 :]))

    def _change(self, content: bytes) -> bytes:
        place = self.truncate if self.byte is None else self.byte
        assert place is not None  # one of them is there
        if place >= len(content):
            what = f"the message has {len(content)} bytes, and none at {place}"
            raise UnfitError(what, "choose a smaller number")
        if self.to is None:
            return content[:place]
        return (
            content[:place]
            + self.to.encode(errors="surrogatepass")
            + content[place + 1 :]
        )


class Insert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The server says something more, at the time of the step that is named.

    Attributes:
        before: Which step follows it.
        after: Or which one precedes it.
        message: Becomes JSON.
        text: Or is sent as it stands.
    """

    before: str | int | None = None
    after: str | int | None = None
    message: dict[str, object] | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if (self.before is None) == (self.after is None):
            raise UnfitError("it is not clear where", "write one of before and after")
        if (self.message is None) == (self.text is None):
            raise UnfitError("it is not clear what", "write one of message and text")
        parse_selector(self.place)

    @property
    def place(self) -> str | int:
        """Where it strikes, for people."""
        place = self.after if self.before is None else self.before
        assert place is not None  # as was checked
        return place

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        index = find_step(recording, self.place)
        beside = recording.steps[index]
        if self.before is None:
            index += 1
        if _has_ended(recording.steps[:index]):
            raise UnfitError("the server is gone by then", "choose an earlier step")
        text = self.text
        if text is None:
            text = msgspec.json.encode(self.message).decode()
        return _insert(recording, index, Heard(beside.number, beside.time_ns, text))


class Reject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The handshake is refused.

    Attributes:
        status: The HTTP status.
        headers: What comes with it.
        body: What the server says.
    """

    status: Annotated[int, Meta(ge=200, le=599)]
    headers: dict[str, str] = {}  # msgspec copies it
    body: str = ""

    @property
    def place(self) -> int:
        """What it answers, for people."""
        return self.status

    def apply(self, recording: Recording) -> Recording:
        """Return *recording* with this happening."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        opening = replace(
            recording.opening, status=self.status, headers=headers, text=self.body
        )
        return replace(recording, opening=opening, steps=())


Operation: TypeAlias = (
    Cut | Drop | Delay | Stall | Duplicate | Swap | Corrupt | Insert | Reject
)

OPERATIONS: Final[dict[str, type[Operation]]] = {
    kind.__name__.lower(): kind for kind in get_args(Operation)
}
"""Each by the name that it is written under."""


@dataclass(frozen=True, slots=True)
class ReplayFault:
    """An operation, and where it is written.

    Attributes:
        where: For people who look for a mistake in it.
    """

    operation: Operation
    where: str = "the fault"


def apply_faults(recording: Recording, faults: Sequence[ReplayFault]) -> Recording:
    """Return what *recording* becomes by *faults*, each upon what those before it left.

    Raises:
        ManifestError: A fault finds nothing to strike, or cannot strike there.
    """
    for fault in faults:
        try:
            changed = fault.operation.apply(recording)
        except UnfitError as error:
            raise ManifestError([f"{fault.where}: {error}"]) from error
        kind = type(fault.operation).__name__.lower()
        recording = replace(
            changed,
            name=f"{recording.name} + {kind}@{fault.operation.place}",
            faulty_from=_find_faulty(recording, changed),
        )
    return recording


def cut(
    recording: Recording,
    at: int | str,
    how: int | Literal["lost"] = "lost",
    reason: str = "",
) -> Recording:
    """Return *recording* with the server gone after one step.

    Args:
        recording: Stays as it is.
        at: The number of an entry, the last one that is kept; or a selector.
        how: A close code, or that the line is lost.
        reason: Of the close, or how the line was lost.

    Raises:
        ManifestError: The selector is none, or finds nothing.
    """
    try:
        operation = Cut(at, code=None if how == "lost" else how, reason=reason)
    except UnfitError as error:
        raise ManifestError([f"cut: {error}"]) from error
    return apply_faults(recording, [ReplayFault(operation, "cut")])


def _find_faulty(base: Recording, changed: Recording) -> int | None:
    """Return the first step of *changed* that is no record of what happened."""
    places = [base.faulty_from, _find_change(base, changed)]
    return min((place for place in places if place is not None), default=None)


def _find_change(base: Recording, changed: Recording) -> int | None:
    if base.opening != changed.opening:
        return 0
    if base.steps == changed.steps:
        return None
    pairs = zip(base.steps, changed.steps, strict=False)
    differing = (index for index, (was, is_) in enumerate(pairs) if was != is_)
    return next(differing, min(len(base.steps), len(changed.steps)))


def _find_of_server(recording: Recording, at: str | int) -> int:
    """Return the index of the step of the server that is selected by *at*."""
    index = find_step(recording, at)
    step = recording.steps[index]
    if isinstance(step, Heard) or (isinstance(step, Ended) and step.by == "server"):
        return index
    raise UnfitError(
        f"entry {step.number} is what the client did", "choose a step of the server"
    )


def _find_message(recording: Recording, at: str | int) -> tuple[int, Heard]:
    """Return the index and the message of the server that is selected by *at*."""
    index = _find_of_server(recording, at)
    step = recording.steps[index]
    if isinstance(step, Heard):
        return index, step
    raise UnfitError(f"entry {step.number} is no message", "choose one, or use cut")


def _lose(opening: Opening, how: str) -> Opening:
    return Opening(0, opening.time_ns, None, text=how)


def _has_ended(steps: Sequence[Step]) -> bool:
    return any(isinstance(step, Ended) and step.by == "server" for step in steps)


def _insert(recording: Recording, index: int, heard: Heard) -> Recording:
    steps = recording.steps
    return replace(recording, steps=(*steps[:index], heard, *steps[index:]))
