"""Tests of what a batch tells."""

from dataclasses import FrozenInstanceError

import pytest

from rimebatch.recorder.reports import JobResult, LineChanged


def test_reports_are_values() -> None:
    """Reports are compared by what they say, and nobody can change one."""
    report = LineChanged("ch01", is_open=True)

    assert LineChanged("ch01", is_open=True) == report
    assert LineChanged("ch01", is_open=False) != report
    with pytest.raises(FrozenInstanceError):
        report.job = "ch02"  # type: ignore[misc]  # the point of the test


def test_a_result_without_files() -> None:
    """What has come to nothing has no audio, no files and no error unless told."""
    result = JobResult("ch01", "failed", segments=3, sent_chars=10, reused_chars=0)

    assert (0.0, (), None) == (result.audio_s, result.files, result.error)
