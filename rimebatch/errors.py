"""Every error RimeBatch raises on purpose, named by whose fault it is.

::

    RimeBatchError                     anything the command line prints as one line
    ├── ManifestError                  the YAML is wrong (all mistakes at once)
    ├── PlanError                      a plan that was kept cannot be read
    ├── EndpointError                  where to connect, or with what key, is not usable
    ├── CatalogueError                 the list of voices cannot be copied, or read
    ├── ProtocolError
    │   ├── LocalProtocolError         we broke a ws3 rule: a bug here
    │   └── RemoteProtocolError        the server broke one
    │       └── LateAudioError         audio for a take that had ended: it was cut
    ├── SynthesisError                 the server said "error"
    ├── TransportError
    │   ├── ConnectError               could not open (status and body kept)
    │   │   └── CertificateError       the host cannot prove to be who it says
    │   ├── ConnectionClosedError      the peer hung up (code and reason kept)
    │   ├── ServerSilentError          nothing came
    │   └── OutageError                too much went wrong; run again later
    ├── AudioError                     bytes that are not whole samples, no audio
    ├── HeldError                      another run holds the folder
    ├── OutputError                    could not stage or publish
    │   └── SecretError                a credential was about to be written
    ├── TranscriptError                a transcript that cannot be read
    ├── DivergenceError                during a replay the client left the record
    └── VoiceError                     the local service has no such voice
"""

from collections.abc import Sequence


class RimeBatchError(Exception):
    """Anything that went wrong in a way RimeBatch foresees.

    Its text reads ``where: what; what would help`` and holds no key and no text
    that was to be spoken.
    """


class ManifestError(RimeBatchError):
    """The manifest has mistakes.

    Attributes:
        mistakes: Each as ``file:line:column: what; what would help``, in file order.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class PlanError(RimeBatchError):
    """The plan that was kept of a job cannot be read, or is not what it says it is."""


class EndpointError(RimeBatchError):
    """There is no address to connect to, or no key for it, or it is not safe."""


class CatalogueError(RimeBatchError):
    """The service's catalogue of voices could not be copied, or the copy be read."""


class ProtocolError(RimeBatchError):
    """A rule of ws3 was broken."""


class LocalProtocolError(ProtocolError):
    """This side broke a rule of ws3, which is a bug here."""


class RemoteProtocolError(ProtocolError):
    """The other side sent something that ws3 does not allow."""


class LateAudioError(RemoteProtocolError):
    """Audio or times arrived for a take that had ended, so the take is not whole.

    Attributes:
        context_id: The label of that take; ``None`` where the event carried none.
    """

    def __init__(self, context_id: str | None) -> None:
        super().__init__("audio or times arrived for a take that had ended already")
        self.context_id = context_id


class SynthesisError(RimeBatchError):
    """The service answered with an ``error`` event; its message is the text."""


class TransportError(RimeBatchError):
    """The line, not the conversation, went wrong."""


class ConnectError(TransportError):
    """The connection could not be opened.

    Attributes:
        status: The HTTP status of a refused handshake, or ``None``.
        body: What the server said with it, cut to a printable line.
        retry_after: Its header of that name, as sent, or ``None``.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int | None = None,
        body: str = "",
        retry_after: str | None = None,
    ) -> None:
        super().__init__(what)
        self.status = status
        self.body = body
        self.retry_after = retry_after


class CertificateError(ConnectError):
    """The host's certificate is not accepted; trying again would not make it right."""


class ConnectionClosedError(TransportError):
    """The peer hung up, or the line was lost.

    Attributes:
        code: The WebSocket close code; 1005 for a close frame without one, 1006 for
            a line that was lost without a close frame.
        reason: The peer's words, whole.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        words = f" ({reason})" if reason else ""
        super().__init__(f"the connection was closed with {code}{words}")
        self.code = code
        self.reason = reason


class ServerSilentError(TransportError):
    """Nothing arrived for longer than the silence limit."""


class OutageError(TransportError):
    """The service was away for too long, or too ill to be paid again; run again."""


class AudioError(RimeBatchError):
    """Audio that is missing, or bytes that are not whole samples."""


class HeldError(RimeBatchError):
    """Another run holds the folder; once it has ended, run again."""


class OutputError(RimeBatchError):
    """A file could not be staged or published."""


class SecretError(OutputError):
    """A credential stands in what was to be recorded, so that was not written."""


class TranscriptError(RimeBatchError):
    """A transcript cannot be read, or is not what it says it is."""


class DivergenceError(RimeBatchError):
    """During a replay the client left the recorded conversation.

    The text says where and what kind, and repeats nothing that was to be spoken; the
    report, which is also a note of the exception, shows what was said in its place.

    Attributes:
        kind: How, as in `rimebatch.replay.DivergenceKind`.
        report: For people who debug, over several lines.
    """

    def __init__(self, what: str, *, kind: str, report: str) -> None:
        super().__init__(what)
        self.kind = kind
        self.report = report
        self.add_note(report)


class VoiceError(RimeBatchError):
    """The local service cannot speak with the voice that was asked for."""
