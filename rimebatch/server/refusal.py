"""That the service does not do what it was asked for, and why."""

from collections.abc import Mapping


class RefusedError(Exception):
    """The service does not do what it was asked for.

    Never leaves the service: a client is told by an HTTP status before the connection
    is open, and by a close afterwards.

    Attributes:
        status: The HTTP status.
        reason: One line of plain text.
        headers: What goes along with the status.
    """

    def __init__(
        self, status: int, reason: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
        self.headers = headers or {}
