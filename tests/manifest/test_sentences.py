"""Sentence ends and weaker borders, case by case and as properties."""

# ruff: noqa: RUF001  # marks of many scripts, written as they look

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.sentences import Border, make_tokens, split_graphemes

# Letters, white space and whatever has a rule of its own.
PROSE = st.text(
    "aAIé1 .!?…,;:—-*'\"“”‘’«»()。、（）「」।\u0301\u200d\u2060\ufe0f🇫🇷🏽\u094d"
)


def marked(line: str, border: Border) -> str:
    """Return *line* with a bar wherever it has exactly that *border*."""
    *tokens, last = make_tokens(line)
    return "".join(text + "|" * (found is border) for text, found in tokens) + last.text


# A bar stands where one sentence ends and the next begins.
SENTENCES = """
The rain stopped. |Nobody noticed.
Did it rain? |It did! |How odd.
Stop. |Wait. |Go.
Is that you?! |It is!! |Good.

Mr. Lamb met Mrs. Reed and Dr. Oake. |They had tea.
MR. LAMB WAS LATE. |SO WAS DR. OAKE.
Prof. Dr. Anna Weil spoke after Lt. Col. Marsh and the Rev. Peter Hale.
Lt.-Col. Marsh saw St. Paul and Mt. Etna. |Ft. Worth came next.
He lives on Marsh St. |The house is red.
Gen. Holt vs. Capt. Roy was a draw.
Ask Messrs. Finch and Crow. |Or Mme. Roux.

J. R. R. Tolkien wrote it. |So did C. S. Lewis.
It was signed A. Crane. |The ink was wet.
“J. Crane,” she read. |“Who is J. Crane?”
We need a plan B. |Of course we do.
First came vitamin C. |Then came iron.
He was taller than I. |Nobody minded.
They asked William I. Grey to sing.

Bring fruit, e.g. Cox apples, i.e. the red ones.
Bring pens, ink, etc. |Then sign here.
Bring pens, ink, etc. and sign here.
Acme Ltd. was bought by Finch & Co. Inc. in May.
She works for Acme Inc. |The pay is good.
Finch Bros. and John Crow Jr. sang. |It was loud.
The U.S. Army left the U.K. in 1946. |It came back.
They moved to the U.S. |They liked it there.
She has a Ph.D. from Leeds. |He has none.
He came at 5 p.m. on Friday. |She left at 6 a.m. |It was dark.
The 9 a.m. Leeds train is late.
Smith et al. found nothing.

See p. 12 and pp. 30 ff. of vol. II. |Then stop.
Bus No. 7 is full. |Nos. 8 and 9 are not.
“No. |Seven people saw it.”
No. |Nobody came.
Figs. 3 and 4 show art. 5 in sec. 6.
She loves art. |He loves cake. |Both paint.
We met on Jan. 5 and again on Sept. 30.
Pi is 3.14, not 3,141. |At 12:30 it was 1,000 to 1.
It cost $3.50. |That was cheap.
He was born in 1984. |She was not.
1. Wash the rice. |Boil it.
Wash all 12. |Boil them.
Read example.com/a.b?c=d today. |Or tomorrow.

“Where is it?” he asked. |“Over there!” she said. |They went.
“Where is it?” |Nobody knew.
“Go.” |She went.
“I will,” she said. |“Now.”
“What?” I said. |“Who?” I asked. |“Yes.” |I left.
“You...” I began. |“I see.” |I left.
'Go!' he cried. |"Why?" |She sat.
She said, “He told me, ‘Go.’” |Then she went.
‘Did he say “Go!”?’ |It seems so.
He left (at 5 p.m.). |She stayed. |(It rained.) |So what?
He shouted “Help!” and ran.
_Stop._ |**Now!** |Please.
He said. ’ ” |Then he went.
‘Go.’ ” |She went.

I... I can't. |You can.
“B... But why?” |She wept.
I . . . I can't. |You can.
He waited... |Then he left.
He waited. . . . |Then he left.
He waited… and waited. |Nothing.
He waited… Finch did not.
“… And so it went.” |Then it stopped.
What…? |No!
Really?\u2060 \u2060… |It seems so.

The end. * * * |A new start. — |And on.
Well done! 🎉 |Next one.
Look out‼\ufe0f |Run.
- Eggs. - |Milk.
Then--no. |Never mind. |Oh—“What?” |She ran.
tiny letters. they never end a sentence.

¿Qué pasa? |¡Nada! |—¿Cómo? —dijo él. |—Así.
El Sr. Gil y la Sra. Paz viven en EE. UU. desde 1990.
« Bonjour. » |Il part. |« Quoi ? » dit-il. |M. Dupont rit.
„Hallo.“ |Danach ging er. |»Gut.« |Er kam bzw. Karl kam, z. B. Montag.
你好。|他走了！|真的吗？|真的。
他说：“走吧。”他走了。|“好。”|“不好。”
「行こう。」と言った。|彼は去った。|（本当。）|「ええ。」
यह घर है। |वह पेड़ है।|यहाँ आओ॥
كيف حالك؟ |أنا بخير. |شكرا۔
네. |알겠습니다.
""".splitlines()


@pytest.mark.parametrize("case", [line for line in SENTENCES if line])
def test_sentences(case: str) -> None:
    """Sentences end where a reader would say so, or not at all."""
    found = marked(case.replace("|", ""), Border.SENTENCE)

    assert case == found


@pytest.mark.parametrize(
    "case",
    [
        "red; |green: |blue",
        "(red;) |green",
        "ten—|twenty—|“oh”—|thirty—40",
        "he went—” |she said",
        'the word—"oh"',
        "one -- |two--|three - |four – |five",
        "1914–1918, well-known, --flag, a:b",
        "—Sí—|dijo",
        "- milk",
        "“What?” |he said",
        "so… |and so... |on",
        "红；|绿：|蓝",
        "它是12：30",
    ],
)
def test_clauses(case: str) -> None:
    """Semicolons, colons, dashes and doubted sentence ends border clauses."""
    found = marked(case.replace("|", ""), Border.CLAUSE)

    assert case == found


@pytest.mark.parametrize(
    "case",
    [
        "red, |green,” |blue",
        "1,000 or 1,5",
        "红，|绿、|蓝，5",
        "أحمر، |أخضر",
    ],
)
def test_phrases(case: str) -> None:
    """Commas border phrases, but not inside a number."""
    found = marked(case.replace("|", ""), Border.PHRASE)

    assert case == found


@pytest.mark.parametrize(
    "case",
    [
        "Mr. |Lamb saw J. |R. |Oake",
        "No. |7 is e.g. |red",
        "« |Quoi |? |»",
        "“… |and so",
        "well |. |. |. and",
        "red |— green",
        "— |red",
        "* |* |* |*",
        "1. |Wash it",
    ],
)
def test_ties(case: str) -> None:
    """A space is no border where what stands on one side belongs to the other."""
    found = marked(case.replace("|", ""), Border.TIED)

    assert case == found


def test_plain_words() -> None:
    """Any other space borders two words."""
    case = "red |and |green"

    found = marked(case.replace("|", ""), Border.WORD)

    assert case == found


@given(PROSE | st.text())
def test_tokens_keep_the_line(text: str) -> None:
    """The texts of the tokens, joined, are the line; and none of them is empty."""
    line = " ".join(text.split()) or "-"

    texts = [token.text for token in make_tokens(line)]

    assert line == "".join(texts)
    assert all(texts)


@given(PROSE)
def test_tokens_keep_graphemes(text: str) -> None:
    """Where no space ends a token, a grapheme ends with it."""
    line = " ".join(text.split()) or "-"
    tokens = make_tokens(line)

    ends = accumulate(len(token.text) for token in tokens)
    unspaced = {end for end in ends if not line[:end].endswith(" ")}

    assert unspaced <= set(accumulate(map(len, split_graphemes(line))))


@pytest.mark.parametrize(
    "case",
    [
        "a|b|c",
        "e\u0301|a\u0308\u0323|b",
        "👩‍👩‍👧|👍🏽|❤️|x",
        "🇫🇷|🇩🇪|🇪|x",
        "🇫\u0301|🇷",
        "क्षि|ते",
        "\u1112\u1161\u11ab|\u1100\u1173\u11af",
        "ｶﾞ|ｷ",
        "a |b ",
        "\u0301|a",
    ],
)
def test_graphemes(case: str) -> None:
    """What a reader takes for one character stays in one piece."""
    found = "|".join(split_graphemes(case.replace("|", "")))

    assert case == found


@given(st.text())
def test_graphemes_keep_the_text(text: str) -> None:
    """The graphemes, joined, are the text."""
    found = split_graphemes(text)

    assert text == "".join(found)


@pytest.mark.parametrize(
    "part", [".", ". ", "。", "。）", "—", "a—", "“ ", "Mr. ", "I… ", "?’ ", "\u0301"]
)
def test_long_lines(part: str) -> None:
    """Two hundred thousand characters of one hard case are read in one go."""
    line = "a" + part * (200_000 // len(part)) + "a"

    found = make_tokens(line)

    assert line == "".join(token.text for token in found)
