"""The query parameters of ws3: one table of all that is known, with where it is from.

A parameter is an entry of :class:`WrittenVoice`: its type, range and default, what it
does, the models that heed it, and the source and date of all that. The checks, the
did-you-means, the warnings and the JSON Schema are made from here; `docs/manifest.md`
shows the same table. A name or a number that a person writes as text is converted by
its declared type (see ``written``).

Sources by the short names of `docs/protocol.md`. The page binds; what came later adds.
Knows nothing about files and positions.
"""
# ruff: noqa: N815  # the names are Rime's own

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from rimebatch.manifest.languages import find_lang_flaw
from rimebatch.manifest.mistakes import Flaw, quote
from rimebatch.manifest.written import REAL, TRUTH, WHOLE, Line, Written, require

CLOUD_RATES_HZ: Final = (8000, 16000, 22050, 24000, 44100, 48000, 96000)

DEFAULT_LANG: Final = "eng"

MODELS: Final = ("coda", "arcana", "mistv3", "mistv2", "mist")
"""The models by their usual ids: docs@Aug, capabilities file, 2026-08-05."""

_MODEL_ALIASES: Final = {"codav1": "coda", "arcanav2": "arcana", "arcanav3": "arcana"}

FASTER_BELOW_1: Final = frozenset({"mistv2", "mist"})
"""The models for which ``speedAlpha`` works the other way round."""

_ALL: Final = frozenset(MODELS)
_ARCANA: Final = frozenset({"arcana"})
_MISTS: Final = frozenset({"mistv3", "mistv2", "mist"})
_OLD_MISTS: Final = frozenset({"mistv2", "mist"})

_SAMPLING_SOURCE: Final = (
    "page; dropped 2026-03-05; clients still send it to coda, in conflict with "
    "docs@Aug models page"
)

_SPEEDS: Final = r"\d+(\.\d+)?(, ?\d+(\.\d+)?)*"


def find_model(model_id: str) -> str:
    """Return the usual id of the model that *model_id* names: ``coda`` for ``codav1``.

    Any other text is its own.
    """
    return _MODEL_ALIASES.get(model_id, model_id)


@dataclass(frozen=True, slots=True)
class Fact:
    """Where a parameter is known from, and which models heed it.

    Attributes:
        source: Short names and dates.
        heeded_by: Models by their usual ids; the others ignore it, as far as is known.
    """

    source: str
    heeded_by: frozenset[str] = _ALL


def _find_speeds_flaw(speeds: str) -> Flaw | None:
    if re.fullmatch(_SPEEDS, speeds, re.ASCII):
        return None
    what = f"expected numbers with commas between them, found {quote(speeds)}"
    return Flaw(what, 'write one for each [word], such as "0.5, 3"')


_Lang: TypeAlias = Annotated[str, AfterValidator(require(find_lang_flaw))]
_Speeds: TypeAlias = Annotated[
    str,
    AfterValidator(require(_find_speeds_flaw)),
    Field(json_schema_extra={"pattern": f"^{_SPEEDS}$"}),
]
_Positive: TypeAlias = Annotated[float, Field(gt=0), REAL]
_Truth: TypeAlias = Annotated[bool, TRUTH]


class WrittenVoice(Written):  # type: ignore[explicit-any]  # pydantic has it
    """Synthesis parameters by Rime's own names."""

    modelId: Annotated[
        Line | None,
        Fact("page; ids: docs@Aug capabilities file, 2026-08-05"),
    ] = Field(
        default=None,
        description="The model. Required, here or in the job: without it the service "
        "answers with another model and bills for it.",
    )
    speaker: Annotated[Line | None, Fact("page; docs@Aug errors page")] = Field(
        default=None,
        description="A voice of that model. Required, here or in the job: without it "
        "the service answers with another voice and bills for it.",
    )
    lang: Annotated[
        _Lang, Fact("page; short tags: docs@Aug voices page, docs@Sep Coda page")
    ] = Field(
        default=DEFAULT_LANG,
        description="The language of the text; the speaker must speak it. Codes of "
        "three letters, of two, and tags such as fr-CA name the same languages.",
    )
    audioFormat: Annotated[
        Literal["pcm", "mulaw", "mp3"],
        Fact("page; wav, ogg and webm, which are not rendered: docs@Sep"),
    ] = Field(default="pcm", description="What the service sends.")
    samplingRate: Annotated[
        # The page gives no range for on-prem services; nothing outside this one is
        # speech that anyone asked for.
        int,
        Field(ge=4000, le=192000),
        WHOLE,
        Fact("page; other ranges for Mist: docs@Aug, docs@Sep, in conflict"),
    ] = Field(
        default=24000,
        description="Samples per second. The cloud accepts "
        f"{', '.join(map(str, CLOUD_RATES_HZ))}; above 24000 is upsampling.",
    )
    repetition_penalty: Annotated[
        _Positive | None,
        Fact(_SAMPLING_SOURCE, _ARCANA),
    ] = Field(
        default=None,
        description="Above 1 discourages repeating; usually 1 to 2. The service's own "
        "default is 1.5.",
    )
    temperature: Annotated[
        Annotated[float, Field(ge=0), REAL] | None,
        Fact(_SAMPLING_SOURCE, _ARCANA),
    ] = Field(
        default=None,
        description="Randomness; 0 is greedy, usually at most 1. The service's own "
        "default is 0.5.",
    )
    top_p: Annotated[
        Annotated[float, Field(gt=0, le=1), REAL] | None,
        Fact(_SAMPLING_SOURCE, _ARCANA),
    ] = Field(
        default=None,
        description="Cumulative probability of the tokens considered. The service's "
        "own default is 1.",
    )
    max_tokens: Annotated[
        Annotated[int, Field(ge=1), WHOLE] | None,
        Fact("clients, Aug 2026; documented by nobody", _ARCANA | {"coda"}),
    ] = Field(default=None, description="The longest answer, in tokens of the model.")
    speedAlpha: Annotated[
        _Positive | None, Fact("docs@Aug speed page, 2026-08-07; clients")
    ] = Field(
        default=None,
        description="Speed. Above 1 is faster, but for mistv2 and mist below 1 is. "
        "The service's own default is 1.",
    )
    timeScaleFactor: Annotated[
        Annotated[float, Field(ge=0.4, le=2.5), REAL] | None,
        Fact(
            "docs@Aug speed page; on websockets since 2026-07-27; field, Sep 2026",
            frozenset({"coda", "mistv3"}),
        ),
    ] = Field(
        default=None,
        description="Length. Below 1 is faster, above 1 slower; the service clamps "
        "what is out of range without a word.",
    )
    inlineSpeedAlpha: Annotated[
        _Speeds | None,
        Fact(
            "docs@Aug speed page; without effect on mistv3: field, Sep 2026",
            _OLD_MISTS,
        ),
    ] = Field(
        default=None,
        description="Speeds of the [words] in square brackets, in order; below 1 is "
        "faster. In quotes: numbers with commas between them.",
    )
    pauseBetweenBrackets: Annotated[
        _Truth | None,
        Fact("docs@Aug capabilities file, 2026-08-05; field, Sep 2026", _MISTS),
    ] = Field(
        default=None, description="Whether <400> in the text is a pause of 400 ms."
    )
    phonemizeBetweenBrackets: Annotated[
        _Truth | None,
        Fact(
            "docs@Aug pronunciation page; on mistv3 in conflict: docs@Aug models "
            "page against field, Sep 2026",
            _MISTS,
        ),
    ] = Field(
        default=None,
        description="Whether {…} in the text holds phonemes of Rime's alphabet.",
    )
    noTextNormalization: Annotated[
        _Truth | None, Fact("docs@Aug Mist v2 page", _OLD_MISTS)
    ] = Field(
        default=None,
        description="Whether digits and abbreviations are left as they are, which "
        "answers sooner and may mispronounce them.",
    )
    reduceLatency: Annotated[_Truth | None, Fact("clients, Aug 2026", _OLD_MISTS)] = (
        Field(default=None, description="The older name of noTextNormalization.")
    )
    saveOovs: Annotated[
        _Truth | None,
        Fact("docs@Aug changelog, 2026-06-11: no longer documented", _OLD_MISTS),
    ] = Field(
        default=None,
        description="Whether the service keeps the words it does not know, for Rime.",
    )
    segment: Annotated[
        Literal["immediate", "never", "bySentence"] | None,
        Fact("page; docs@Sep segmentation page"),
    ] = Field(
        default=None,
        description="When the service begins to synthesize what it was sent. Only for "
        "jobs with messages, where bySentence is the default.",
    )
    immediate: Annotated[_Truth | None, Fact("page")] = Field(
        default=None,
        description="true is the older spelling of segment: immediate. Only for jobs "
        "with messages.",
    )
    extra: dict[str, str] | None = Field(
        default=None,
        description="Parameters that RimeBatch does not know, by the service's own "
        "names. They are sent as they are written.",
    )


FACTS: Final = {
    name: fact
    for name, field in WrittenVoice.model_fields.items()
    for fact in field.metadata
    if isinstance(fact, Fact)
}
"""What is known of each parameter, by its name."""
