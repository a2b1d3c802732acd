"""A plain client by the `websockets` library: says all at once, and keeps what comes.

It shares no code with the service but the commands, and takes whatever it gets.
"""

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rimebatch.ws3.commands import Command, encode_command

KEY = {"Authorization": "Bearer a-key"}


@dataclass(frozen=True)
class Heard:
    """What came over one connection.

    Attributes:
        messages: As they were; bytes are binary ones.
        end: How it ended: ``close 1000`` and the reason, ``lost``, ``silence``, or
            ``we close 1007`` where this side could not bear it.
    """

    messages: tuple[str | bytes, ...]
    end: str

    @property
    def in_short(self) -> list[str]:
        """The messages, each by its type and id, runs with their length; the end."""
        kinds = [_kind(message) for message in self.messages]
        runs = [(len(list(run)), kind) for kind, run in groupby(kinds)]
        return [kind if n == 1 else f"{n} {kind}" for n, kind in runs] + [self.end]


class Hear(Protocol):
    """What has something spoken by a service that is there, and hears it out."""

    async def __call__(self, fault: str = "", patience_s: float = 5) -> Heard:
        """Ask for *fault*, if any; a silence of *patience_s* is an end."""
        ...


def listen(url: str, *commands: Command | str | bytes, patience_s: float = 5) -> Heard:
    """Say *commands* to the service at *url*, and hear it out.

    Args:
        url: With its query.
        commands: Text and bytes are sent as they are.
        patience_s: How long a silence is an end.
    """
    messages: list[str | bytes] = []
    end = "silence"
    with connect(
        url, additional_headers=KEY, max_size=None, close_timeout=0.2
    ) as connection:
        try:
            for command in commands:
                connection.send(
                    command
                    if isinstance(command, (str, bytes))
                    else encode_command(command)
                )
            while True:
                messages.append(connection.recv(timeout=patience_s))
        except TimeoutError:
            pass
        except ConnectionClosed as closed:
            end = _describe(closed)
    return Heard(tuple(messages), end)


def _describe(closed: ConnectionClosed) -> str:
    if closed.sent and not closed.rcvd_then_sent:
        return f"we close {closed.sent.code}"
    if closed.rcvd:
        return f"close {closed.rcvd.code} {closed.rcvd.reason}".strip()
    return "lost"


def _kind(message: str | bytes) -> str:
    if isinstance(message, bytes):
        return "binary"
    try:
        event = json.loads(message.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(event, dict) or "type" not in event:
        return "no event"
    label = event.get("contextId")
    return f"{event['type']} {label}" if isinstance(label, str) else event["type"]
