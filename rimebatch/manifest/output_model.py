"""What a person may write under ``output``: the part of ``model`` about files.

Knows neither encoders nor how captions are written, only the names of both.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
)

from rimebatch.manifest.encoding import AudioFile
from rimebatch.manifest.levels import Peak, Target, read_peak, read_target
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.written import (
    REAL,
    WHOLE,
    Line,
    Share,
    Written,
    find_repeat_flaw,
    or_one,
    reads,
    require,
    show_or_one,
)

Caption: TypeAlias = Literal["srt", "vtt", "lrc", "textgrid", "audacity", "csv"]
"""The captions and timing files that there are, by name."""

# A minute is beyond any pause for effect: more was meant in milliseconds.
_Pause: TypeAlias = Annotated[float, Field(ge=0, le=60), REAL]
_Formats: TypeAlias = Annotated[
    list[AudioFile],
    BeforeValidator(or_one(TypeAdapter(AudioFile))),
    AfterValidator(require(find_repeat_flaw)),
    Field(min_length=1, json_schema_extra=show_or_one),
]
_Captions: TypeAlias = Annotated[
    list[Caption],
    BeforeValidator(or_one(TypeAdapter(Caption))),
    AfterValidator(require(find_repeat_flaw)),
    Field(json_schema_extra=show_or_one),
]
_Target: TypeAlias = Annotated[
    Target, PlainValidator(reads(read_target)), WithJsonSchema({"type": "string"})
]
_Peak: TypeAlias = Annotated[
    Peak, PlainValidator(reads(read_peak)), WithJsonSchema({"type": "string"})
]
_Kbps: TypeAlias = Annotated[int, WHOLE]


class WrittenPauses(Written):  # type: ignore[explicit-any]  # pydantic has it
    """Silence that is put between takes."""

    head: _Pause = Field(
        default=Pauses().head, description="Seconds before the first take."
    )
    tail: _Pause = Field(
        default=Pauses().tail, description="Seconds after the last take."
    )
    segment: _Pause = Field(
        default=Pauses().segment,
        description="Seconds between segments of one paragraph.",
    )
    paragraph: _Pause | None = Field(
        default=None, description="Seconds between paragraphs. Default: segment."
    )
    heading: _Pause | None = Field(
        default=None,
        description="Seconds before and after a heading. Default: paragraph.",
    )


class WrittenTrim(Written):  # type: ignore[explicit-any]  # pydantic has it
    """How the silence at either end of each take is shortened."""

    # One step of 16 bits is -90 dB, and speech begins well below -30.
    silence_db: Annotated[float, Field(ge=-90, le=-30), REAL] = Field(
        default=Trim().silence_db,
        description="What is not louder is silence, in dB of full scale.",
    )
    keep_s: _Pause = Field(
        default=Trim().keep_s,
        description="Seconds of silence that stay at either end.",
    )


class WrittenMp3(Written):  # type: ignore[explicit-any]  # pydantic has it
    """How MP3 files are encoded: at a constant bit rate, or a variable one."""

    bitrate_kbps: _Kbps | None = Field(
        default=None,
        description="Constant, in kbit/s. Default: 192, or the most that the rate has.",
    )
    quality: Share | None = Field(
        default=None,
        description="For a variable bit rate: from 0, the smallest file, to 1.",
    )


class WrittenOgg(Written):  # type: ignore[explicit-any]  # pydantic has it
    """How OGG Vorbis files are encoded."""

    quality: Share | None = Field(
        default=None,
        description="From 0, the smallest file, to 1. Default: 0.4.",
    )


class WrittenOpus(Written):  # type: ignore[explicit-any]  # pydantic has it
    """How Opus files are encoded."""

    bitrate_kbps: _Kbps | None = Field(
        default=None, description="On average, in kbit/s, 6 to 256. Default: 64."
    )


class WrittenLoudness(Written):  # type: ignore[explicit-any]  # pydantic has it
    """How loud every file is to be."""

    target: _Target = Field(
        description="Of the whole file, such as -20 dB RMS or -18 LUFS."
    )
    peak: _Peak = Field(
        default=Peak(-3.0, "dB"),  # what ACX asks for
        description="What no sample exceeds, such as -3 dB, or -1 dBTP for the sound "
        "between samples as well. Default: -3 dB.",
    )


class WrittenTags(Written):  # type: ignore[explicit-any]  # pydantic has it
    """What every audio file says about itself, beside the title of its job."""

    artist: Line | None = Field(default=None, description="Who wrote it, or speaks it.")
    album: Line | None = Field(
        default=None, description="What the jobs are the tracks of, in their order."
    )
    comment: Line | None = Field(
        default=None, description="Default: that the voice is synthetic."
    )


class WrittenOutput(Written):  # type: ignore[explicit-any]  # pydantic has it
    """What is rendered for every job."""

    format: _Formats = Field(
        default=["wav"],
        description="One format of the audio file, or several, the main one first.",
    )
    mp3: WrittenMp3 | None = Field(
        default=None, description="How MP3 files are encoded."
    )
    ogg: WrittenOgg | None = Field(
        default=None, description="How OGG Vorbis files are encoded."
    )
    opus: WrittenOpus | None = Field(
        default=None, description="How Opus files are encoded."
    )
    # From telephones to studios. To record at another rate is the voice's.
    sampling_rate: Annotated[int, Field(ge=8000, le=48000), WHOLE] | None = Field(
        default=None,
        description="Frames per second of the files. Default: as the service speaks.",
    )
    loudness: WrittenLoudness | None = Field(
        default=None, description="How loud every file is to be. Default: as it is."
    )
    captions: _Captions = Field(
        default=[], description="Captions and timing files that lie beside the audio."
    )
    tags: WrittenTags = Field(
        default=WrittenTags(), description="What every audio file says about itself."
    )
    pauses: WrittenPauses = Field(
        default=WrittenPauses(), description="Silence that is put between takes."
    )
    trim: WrittenTrim | None = Field(
        default=None,
        description="How the silence at either end of each take is shortened. Default: "
        "not at all.",
    )
