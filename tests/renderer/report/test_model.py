"""What the page shows of a run."""

from fakes.reports import TEXTS, make_run


def test_characters_of_a_job() -> None:
    """A job has the characters of its segments."""
    job = make_run().jobs[0]

    assert sum(len(text) for text, _ in TEXTS) == job.chars
