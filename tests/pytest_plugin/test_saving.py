"""What was recorded is saved whole, without the time of day and without secrets."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.recordings import farewell, make, said, take, text, write
from fakes.transcripts import HEADER
from rimebatch.errors import SecretError
from rimebatch.pytest_plugin.saving import save_connections
from rimebatch.replay import read_recording
from rimebatch.transcript import Redactor, read_header
from rimebatch.transcript.verify import verify_transcript

RECORDING = make(*take("one"), *farewell())


def test_the_time_of_day_is_left_out(tmp_path: Path) -> None:
    """Recordings of the same conversation on other days are saved as the same bytes."""
    target = tmp_path / "deep" / "test_it.jsonl"
    saved = []
    for day in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"):
        header = replace(HEADER, query=RECORDING.header.query, wall=day)
        source = write(tmp_path / f"{day[:10]}.jsonl", RECORDING, header)
        save_connections([source], target, Redactor())
        saved.append(target.read_bytes())

    assert saved[0] == saved[1]
    assert read_header(target).wall is None
    assert RECORDING.steps == read_recording(target).steps
    assert not verify_transcript(target).damages


def test_connections_no_longer_made_go(tmp_path: Path) -> None:
    """A test that now connects once has one transcript, and nothing staged is left."""
    folder = tmp_path / "saved"
    source = write(tmp_path / "source.jsonl", RECORDING)
    save_connections([source, source, source], folder / "test_it.jsonl", Redactor())
    save_connections([source], folder / "test_it.jsonl", Redactor())

    assert ["test_it.jsonl"] == [path.name for path in folder.iterdir()]


def test_a_secret_is_not_saved(tmp_path: Path) -> None:
    """With a credential in any connection, what was there before stays."""
    secret = "canary-4711-canary"
    target = tmp_path / "saved" / "test_it.jsonl"
    clean = write(tmp_path / "clean.jsonl", RECORDING)
    leaky = write(tmp_path / "leaky.jsonl", make(said(text(secret)), *farewell()))
    redactor = Redactor(secrets=(secret,))
    save_connections([clean], target, redactor)
    before = target.read_bytes()

    with pytest.raises(SecretError, match="nothing was saved"):
        save_connections([leaky, clean], target, redactor)
    assert before == target.read_bytes()
