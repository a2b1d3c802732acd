"""The pages about testing are true: the tutorial is followed, the reports are real."""

import base64
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, pairwise, repeat
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from fakes.node import needs_node
from rimebatch.cli.main import cli
from rimebatch.replay import (
    Divergence,
    Gate,
    Playback,
    Recording,
    ReplayOptions,
    Shelf,
    read_recording,
)
from rimebatch.transcript import Header, TranscriptWriter

DOCS: Final = Path(__file__).parent.parent / "docs"
TUTORIAL: Final = (DOCS / "testing-with-rimebatch.md").read_text()
REPLAY: Final = (DOCS / "replay.md").read_text()

ADDRESS: Final = "127.0.0.1:8000"  # in the tutorial; a test takes a free port
LIMIT_S: Final = 60.0  # for one command; the slowest takes 4 s here

# What may be otherwise elsewhere: times and versions, sizes, digests, widths.
VARIABLE: Final = (
    (r"\d{4}-\d\d-\d\dT[\d:]+Z", "<date>"),
    (r"[\d,]+ bytes", "<size>"),
    (r"\d+\.\d[\d.]*", "<number>"),
    (r"\b[0-9a-f]{8,64}\b", "<digest>"),
    (r"[+-]<number> s at take .*", "<difference>"),
    (r"([=_ -])\1+", r"\1"),
)


def read_blocks(*sections: int) -> Iterator[tuple[str, str]]:
    """Yield the language and the body of each code block of these sections."""
    section = 0
    for found in re.finditer(
        r"^## (\d+)|^```(\w+)\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL
    ):
        number, language, body = found.groups()
        if number:
            section = int(number)
        elif section in sections:
            yield language, body


class Reader:
    """Somebody who follows the tutorial in a folder of their own.

    Attributes:
        surprises: What was not as shown.
    """

    def __init__(self, folder: Path) -> None:
        self.surprises: list[str] = []
        self._folder = folder
        self._address = ADDRESS
        self._status = 0

    def follow(self, *sections: int) -> None:
        """Write the files and type the commands of these sections."""
        for language, body in read_blocks(*sections):
            if language == "console":
                self._type(body)
            elif language != "sh":  # what is installed here already, or set up
                self._write(body)

    def _write(self, body: str) -> None:
        """Write a file, whose name stands in its first line."""
        [name] = re.findall(r"\A(?:#|//) (\S+)\n", body)
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)

    def _type(self, body: str) -> None:
        """Type the commands, and compare what they say with what is shown."""
        shown = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE)
        with ExitStack() as in_background:
            for (command, output), (following, _) in pairwise([*shown, ("", "")]):
                if command.endswith(" &"):
                    started = self._start(command.removesuffix(" &"), output)
                    in_background.enter_context(started)
                else:
                    self._run(command, output, may_fail=following == "echo $?")

    @contextmanager
    def _start(self, command: str, shown: str) -> Iterator[None]:
        """Run *command* beside others, and read where it listens; it ends by itself."""
        with subprocess.Popen(
            shlex.split(command),
            cwd=self._folder,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None  # it was opened as a pipe
                said = process.stdout.readline()
                [self._address] = re.findall(r"ws://([\d.:]+)/", said)
                self._note(command, shown, said.replace(self._address, ADDRESS))
                yield
                self._note(f"{command}: its status", "0", str(process.wait(LIMIT_S)))
            finally:
                process.kill()

    def _run(self, command: str, shown: str, *, may_fail: bool) -> None:
        if command == "echo $?":
            self._note(command, shown, f"{self._status}\n")
            return
        done = subprocess.run(
            shlex.split(command.replace(ADDRESS, self._address)),
            cwd=self._folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        self._status = done.returncode
        if shown:
            self._note(command, shown, done.stdout)
        if done.returncode and not may_fail:
            self.surprises.append(f"$ {command}: failed\n{done.stdout}")

    def _note(self, command: str, shown: str, said: str) -> None:
        """Note whether *said* is what is *shown*, in which … stands for anything."""
        pattern = ".*".join(map(re.escape, mask(shown).split("…")))
        if not re.fullmatch(pattern, mask(said), re.DOTALL):
            self.surprises.append(f"$ {command}\n{said}")


def mask(text: str) -> str:
    """Return *text* without what may differ from one machine or run to the next."""
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def environment() -> dict[str, str]:
    """Return the environment of a reader, who has no key and has set nothing."""
    mine = ("RIMEBATCH_", "PYTEST_", "COV_", "CI")
    theirs = {k: v for k, v in os.environ.items() if not k.startswith(mine)}
    theirs.pop("RIME_API_KEY", None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**theirs, "PATH": path, "RIMEBATCH_RECORD_PORT": "0", "COLUMNS": "80"}


@pytest.mark.slow
def test_the_tutorial_in_python(tmp_path: Path) -> None:
    """Whoever follows its Python sections sees what it shows."""
    reader = Reader(tmp_path)
    reader.follow(1, 2, 3, 5, 6)

    assert [] == reader.surprises


@needs_node
@pytest.mark.slow
def test_the_tutorial_in_node(tmp_path: Path) -> None:
    """Whoever follows its section about Node sees what it shows."""
    reader = Reader(tmp_path)
    reader.follow(1, 4)

    assert [] == reader.surprises


# The conversation of docs/replay.md: what happened at which millisecond.
QUERY: Final = (
    ("speaker", "luna"),
    ("modelId", "arcana"),
    ("audioFormat", "pcm"),
    ("samplingRate", "8000"),
    ("segment", "never"),
)
HEADER: Final = Header(
    job="greeting",
    attempt=1,
    vantage="client",
    endpoint="local",
    query=QUERY,
    client={"rimebatch": "0.1.0"},
    wall=None,
)
FLUSH: Final = '{"operation":"flush"}'
EOS: Final = '{"operation":"eos"}'


def make_text(text: str, context_id: str) -> str:
    """Return the message that has *text* spoken."""
    return f'{{"text":"{text}","contextId":"{context_id}"}}'


def make_chunk(context_id: str, audio_ms: int) -> str:
    """Return an event with so much silence."""
    data = base64.b64encode(bytes(16 * audio_ms)).decode()
    return f'{{"type":"chunk","data":"{data}","contextId":"{context_id}"}}'


ONE: Final = make_text("Hello there. ", "one")
TWO: Final = make_text("And goodbye. ", "two")
CONVERSATION: Final[tuple[tuple[int, Callable[[TranscriptWriter], object]], ...]] = (
    (4, lambda writer: writer.opened(101, {})),
    (5, lambda writer: writer.sent(ONE)),
    (6, lambda writer: writer.sent(FLUSH)),
    (250, lambda writer: writer.received(make_chunk("one", 500))),
    (260, lambda writer: writer.received(make_chunk("one", 400))),
    (270, lambda writer: writer.received('{"type":"done","contextId":"one"}')),
    (271, lambda writer: writer.sent(TWO)),
    (272, lambda writer: writer.sent(FLUSH)),
    (500, lambda writer: writer.received(make_chunk("two", 700))),
    (510, lambda writer: writer.received('{"type":"done","contextId":"two"}')),
    (511, lambda writer: writer.sent(EOS)),
    (520, lambda writer: writer.closed("server", 1000, "")),
    (521, lambda writer: writer.closed("client", 1000, "")),
)
SEALED_MS: Final = 522


@pytest.fixture
def transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Record that conversation; the path is the one that docs/replay.md shows."""
    monkeypatch.chdir(tmp_path)
    path = Path("0001.jsonl")
    times_ms = chain((time_ms for time_ms, _ in CONVERSATION), repeat(SEALED_MS))
    with TranscriptWriter(path, HEADER, lambda: next(times_ms) * 1_000_000) as writer:
        for _, happen in CONVERSATION:
            happen(writer)
    return path


def show(transcript: Path) -> str:
    """Return what a person sees of *transcript*."""
    shown = CliRunner().invoke(cli, ["transcript", "show", str(transcript)])
    return f"$ rimebatch transcript show {transcript}\n{shown.output}"


def play(recording: Recording, *said: str, gate: Gate = "context") -> Divergence | None:
    """Play *recording* to a client that says this, hears all it can, and then waits."""
    playback = Playback(recording, ReplayOptions(gate=gate))
    now_ns = playback.opening_due_ns
    playback.open(now_ns)
    for message in said:
        if divergence := playback.say(message, now_ns):
            return divergence
        while gate == "context" and playback.due_ns is not None:
            now_ns = playback.due_ns
            playback.play(now_ns)
    return playback.find_stall(now_ns) or playback.finish(now_ns, unread=2)


def find_reports(recording: Recording) -> Iterator[Divergence | None]:
    """Yield what comes of the clients of docs/replay.md, one after the other."""
    yield play(recording, ONE, FLUSH, make_text("And goodby. ", "two"))
    yield play(recording, ONE, TWO)
    yield play(recording, ONE, ONE)
    yield play(recording, ONE, FLUSH, TWO, FLUSH, EOS, FLUSH)
    yield play(recording, ONE)
    yield play(recording, ONE, FLUSH, TWO, gate="total")
    yield play(recording, ONE, FLUSH, TWO, FLUSH, EOS)
    yield from take_too_much(recording)


def take_too_much(recording: Recording) -> Iterator[Divergence | None]:
    """Yield what comes of asking for another voice, and for the same one twice."""
    shelf = Shelf([recording])
    for query in (("speaker", "astra"), *QUERY[1:]), QUERY, QUERY:
        taken = shelf.take(query, "json")
        if isinstance(taken, Divergence):
            yield taken


def test_the_reports_are_real(transcript: Path) -> None:
    """Every report in docs/replay.md is what a client gets for that mistake."""
    shown = re.findall(r"^```text\n(.*?)^```", REPLAY, re.MULTILINE | re.DOTALL)
    reports = find_reports(read_recording(transcript))

    assert shown == [show(transcript), *(f"{d.report}\n" for d in reports if d)]
