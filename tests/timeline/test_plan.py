import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.profiles import examples
from support.scripts import cues

from audioguide.audio.sound import SWELL
from audioguide.core.clock import FRAME, RATE_HZ, TAIL, frames, frames_for
from audioguide.core.errors import LengthError, ScriptError
from audioguide.core.model import Bell, Chapter, Cue, Pause, Phrase, Source, Timeline, Written
from audioguide.practice.marks import NAMED
from audioguide.practice.parse import LINE_END, PARAGRAPH
from audioguide.timeline.plan import (
    ANNOUNCE_AFTER,
    CLOSING,
    LONGEST_SILENCE,
    OPENING,
    SLEEP_CLOSING,
    lay_out,
    natural_length,
)

HERE = Source("s", 1)
FADE_IN, FADE_OUT, CHAPTER_LEAD = frames_for(2 * RATE_HZ), frames_for(5 * RATE_HZ), frames_for(2 * RATE_HZ)
PIECES_NEED = 3
"""One frame of room tone before a sound, and two after it."""


def elastic(shortest: int, stretch: int) -> Pause:
    return Pause(shortest, shortest + stretch // 3, shortest + stretch, 0, HERE)


IMPLIED = st.sampled_from([LINE_END.pause(HERE, Written.LINE), PARAGRAPH.pause(HERE, Written.PARAGRAPH)])
MARKS = st.one_of(
    st.builds(elastic, st.integers(0, 400), st.integers(0, 900)),
    st.sampled_from([kind.pause(HERE) for kind in NAMED.values()]),
    st.builds(lambda weight: Pause(250, 417, 417, weight, HERE), st.integers(1, 100)),
)
SOUNDS = st.one_of(st.just(Phrase("word", HERE)), st.just(Bell(1, HERE)))
CHAPTERS = st.just(Chapter("Title", HERE))
ANY_CUE = st.one_of(SOUNDS, SOUNDS, IMPLIED, MARKS, CHAPTERS)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[Cue], list[int], int]:
    """Return cues, the frames of their sounds and the longest silence, without impossible silences."""
    drawn = draw(st.lists(ANY_CUE, max_size=24))
    numbered: list[Cue] = [replace(cue, source=Source("s", line)) for line, cue in enumerate(drawn, 1)]
    count = sum(isinstance(cue, Phrase | Bell) for cue in numbered)
    lengths = draw(st.lists(st.integers(1, 500), min_size=count, max_size=count))
    cap = draw(st.sampled_from([frames(10), frames(37), LONGEST_SILENCE]))
    assume(all(sum(shortest for shortest, _ in gap) <= cap for gap in bounds(numbered, cap)))
    return numbered, lengths, cap


def gaps_of(all_cues: list[Cue]) -> list[list[list[Cue]]]:
    """Return the cues between the sounds, divided before each chapter."""
    gaps: list[list[list[Cue]]] = [[[]]]
    for cue in all_cues:
        if isinstance(cue, Phrase | Bell):
            gaps.append([[]])
        elif isinstance(cue, Chapter):
            gaps[-1].append([cue])
        else:
            gaps[-1][-1].append(cue)
    return gaps


def bounds(all_cues: list[Cue], cap: int) -> list[list[tuple[int, int]]]:
    """Return (shortest, longest) of each stretch of silence, computed from the rules without the planner."""
    gaps = gaps_of(all_cues)
    ranges = [[_bounds(stretch, gap, cap) for stretch in gap] for gap in gaps]
    starts_with_chapter = len(ranges[0]) > 1 and not [cue for cue in gaps[0][0] if isinstance(cue, Pause)]
    first = 1 if starts_with_chapter else 0
    ranges[0][first] = _more(ranges[0][first], FADE_IN + 1 - (CHAPTER_LEAD if starts_with_chapter else 0))
    ranges[-1][-1] = _more(ranges[-1][-1], FADE_OUT + 2)
    return ranges


def _bounds(stretch: list[Cue], gap: list[list[Cue]], cap: int) -> tuple[int, int]:
    lead = CHAPTER_LEAD * any(isinstance(cue, Chapter) for cue in stretch)
    marked = any(isinstance(cue, Pause) and cue.written is Written.MARK for part in gap for cue in part)
    pauses = [cue for cue in stretch if isinstance(cue, Pause) and (cue.written is Written.MARK or not marked)]
    if not marked:
        pauses = sorted(pauses, key=lambda pause: pause.natural)[-1:]
    longest = cap if any(pause.weight for pause in pauses) else lead + sum(pause.longest for pause in pauses)
    return lead + sum(pause.shortest for pause in pauses), longest


def _more(bound: tuple[int, int], by: int) -> tuple[int, int]:
    return bound[0] + by, bound[1] + by


def possible(session: tuple[list[Cue], list[int], int]) -> tuple[int, int]:
    """Return the range of samples named by the error."""
    all_cues, lengths, cap = session
    with pytest.raises(LengthError) as caught:
        lay_out(all_cues, lengths, 0, longest_silence=cap)
    return caught.value.shortest, caught.value.longest


def silences(timeline: Timeline) -> list[int]:
    return [length for _, length in timeline.gaps()]


def stretches(timeline: Timeline, all_cues: list[Cue]) -> Iterator[list[int]]:
    """Yield the frames of the stretches of each gap, between sounds and chapter marks."""
    marks = iter(timeline.chapters)
    for gap, (start, length) in zip(gaps_of(all_cues), timeline.gaps(), strict=True):
        edges = [start, *(next(marks).start for _ in gap[1:]), start + length]
        yield [high - low for low, high in itertools.pairwise(edges)]


@examples(300)
@given(sessions(), st.data())
def test_any_possible_length_is_met_to_the_sample(
    session: tuple[list[Cue], list[int], int], data: st.DataObject
) -> None:
    all_cues, lengths, cap = session
    low, high = possible(session)
    target = data.draw(st.integers(low, high) | st.sampled_from([low, high]))
    timeline = lay_out(all_cues, lengths, target, longest_silence=cap)

    assert (timeline.total, timeline.frames) == (target, frames_for(target))
    assert [sound.cue for sound in timeline.sounds] == [cue for cue in all_cues if isinstance(cue, Phrase | Bell)]
    assert [sound.length for sound in timeline.sounds] == lengths
    assert sum(lengths) + sum(silences(timeline)) == timeline.frames
    assert [mark.title for mark in timeline.chapters] == [cue.title for cue in all_cues if isinstance(cue, Chapter)]
    if all_cues and isinstance(all_cues[0], Chapter):
        assert timeline.chapters[0].start == 0


@examples(300)
@given(sessions(), st.data())
def test_every_silence_stays_within_its_bounds(session: tuple[list[Cue], list[int], int], data: st.DataObject) -> None:
    all_cues, lengths, cap = session
    target = data.draw(st.integers(*possible(session)))
    timeline = lay_out(all_cues, lengths, target, longest_silence=cap)
    for gap, allowed in zip(stretches(timeline, all_cues), bounds(all_cues, cap), strict=True):
        assert PIECES_NEED <= sum(gap) <= cap
        for length, (shortest, longest) in zip(gap, allowed, strict=True):
            assert shortest <= length <= max(longest, PIECES_NEED)


@examples(200)
@given(sessions())
def test_one_sample_outside_the_possible_range_is_an_error_with_the_range(
    session: tuple[list[Cue], list[int], int],
) -> None:
    all_cues, lengths, cap = session
    low, high = possible(session)
    for target in (low - 1, high + 1):
        with pytest.raises(LengthError) as caught:
            lay_out(all_cues, lengths, target, longest_silence=cap)
        assert (caught.value.asked, caught.value.shortest, caught.value.longest) == (target, low, high)


@examples(300)
@given(sessions(), st.data())
def test_a_longer_session_makes_no_silence_shorter(
    session: tuple[list[Cue], list[int], int], data: st.DataObject
) -> None:
    all_cues, lengths, cap = session
    low, high = possible(session)
    shorter = data.draw(st.integers(low, high))
    longer = data.draw(st.integers(shorter, min(high, shorter + 40 * FRAME)) | st.integers(shorter, high))
    before, after = (silences(lay_out(all_cues, lengths, at, longest_silence=cap)) for at in (shorter, longer))
    assert all(was <= now for was, now in zip(before, after, strict=True))


@given(sessions())
def test_at_the_natural_length_every_pause_has_its_natural_length(session: tuple[list[Cue], list[int], int]) -> None:
    all_cues, lengths, cap = session
    natural = natural_length(all_cues, lengths, longest_silence=cap)
    low, high = possible(session)
    assert low <= natural <= high
    timeline = lay_out(all_cues, lengths, natural, longest_silence=cap)
    for length, gap in zip(silences(timeline)[1:-1], gaps_of(all_cues)[1:-1], strict=True):
        marks = [cue for cue in gap[0] if isinstance(cue, Pause) and cue.written is Written.MARK]
        if marks and len(gap) == 1:
            assert length == min(cap, max(PIECES_NEED, sum(pause.natural for pause in marks)))


def plan(text: str, target_s: float, cap_s: float = 300) -> list[int]:
    """Return the silences, in frames, between sounds of a second each."""
    all_cues = cues(text)
    lengths = [frames(1) for cue in all_cues if isinstance(cue, Phrase | Bell)]
    return silences(lay_out(all_cues, lengths, round(target_s * RATE_HZ), longest_silence=frames(cap_s)))[1:-1]


@pytest.mark.parametrize("target_s", [40, 200, 300])
@pytest.mark.parametrize("between", ["[pause 6s]", "\n[pause 6s]\n", ".\n\n[pause 6s]\n\n", "[pause 2s] [pause 4s]"])
def test_a_pause_of_six_seconds_is_six_seconds(between: str, target_s: float) -> None:
    assert plan(f"One {between} two.\n[rest]\nThree.", target_s)[0] == 250


def test_line_ends_and_blank_lines_do_not_add_up() -> None:
    line, paragraph, paragraphs = plan("One.\nTwo.\n\nThree.\n\n\n\nFour.", 20)
    assert line < paragraph == pytest.approx(paragraphs, abs=1)


@pytest.mark.parametrize("target_s", [70, 150, 250])
def test_a_rest_of_three_takes_three_times_the_stretch_of_a_rest_of_one(target_s: float) -> None:
    one, three = (silence - frames(10) for silence in plan("One.\n[rest]\nTwo.\n[rest 3]\nThree.", target_s))
    assert one > frames(5)
    assert three == pytest.approx(3 * one, abs=4)


def test_a_full_rest_passes_its_share_on() -> None:
    text = "One [rest] two [rest 9] three"
    before, after = plan(text, 100, cap_s=60), plan(text, 110, cap_s=60)
    assert before[1] == after[1] == frames(60)
    assert after[0] - before[0] == pytest.approx(frames(10), abs=1)


@pytest.mark.parametrize("seconds_more", [-6, -3, 3, 6])
def test_pauses_change_in_proportion_to_their_range(seconds_more: float) -> None:
    text = "One.\n[pause 4s..13s]\nTwo.\n[pause 4s..40s]\nThree."
    all_cues = cues(text)
    natural_s = natural_length(all_cues, [frames(1)] * 3) / RATE_HZ
    little, much = plan(text, natural_s + seconds_more)
    assert much - frames(16) == pytest.approx(4 * (little - frames(7)), abs=5)


def test_sounds_never_touch_even_without_a_pause() -> None:
    all_cues: list[Cue] = [Phrase("One", HERE), Phrase("two", HERE), Bell(1, HERE)]
    assert silences(lay_out(all_cues, [50] * 3, natural_length(all_cues, [50] * 3)))[1:-1] == [PIECES_NEED] * 2


def test_chapters_divide_a_silence_where_they_are_written() -> None:
    all_cues = cues("# One\nHello.\n[pause 10s]\n# Two\n[pause 1s]\n# Three\nBye.")
    timeline = lay_out(all_cues, [50, 50], natural_length(all_cues, [50, 50]))
    starts = [mark.start for mark in timeline.chapters]
    hello, bye = timeline.sounds
    assert starts == [0, hello.end + frames(10), hello.end + frames(10) + CHAPTER_LEAD + frames(1)]
    assert bye.start == starts[-1] + CHAPTER_LEAD


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("One.\n[pause 5s]\n[pause 8s]\nTwo.", 3),
        ("# One\n[pause 9s]\nTwo.", 2),
        ("One.\n[pause 6s]", 2),
        ("One\n" + "# A\n" * 5 + "# B", 7),
    ],
)
def test_a_silence_that_cannot_be_short_enough_is_an_error_at_its_line(text: str, line: int) -> None:
    with pytest.raises(
        ScriptError, match=rf"^s:{line}: the silence here is at least 0:1\d, but longest_silence is 0:1"
    ):
        plan(text, 60, cap_s=10)


# --- announced phrases ---


@examples(300)
@given(sessions(), st.data())
def test_phrases_after_ten_seconds_of_silence_are_announced_and_bells_never(
    session: tuple[list[Cue], list[int], int], data: st.DataObject
) -> None:
    all_cues, lengths, cap = session
    timeline = lay_out(all_cues, lengths, data.draw(st.integers(*possible(session))), longest_silence=cap)
    before = [length for _, length in timeline.gaps()][:-1]
    for sound, silence in zip(timeline.sounds, before, strict=True):
        assert sound.announced == (isinstance(sound.cue, Phrase) and silence * FRAME / RATE_HZ >= 10)


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("One. [pause 9.98s] Two.", [False, False]),
        ("One. [pause 10s] Two.", [False, True]),
        ("One. [pause 5m] Two.", [False, True]),
        ("One. [pause 5s] [pause 6s] Two. [pause 9s] Three.", [False, True, False]),
        ("One. [pause 10s] [bell] [pause 9s] Two.", [False, False, False]),
        ("One. [pause 6s] [bell] [pause 6s] Two.", [False, False, False]),
        ("One. [pause 2s] [bell] [pause 10s] Two.", [False, False, True]),
        ("[pause 10s] One. [pause 10s] [bell]", [True, False]),
        ("# A\nOne. [pause 5s]\n# B\n[pause 5s]\nTwo.", [False, True]),  # with the lead of the chapter, 12 s
    ],
)
def test_ten_seconds_of_silence_announce_a_phrase(text: str, announced: list[bool]) -> None:
    all_cues = cues(text)
    lengths = [50] * len(announced)
    timeline = lay_out(all_cues, lengths, natural_length(all_cues, lengths))
    assert [sound.announced for sound in timeline.sounds] == announced


def test_the_silence_before_an_announced_phrase_has_room_for_the_swell() -> None:
    assert max(OPENING, TAIL) + SWELL < ANNOUNCE_AFTER


# --- the fade at the end ---


@examples(300)
@given(sessions(), st.integers(0, SLEEP_CLOSING), st.data())
def test_no_sound_is_in_the_fade_at_the_end(
    session: tuple[list[Cue], list[int], int], closing: int, data: st.DataObject
) -> None:
    all_cues, lengths, cap = session
    assume(sum(shortest for shortest, _ in bounds(all_cues, cap)[-1]) - FADE_OUT + closing <= cap)
    with pytest.raises(LengthError) as caught:
        lay_out(all_cues, lengths, 0, longest_silence=cap, closing=closing)
    target = data.draw(st.integers(caught.value.shortest, caught.value.longest))
    timeline = lay_out(all_cues, lengths, target, longest_silence=cap, closing=closing)
    last = timeline.sounds[-1].end if timeline.sounds else OPENING
    assert last + TAIL <= timeline.frames - timeline.closing
    assert (timeline.closing, timeline.total) == (closing, target)


def test_a_longer_fade_moves_no_sound() -> None:
    all_cues = cues("One. [pause 12s] Two. [pause 3s]")
    short, long = (
        lay_out(all_cues, [50, 50], natural_length(all_cues, [50, 50], closing=closing), closing=closing)
        for closing in (CLOSING, SLEEP_CLOSING)
    )
    assert long.sounds == short.sounds
    assert long.frames - short.frames == SLEEP_CLOSING - CLOSING == frames(30) - frames_for(5 * RATE_HZ)


def test_a_fade_without_room_in_the_longest_silence_is_an_error() -> None:
    all_cues = cues("One.\n[pause 3s]")
    with pytest.raises(ScriptError, match=r"^s:2: the silence here is at least 0:33, but longest_silence is 0:19"):
        lay_out(all_cues, [50], 60 * RATE_HZ, longest_silence=frames(20), closing=SLEEP_CLOSING)
