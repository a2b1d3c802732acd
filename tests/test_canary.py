"""A key is in no file and no stream, whatever the service does with it, and in a crash.

Two credentials are given to runs that tell everything they can, against a service that
repeats them wherever it may. Every byte that comes of it is searched, for the usual
disguises as well.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from fakes.users import write_manifest
from rimebatch.transcript import Redactor

pytestmark = pytest.mark.slow  # a process for each run

KEY: Final = "canary-key-5d1f0a"
TOKEN: Final = "canary-token-8be277"
TEXT: Final = "Nobody else may read that."

SERVICE: Final = Path(__file__).parent / "others" / "telltale_service.py"

# Python runs it first; what is in the way of the file is a bug as good as any.
SABOTAGE: Final = """
import os, sys

def trip(event, args):
    if event == "open" and str(args[0]).endswith(".words.json.part"):
        {act}

sys.addaudithook(trip)
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start the service; its address."""
    command = [sys.executable, str(SERVICE), TOKEN]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as service:
        assert service.stdout is not None
        yield f"ws://127.0.0.1:{service.stdout.readline().strip()}/ws3"
        service.kill()


def run(folder: Path, url: str, *speakers: str, more: str = "") -> tuple[int, str]:
    """Run a job for each speaker; return the exit code and standard error.

    Raises:
        AssertionError: A credential, or the text in the log, is anywhere.
    """
    jobs = [
        f'{{id: {name}, text: "{TEXT}", voice: {{speaker: {name}}}}}'
        for name in speakers
    ]
    write_manifest(folder, *jobs, endpoint=url, more=more)
    options = ("--json", "--log", "run.log", "--log-level", "debug")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "rimebatch", "run", "book.yaml", *options],
        cwd=folder,
        env={
            **os.environ,
            "RIME_API_KEY": KEY,
            "SOME_TOKEN": TOKEN,
            "PYTHONPATH": str(folder),
        },
        capture_output=True,
        check=False,
        timeout=60,
    )
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    redactor = Redactor(secrets=(KEY, TOKEN))
    for content in (*files, done.stdout, done.stderr):
        assert not redactor.find_secret(content), content
    assert TEXT.encode() not in (folder / "run.log").read_bytes()
    return done.returncode, done.stderr.decode()


def read_events(folder: Path) -> list[str]:
    """Return what the log tells of, in order."""
    lines = (folder / "run.log").read_bytes().splitlines()
    return [msgspec.json.decode(line)["event"] for line in lines]


@pytest.mark.parametrize("speaker", ["body", "header"])
def test_refusals(tmp_path: Path, url: str, speaker: str) -> None:
    """A refusal stops the run, and what it repeats is neither shown nor recorded."""
    code, said = run(tmp_path, url, speaker)

    assert 5 == code
    assert "HTTP 401" in said
    assert ("(credential)" in said) == (speaker == "body")


def test_conversations(tmp_path: Path, url: str) -> None:
    """Nor is an event or a close that does; other jobs are unharmed."""
    code, said = run(tmp_path, url, "event", "close", "luna")

    assert 3 == code
    assert 2 == said.count("a credential stands in")
    assert "ended" == read_events(tmp_path)[-1]
    assert (tmp_path / "outputs/book/luna.wav").exists()


def test_a_lost_line(tmp_path: Path, url: str) -> None:
    """A line that is reset leaves no trace of them either."""
    code, said = run(tmp_path, url, "reset")

    assert 1 == code
    assert "closed with 1006" in said
    assert "attempt-failed" in read_events(tmp_path)


def test_a_bug(tmp_path: Path, url: str) -> None:
    """An internal error that quotes a key shows its traceback without."""
    act = 'raise RuntimeError(os.environ["RIME_API_KEY"])'
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE.format(act=act))

    code, said = run(tmp_path, url, "luna")

    assert 1 == code
    assert "RuntimeError: (credential)" in said
    assert "crashed" == read_events(tmp_path)[-1]


def test_an_abort(tmp_path: Path, url: str) -> None:
    """A death in native code dumps where it happened, and no values."""
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE.format(act="os.abort()"))

    code, said = run(tmp_path, url, "luna")

    assert code < 0
    assert "Fatal Python error: Aborted" in said
    assert "take-recorded" in read_events(tmp_path)
