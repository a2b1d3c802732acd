"""Rules between keys: each is broken on purpose, and said in one sentence."""

import json

import pytest

from rimebatch.manifest.mistakes import quote
from rimebatch.manifest.rules import check_rules
from rimebatch.manifest.yaml_nodes import Document, parse_document

HEAD = """\
manifest: 1
name: book
endpoint: local
voice: {speaker: luna, modelId: arcana}
jobs:
"""
NEEDED = "add it, or the service answers with another one and bills for it"
DIVIDED = (
    "RimeBatch divides a job's text itself and flushes every segment; "
    "remove it, or set it only in jobs with messages"
)


def check(
    content: str, default_name: str = "book", endpoint: str | None = None
) -> list[str]:
    """Return every broken rule of *content*, which must be YAML, without its file."""
    document = parse_document(content)
    assert isinstance(document, Document)
    located = map(document.locate, check_rules(document, default_name, endpoint))
    return [mistake.sentence("").removeprefix(":") for mistake in located]


def check_jobs(*jobs: str) -> list[str]:
    """Return every broken rule of *jobs*, the first of which is in line 6."""
    return check(HEAD + "".join(f"- {job}\n" for job in jobs))


@pytest.mark.parametrize(
    "job",
    [
        "{id: a, text: Hello}",
        "{id: a, text_file: a.txt}",
        "{id: a, text: Hello, voice: {segment: never, speaker: astra}}",
        "{id: a, messages: [{text: a}, {operation: eos}]}",
        "{id: a, messages: [{text: a}, {operation: flush}, {operation: eos}]}",
        "{id: a, messages: [{text: a, contextId: b}, {operation: eos}]}",
        "{id: a, voice: {segment: immediate}, messages: [{text: a}, {operation: eos}]}",
    ],
)
def test_good_jobs_break_no_rule(job: str) -> None:
    """Every kind of job passes."""
    expected: list[str] = []

    assert expected == check_jobs(job)


def test_file_name_must_do_if_there_is_no_name() -> None:
    """Without a name the folder is named after the file, which must be safe too."""
    content = HEAD.replace("name: book\n", "") + "- {id: a, text: b}"
    expected = (
        '1:1: name: is missing, and the file\'s own "con" is the name of a device on '
        "Windows; add a name, or rename the file"
    )

    assert [expected] == check(content, default_name="con")


def test_file_name_does_not_matter_beside_a_name() -> None:
    """With a name the file may be called anything."""
    expected: list[str] = []

    assert expected == check(HEAD + "- {id: a, text: b}", default_name="con")


def test_unencrypted_host_must_be_listed() -> None:
    """ws:// to a host is a mistake until plain_ws_hosts names it."""
    content = HEAD.replace("local", "ws://speech/ws3") + "- {id: a, text: b}\n"
    expected = (
        "3:11: endpoint: ws:// would send the key and the text unencrypted; "
        "use wss://, or allow it by adding speech to plain_ws_hosts"
    )
    nothing: list[str] = []

    assert [expected] == check(content)
    assert nothing == check(content + "plain_ws_hosts: [[], speech]")


@pytest.mark.parametrize("endpoint", ["cloud", None])
def test_cloud_has_a_list_of_rates(endpoint: str | None) -> None:
    """The cloud refuses what is not on its list, for all jobs and for one."""
    line = f"endpoint: {endpoint}\n" if endpoint else ""
    content = (
        HEAD.replace("endpoint: local\n", line).replace("}", ", samplingRate: 11025}")
        + '- {id: a, text: b, voice: {samplingRate: "12000"}}\n'
        + "- {id: b, text: b, voice: {samplingRate: 48000}}\n"
        + "- {id: c, text: b, voice: {samplingRate: [1]}}"
    )
    remedy = "use one of 8000, 16000, 22050, 24000, 44100, 48000, 96000"
    what = "the cloud has no sampling rate"
    found = [mistake.partition(": ")[2] for mistake in check(content)]

    assert found == [
        f'voice.samplingRate: {what} "11025"; {remedy}',
        f'jobs[0].voice.samplingRate: {what} "12000"; {remedy}',
    ]


def test_other_services_accept_any_rate() -> None:
    """Only the cloud has a list of sampling rates."""
    expected: list[str] = []

    assert expected == check_jobs("{id: a, text: b, voice: {samplingRate: 11025}}")


def test_mp3_has_rates_of_its_own() -> None:
    """What MP3 cannot hold is a mistake, once, before anything is paid for."""
    content = (
        HEAD.replace("}", ", audioFormat: mp3, samplingRate: 96000}")
        + "- {id: a, text: b}\n"
        + "- {id: b, text: b}\n"
        + "- {id: c, text: b, voice: {samplingRate: 11025}}\n"
        + "- {id: d, text: b, voice: {audioFormat: pcm}}\n"
        + "- {id: e, text: b, voice: {samplingRate: 5000}}"
    )
    found = [mistake.partition(": ")[2].partition(";")[0] for mistake in check(content)]

    assert found == [
        'voice.samplingRate: MP3 has no sampling rate "96000"',
        'jobs[4].voice.samplingRate: MP3 has no sampling rate "5000"',
    ]


def test_rates_are_those_of_where_it_goes() -> None:
    """An endpoint in place of the manifest's own decides which rates there are."""
    content = HEAD.replace("}", ", samplingRate: 11025}") + "- {id: a, text: b}"
    cloud = content.replace("endpoint: local", "endpoint: cloud")

    assert 1 == len(check(content, endpoint="cloud"))
    assert 1 == len(check(cloud))
    assert 0 == len(check(cloud, endpoint="local"))


def test_known_parameters_do_not_go_under_extra() -> None:
    """A parameter that is checked has one place, and a name has no white space."""
    content = HEAD.replace("}", ", extra: {top_p: 9, seed: 1}}") + (
        '- {id: a, text: b, voice: {extra: {"": 1, " x": 2, SPEAKER: 3, segment: 4}}}'
    )
    known = "is a parameter that RimeBatch knows; write it directly under voice"
    nameless = "is no name of a parameter; write the service's own name"

    assert check(content) == [
        f"4:49: voice.extra.top_p: {known}",
        f'6:36: jobs[0].voice.extra."": {nameless}',
        f'6:43: jobs[0].voice.extra." x": {nameless}',
        f"6:64: jobs[0].voice.extra.segment: {known}",
    ]


def test_speaker_and_model_are_asked_for_once_if_all_jobs_lack_them() -> None:
    """What no job has is missing from the manifest's voice."""
    content = HEAD.replace("{speaker: luna, modelId: arcana}", "{lang: eng}")

    assert check(content + "- {id: a, text: b}\n- {id: b, text: b}") == [
        f"4:8: voice.speaker: is missing; {NEEDED}",
        f"4:8: voice.modelId: is missing; {NEEDED}",
    ]


def test_speaker_is_asked_for_where_it_is_lacking() -> None:
    """If some jobs have a speaker of their own, the others are named."""
    content = HEAD.replace("speaker: luna, ", "") + (
        "- {id: a, text: b, voice: {speaker: luna}}\n"
        "- {id: b, text: b, voice: {lang: eng}}\n"
        "- {id: c, text: b}"
    )

    assert check(content) == [
        f"7:27: jobs[1].voice.speaker: is missing; {NEEDED}",
        f"8:3: jobs[2].voice.speaker: is missing; {NEEDED}",
    ]


def test_voice_of_the_wrong_shape_lacks_nothing() -> None:
    """A voice that is no mapping is one mistake, found elsewhere."""
    content = HEAD.replace("{speaker: luna, modelId: arcana}", "luna")
    expected: list[str] = []

    assert expected == check(content + "- {id: a, text: b}")


def test_text_jobs_do_not_choose_segment() -> None:
    """A job's own segment other than never is refused where there is a text."""
    segment = "voice: {segment: bySentence}"

    assert check_jobs(
        f"{{id: a, text: b, {segment}}}", f"{{id: b, text_file: c, {segment}}}"
    ) == [
        f"6:37: jobs[0].voice.segment: {DIVIDED}",
        f"7:42: jobs[1].voice.segment: {DIVIDED}",
    ]


def test_inherited_segment_is_refused_once() -> None:
    """A segment for all jobs is one mistake, however many texts there are."""
    content = HEAD.replace("}", ", segment: immediate}") + (
        "- {id: a, text: b}\n- {id: b, text: b}\n"
    )

    assert [f"4:50: voice.segment: {DIVIDED}"] == check(content)


def test_inherited_segment_is_fine_for_scripts() -> None:
    """Where all jobs are scripts, or say never, a segment may be given for all."""
    content = HEAD.replace("}", ", segment: immediate}") + (
        "- {id: a, messages: [{text: a}, {operation: eos}]}\n"
        "- {id: b, text: b, voice: {segment: never}}\n"
    )
    expected: list[str] = []

    assert expected == check(content)


def test_text_jobs_are_not_immediate() -> None:
    """The older spelling of a segment is refused as the newer one is; false is none."""
    immediate = "voice: {immediate: true, segment: immediate}"

    assert check_jobs(
        f"{{id: a, text: b, {immediate}}}",
        "{id: b, text: b, voice: {immediate: false, segment: never}}",
    ) == [
        f"6:54: jobs[0].voice.segment: {DIVIDED}",
        f"6:39: jobs[0].voice.immediate: {DIVIDED}",
    ]


@pytest.mark.parametrize(
    ("voice", "is_wrong"),
    [
        ("immediate: true, segment: never", True),
        ("immediate: true, segment: immediate", False),
        ("immediate: false, segment: never", False),
        ("immediate: true", False),
    ],
)
def test_scripts_choose_their_segment_once(voice: str, is_wrong: bool) -> None:
    """The older spelling does not contradict the newer one."""
    script = "messages: [{text: a}, {operation: eos}]"
    what = "means segment: immediate, and segment is never; keep one of the two"
    expected = [f"6:30: jobs[0].voice.immediate: {what}"] if is_wrong else []

    assert expected == check_jobs(f"{{id: a, voice: {{{voice}}}, {script}}}")


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", '"a"'), ("ch", '"CH"'), ("é", '"e\\u0301"'), ("straße", '"STRASSE"')],
)
def test_ids_that_some_system_confuses_collide(one: str, other: str) -> None:
    """The second of two ids that would be one file names the line of the first."""
    what = f"{quote(json.loads(other))} would write the same files as the id at line 6"
    jobs = [f"{{id: {job_id}, text: a}}" for job_id in (one, "[]", other)]
    expected = f"8:8: jobs[2].id: {what}; give every job an id of its own"

    assert [expected] == check_jobs(*jobs)


def test_job_needs_something_to_say() -> None:
    """A job without text, file or script is a mistake."""
    expected = (
        "6:3: jobs[0]: the job has nothing to say; add text, text_file or messages"
    )

    assert [expected] == check_jobs("{id: a}")


def test_job_says_one_thing() -> None:
    """Every key beyond the first one to say something is a mistake."""
    assert check_jobs("{id: a, text_file: b, messages: , text: b}") == [
        "6:25: jobs[0].messages: the job already has text_file; keep one of the two",
        "6:37: jobs[0].text: the job already has text_file; keep one of the two",
    ]


def test_what_is_no_job_breaks_no_rule() -> None:
    """Entries of the wrong shape are passed over, and indices stay right."""
    assert check_jobs("hello", "[a]", "{id: b}") == [
        "8:3: jobs[2]: the job has nothing to say; add text, text_file or messages"
    ]


NO_END = "the script has no end; add {operation: eos} as its last message"
NO_TEXT = "holds nothing that can be spoken; add a message with a text"
TOO_EARLY = "operation: eos is not the last message; remove it, or what follows"
NEITHER = "the message is neither text nor operation; add one of the two"
BOTH = "does not go with an operation; make it a message of its own"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("{text: a}", [f"21: messages: {NO_END}"]),
        ("{text: a}, {operation: flush}", [f"21: messages: {NO_END}"]),
        ("{operation: eos}, {text: a}", [f"34: messages[0].{TOO_EARLY}"]),
        (
            "{operation: eos}, {text: a}, {operation: eos}",
            [f"34: messages[0].{TOO_EARLY}"],
        ),
        ("{operation: eos}", [f"21: messages: {NO_TEXT}"]),
        ('{text: "…"}, {operation: eos}', [f"21: messages: {NO_TEXT}"]),
        (
            "{text: a}, {contextId: b}, {operation: eos}",
            [f"33: messages[1]: {NEITHER}"],
        ),
        (
            "{text: a, operation: flush, contextId: b}, {operation: eos}",
            [f"23: messages[0].text: {BOTH}", f"50: messages[0].contextId: {BOTH}"],
        ),
        ("{text: a}, {operation: eso}", []),
        ("{text: [a]}, {operation: eos}", []),
        ("{text: }, {operation: eos}", []),
        ("a, {text: a}, {operation: eos}", []),
        ("a, b", []),
        ("", []),
    ],
)
def test_scripts_have_text_and_one_end(messages: str, expected: list[str]) -> None:
    """A script speaks, ends with eos and nowhere else; its messages are of one kind."""
    found = check_jobs(f"{{id: a, messages: [{messages}]}}")

    assert expected == [
        mistake.removeprefix("6:").replace("jobs[0].", "") for mistake in found
    ]
