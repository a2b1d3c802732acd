"""A manifest with all its defaults filled in, and how it is read from a file.

Knows neither segments nor what is on record; both are the plan's.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from rimebatch.errors import ManifestError
from rimebatch.manifest.catalogue import Catalogue, find_strangers
from rimebatch.manifest.cautions import find_cautions
from rimebatch.manifest.encoding import WAV, Encoding
from rimebatch.manifest.endpoint import is_here
from rimebatch.manifest.job_voice import find_voices
from rimebatch.manifest.levels import Goal
from rimebatch.manifest.mistakes import START, Flaw, Found, Mistake, quote
from rimebatch.manifest.model import (
    MAX_CHARS,
    SILENCE_LIMIT_S,
    WrittenChecks,
    WrittenJob,
    WrittenManifest,
    find_text_flaw,
)
from rimebatch.manifest.output_model import WrittenOutput, WrittenPauses
from rimebatch.manifest.output_rules import make_encodings
from rimebatch.manifest.parameters import WrittenVoice
from rimebatch.manifest.placement import NO_PAUSES, Pauses, Trim
from rimebatch.manifest.rules import check_rules
from rimebatch.manifest.sources import Sources
from rimebatch.manifest.structure import check_structure
from rimebatch.manifest.take_checks import (
    DEFAULT_CHECKS,
    LengthBand,
    TakeChecks,
    resolve_checks,
)
from rimebatch.manifest.yaml_nodes import (
    Data,
    Document,
    list_in,
    mapping_in,
    parse_document,
)

Parameter: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Voice:
    """How one job sounds.

    Attributes:
        parameters: The query parameters of ws3 by Rime's own names, ``modelId`` first
            and those from ``extra`` last; those left to the service are left out.
    """

    parameters: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Output:
    """What is rendered for every job.

    Attributes:
        encodings: Of the audio files, no two of one format; the first is the main one.
        pauses: What is put between takes.
        trim: How the silence around each is shortened; ``None`` leaves it as it is.
        rate_hz: Frames per second of the files; ``None`` for as the service speaks.
        loudness: How loud they are to be; ``None`` leaves that as it is.
        captions: Which kinds of captions and timing files lie beside them, by name.
        artist: Goes into the tags of the files, as do the next two.
        album: Of which each job is a track; "" for none.
        comment: ``None`` for the usual one, that the voice is synthetic.
    """

    encodings: tuple[Encoding, ...] = (WAV,)
    pauses: Pauses = NO_PAUSES
    trim: Trim | None = None
    rate_hz: int | None = None
    loudness: Goal | None = None
    captions: tuple[str, ...] = ()
    artist: str = ""
    album: str = ""
    comment: str | None = None


DEFAULT_OUTPUT: Final = Output()


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of a manifest: one connection, one set of outputs.

    Attributes:
        id: A file name that is safe everywhere and unique in the manifest, even where
            case is ignored.
        text: What to say, already read from its file; ``None`` for a script.
        messages: A script to be sent exactly as written, keys in their written order;
            ``None`` for a text. It ends with the only ``eos``.
        checks: What its takes must be like.
    """

    id: str
    title: str | None
    voice: Voice
    text: str | None
    messages: tuple[Mapping[str, str], ...] | None
    checks: TakeChecks = DEFAULT_CHECKS


@dataclass(frozen=True, slots=True)
class Manifest:
    """What to say, in which voices, and where.

    Attributes:
        path: The file it was read from, as given.
        name: The folder of the outputs, a safe file name.
        endpoint: ``local``, ``cloud``, or an address ``wss://host[:port]/path`` without
            credentials; ``ws://`` only to the loopback and to *plain_ws_hosts*.
        concurrency: Connections at a time, at least 1.
        max_chars: The longest text of a segment in characters, 1 to 1000.
        done: Whether the service sends ``done`` events; ``auto`` finds out.
        silence_limit_s: Seconds without an event after which a job has failed, over 0.
        transcript_text: Whether transcripts hold text as it is, or as a digest.
        plain_ws_hosts: Hosts, beside the loopback, to which ``ws://`` is allowed.
        budget_chars: The most characters that one run sends; ``None`` for no end.
        warnings: What would not have the effect that it seems to have, each as
            ``file:line:column: place: what; what would help``, in file order.
        catalogue_date: Of the copy of the service's catalogue by which its voices were
            checked; ``None`` if they were not.
        sources: SHA-256 of the text of every file it was read from.
    """

    path: Path
    name: str
    endpoint: str
    concurrency: int
    output: Output
    jobs: tuple[Job, ...]
    max_chars: int = MAX_CHARS
    done: Literal["auto", "always", "never"] = "auto"
    silence_limit_s: float = SILENCE_LIMIT_S
    transcript_text: Literal["keep", "hash"] = "keep"
    plain_ws_hosts: tuple[str, ...] = ()
    budget_chars: int | None = None
    warnings: tuple[str, ...] = ()
    catalogue_date: str | None = None
    sources: Mapping[Path, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a manifest is held against beside itself, and how strictly.

    Attributes:
        strict: Whether a warning is a mistake.
        find_catalogue: Gives the copy of the service's catalogue, if there is one; not
            asked where the endpoint is on this computer, where no voice is billed.
        allow_unknown_voice: Whether a voice that the catalogue does not have is only a
            warning, even if *strict*.
    """

    strict: bool = False
    find_catalogue: Callable[[], Catalogue | None] = lambda: None
    allow_unknown_voice: bool = False


_BY_ITSELF: Final = Checks()


def load_manifest(
    path: Path | str, *, endpoint: str | None = None, checks: Checks = _BY_ITSELF
) -> Manifest:
    """Read the manifest at *path* and the text files it names.

    Args:
        path: A YAML file.
        endpoint: Where it will be sent, in place of its own endpoint; whether that is
            usable is for whoever says it to check.
        checks: What it is held against beside itself.

    Raises:
        ManifestError: With every mistake as ``file:line:column: what; what would
            help``, in file order. What keeps the YAML from being read comes alone.
        CatalogueError: There is a copy of the catalogue, and it cannot be read.
    """
    sources = Sources()
    document = _read_document(Path(path), sources)
    if isinstance(document, Mistake):
        raise ManifestError([document.sentence(os.fspath(path))])
    data = document.data
    written = check_structure(data)
    texts, unreadable = _read_text_files(data, Path(path).parent, sources)
    found = written if isinstance(written, list) else []
    found = _join(found, check_rules(document, Path(path).stem, endpoint))
    named = endpoint or data.get("endpoint")
    here = isinstance(named, str) and is_here(named)
    catalogue = None if here else checks.find_catalogue()
    wrong, doubtful = _check_effects(data, texts, catalogue, checks)
    found = _join([*found, *unreadable], wrong)
    mistakes = [*document.duplicates, *map(document.locate, found)]
    if mistakes or isinstance(written, list):
        raise ManifestError(_word(path, mistakes))
    manifest = _make_manifest(Path(path), written, texts, data)
    return replace(
        manifest,
        endpoint=endpoint or manifest.endpoint,
        warnings=tuple(_word(path, map(document.locate, doubtful))),
        catalogue_date=catalogue.date if catalogue else None,
        sources=sources.digests,
    )


def _join(found: Iterable[Found], more: Iterable[Found]) -> list[Found]:
    """Add *more* where nothing is wrong yet: one flaw breaks other rules as well."""
    found = list(found)
    known = {flawed.place for flawed in found}
    return found + [flawed for flawed in more if flawed.place not in known]


def _check_effects(
    data: Mapping[str, Data],
    texts: Mapping[int, str],
    catalogue: Catalogue | None,
    checks: Checks,
) -> tuple[list[Found], list[Found]]:
    """Return what the service would answer otherwise: mistakes, and warnings."""
    voices = find_voices(data)
    wrong: list[Found] = []
    doubtful: list[Found] = []
    cautions = find_cautions(data, voices, texts)
    (wrong if checks.strict else doubtful).extend(cautions)
    if catalogue is not None:
        strangers = find_strangers(catalogue, voices.values())
        (doubtful if checks.allow_unknown_voice else wrong).extend(strangers)
    return wrong, doubtful


def _word(path: Path | str, mistakes: Iterable[Mistake]) -> list[str]:
    """Return *mistakes* as sentences, in file order."""
    ordered = sorted(mistakes, key=lambda mistake: mistake.position)
    return [mistake.sentence(os.fspath(path)) for mistake in ordered]


def _read_document(path: Path, sources: Sources) -> Document | Mistake:
    content = sources.read(path)
    if isinstance(content, Flaw):
        return Mistake(START, (), content)
    return parse_document(content)


def _read_text_files(
    data: Mapping[str, Data], folder: Path, sources: Sources
) -> tuple[dict[int, str], list[Found]]:
    """Return the texts that stand in files, by the job's index, and their flaws."""
    texts: dict[int, str] = {}
    found: list[Found] = []
    for index, job in enumerate(map(mapping_in, list_in(data.get("jobs")))):
        if isinstance(name := job.get("text_file"), str):
            content = _read_text_file(folder, name, sources)
            if isinstance(content, Flaw):
                found.append(Found(("jobs", index, "text_file"), content))
            else:
                texts[index] = content
    return texts, found


def _read_text_file(folder: Path, name: str, sources: Sources) -> str | Flaw:
    content = sources.read(folder / name)
    flaw = content if isinstance(content, Flaw) else find_text_flaw(content)
    return Flaw(f"{quote(name)} {flaw.what}", flaw.remedy) if flaw else content


def _make_manifest(
    path: Path,
    written: WrittenManifest,
    texts: Mapping[int, str],
    data: Mapping[str, Data],
) -> Manifest:
    scripts = [mapping_in(job).get("messages") for job in list_in(data["jobs"])]
    return Manifest(
        path=path,
        name=written.name or path.stem,
        endpoint=written.endpoint,
        concurrency=written.concurrency,
        output=_make_output(written.output),
        jobs=tuple(
            _make_job(written, job, texts.get(index, job.text), script)
            for index, (job, script) in enumerate(
                zip(written.jobs, scripts, strict=True)
            )
        ),
        max_chars=written.max_chars,
        done=written.done,
        silence_limit_s=written.silence_limit_s,
        transcript_text=written.transcript.text,
        plain_ws_hosts=tuple(written.plain_ws_hosts),
        budget_chars=written.budget.max_chars if written.budget else None,
    )


def _make_output(written: WrittenOutput) -> Output:
    loudness, tags = written.loudness, written.tags
    return Output(
        encodings=tuple(make_encodings(written)),
        pauses=_make_pauses(written.pauses),
        trim=Trim(**written.trim.model_dump()) if written.trim else None,
        rate_hz=written.sampling_rate,
        loudness=Goal(loudness.target, loudness.peak) if loudness else None,
        captions=tuple(written.captions),
        artist=tags.artist or "",
        album=tags.album or "",
        comment=tags.comment,
    )


def _make_pauses(written: WrittenPauses) -> Pauses:
    """Return *written* with what is missing as long as the next smaller pause."""
    segment = written.segment
    paragraph = segment if written.paragraph is None else written.paragraph
    heading = paragraph if written.heading is None else written.heading
    return Pauses(
        head=written.head,
        tail=written.tail,
        segment=segment,
        paragraph=paragraph,
        heading=heading,
    )


def _make_job(
    manifest: WrittenManifest,
    written: WrittenJob,
    text: str | None,
    script: "Data | None",
) -> Job:
    voice = _make_voice(manifest.voice, written)
    return Job(
        id=written.id,
        title=written.title,
        voice=voice,
        text=text,
        messages=_make_messages(script),
        checks=_make_checks(manifest.checks, voice),
    )


def _make_voice(inherited: WrittenVoice | None, job: WrittenJob) -> Voice:
    parameters: dict[str, Parameter] = {}
    extra: dict[str, str] = {}
    for voice in (inherited, job.voice):
        if voice is not None:
            parameters |= voice.model_dump(exclude_unset=True, exclude={"extra"})
            extra |= voice.extra or {}
    defaults = WrittenVoice().model_dump(exclude_none=True)
    defaults["segment"] = "never" if job.messages is None else "bySentence"
    if parameters.get("immediate"):
        defaults["segment"] = "immediate"
    parameters = defaults | parameters
    # In the order of the table, whoever set them.
    names = [name for name in WrittenVoice.model_fields if name in parameters]
    return Voice(MappingProxyType({name: parameters[name] for name in names} | extra))


def _make_checks(written: WrittenChecks, voice: Voice) -> TakeChecks:
    checks = TakeChecks(**written.model_dump(exclude={"length"}))
    bands = (
        LengthBand(band.modelId, band.lang, *band.chars_per_second)
        for band in written.length
    )
    return resolve_checks(checks, bands, voice.parameters)


def _make_messages(script: "Data | None") -> tuple[Mapping[str, str], ...] | None:
    """Return a script as it was written; the model would put its keys in order."""
    if script is None:
        return None
    messages = map(mapping_in, list_in(script))
    return tuple(
        MappingProxyType({key: str(value) for key, value in message.items()})
        for message in messages
    )
