import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.profiles import examples
from support.scripts import cues, lines, spoken

from audioguide.core.clock import frames
from audioguide.core.errors import ScriptError, ScriptErrors
from audioguide.core.model import Bell, Chapter, Cue, Line, Pause, Phrase, Source, Written
from audioguide.practice.parse import LINE_END, parse

HERE = Source("s", 1)
RLO, LRI, LRM, RLM, ZWNJ, ZWJ = "\u202e", "\u2066", "\u200e", "\u200f", "\u200c", "\u200d"


@pytest.mark.parametrize(
    ("mark", "shortest_s", "natural_s", "longest_s", "weight"),
    [
        ("[pause 6s]", 6, 6, 6, 0),
        ("[pause 1m30s]", 90, 90, 90, 0),
        ("[pause 0.5s]", 0.5, 0.5, 0.5, 0),
        ("[pause 4s..13s]", 4, 7, 13, 0),
        ("[pause 0s..3s]", 0, 1, 3, 0),
        ("[ pause  6s ]", 6, 6, 6, 0),
        ("[breath]", 4, 6, 10, 0),
        ("[long pause]", 12, 23, 45, 0),
        ("[rest]", 6, 10, 10, 1),
        ("[rest 3]", 6, 10, 10, 3),
        ("[rest 100]", 6, 10, 10, 100),
    ],
)
def test_a_pause_mark_has_the_lengths_in_the_table(
    mark: str, shortest_s: float, natural_s: float, longest_s: float, weight: int
) -> None:
    assert cues(mark) == [Pause(frames(shortest_s), frames(natural_s), frames(longest_s), weight, HERE)]


@pytest.mark.parametrize(("mark", "strokes"), [("[bell]", 1), ("[bell 3]", 3), ("[bell 12]", 12)])
def test_a_bell_mark_has_its_number_of_strokes(mark: str, strokes: int) -> None:
    assert [cue for cue in cues(mark) if not isinstance(cue, Pause)] == [Bell(strokes, HERE)]


def test_a_bell_has_the_pause_of_a_line_end_on_both_sides() -> None:
    one, before, bell, after, two = cues("One [bell] two")
    assert (one, bell, two) == (Phrase("One", HERE), Bell(1, HERE), Phrase("two", HERE))
    assert before == after == LINE_END.pause(HERE, Written.LINE)


def test_a_hash_begins_a_chapter() -> None:
    assert cues("# The  first check") == [Chapter("The  first check", HERE)]


def kinds(text: str) -> list[str]:
    """Return the phrases, and how each pause between them is written."""
    return [cue.text if isinstance(cue, Phrase) else cue.written.value for cue in _phrases_and_pauses(cues(text))]


def _phrases_and_pauses(cues: list[Cue]) -> list[Phrase | Pause]:
    return [cue for cue in cues if isinstance(cue, Phrase | Pause)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\nTwo", ["One.", "line end", "Two"]),
        ("One\ntwo", ["One two"]),
        ("One,\n  two  words", ["One, two words"]),
        ("One.\n\nTwo", ["One.", "line end", "blank line", "Two"]),
        ("One\n \t\ntwo", ["One", "blank line", "two"]),
        ("One [breath] two", ["One", "mark", "two"]),
        ("Let one\n[breath]\ngo", ["Let one", "mark", "go"]),
        ("One\n# Title\ntwo", ["One", "two"]),
        ("One. Two? Three", ["One. Two? Three"]),
        ("At 9:30 p.m. we rest", ["At 9:30 p.m. we rest"]),
        ("The 2. Then 3)", ["The 2. Then 3)"]),
        ("R&B and 5 % – or: $5/day, «so»", ["R&B and 5 % – or: $5/day, «so»"]),
    ],
)
def test_marks_and_ends_of_sentences_separate_phrases(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize("end", [".", "?", "!", "…", ":", ";", '."', ".'", ".”", "?’", "!»", ".)", '.")'])
def test_a_line_that_ends_a_sentence_ends_the_phrase(end: str) -> None:
    assert spoken(f"One{end}\nTwo") == [f"One{end}", "Two"]


@pytest.mark.parametrize("end", ["", ",", "-", " –", " —", '"', ")", " p.m"])
def test_a_line_that_ends_within_a_sentence_joins_the_next(end: str) -> None:
    assert spoken(f"One{end}\ntwo") == [f"One{end} two"]


@pytest.mark.parametrize(
    "text",
    [
        "Άφησε το βάρος σου",
        "استرخ الآن، من فضلك",
        "ゆっくり息を吐きます",
        "Ça va, naïve Zoë",
        f"{RLM}שלום{LRM}",
        f"می{ZWNJ}خواهم क्{ZWJ}ष",
        "1 o’clock",
    ],
)
def test_every_writing_system_passes_unchanged(text: str) -> None:
    assert spoken(text) == [text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[pasue 8s]", r"unknown mark \[pasue 8s\]; did you mean \[pause 8s\]\?"),
        ("[Pause 6s]", r"did you mean \[pause 6s\]\?"),
        ("[reset 3]", r"did you mean \[rest 3\]\?"),
        ("[log pause]", r"did you mean \[long pause\]\?"),
        ("[breath 2]", r"did you mean \[breath\]\?"),
        ("[silence]", r"unknown mark \[silence\]; choose from \[pause 6s\], .*\[bell 3\]"),
        ("[]", r"unknown mark \[\]; write a mark like \[pause 6s\]"),
        ("[link](there)", r"unknown mark \[link\]"),
        ("[pause]", r"\[pause\] has no length; write it like \[pause 6s\]"),
        ("[pause 6]", r"\[pause 6\] has no length; did you mean \[pause 6s\]\?"),
        ("[pause 4..12]", r"has no length; did you mean \[pause 4s\.\.12s\]\?"),
        ("[pause 6 s]", r"did you mean \[pause 6s\]\?"),
        ("[pause 4s .. 12s]", r"did you mean \[pause 4s\.\.12s\]\?"),
        ("[pause long]", r"\[pause long\] has no length"),
        ("[pause -6s]", r"\[pause -6s\] has no length"),
        ("[pause 4s..]", r"has no length"),
        ("[pause 9s..3s]", r"has its longer length first; did you mean \[pause 3s\.\.9s\]\?"),
        ("[pause 0s]", "is too short to hear"),
        ("[pause 0s..0s]", "is too short to hear"),
        ("[pause 0.001s]", "is too short to hear"),
        (f"[pause {'9' * 5000}s]", "pause"),
        ("[rest 0]", "a rest's share must be a whole number from 1 to 100"),
        ("[rest 101]", "a rest's share must be a whole number from 1 to 100"),
        ("[rest 00000199]", "a rest's share must be a whole number from 1 to 100"),
        ("[rest 1.5]", "a rest's share must be a whole number"),
        ("[rest ٣]", "a rest's share must be a whole number"),
        ("[bell 0]", "a bell's strokes must be a whole number from 1 to 12"),
        ("[bell 99]", "a bell's strokes must be a whole number from 1 to 12"),
        ("one [ two", r"an unmatched \["),
        ("one ] two", r"an unmatched \]"),
        ("[pause [6s]]", r"an unmatched \["),
        ("[pause\n6s]", r"an unmatched \["),
        ("#", "a chapter without a title"),
        ("# ", "a chapter without a title"),
        ("# One [bell]", r"a mark in a chapter's title; put \[bell\] on a line of its own"),
        ("# One [", "a mark in a chapter's title"),
        ("# **One**", "Markdown emphasis"),
        ("## One", "a heading below a chapter"),
        ("- one", "a list"),
        ("* one", "a list"),
        ("  • one", "a list"),
        ("1. one", "a numbered list"),
        ("12) one", "a numbered list"),
        ("> one", "a quotation"),
        ("---", "a Markdown rule"),
        ("```", "a Markdown rule or fence"),
        ("**one**", r"Markdown emphasis \(\*\*\)"),
        ("one _two_", r"Markdown emphasis \(_\)"),
        ("`one`", "Markdown code"),
        ("<b>one</b>", "HTML"),
        ("<!-- one -->", "HTML"),
        ("one &amp; two", "an HTML entity"),
        ("one }} two", "a piece of Jinja"),
        ("one {% two", "a piece of Jinja"),
        ("one = two", "the character .* cannot be spoken"),
        ("one | two", "the character .* cannot be spoken"),
        ("a@b", "the character .* cannot be spoken"),
        ("…", "has no word to speak"),
        ("One [bell].", r"'\.' has no word to speak"),
        ("one\x07", r"a hidden control character \(U\+0007\)"),
        ("one\x85two", r"U\+0085"),
        (f"one{RLO}two", r"U\+202E"),
        (f"# one{LRI}two", r"U\+2066"),
        ("\ufeffone", r"U\+FEFF"),
    ],
)
def test_anything_but_text_and_marks_is_refused_with_advice(text: str, words: str) -> None:
    with pytest.raises((ScriptError, ScriptErrors), match=rf"^s:2: .*{words}"):
        cues(f"Good.\n{text}")


@pytest.mark.parametrize("text", ["[pause 6s 7s]", "[bell 3 times]", "[pause six seconds]", "[long pause please]"])
def test_a_mark_is_never_suggested_as_its_own_correction(text: str) -> None:
    with pytest.raises(ScriptError) as caught:
        cues(text)
    assert str(caught.value).count(text) == 1


def test_every_suggestion_is_a_valid_mark() -> None:
    for wrong in (
        "pasue 8s",
        "Pause 6s",
        "pause 6",
        "pause 4..12",
        "pause 9s..3s",
        "reset 3",
        "bel",
        "Breath",
        "[pause]",
    ):
        with pytest.raises(ScriptError) as caught:
            cues(f"[{wrong}]")
        for suggestion in re.findall(r"\[[^\[\]]+\]\?", str(caught.value)):
            assert cues(suggestion.removesuffix("?"))


def test_each_part_of_a_line_keeps_its_source() -> None:
    first, second = Source("a", 1), Source("b", 7)
    line = Line("One [breath] two [pasue]", ((0, first), (13, second)))
    with pytest.raises(ScriptError, match=r"^b:7: unknown mark"):
        parse([line])
    one, breath, two = parse([Line(line.text[:16], line.marks)])
    assert (one.source, breath.source, two.source) == (first, first, second)


def test_a_phrase_over_several_lines_has_the_source_of_the_first() -> None:
    assert [cue.source.line for cue in cues("\nOne\ntwo\nthree.") if isinstance(cue, Phrase)] == [2]


WRITTEN = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            [
                " ",
                " ",
                "\n",
                "\n\n",
                "word",
                "Ende.",
                "9:30 p.m.",
                "[pause 6s]",
                "[rest 2]",
                "[breath]",
                "[bell]",
                "[",
                "]",
            ]
        ),
        st.sampled_from(["\n# Title\n", "\n- ", "**", "<b>", "1. ", "[pasue]", "…", "“so.”\n", "متن", "{{", "#", ">"]),
    ),
    max_size=16,
).map("".join)


def without_spaces(text: str) -> str:
    return "".join(text.split())


@examples(400)
@given(WRITTEN)
def test_every_word_is_spoken_once_in_order_or_its_line_is_refused(text: str) -> None:
    all_lines = lines(text)
    try:
        result = parse(all_lines)
    except (ScriptError, ScriptErrors) as error:
        errors = error.errors if isinstance(error, ScriptErrors) else [error]
        wrong = [one.source.line for one in errors]
        assert wrong == sorted(wrong)
        parse(all_lines[: wrong[0] - 1])
        with pytest.raises((ScriptError, ScriptErrors)):
            parse([all_lines[wrong[0] - 1]])
        return
    spoken_texts = [
        cue.text if isinstance(cue, Phrase) else f"#{cue.title}" for cue in result if isinstance(cue, Phrase | Chapter)
    ]
    assert without_spaces("".join(spoken_texts)) == without_spaces(re.sub(r"\[[^\[\]]*\]", "", text))
    marks = [cue for cue in result if isinstance(cue, Bell) or (isinstance(cue, Pause) and cue.written is Written.MARK)]
    assert len(marks) == text.count("[") == text.count("]")
    assert not any(sign in phrase for phrase in spoken_texts for sign in "[]<>*_`{}")
