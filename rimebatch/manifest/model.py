"""What a person may write: keys, types, ranges and defaults, as pydantic models.

This is the one table of it: the checks, the did-you-means and the JSON Schema are
all made from here, and a new parameter is a new entry of :class:`WrittenVoice`. What
it says about voices is in the ws3 reference page, "Variable Parameters".

Values arrive as the text that was written (see ``yaml_nodes``) and are converted here
by their declared type. Knows nothing about files, positions or YAML.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from rimebatch.manifest.endpoint import find_host_flaw
from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.names import find_name_flaw, make_collision_key

FLAW = "flaw"
"""The type of a pydantic error that carries a :class:`Flaw` in its context."""

MAX_CHARS = 500  # "Character limit per request is 500 via the API"; later pages: 1,000

SILENCE_LIMIT_S = 30.0  # the longest gap seen live was 0.3 s; generous on purpose

CLOUD_RATES_HZ = (8000, 16000, 22050, 24000, 44100, 48000, 96000)

AUDIO_FORMATS_TO_COME = ("mp3", "mulaw")  # the service has them, the renderer not yet

# 15 digits are exact in every number type and far beyond every range below. Leading
# zeros, underscores, exponents and colons mean different things to different YAMLs.
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)

# A folder of this name lies beside the outputs. Two safe ids cannot collide in any
# other way: neither of the suffixes .wav and .words.json ends with the other.
_TRANSCRIPTS = "transcripts"


def find_text_flaw(text: str) -> Flaw | None:
    """Return why *text* cannot be spoken, or ``None``."""
    if "\0" in text:
        return Flaw("holds a NUL character", "remove it, and save the file as UTF-8")
    if not any(map(str.isalnum, text)):
        return Flaw("holds nothing that can be spoken", "write at least one word")
    return None


def _find_id_flaw(job_id: str) -> Flaw | None:
    if make_collision_key(job_id) == _TRANSCRIPTS:
        return Flaw("is the name of a folder beside the outputs", "choose another id")
    return find_name_flaw(job_id)


def _find_format_flaw(audio_format: object) -> Flaw | None:
    if audio_format in AUDIO_FORMATS_TO_COME:
        return Flaw(f"audioFormat {audio_format} cannot be rendered yet", "use pcm")
    return None


_T = TypeVar("_T")


def _require(find_flaw: Callable[[_T], Flaw | None]) -> Callable[[_T], _T]:
    """Return a validator that lets a value pass unless *find_flaw* finds one."""

    def check(value: _T) -> _T:
        if flaw := find_flaw(value):
            context = {"what": flaw.what, "remedy": flaw.remedy}
            raise PydanticCustomError(FLAW, "{what}; {remedy}", context)
        return value

    return check


def _read_whole_number(written: object) -> object:
    if isinstance(written, str) and _WHOLE_NUMBER.fullmatch(written):
        return int(written)
    return written


def _read_number(written: object) -> object:
    if isinstance(written, str) and _NUMBER.fullmatch(written):
        return float(written)
    return written


_WHOLE = BeforeValidator(_read_whole_number)
_REAL = BeforeValidator(_read_number)

# Surrounding white space would be part of a name, and make it another one.
_Line: TypeAlias = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
_Spoken: TypeAlias = Annotated[str, AfterValidator(_require(find_text_flaw))]
_FolderName: TypeAlias = Annotated[str, AfterValidator(_require(find_name_flaw))]
_JobId: TypeAlias = Annotated[str, AfterValidator(_require(_find_id_flaw))]
_Host: TypeAlias = Annotated[str, AfterValidator(_require(find_host_flaw))]


class _Written(BaseModel):  # type: ignore[explicit-any]  # pydantic has it
    """Keys and values by a person: nothing unknown, nothing converted by guessing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        model_title_generator=lambda model: model.__name__.removeprefix("Written"),
    )


class WrittenVoice(_Written):  # type: ignore[explicit-any]  # pydantic has it
    """Synthesis parameters by Rime's own names."""

    modelId: _Line | None = Field(  # noqa: N815  # Rime's own name
        default=None,
        description="The model. Required, here or in the job: without it the service "
        "answers with another model and bills for it.",
    )
    speaker: _Line | None = Field(
        default=None,
        description="A voice of that model. Required, here or in the job: without it "
        "the service answers with another voice and bills for it.",
    )
    lang: _Line = Field(
        default="eng",
        description="The language of the text; the speaker must speak it.",
    )
    audioFormat: Annotated[  # noqa: N815  # Rime's own name
        Literal["pcm"], BeforeValidator(_require(_find_format_flaw))
    ] = Field(default="pcm", description="What the service sends.")
    samplingRate: Annotated[  # noqa: N815  # Rime's own name
        # The page gives no range for on-prem services; nothing outside this one is
        # speech that anyone asked for.
        int,
        Field(ge=4000, le=192000),
        _WHOLE,
    ] = Field(
        default=24000,
        description="Samples per second. The cloud accepts "
        f"{', '.join(map(str, CLOUD_RATES_HZ))}; above 24000 is upsampling.",
    )
    repetition_penalty: Annotated[float, Field(gt=0), _REAL] | None = Field(
        default=None, description="Above 1 discourages repeating; usually 1 to 2."
    )
    temperature: Annotated[float, Field(ge=0), _REAL] | None = Field(
        default=None, description="Randomness; 0 is greedy, usually at most 1."
    )
    top_p: Annotated[float, Field(gt=0, le=1), _REAL] | None = Field(
        default=None, description="Cumulative probability of the tokens considered."
    )
    segment: Literal["immediate", "never", "bySentence"] | None = Field(
        default=None,
        description="When the service begins to synthesize what it was sent. Only for "
        "jobs with messages, where bySentence is the default.",
    )


class WrittenMessage(_Written):  # type: ignore[explicit-any]  # pydantic has it
    """One message of a script, sent exactly as written."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["text"]}, {"required": ["operation"]}]
        }
    )

    text: str | None = Field(default=None, description="Text to speak; spaces count.")
    contextId: (  # noqa: N815  # Rime's own name
        # The page gives no limit. A longer label is refused when it comes back, so it
        # is not sent either.
        Annotated[str, Field(max_length=256)] | None
    ) = Field(
        default=None,
        description="A label that comes back with the audio of this text.",
    )
    operation: Literal["clear", "flush", "eos"] | None = Field(
        default=None, description="eos ends the script and must be its last message."
    )


class WrittenJob(_Written):  # type: ignore[explicit-any]  # pydantic has it
    """One job: one connection, one set of outputs."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["text"]},
                {"required": ["text_file"]},
                {"required": ["messages"]},
            ]
        }
    )

    id: _JobId = Field(
        description="The name of the job's files, unique even if case is ignored."
    )
    title: _Line | None = Field(
        default=None, description="Goes into the audio file's tags."
    )
    voice: WrittenVoice | None = Field(
        default=None,
        description="Overrides the manifest's voice, parameter by parameter.",
    )
    text: _Spoken | None = Field(default=None, description="What to say.")
    text_file: str | None = Field(
        default=None,
        description="A UTF-8 file of what to say, relative to the manifest.",
    )
    messages: Annotated[list[WrittenMessage], Field(min_length=1)] | None = Field(
        default=None, description="What to send, message by message, in this order."
    )


class WrittenOutput(_Written):  # type: ignore[explicit-any]  # pydantic has it
    """What is rendered for every job."""

    format: Literal["wav"] = Field(
        default="wav", description="The audio file's format."
    )


class WrittenManifest(_Written):  # type: ignore[explicit-any]  # pydantic has it
    """A RimeBatch manifest: what to say, in which voice, and where."""

    manifest: Annotated[Literal[1], _WHOLE] = Field(
        description="The version of this format, 1."
    )
    name: _FolderName | None = Field(
        default=None,
        description="The folder of the outputs. Default: the file's name without its "
        "suffix.",
    )
    endpoint: str = Field(
        default="cloud",
        description="local, cloud, or the wss:// address of an on-prem service.",
    )
    plain_ws_hosts: list[_Host] = Field(
        default=[], description="Hosts, beside the loopback, to which ws:// is allowed."
    )
    # 20 streams at a time is what Rime's starter plan allows; a fifth of it leaves
    # room for others on the account.
    concurrency: Annotated[int, Field(ge=1), _WHOLE] = Field(
        default=4, description="Connections at a time."
    )
    max_chars: Annotated[int, Field(ge=1, le=1000), _WHOLE] = Field(
        default=MAX_CHARS,
        description="The longest text that is sent as one segment, in characters.",
    )
    done: Literal["auto", "always", "never"] = Field(
        default="auto", description="Whether the service sends done events."
    )
    silence_limit_s: Annotated[float, Field(gt=0), _REAL] = Field(
        default=SILENCE_LIMIT_S,
        description="Seconds without an event after which a job has failed.",
    )
    voice: WrittenVoice | None = Field(
        default=None, description="The voice of all jobs."
    )
    output: WrittenOutput = Field(
        default=WrittenOutput(), description="What is rendered for every job."
    )
    jobs: Annotated[list[WrittenJob], Field(min_length=1)] = Field(
        description="What to say, in the order in which it is begun."
    )
