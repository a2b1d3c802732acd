"""What a person may write: keys, types, ranges and defaults, as pydantic models.

This is the one table of it, with that of the voice in ``parameters`` and that of the
output in ``output_model``: the checks, the did-you-means and the JSON Schema are all
made from there and here.

Values arrive as the text that was written (see ``yaml_nodes``) and are converted by
their declared type (see ``written``). Knows nothing about files, positions or YAML.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field

from rimebatch.manifest.encoding import SUFFIXES
from rimebatch.manifest.endpoint import find_host_flaw
from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.names import find_name_flaw, make_collision_key
from rimebatch.manifest.output_model import WrittenOutput
from rimebatch.manifest.parameters import WrittenVoice
from rimebatch.manifest.take_checks import DEFAULT_CHECKS, OnFail
from rimebatch.manifest.written import REAL, WHOLE, Line, Share, Written, require

MAX_CHARS = 500  # "Character limit per request is 500 via the API"; later pages: 1,000

SILENCE_LIMIT_S = 30.0  # the longest gap seen live was 0.3 s; generous on purpose

# A folder of this name lies beside the outputs. Two safe ids can collide in one other
# way: the suffix .ulaw.wav ends with .wav, and no other one with any.
_TRANSCRIPTS = "transcripts"
_ULAW = SUFFIXES["ulaw"].removesuffix(SUFFIXES["wav"])


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
    if make_collision_key(job_id).endswith(_ULAW):
        what = f"ends with {_ULAW}, as the names of u-law files do"
        return Flaw(what, "choose another id")
    return find_name_flaw(job_id)


def _find_band_flaw(band: list[float]) -> Flaw | None:
    if len(band) == 2 and band[0] < band[1]:  # noqa: PLR2004  # "two numbers", below
        return None
    what = "expected two numbers, the smaller first"
    return Flaw(what, "write the slowest and the fastest, such as [8, 25]")


_Spoken: TypeAlias = Annotated[str, AfterValidator(require(find_text_flaw))]
_FolderName: TypeAlias = Annotated[str, AfterValidator(require(find_name_flaw))]
_JobId: TypeAlias = Annotated[str, AfterValidator(require(_find_id_flaw))]
_Host: TypeAlias = Annotated[str, AfterValidator(require(find_host_flaw))]
_AtLeast0: TypeAlias = Annotated[float, Field(ge=0), REAL]
_Band: TypeAlias = Annotated[
    list[Annotated[float, Field(gt=0), REAL]],
    AfterValidator(require(_find_band_flaw)),
    Field(json_schema_extra={"minItems": 2, "maxItems": 2}),
]


class WrittenMessage(Written):  # type: ignore[explicit-any]  # pydantic has it
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


class WrittenJob(Written):  # type: ignore[explicit-any]  # pydantic has it
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
    title: Line | None = Field(
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


class WrittenTranscript(Written):  # type: ignore[explicit-any]  # pydantic has it
    """What the transcripts of all jobs may hold."""

    text: Literal["keep", "hash"] = Field(
        default="keep",
        description="Whether text is recorded as it is, or as a digest.",
    )


class WrittenBudget(Written):  # type: ignore[explicit-any]  # pydantic has it
    """What one run may cost."""

    max_chars: Annotated[int, Field(ge=0), WHOLE] = Field(
        description="The most characters that one run sends."
    )


class WrittenLength(Written):  # type: ignore[explicit-any]  # pydantic has it
    """How much text a second of audio may hold, for some takes or for all."""

    modelId: Line | None = Field(  # noqa: N815  # Rime's own name
        default=None, description="The model it is for. Default: any."
    )
    lang: Line | None = Field(
        default=None, description="The language it is for. Default: any."
    )
    chars_per_second: _Band = Field(
        description="The fewest characters a second, and the most."
    )


class WrittenChecks(Written):  # type: ignore[explicit-any]  # pydantic has it
    """What is measured of every take, and what becomes of one that fails."""

    on_fail: OnFail = Field(
        default=DEFAULT_CHECKS.on_fail,
        description="Whether a take that fails is made anew, told of, or the end of "
        "its job.",
    )
    retakes: Annotated[int, Field(ge=0), WHOLE] = Field(
        default=DEFAULT_CHECKS.retakes,
        description="How many further takes a failing segment is worth, ever.",
    )
    words: Share = Field(
        default=DEFAULT_CHECKS.words,
        description="The share of the text that the spoken words must account for, "
        "where the service sends words.",
    )
    overrun_s: _AtLeast0 = Field(
        default=DEFAULT_CHECKS.overrun_s,
        description="Seconds by which a word may end beyond the audio.",
    )
    overrun_share: _AtLeast0 = Field(
        default=DEFAULT_CHECKS.overrun_share,
        description="What is added to overrun_s, as a share of the audio's length.",
    )
    silence_s: Annotated[float, Field(gt=0), REAL] = Field(
        default=DEFAULT_CHECKS.silence_s,
        description="The longest silence inside a take, in seconds, beside the pauses "
        "that its text asks for.",
    )
    clipped: Share = Field(
        default=DEFAULT_CHECKS.clipped,
        description="The share of the samples that may be cut off at full scale.",
    )
    length: list[WrittenLength] = Field(
        default=[],
        description="Plausible characters per second; the first that fits holds, and "
        "those built in come last.",
    )


class WrittenManifest(Written):  # type: ignore[explicit-any]  # pydantic has it
    """A RimeBatch manifest: what to say, in which voice, and where."""

    manifest: Annotated[Literal[1], WHOLE] = Field(
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
    concurrency: Annotated[int, Field(ge=1), WHOLE] = Field(
        default=4, description="Connections at a time."
    )
    max_chars: Annotated[int, Field(ge=1, le=1000), WHOLE] = Field(
        default=MAX_CHARS,
        description="The longest text that is sent as one segment, in characters.",
    )
    done: Literal["auto", "always", "never"] = Field(
        default="auto", description="Whether the service sends done events."
    )
    silence_limit_s: Annotated[float, Field(gt=0), REAL] = Field(
        default=SILENCE_LIMIT_S,
        description="Seconds without an event after which a job has failed.",
    )
    voice: WrittenVoice | None = Field(
        default=None, description="The voice of all jobs."
    )
    output: WrittenOutput = Field(
        default=WrittenOutput(), description="What is rendered for every job."
    )
    transcript: WrittenTranscript = Field(
        default=WrittenTranscript(),
        description="What the transcripts of all jobs may hold.",
    )
    budget: WrittenBudget | None = Field(
        default=None, description="What one run may cost."
    )
    checks: WrittenChecks = Field(
        default=WrittenChecks(),
        description="What is measured of every take, and what becomes of one that "
        "fails.",
    )
    jobs: Annotated[list[WrittenJob], Field(min_length=1)] = Field(
        description="What to say, in the order in which it is begun."
    )
