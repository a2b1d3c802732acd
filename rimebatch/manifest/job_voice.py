"""The voice of each job as it was written: its own parameters over the manifest's.

For checks that need to say where something stands; ``load`` makes the values. Passes
over what has the wrong shape, which ``structure`` reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rimebatch.manifest.mistakes import Place
from rimebatch.manifest.parameters import DEFAULT_LANG, find_model
from rimebatch.manifest.yaml_nodes import Data, list_in, mapping_in


@dataclass(frozen=True, slots=True)
class JobVoice:
    """What one job is to be spoken with.

    Attributes:
        written: The parameters by name, each as the text that was written.
        places: Where each of them stands.
    """

    written: Mapping[str, str]
    places: Mapping[str, Place]

    @property
    def model_id(self) -> str:
        """The model as it was written; "" if it is missing."""
        return self.written.get("modelId", "")

    @property
    def model(self) -> str:
        """The model by its usual id; "" if it is missing."""
        return find_model(self.model_id)

    @property
    def lang(self) -> str:
        """The language as it was written, or the default."""
        return self.written.get("lang", DEFAULT_LANG)

    def place_of(self, name: str) -> Place:
        """Return where *name* stands, or where it would for all jobs."""
        return self.places.get(name, ("voice", name))


def find_voices(data: Mapping[str, Data]) -> dict[int, JobVoice]:
    """Return the voice of every job in the manifest *data*, by the job's index."""
    return {
        index: _find_voice(data, index, job)
        for index, job in enumerate(list_in(data.get("jobs")))
        if isinstance(job, dict)
    }


def _find_voice(
    data: Mapping[str, Data], index: int, job: Mapping[str, Data]
) -> JobVoice:
    layers: dict[Place, Mapping[str, Data]] = {
        ("voice",): mapping_in(data.get("voice")),
        ("jobs", index, "voice"): mapping_in(job.get("voice")),
    }
    found: dict[str, Data] = {}
    places: dict[str, Place] = {}
    for place, layer in layers.items():
        found |= layer
        places |= {name: (*place, name) for name in layer}
    written = {name: text for name, text in found.items() if isinstance(text, str)}
    return JobVoice(written, places)
