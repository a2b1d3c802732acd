"""Rules between the keys of ``output``, and between them and the voices.

What has the wrong shape is passed over: ``structure`` reports it. Knows nothing about
encoders.
"""

import re
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from rimebatch.manifest.encoding import Encoding, find_encoding_flaw, find_rate_flaw
from rimebatch.manifest.job_voice import JobVoice
from rimebatch.manifest.levels import Goal, find_goal_flaw
from rimebatch.manifest.mistakes import Flaw, Found, Place
from rimebatch.manifest.output_model import (
    WrittenMp3,
    WrittenOgg,
    WrittenOpus,
    WrittenOutput,
)
from rimebatch.manifest.parameters import WrittenVoice
from rimebatch.manifest.yaml_nodes import Data

_RATE = re.compile(r"[1-9][0-9]{3,5}")  # within the range of the voice's samplingRate


def check_output(
    data: Mapping[str, Data], voices: Mapping[int, JobVoice]
) -> Iterator[Found]:
    """Yield what breaks a rule in the output of the manifest *data*.

    Args:
        data: The manifest as it was written.
        voices: Of its jobs; without a rate of their own, files are of theirs.
    """
    try:
        output = WrittenOutput.model_validate(data.get("output", {}))
    except ValidationError:
        return
    yield from _check_settings(output)
    if (loudness := output.loudness) and (
        flaw := find_goal_flaw(Goal(loudness.target, loudness.peak))
    ):
        yield Found(("output", "loudness"), flaw)
    rates_hz = [output.sampling_rate] if output.sampling_rate else _find_rates(voices)
    for encoding in make_encodings(output):
        found = (_check_encoding(output, encoding, rate_hz) for rate_hz in rates_hz)
        yield from list(filter(None, found))[:1]


def make_encodings(output: WrittenOutput) -> Iterator[Encoding]:
    """Yield how each of the audio files is encoded, the main one first."""
    for name in output.format:
        match _settings_of(output).get(name):
            case None:
                yield Encoding(name)
            case settings:
                yield Encoding(name, **settings.model_dump())


def _settings_of(
    output: WrittenOutput,
) -> Mapping[str, WrittenMp3 | WrittenOgg | WrittenOpus]:
    """Return the settings that are written, by the format that they are for."""
    every = {"mp3": output.mp3, "ogg": output.ogg, "opus": output.opus}
    return {name: settings for name, settings in every.items() if settings}


def _check_settings(output: WrittenOutput) -> Iterator[Found]:
    for name in _settings_of(output):
        if name not in output.format:
            flaw = Flaw(f"no {name} is made", "add it to format, or remove this")
            yield Found(("output", name), flaw, at_key=True)


def _find_rates(voices: Mapping[int, JobVoice]) -> list[int]:
    """Return the rates of *voices* in Hz, each once."""
    usual = str(WrittenVoice().samplingRate)
    written = [voice.written.get("samplingRate", usual) for voice in voices.values()]
    return [int(rate) for rate in dict.fromkeys(written) if _RATE.fullmatch(rate)]


def _check_encoding(
    output: WrittenOutput, encoding: Encoding, rate_hz: int
) -> Found | None:
    flaw = find_encoding_flaw(encoding, rate_hz)
    if flaw is None:
        return None
    if find_rate_flaw(encoding.format, rate_hz):
        return Found(_place_of_rate(output), flaw)
    place = ("output", encoding.format)
    if encoding.quality is not None:  # beside a bit rate; alone it has its range
        return Found(place, flaw)
    return Found((*place, "bitrate_kbps"), flaw)


def _place_of_rate(output: WrittenOutput) -> Place:
    """Return where the rate is set, or else what needs one that is."""
    return ("output", "sampling_rate" if output.sampling_rate else "format")
