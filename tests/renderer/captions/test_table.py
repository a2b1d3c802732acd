"""All captions and timing files, by name."""

from hypothesis import given, settings

from fakes.spoken import make_segment, make_spoken, spoken_jobs
from rimebatch.renderer.captions import CAPTIONS
from rimebatch.renderer.spoken import SpokenJob


def test_names() -> None:
    """There are the six formats that a manifest may name."""
    assert ["srt", "vtt", "lrc", "textgrid", "audacity", "csv"] == list(CAPTIONS)


def test_suffixes() -> None:
    """No two formats would write the same file."""
    assert len(CAPTIONS) == len({writer.suffix for writer in CAPTIONS.values()})


def test_contents() -> None:
    """Every format has the text."""
    job = make_spoken(make_segment("Hello"))

    assert all("Hello" in writer.write(job) for writer in CAPTIONS.values())


@given(spoken_jobs())
@settings(max_examples=20)
def test_same_bytes(job: SpokenJob) -> None:
    """The same job gives the same bytes, which are UTF-8 and end their last line."""
    for writer in CAPTIONS.values():
        content = writer.write(job).encode()

        assert writer.write(job).encode() == content
        assert not content or content.endswith(b"\n")
