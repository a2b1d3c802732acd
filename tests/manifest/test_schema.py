"""The JSON Schema: it knows what is known, and refuses what is refused."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest
import yaml

from rimebatch.manifest.parameters import CLOUD_RATES_HZ, FACTS
from rimebatch.manifest.schema import make_schema

SCHEMA = make_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EXAMPLES = sorted(Path(__file__).parents[2].joinpath("jobs").glob("*.yaml"))

STORY = """\
manifest: 1
name: story
endpoint: local
concurrency: 4
max_chars: 500
done: auto
silence_limit_s: 30
plain_ws_hosts: [speech]
voice:
  speaker: luna
  modelId: arcana
  lang: eng
  audioFormat: pcm
  samplingRate: 24000
  repetition_penalty: 1.5
  temperature: 0
  top_p: 1
  timeScaleFactor: 1.2
  pauseBetweenBrackets: true
  inlineSpeedAlpha: "0.5, 3"
  extra: {seed: 17, style: calm, fast: true}
output:
  format: [wav, mp3]
  mp3: {bitrate_kbps: 128}
  sampling_rate: 48000
  loudness: {target: -20 dB RMS, peak: -3 dB}
  captions: srt
  tags: {artist: Ada Lovelace}
  pauses: {head: 0.5, paragraph: 1}
  trim: {silence_db: -50}
transcript: {text: hash}
jobs:
  - id: ch01
    title: The Lamplighter
    text_file: texts/lamplighter-01.txt
  - id: aside
    text: "Short text, inline."
    voice: {speaker: astra}
  - id: raw
    voice: {segment: immediate}
    messages:
      - {text: "This "}
      - {text: "goes. ", contextId: "a"}
      - {operation: clear}
      - {text: "This is kept"}
      - {operation: eos}
"""


def test_schema_is_a_schema() -> None:
    """The schema keeps the rules of its own draft, which it names."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_ordinary_yaml_is_valid() -> None:
    """A manifest read by an ordinary YAML loader passes."""
    VALIDATOR.validate(yaml.safe_load(STORY))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid(example: Path) -> None:
    """Every example manifest passes."""
    VALIDATOR.validate(yaml.safe_load(example.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ("manifest: 1", "manifest: 2"),
        ("manifest: 1", "endpoints: local"),
        ("name: story", "nmae: story"),
        ("name: story", "name:"),
        ("concurrency: 4", "concurrency: four"),
        ("concurrency: 4", "concurrency: 0"),
        ("done: auto", "done: maybe"),
        ("speaker: luna", "speaker:"),
        ("speaker: luna", 'speaker: " luna"'),
        ("audioFormat: pcm", "audioFormat: wav"),
        ("timeScaleFactor: 1.2", "timeScaleFactor: 2.6"),
        ("pauseBetweenBrackets: true", "pauseBetweenBrackets: 1"),
        ('inlineSpeedAlpha: "0.5, 3"', "inlineSpeedAlpha: fast"),
        ("extra: {seed: 17", "extra: {top_p: 1"),
        ("extra: {seed: 17", "extra: {seed: [17]"),
        ("samplingRate: 24000", "samplingRate: 1"),
        ("top_p: 1", "top_p: 2"),
        ("format: [wav, mp3]", "format: [wav, mp4]"),
        ("format: [wav, mp3]", "format: [wav, wav]"),
        ("format: [wav, mp3]", "format: []"),
        ("format: [wav, mp3]", "format: mp4"),
        ("sampling_rate: 48000", "sampling_rate: 96000"),
        ("bitrate_kbps: 128", "bitrate_kbps: high"),
        ("target: -20 dB RMS", "target: -20"),
        ("captions: srt", "captions: words"),
        ("artist: Ada", "author: Ada"),
        ("text: hash", "text: hide"),
        ("id: ch01", "title: x"),
        ('text: "Short text, inline."', "title: x"),
        ('text: "Short text, inline."', "text: a\n    text_file: b"),
        ("operation: eos", "operation: end"),
        ("operation: eos", "text: a, operation: eos"),
    ],
)
def test_mistakes_are_invalid(written: str, changed: str) -> None:
    """Unknown keys, wrong types, ranges and combinations are refused."""
    damaged = STORY.replace(written, changed, 1)

    assert not VALIDATOR.is_valid(yaml.safe_load(damaged))


def described_keys() -> Iterator[Mapping[str, object]]:
    """Yield what the schema says about each key."""
    models = SCHEMA["$defs"]
    assert isinstance(models, dict)
    for model in (SCHEMA, *models.values()):
        yield from model["properties"].values()


def test_every_key_is_described() -> None:
    """An editor has something to show for every key; nothing may be null."""
    keys = list(described_keys())

    assert all("description" in key or "$ref" in key for key in keys)
    assert not any("title" in key or "anyOf" in key for key in keys)
    assert "null" not in str(SCHEMA)


def test_every_parameter_names_its_source() -> None:
    """An editor shows where a parameter is known from, and for which models."""
    models = SCHEMA["$defs"]
    assert isinstance(models, dict)
    parameters = models["WrittenVoice"]["properties"]
    described = {name: parameters[name]["description"] for name in FACTS}

    assert all(described[name].endswith(f" [{FACTS[name].source}]") for name in FACTS)
    assert " For coda, mistv3. [" in described["timeScaleFactor"]
    assert " For " not in described["speedAlpha"].replace("for mistv2", "")


def test_rates_of_the_cloud_are_shown() -> None:
    """The description of the sampling rate lists what the cloud accepts."""
    rates = ", ".join(map(str, CLOUD_RATES_HZ))

    assert any(rates in str(key.get("description")) for key in described_keys())
