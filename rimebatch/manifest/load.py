"""A manifest with all its defaults filled in, and how it is read from a file.

Knows neither segments nor what is on record; both are the plan's.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from rimebatch.errors import ManifestError
from rimebatch.manifest.mistakes import START, Flaw, Found, Mistake, quote
from rimebatch.manifest.model import (
    MAX_CHARS,
    SILENCE_LIMIT_S,
    WrittenJob,
    WrittenManifest,
    WrittenVoice,
    find_text_flaw,
)
from rimebatch.manifest.rules import check_rules
from rimebatch.manifest.structure import check_structure
from rimebatch.manifest.text_files import read_text
from rimebatch.manifest.yaml_nodes import (
    Data,
    Document,
    list_in,
    mapping_in,
    parse_document,
)


@dataclass(frozen=True, slots=True)
class Voice:
    """How one job sounds.

    Attributes:
        parameters: The query parameters of ws3 by Rime's own names, ``modelId`` first;
            those left to the service are left out.
    """

    parameters: Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Output:
    """What is rendered for every job."""

    format: Literal["wav"] = "wav"


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of a manifest: one connection, one set of outputs.

    Attributes:
        id: A file name that is safe everywhere and unique in the manifest, even where
            case is ignored.
        text: What to say, already read from its file; ``None`` for a script.
        messages: A script to be sent exactly as written, keys in their written order;
            ``None`` for a text. It ends with the only ``eos``.
    """

    id: str
    title: str | None
    voice: Voice
    text: str | None
    messages: tuple[Mapping[str, str], ...] | None


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
        plain_ws_hosts: Hosts, beside the loopback, to which ``ws://`` is allowed.
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
    plain_ws_hosts: tuple[str, ...] = ()


def load_manifest(path: Path | str) -> Manifest:
    """Read the manifest at *path* and the text files it names.

    Raises:
        ManifestError: With every mistake as ``file:line:column: what; what would
            help``, in file order. What keeps the YAML from being read comes alone.
    """
    document = _read_document(Path(path))
    if isinstance(document, Mistake):
        raise _make_error(path, [document])
    written = check_structure(document.data)
    found = written if isinstance(written, list) else []
    # One flaw per value: what has the wrong type breaks other rules as well.
    known = {flawed.place for flawed in found}
    rules = check_rules(document, default_name=Path(path).stem)
    found += [flawed for flawed in rules if flawed.place not in known]
    texts, unreadable = _read_text_files(document.data, Path(path).parent)
    located = map(document.locate, [*found, *unreadable])
    mistakes = [*document.duplicates, *located]
    if mistakes or isinstance(written, list):
        raise _make_error(path, mistakes)
    return _make_manifest(Path(path), written, texts, document.data)


def _make_error(path: Path | str, mistakes: Iterable[Mistake]) -> ManifestError:
    ordered = sorted(mistakes, key=lambda mistake: mistake.position)
    return ManifestError([mistake.sentence(os.fspath(path)) for mistake in ordered])


def _read_document(path: Path) -> Document | Mistake:
    content = read_text(path)
    if isinstance(content, Flaw):
        return Mistake(START, (), content)
    return parse_document(content)


def _read_text_files(
    data: Mapping[str, Data], folder: Path
) -> tuple[dict[int, str], list[Found]]:
    """Return the texts that stand in files, by the job's index, and their flaws."""
    texts: dict[int, str] = {}
    found: list[Found] = []
    for index, job in enumerate(map(mapping_in, list_in(data.get("jobs")))):
        if isinstance(name := job.get("text_file"), str):
            content = _read_text_file(folder, name)
            if isinstance(content, Flaw):
                found.append(Found(("jobs", index, "text_file"), content))
            else:
                texts[index] = content
    return texts, found


def _read_text_file(folder: Path, name: str) -> str | Flaw:
    content = read_text(folder / name)
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
        output=Output(written.output.format),
        jobs=tuple(
            Job(
                id=job.id,
                title=job.title,
                voice=_make_voice(written.voice, job),
                text=texts.get(index, job.text),
                messages=_make_messages(script),
            )
            for index, (job, script) in enumerate(
                zip(written.jobs, scripts, strict=True)
            )
        ),
        max_chars=written.max_chars,
        done=written.done,
        silence_limit_s=written.silence_limit_s,
        plain_ws_hosts=tuple(written.plain_ws_hosts),
    )


def _make_voice(inherited: WrittenVoice | None, job: WrittenJob) -> Voice:
    parameters = WrittenVoice().model_dump(exclude_none=True)
    parameters["segment"] = "never" if job.messages is None else "bySentence"
    for voice in (inherited, job.voice):
        if voice is not None:
            parameters |= voice.model_dump(exclude_unset=True)
    # In the order of the table, whoever set them.
    names = [name for name in WrittenVoice.model_fields if name in parameters]
    return Voice(MappingProxyType({name: parameters[name] for name in names}))


def _make_messages(script: "Data | None") -> tuple[Mapping[str, str], ...] | None:
    """Return a script as it was written; the model would put its keys in order."""
    if script is None:
        return None
    messages = map(mapping_in, list_in(script))
    return tuple(
        MappingProxyType({key: str(value) for key, value in message.items()})
        for message in messages
    )
