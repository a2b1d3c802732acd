"""The voice of each job as it was written, and where each part of it stands."""

from rimebatch.manifest.job_voice import JobVoice, find_voices
from rimebatch.manifest.yaml_nodes import NO_VALUE, Data


def test_a_job_wins_over_the_manifest() -> None:
    """Parameters come from the job where it has them, and say where they stand."""
    data: dict[str, Data] = {
        "voice": {"modelId": "coda", "speaker": "luna", "lang": "fr"},
        "jobs": [{"voice": {"modelId": "arcanav3"}}, {}],
    }
    first, second = find_voices(data).values()

    assert ("arcanav3", "arcana", "fr") == (first.model_id, first.model, first.lang)
    assert ("jobs", 0, "voice", "modelId") == first.place_of("modelId")
    assert ("voice", "speaker") == first.place_of("speaker")
    assert ("voice", "modelId") == second.place_of("modelId")


def test_what_is_not_written() -> None:
    """A missing model is none, a missing language the default, at no job's place."""
    data: dict[str, Data] = {"jobs": [{}]}
    [voice] = find_voices(data).values()

    assert ("", "", "eng") == (voice.model_id, voice.model, voice.lang)
    assert ("voice", "lang") == voice.place_of("lang")


def test_what_has_the_wrong_shape_is_not_there() -> None:
    """A value that is no text hides the one that it overrides."""
    data: dict[str, Data] = {
        "voice": {"speaker": "luna", "lang": "fr"},
        "jobs": ["x", {"voice": {"speaker": ["x"], "lang": NO_VALUE}}, {"voice": "x"}],
    }
    voices = find_voices(data)

    assert [1, 2] == list(voices)
    assert {} == voices[1].written
    assert {"speaker": "luna", "lang": "fr"} == voices[2].written


def test_no_jobs() -> None:
    """A manifest whose jobs are no list has no voices."""
    expected: dict[int, JobVoice] = {}

    assert expected == find_voices({"jobs": "x", "voice": []})
