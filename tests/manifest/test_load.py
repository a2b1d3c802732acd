"""Loading a manifest: the values of a good one, every mistake of a bad one."""

import json
import re
from dataclasses import FrozenInstanceError
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import CatalogueError, ManifestError
from rimebatch.manifest.catalogue import Catalogue
from rimebatch.manifest.encoding import Encoding
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import (
    Checks,
    Job,
    Manifest,
    Output,
    Voice,
    load_manifest,
)
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.take_checks import TakeChecks
from rimebatch.manifest.text_files import MAX_FILE_BYTES

STORY = """\
# yaml-language-server: $schema=...
manifest: 1
name: story                  # the folder under outputs/; default: the file's stem
endpoint: local
concurrency: 4               # connections at a time
voice:                       # Rime's own parameter names, exactly
  speaker: luna
  modelId: arcana
  lang: eng
  audioFormat: pcm
  samplingRate: 24000
output: {format: wav}
jobs:
  - id: ch01
    title: The Lamplighter
    text_file: texts/lamplighter-01.txt    # relative to the manifest
  - id: aside
    text: "Short text, inline."
    voice: {speaker: astra}                # a job may override any voice parameter
  - id: raw
    messages:                              # a script of messages, sent as written
      - {text: "This "}
      - {contextId: "a", text: "goes. "}
      - {operation: clear}
      - {text: "This is kept"}
      - {operation: eos}
"""

LEAST = """\
manifest: 1
voice: {modelId: coda, speaker: astra}
jobs:
- {id: a, text: Hello}
"""

PAGE = Path(__file__).parents[2] / "docs" / "manifest.md"
EXAMPLES = re.findall(r"```yaml\n(output:\n.*?)```", PAGE.read_text(), re.DOTALL)

LINE = re.compile(r"[1-9]\d*:[1-9]\d*: .+; .+")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for manifests that are written over and over."""
    return tmp_path_factory.mktemp("manifests")


def load(folder: Path, content: str | bytes, name: str = "book.yaml") -> Manifest:
    """Load *content* from a file called *name*."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return load_manifest(folder / name)


def mistakes_in(folder: Path, content: str | bytes) -> list[str]:
    """Return the mistakes in *content* without the name of its file."""
    with pytest.raises(ManifestError) as caught:
        load(folder, content)
    start = f"{folder / 'book.yaml'}:"
    assert all(mistake.startswith(start) for mistake in caught.value.mistakes)
    return [mistake.removeprefix(start) for mistake in caught.value.mistakes]


def make_voice(speaker: str, segment: str) -> Voice:
    """Return the voice of a job of the story."""
    return Voice(
        {
            "modelId": "arcana",
            "speaker": speaker,
            "lang": "eng",
            "audioFormat": "pcm",
            "samplingRate": 24000,
            "segment": segment,
        }
    )


def test_good_manifest_has_the_values_that_were_written(tmp_path: Path) -> None:
    """The documented example loads to what it says."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "lamplighter-01.txt").write_text("It grew dark.\n")
    script = (
        {"text": "This "},
        {"contextId": "a", "text": "goes. "},
        {"operation": "clear"},
        {"text": "This is kept"},
        {"operation": "eos"},
    )
    jobs = (
        Job(
            id="ch01",
            title="The Lamplighter",
            voice=make_voice("luna", "never"),
            text="It grew dark.\n",
            messages=None,
        ),
        Job(
            id="aside",
            title=None,
            voice=make_voice("astra", "never"),
            text="Short text, inline.",
            messages=None,
        ),
        Job(
            id="raw",
            title=None,
            voice=make_voice("luna", "bySentence"),
            text=None,
            messages=script,
        ),
    )
    expected = Manifest(
        path=tmp_path / "book.yaml",
        name="story",
        endpoint="local",
        concurrency=4,
        output=Output(),
        jobs=jobs,
    )

    manifest = load(tmp_path, STORY)
    assert expected == manifest
    assert ["book.yaml", "lamplighter-01.txt"] == [p.name for p in manifest.sources]


def test_least_manifest_is_filled_with_defaults(tmp_path: Path) -> None:
    """What is not written has the documented default."""
    manifest = load(tmp_path, LEAST)

    assert manifest.name == "book"
    assert manifest.endpoint == "cloud"
    assert manifest.concurrency == 4
    assert manifest.output == Output()
    assert manifest.max_chars == 500
    assert manifest.done == "auto"
    assert manifest.silence_limit_s == 30.0
    assert manifest.transcript_text == "keep"
    assert manifest.plain_ws_hosts == ()
    assert manifest.budget_chars is None


def test_everything_can_be_written(tmp_path: Path) -> None:
    """Every key at the top gets through."""
    manifest = load(
        tmp_path,
        'name: é\nendpoint: ws://speech:8003/ws3\nconcurrency: "20"\nmax_chars: 1000\n'
        "done: never\nsilence_limit_s: 0.5\nplain_ws_hosts: [speech]\n"
        "transcript: {text: hash}\nbudget: {max_chars: 20000}\n" + LEAST,
    )

    assert manifest.name == "é"
    assert manifest.endpoint == "ws://speech:8003/ws3"
    assert manifest.concurrency == 20
    assert manifest.max_chars == 1000
    assert manifest.done == "never"
    assert manifest.silence_limit_s == 0.5
    assert manifest.transcript_text == "hash"
    assert manifest.plain_ws_hosts == ("speech",)
    assert manifest.budget_chars == 20_000


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("pauses: {}", Pauses()),
        (
            "pauses: {head: 0.5, tail: 2, segment: 0, paragraph: 0.75, heading: 60}",
            Pauses(head=0.5, tail=2.0, paragraph=0.75, heading=60.0),
        ),
        ("pauses: {segment: 1}", Pauses(segment=1.0, paragraph=1.0, heading=1.0)),
        ("pauses: {paragraph: 1}", Pauses(paragraph=1.0, heading=1.0)),
        ("pauses: {segment: 1, heading: 0}", Pauses(segment=1.0, paragraph=1.0)),
    ],
)
def test_pauses(tmp_path: Path, written: str, expected: Pauses) -> None:
    """A pause that is not written is as long as the next smaller one."""
    manifest = load(tmp_path, f"output: {{{written}}}\n{LEAST}")

    assert Output(pauses=expected) == manifest.output


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", Trim(silence_db=-60.0, keep_s=0.1)),
        ("{silence_db: -45.5, keep_s: 0}", Trim(silence_db=-45.5, keep_s=0.0)),
    ],
)
def test_trim(tmp_path: Path, written: str, expected: Trim) -> None:
    """Silence is trimmed where the manifest says so."""
    manifest = load(tmp_path, f"output: {{trim: {written}}}\n{LEAST}")

    assert Output(trim=expected) == manifest.output


FILES = """\
output:
  format: [mp3, ogg, opus, flac]
  mp3: {bitrate_kbps: 128}
  ogg: {quality: 0.5}
  sampling_rate: 48000
  loudness: {target: -18 LUFS, peak: -1 dBTP}
  captions: [srt, textgrid]
  tags: {artist: Ada Lovelace, album: Notes, comment: "Made: by a computer."}
"""


def test_files(tmp_path: Path) -> None:
    """Which files are made of a job, and how, is what the manifest says."""
    expected = Output(
        encodings=(
            Encoding("mp3", bitrate_kbps=128),
            Encoding("ogg", quality=0.5),
            Encoding("opus"),
            Encoding("flac"),
        ),
        rate_hz=48000,
        loudness=Goal(Target(-18.0, "LUFS"), Peak(-1.0, "dBTP")),
        captions=("srt", "textgrid"),
        artist="Ada Lovelace",
        album="Notes",
        comment="Made: by a computer.",
    )

    assert expected == load(tmp_path, FILES + LEAST).output


def test_one_name_needs_no_list(tmp_path: Path) -> None:
    """A single format or kind of captions is written without brackets."""
    manifest = load(tmp_path, f"output: {{format: ulaw, captions: vtt}}\n{LEAST}")

    expected = Output(encodings=(Encoding("ulaw"),), captions=("vtt",))
    assert expected == manifest.output


@pytest.mark.parametrize("example", EXAMPLES)
def test_documented_output(tmp_path: Path, example: str) -> None:
    """Each output that docs/manifest.md shows can be written, and does something."""
    assert Output() != load(tmp_path, example + LEAST).output
    assert len(EXAMPLES) == 2


WRONG_FILES = """\
manifest: 1
output:
  format: [mp4, mp3]
  captions: srtt
  sampling_rate: 7999
  samplingRate: 8000
  mp3: {bitrate: 128, quality: 2}
  loudness: {target: -20, peak: [x]}
  tags: {album: ""}
"""


def test_mistakes_in_files_are_explained(tmp_path: Path) -> None:
    """Each wrong format, level or tag comes with its place and what would help."""
    expected = """\
3:12: output.format[0]: expected 'wav', 'flac', 'mp3', 'ogg', 'opus' or 'ulaw', \
found "mp4"; did you mean "mp3"?
4:13: output.captions: expected 'srt', 'vtt', 'lrc', 'textgrid', 'audacity' or 'csv', \
found "srtt"; did you mean "srt"?
5:18: output.sampling_rate: 7999 is too small; write at least 8000
6:3: output.samplingRate: unknown key; did you mean "sampling_rate"?
7:9: output.mp3.bitrate: unknown key; did you mean "bitrate_kbps"?
7:32: output.mp3.quality: 2 is too large; write at most 1
8:22: output.loudness.target: "-20" is not a loudness; \
write it like -20 dB RMS or -18 LUFS
8:33: output.loudness.peak: expected text, found a list; put the text behind the key
9:17: output.tags.album: is empty, of several lines, or has white space around it; \
write the bare text on one line
"""

    found = mistakes_in(tmp_path, WRONG_FILES + LEAST.removeprefix("manifest: 1\n"))

    assert expected.splitlines() == found


def test_formats_are_held_against_the_rate(tmp_path: Path) -> None:
    """A file that no rate of the voices can have is found before anything is sent."""
    expected = (
        "1:18: output.format: opus cannot be of 44100 Hz; "
        "set sampling_rate to 8000, 12000, 16000, 24000 or 48000"
    )
    voice = "voice: {modelId: coda, speaker: astra, samplingRate: 44100}"
    content = LEAST.replace("voice: {modelId: coda, speaker: astra}", voice)

    assert [expected] == mistakes_in(tmp_path, f"output: {{format: opus}}\n{content}")


WRONG_OUTPUT = """\
manifest: 1
output:
  pauses: {paragraphs: 1, head: 61, tail: -1}
  trim:
    silence_db: -20
    keep_s: 100 ms
"""


def test_mistakes_in_output_are_explained(tmp_path: Path) -> None:
    """Each wrong pause comes with its place and what would help."""
    expected = """\
3:12: output.pauses.paragraphs: unknown key; did you mean "paragraph"?
3:33: output.pauses.head: 61 is too large; write at most 60
3:43: output.pauses.tail: -1 is too small; write at least 0
5:17: output.trim.silence_db: -20 is too large; write at most -30
6:13: output.trim.keep_s: expected a number, found "100 ms"; \
write digits, such as 0.5
"""

    found = mistakes_in(tmp_path, WRONG_OUTPUT + LEAST.removeprefix("manifest: 1\n"))

    assert expected.splitlines() == found


def test_checks_hold_for_each_job_by_its_voice(tmp_path: Path) -> None:
    """Limits are the manifest's; a band is chosen by a job's own model and language."""
    band = "length: [{modelId: coda, lang: eng, chars_per_second: [8, 25.5]}]"
    checks = f"checks: {{on_fail: warn, retakes: 0, words: 0.5, {band}}}\n"
    other = "- {id: b, text: Hello, voice: {modelId: arcana}}\n"

    first, second = load(tmp_path, checks + LEAST + other).jobs

    expected = TakeChecks(on_fail="warn", retakes=0, words=0.5)
    assert expected == second.checks
    assert (8.0, 25.5) == (
        first.checks.slowest_chars_per_s,
        first.checks.fastest_chars_per_s,
    )


WRONG_CHECKS = """\
manifest: 1
checks:
  on_fail: retry
  retakes: -1
  word: 0.8
  silence_s: 0
  length:
    - {lang: eng, chars_per_second: [25, 8]}
    - {model: arcana}
"""


def test_mistakes_in_checks_are_explained(tmp_path: Path) -> None:
    """Each wrong limit comes with its place and what would help."""
    expected = """\
3:12: checks.on_fail: expected 'retake', 'warn' or 'fail', found "retry"; \
write it exactly so
4:12: checks.retakes: -1 is too small; write at least 0
5:3: checks.word: unknown key; did you mean "words"?
6:14: checks.silence_s: 0 is too small; write more than 0
8:37: checks.length[0].chars_per_second: expected two numbers, the smaller first; \
write the slowest and the fastest, such as [8, 25]
9:7: checks.length[1].chars_per_second: is missing; \
add it. The fewest characters a second, and the most.
9:8: checks.length[1].model: unknown key; did you mean "modelId"?
"""

    found = mistakes_in(tmp_path, WRONG_CHECKS + LEAST.removeprefix("manifest: 1\n"))

    assert expected.splitlines() == found


def test_job_overrides_the_voice_key_by_key(tmp_path: Path) -> None:
    """A job's own parameters win, even over themselves set to a default."""
    manifest = load(
        tmp_path,
        """\
manifest: 1
endpoint: local
voice: {temperature: 0.7, lang: spa, samplingRate: 8000, speaker: luna}
jobs:
- {id: a, text: b, voice: {top_p: 0.5, lang: eng, modelId: arcana}}
- id: b
  voice: {segment: immediate, modelId: coda}
  messages: [{text: a}, {operation: eos}]
""",
    )
    shared = {"speaker": "luna", "audioFormat": "pcm", "samplingRate": 8000}
    voices = [
        {
            **shared,
            "modelId": "arcana",
            "lang": "eng",
            "temperature": 0.7,
            "top_p": 0.5,
            "segment": "never",
        },
        {
            **shared,
            "modelId": "coda",
            "lang": "spa",
            "temperature": 0.7,
            "segment": "immediate",
        },
    ]

    assert voices == [job.voice.parameters for job in manifest.jobs]


def test_parameters_have_one_order(tmp_path: Path) -> None:
    """The order does not depend on who set a parameter, nor on what was written."""
    voice = "voice: {top_p: 1, segment: never, lang: eng, modelId: coda}"
    content = LEAST.replace("text: Hello", f"text: Hello, {voice}")
    [job] = load(tmp_path, content).jobs
    names = "modelId speaker lang audioFormat samplingRate top_p segment"

    assert names == " ".join(job.voice.parameters)


def test_unknown_parameters_go_through_as_they_are_written(tmp_path: Path) -> None:
    """What stands under extra comes last and verbatim; a job's own value wins."""
    shared = "extra: {seed: 017, x: yes}"
    own = 'voice: {extra: {y: "", seed: 1_0}}'
    content = LEAST.replace("astra}", f"astra, {shared}}}").replace(
        "text: Hello", f"text: Hello, {own}"
    )
    [job] = load(tmp_path, content).jobs
    parameters = list(job.voice.parameters.items())

    assert [("seed", "1_0"), ("x", "yes"), ("y", "")] == parameters[-3:]
    assert "modelId" == parameters[0][0]


@pytest.mark.parametrize(
    ("voice", "segment"),
    [
        ("immediate: true", "immediate"),
        ("immediate: false", "bySentence"),
        ("immediate: true, segment: immediate", "immediate"),
        ("immediate: false, segment: never", "never"),
    ],
)
def test_the_older_spelling_of_immediate(
    tmp_path: Path, voice: str, segment: str
) -> None:
    """A script's segment is always said, and never contradicts the older spelling."""
    script = (
        f"{{id: a, voice: {{{voice}}}, messages: [{{text: a}}, {{operation: eos}}]}}"
    )
    [job] = load(tmp_path, LEAST.replace("{id: a, text: Hello}", script)).jobs

    assert segment == job.voice.parameters["segment"]
    assert ("immediate: true" in voice) is job.voice.parameters["immediate"]


DOUBTFUL = """manifest: 1
endpoint: wss://speech/ws3
voice: {modelId: coda, speaker: lunna, lang: fra}
jobs:
- {id: a, text_file: a.txt}
- {id: b, text: Hello, voice: {speaker: luna, lang: en}}
"""

WARNINGS = [
    (
        '3:46: voice.lang: the service gives no word times for "fra"; '
        "only eng and spa have them; do without"
    ),
    (
        '5:22: jobs[0].text_file: "a.txt" holds a pause like <400> in line 2, '
        "which coda ignores as far as is known; remove it, or it may be read aloud"
    ),
]

STRANGER = (
    '3:33: voice.speaker: coda has no "lunna" for fra, by the catalogue of 2026-09-10; '
    'did you mean "luna"? (--allow-unknown-voice lets a cloned or a new voice pass)'
)


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """Return a manifest with two warnings and an unknown speaker."""
    (tmp_path / "a.txt").write_text("One.\nTwo <40>.")
    file = tmp_path / "book.yaml"
    file.write_text(DOUBTFUL)
    return file


def find_catalogue() -> Catalogue:
    """Return a catalogue with one voice in two languages."""
    speakers = {"coda": {"eng": ["luna"], "fra": ["luna"]}}
    return Catalogue(date="2026-09-10T12:00:00Z", speakers=speakers, details=[])


def refuse_catalogue() -> Catalogue:
    """Fail as a copy does that is damaged."""
    raise CatalogueError("damaged")


def read_lines(lines: tuple[str, ...], file: Path) -> list[str]:
    """Return *lines* without the name of *file*."""
    return [line.removeprefix(f"{file}:") for line in lines]


def test_warnings_do_not_stand_in_the_way(doubtful: Path) -> None:
    """What is doubtful is told of in file order; what is not known is not checked."""
    manifest = load_manifest(doubtful)

    assert WARNINGS == read_lines(manifest.warnings, doubtful)
    assert manifest.catalogue_date is None


def test_strictness_makes_mistakes_of_warnings(doubtful: Path) -> None:
    """With *strict*, the same lines are mistakes."""
    with pytest.raises(ManifestError) as caught:
        load_manifest(doubtful, checks=Checks(strict=True))

    assert WARNINGS == read_lines(caught.value.mistakes, doubtful)


def test_a_voice_that_the_catalogue_does_not_have(doubtful: Path) -> None:
    """An unknown voice is a mistake beside those of any other kind."""
    doubtful.write_text(f"x: 1\n{DOUBTFUL}".replace("lang: en}", "foo: 1}"))
    checks = Checks(find_catalogue=find_catalogue, strict=True)
    with pytest.raises(ManifestError) as caught:
        load_manifest(doubtful, checks=checks)
    what = [line.split(";")[0] for line in read_lines(caught.value.mistakes, doubtful)]

    assert what == [
        "1:1: x: unknown key",
        (
            '4:33: voice.speaker: coda has no "lunna" for fra, '
            "by the catalogue of 2026-09-10"
        ),
        '4:46: voice.lang: the service gives no word times for "fra"',
        (
            '6:22: jobs[0].text_file: "a.txt" holds a pause like <400> in line 2, '
            "which coda ignores as far as is known"
        ),
        "7:47: jobs[1].voice.foo: unknown key",
    ]


@pytest.mark.parametrize("endpoint", [None, "cloud"])
def test_a_stranger_may_be_let_pass(doubtful: Path, endpoint: str | None) -> None:
    """What the catalogue does not have can be made a warning, beside the others."""
    checks = Checks(find_catalogue=find_catalogue, allow_unknown_voice=True)
    manifest = load_manifest(doubtful, endpoint=endpoint, checks=checks)

    assert [STRANGER, *WARNINGS] == read_lines(manifest.warnings, doubtful)
    assert "2026-09-10T12:00:00Z" == manifest.catalogue_date
    assert (endpoint or "wss://speech/ws3") == manifest.endpoint


def test_strictness_does_not_take_back_what_is_allowed(tmp_path: Path) -> None:
    """A voice that is let pass stays a warning, even if warnings are mistakes."""
    file = tmp_path / "book.yaml"
    file.write_text(LEAST)
    checks = Checks(
        find_catalogue=find_catalogue, strict=True, allow_unknown_voice=True
    )

    assert 1 == len(load_manifest(file, checks=checks).warnings)


def test_the_local_service_has_voices_of_its_own(doubtful: Path) -> None:
    """For the local service, by the manifest or in its place, no copy is looked for."""
    checks = Checks(find_catalogue=refuse_catalogue)

    assert load_manifest(doubtful, endpoint="local", checks=checks).warnings
    with pytest.raises(CatalogueError):
        load_manifest(doubtful, checks=checks)


def test_the_place_of_the_endpoint_counts(tmp_path: Path) -> None:
    """Rates are checked by where the manifest goes, not by where it says it goes."""
    content = f"endpoint: local\n{LEAST}".replace("astra", "astra, samplingRate: 11025")
    file = tmp_path / "book.yaml"
    file.write_text(content)
    load_manifest(file)
    with pytest.raises(ManifestError, match="the cloud has no sampling rate"):
        load_manifest(file, endpoint="cloud")
    file.write_text(content.replace("local", "cloud"))

    assert "local" == load_manifest(file, endpoint="local").endpoint


def test_messages_keep_the_order_of_their_keys(tmp_path: Path) -> None:
    """A script is kept as it was written, to the order within a message."""
    messages = '[{"contextId": "", "text": " 1.0 "}, {"text": "b", "contextId": "c"}'
    job = f'{{id: a, messages: {messages}, {{"operation": "eos"}}]}}'
    [loaded] = load(tmp_path, LEAST.replace("{id: a, text: Hello}", job)).jobs

    assert loaded.messages is not None
    assert f'{messages}, {{"operation": "eos"}}]' == json.dumps(
        [dict(message) for message in loaded.messages]
    )


def test_words_that_yaml_would_convert_stay_words(tmp_path: Path) -> None:
    """No title, id or speaker turns into a truth value, a number or a time."""
    words = ["no", "1:30", "1.10", "017", "1_000", "2024-01-02", "1e3", "="]
    jobs = "".join(
        f"- {{id: x{i}, title: {w}, text: a}}\n" for i, w in enumerate(words)
    )
    manifest = load(tmp_path, LEAST.replace("astra", "no") + jobs)

    assert words == [job.title for job in manifest.jobs[1:]]
    assert manifest.jobs[0].voice.parameters["speaker"] == "no"


def test_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    """A manifest and its texts may begin with a byte order mark."""
    (tmp_path / "a.txt").write_text("Hello", encoding="utf-8-sig")
    content = LEAST.replace("text: Hello", "text_file: a.txt")
    [job] = load(tmp_path, content.encode("utf-8-sig")).jobs

    assert job.text == "Hello"


def test_path_may_be_text(tmp_path: Path) -> None:
    """A path is a ``Path`` afterwards, however it was given."""
    file = tmp_path / "book.yaml"
    file.write_text(LEAST)

    assert file == load_manifest(str(file)).path


def test_values_are_frozen(tmp_path: Path) -> None:
    """Nothing in a loaded manifest can be changed."""
    script = "{id: a, messages: [{text: a}, {operation: eos}]}"
    manifest = load(tmp_path, LEAST.replace("{id: a, text: Hello}", script))
    [job] = manifest.jobs

    with pytest.raises(FrozenInstanceError):
        manifest.name = "x"  # type: ignore[misc]  # what is tested
    with pytest.raises(TypeError):
        job.voice.parameters["speaker"] = "x"  # type: ignore[index]  # what is tested
    with pytest.raises(TypeError):
        job.messages[0]["text"] = "x"  # type: ignore[index]  # what is tested


def test_many_jobs_are_read(tmp_path: Path) -> None:
    """A library in one manifest is fine."""
    jobs = "".join(
        f"- {{id: ch{i}, title: Chapter {i}, text: Hello}}\n" for i in range(5000)
    )

    assert len(load(tmp_path, LEAST + jobs).jobs) == 5001


EVERY_MISTAKE = """\
manifest: 2
nmae: x
name: con
endpoint: ws://example.com/ws3
concurrency: four
concurrency: 017
voice:
  speaker:
  samplingRate: 500
  audioFormat: wav
  segment: nevr
output: wav
jobs:
  - id: a/b
    text: "   "
    speaker: luna
  - id: Ch01
    title: [x]
    text_file: texts/none.txt
    text: x
  - id: ch01
    messages:
      - {txt: a}
      - {operation: flsh, contextId: x}
  - ~
  - text: hi
    voice: {samplingRate: 1_000, foo: 1}
"""

EVERY_SENTENCE = """\
1:11: manifest: expected 1, found 2; write it exactly so
2:1: nmae: unknown key; did you mean "name"?
3:7: name: "con" is the name of a device on Windows; \
use letters, digits, - and _, such as ch01
4:11: endpoint: ws:// would send the key and the text unencrypted; \
use wss://, or allow it by adding example.com to plain_ws_hosts
6:1: concurrency: the key is already written at line 5; keep one of the two
6:14: concurrency: expected a whole number, found "017"; write digits, such as 4
8:3: voice.speaker: has no value; write one (a word like null needs quotes)
8:3: voice.modelId: is missing; \
add it, or the service answers with another one and bills for it
9:17: voice.samplingRate: 500 is too small; write at least 4000
10:16: voice.audioFormat: expected 'pcm', 'mulaw' or 'mp3', found "wav"; \
write it exactly so
11:12: voice.segment: expected 'immediate', 'never' or 'bySentence', found "nevr"; \
did you mean "never"?
12:9: output: expected keys and values, found "wav"; write it as "key: value"
14:9: jobs[0].id: "a/b" holds /, which a file name cannot; \
use letters, digits, - and _, such as ch01
15:11: jobs[0].text: holds nothing that can be spoken; write at least one word
16:5: jobs[0].speaker: unknown key; write it under voice
18:12: jobs[1].title: expected text, found a list; put the text behind the key
19:16: jobs[1].text_file: "texts/none.txt" cannot be read: \
No such file or directory; check the path
20:5: jobs[1].text: the job already has text_file; keep one of the two
21:9: jobs[2].id: "ch01" would write the same files as the id at line 17; \
give every job an id of its own
23:7: jobs[2].messages: holds nothing that can be spoken; add a message with a text
23:9: jobs[2].messages[0]: the message is neither text nor operation; \
add one of the two
23:10: jobs[2].messages[0].txt: unknown key; did you mean "text"?
24:21: jobs[2].messages[1].operation: expected 'clear', 'flush' or 'eos', \
found "flsh"; did you mean "flush"?
24:27: jobs[2].messages[1].contextId: does not go with an operation; \
make it a message of its own
25:5: jobs[3]: has no value; write one (a word like null needs quotes)
26:5: jobs[4].id: is missing; \
add it. The name of the job's files, unique even if case is ignored.
27:27: jobs[4].voice.samplingRate: expected a whole number, found "1_000"; \
write digits, such as 4
27:34: jobs[4].voice.foo: unknown key; known are modelId, speaker, lang, \
audioFormat, samplingRate, repetition_penalty, temperature, top_p, max_tokens, \
speedAlpha, timeScaleFactor, inlineSpeedAlpha, pauseBetweenBrackets, \
phonemizeBetweenBrackets, noTextNormalization, reduceLatency, saveOovs, segment, \
immediate, extra (parameters that RimeBatch does not know go under extra)
"""


def test_all_mistakes_come_at_once_in_file_order(tmp_path: Path) -> None:
    """Structure, rules and files of one manifest are reported together."""
    assert EVERY_SENTENCE.splitlines() == mistakes_in(tmp_path, EVERY_MISTAKE)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "1:1: expected keys and values at the top, found none; "),
        (b"manifest: 1\0", "1:12: holds the character U+0000, "),
        (b"caf\xe9: 1", "1:1: is not UTF-8: byte 0xE9 at offset 3, line 1; "),
        (LEAST.encode("utf-16"), "1:1: is not UTF-8: byte 0xFF at offset 0, line 1; "),
        (b"[" * 100_000, "1:41: lists or mappings are nested more than 40 deep; "),
        (b"a: &a [*a]", "1:4: anchors and aliases are not used here; "),
        (b"a:\n\t- b", "2:1: cannot be read as YAML: found character that cannot "),
        (b"a: 1\n---\nb: 2", "2:1: a second document begins here; "),
    ],
)
def test_what_cannot_be_parsed_is_one_line(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    """A file that is no manifest at all gives a single line."""
    [mistake] = mistakes_in(tmp_path, content)

    assert mistake.startswith(expected)


@pytest.mark.parametrize("number", ["017", "1_000", "1:30", "1e3", "9" * 5000, "yes"])
def test_numbers_in_disguise_are_refused(tmp_path: Path, number: str) -> None:
    """What YAML might read as another number is no number here."""
    [mistake] = mistakes_in(tmp_path, f"concurrency: {number}\n{LEAST}")

    assert mistake.startswith("1:14: concurrency: expected a whole number, found ")


def test_missing_manifest_is_a_line(tmp_path: Path) -> None:
    """A path without a file is reported as the first character of that file."""
    what = "cannot be read: No such file or directory"
    with pytest.raises(ManifestError) as caught:
        load_manifest(f"{tmp_path}/../none.yaml")

    assert f"{tmp_path}/../none.yaml:1:1: {what}; check the path" == str(caught.value)


def test_folder_is_no_manifest(tmp_path: Path) -> None:
    """A folder is reported as such."""
    with pytest.raises(ManifestError) as caught:
        load_manifest(tmp_path)

    assert caught.value.mistakes == (
        f"{tmp_path}:1:1: is not a regular file; give the path of a text file",
    )


def test_huge_manifest_is_refused_by_its_size(tmp_path: Path) -> None:
    """A manifest of 100 MB is not read."""
    file = tmp_path / "book.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ManifestError) as caught:
        load_manifest(file)

    assert caught.value.mistakes == (
        f"{file}:1:1: is larger than 64 MB; check the path, or divide the file",
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ab\ncaf\xe9", "is not UTF-8: byte 0xE9 at offset 6, line 2; "),
        (b"a\0b", "holds a NUL character; "),
        (b" \n", "holds nothing that can be spoken; "),
    ],
)
def test_bad_text_file_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    """What is wrong with a text file is said where the manifest names it."""
    (tmp_path / "a.txt").write_bytes(content)
    [mistake] = mistakes_in(tmp_path, LEAST.replace("text: Hello", "text_file: a.txt"))

    assert mistake.startswith(f'4:22: jobs[0].text_file: "a.txt" {expected}')


def test_text_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder cannot be spoken."""
    [mistake] = mistakes_in(tmp_path, LEAST.replace("text: Hello", 'text_file: ""'))

    assert mistake.startswith('4:22: jobs[0].text_file: "" is not a regular file; ')


def test_stem_of_the_file_must_be_a_safe_name(tmp_path: Path) -> None:
    """Without a name, a file called after a device is a mistake at the top."""
    what = 'is missing, and the file\'s own "aux" is the name of a device on Windows'
    expected = f"1:1: name: {what}; add a name, or rename the file"
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, LEAST, name="aux.yaml")

    assert f"{tmp_path}/aux.yaml:{expected}" == str(caught.value)


def test_spoken_text_is_not_repeated(tmp_path: Path) -> None:
    """A mistake quotes only the beginning of a text in the wrong place."""
    text = "All that she said was meant for nobody. " * 100
    content = f"concurrency: {text}\noutput: {text}\n{LEAST}- {text}\n- id: {text}x\n"

    assert all(len(mistake) < 200 for mistake in mistakes_in(tmp_path, content))


def load_or_explain(folder: Path, content: str | bytes) -> Manifest | None:
    """Load *content*, or check that what is wrong with it is well said."""
    try:
        return load(folder, content)
    except ManifestError as error:
        start = f"{folder / 'book.yaml'}:"
        lines = [mistake.removeprefix(start) for mistake in error.mistakes]
        assert lines
        assert all(LINE.fullmatch(line) and line.isprintable() for line in lines)
        return None


@given(st.binary())
def test_any_bytes_load_or_are_explained(folder: Path, content: bytes) -> None:
    """No file raises anything but ``ManifestError``, with a line for each mistake."""
    load_or_explain(folder, content)


PIECES = [
    "- ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "\n",
    "  ",
    "~",
    "&a ",
    "*a",
    "é",
    "\t",
    "1",
    "no",
]


@given(st.data())
@settings(max_examples=200)
def test_damaged_manifest_loads_or_is_explained(
    folder: Path, data: st.DataObject
) -> None:
    """A good manifest with any damage raises nothing but ``ManifestError``."""
    content = STORY
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = start + data.draw(st.integers(0, 20))
        piece = data.draw(st.sampled_from(PIECES) | st.text(max_size=5))
        content = content[:start] + piece + content[end:]

    load_or_explain(folder, content)


@given(st.text())
def test_accepted_ids_are_safe_file_names(folder: Path, job_id: str) -> None:
    """Any text as an id is refused or a single component of a path."""
    job = json.dumps({"id": job_id, "text": "a"})
    content = LEAST.replace("{id: a, text: Hello}", job)
    manifest = load_or_explain(folder, content)

    if manifest is not None:
        [loaded] = manifest.jobs
        assert job_id == loaded.id
        assert (job_id,) == PurePosixPath(job_id).parts
        assert (folder / f"{job_id}.wav").parent == folder
