"""The built-in practice at every length, in every variant."""

import re
from functools import cache
from itertools import product

import pytest
from conftest import FAKE_VOICE

from audioguide.core.clock import FRAME, RATE_HZ, frames
from audioguide.core.defaults import ENDINGS, GUIDANCE
from audioguide.core.model import Bell, Pause, Phrase, Timeline
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import read_cues, rendered_text
from audioguide.session.build import plan
from audioguide.storage.store import Store

MINUTES = (5, 7, 10, 15, 20, 29, 45, 60, 90, 120)
VARIANTS = tuple(product(ENDINGS, GUIDANCE, (None, False), (True, False)))
WAY_BACK = ("open your eyes", "look around", "feel the floor", "move", "come out")
NEVER_SAID = (
    *("don't move", "do not move", "relax now", "surrender", "deeper", "stay with it", "you are safe", "i am with you"),
    *("you are alone", "you will feel", "you must", "tiger", "heal", "cure", "trauma", "let go now", "try to"),
)


@cache
def phrases(minutes: int, ending: str, guidance: str, grounding: bool | None, bell: bool = True) -> tuple[str, ...]:
    request = Request(_samples(minutes), ending=ending, guidance=guidance, grounding=grounding, bell=bell)
    cues = read_cues(request, find_practice("psoas-release"), _samples(minutes))
    return tuple(cue.text for cue in cues if isinstance(cue, Phrase))


def _samples(minutes: float) -> int:
    return round(minutes * 60 * RATE_HZ)


def _plan(store: Store, minutes: float, **options: object) -> Timeline:
    return plan(Request(_samples(minutes), voice=FAKE_VOICE, **options), store).timeline  # type: ignore[arg-type]


@pytest.mark.parametrize("minutes", MINUTES)
@pytest.mark.parametrize(("ending", "guidance", "grounding", "bell"), VARIANTS)
def test_every_variant_builds_at_every_length(
    shared_store: Store, minutes: int, ending: str, guidance: str, grounding: bool | None, bell: bool
) -> None:
    timeline = _plan(shared_store, minutes, ending=ending, guidance=guidance, grounding=grounding, bell=bell)

    assert timeline.total == _samples(minutes)
    assert max(length for _, length in timeline.gaps()) <= frames(300)


@pytest.mark.parametrize("minutes", [20.0, 33.5, 61.7, 119.9, 10.1])
def test_other_lengths_build_too(shared_store: Store, minutes: float) -> None:
    assert _plan(shared_store, minutes).total == _samples(minutes)


@pytest.mark.parametrize("minutes", MINUTES)
@pytest.mark.parametrize(("ending", "guidance", "grounding", "bell"), VARIANTS)
def test_a_way_back_is_offered_before_the_first_rest(
    minutes: int, ending: str, guidance: str, grounding: bool | None, bell: bool
) -> None:
    request = Request(_samples(minutes), ending=ending, guidance=guidance, grounding=grounding, bell=bell)
    cues = read_cues(request, find_practice("psoas-release"), _samples(minutes))
    first_rest = next(index for index, cue in enumerate(cues) if isinstance(cue, Pause) and cue.weight)
    before = " ".join(cue.text for cue in cues[:first_rest] if isinstance(cue, Phrase)).lower()

    for words in WAY_BACK:
        assert words in before


@pytest.mark.parametrize("minutes", MINUTES)
@pytest.mark.parametrize(("ending", "guidance", "grounding", "bell"), VARIANTS)
def test_no_phrase_is_repeated_and_no_forbidden_one_is_said(
    minutes: int, ending: str, guidance: str, grounding: bool | None, bell: bool
) -> None:
    said = phrases(minutes, ending, guidance, grounding, bell)

    assert len(set(said)) == len(said)
    text = " ".join(said).lower()
    assert not [words for words in NEVER_SAID if words in text]


@pytest.mark.parametrize("minutes", MINUTES)
def test_the_full_guidance_has_the_content_of_the_practice(minutes: int) -> None:
    text = " ".join(phrases(minutes, "wake", "full", True)).lower()

    wanted = ["psoas"] if minutes >= 10 else []
    wanted += ["alarms off", "pregnant", "cushions", "lower ribs", "thighs", "not held straight", "hammocks", "saggier"]
    wanted += ["good reason", "push", "alone", "under your", "score", "roll", "head last", "professional", "water"]
    wanted += ["tongue", "teeth apart", "swallow", "hum", "heels", "pelvis"]
    if minutes >= 10:
        wanted += ["signal", "face or", "throat", "heart", "breathing", "ankles", "blanket"]
    if minutes >= 15:
        wanted += ["letter t", "couple of inches", "lower spine", "thigh bone", "heat", "shaking", "too much"]
    if minutes >= 30:
        wanted += ["sharp pain", "numbness", "faintness", "trouble breathing"]
    assert not [words for words in wanted if words not in text]


def test_the_title_names_the_psoas() -> None:
    assert "psoas" in find_practice("psoas-release").title.lower()


@pytest.mark.parametrize(("minutes", "least"), [(5, 2), (10, 3), (20, 6), (60, 35), (120, 90)])
def test_most_of_the_silence_is_long(shared_store: Store, minutes: int, least: float) -> None:
    timeline = _plan(shared_store, minutes)

    assert sum(length for _, length in timeline.gaps() if length > frames(30)) >= frames(60 * least)


def test_an_hour_has_all_the_steps_and_two_check_ins(shared_store: Store) -> None:
    titles = [mark.title for mark in _plan(shared_store, 60).chapters]

    assert len(titles) == 8
    assert titles[0] == "Arriving" and titles[-1] == "Coming back" and "Coming to ground" in titles
    check_ins = [text for text in phrases(60, "wake", "full", None) if re.search(r"look(ing)? in|last look", text)]
    assert len(check_ins) == 2


def test_grounding_is_included_from_twenty_minutes_and_optional_at_every_length() -> None:
    def grounded(minutes: int, requested: bool | None, guidance: str = "full") -> bool:
        return any("tongue" in text for text in phrases(minutes, "wake", guidance, requested))

    assert [grounded(m, None) for m in (10, 19, 20, 60)] == [False, False, True, True]
    assert [grounded(m, True) for m in (5, 10, 20)] == [True, True, True]
    assert [grounded(m, False) for m in (20, 60)] == [False, False]
    assert not grounded(60, None, "bells") and grounded(60, True, "bells")


def test_guidance_by_bells_has_few_words_and_many_bells(shared_store: Store) -> None:
    timeline = _plan(shared_store, 30, guidance="bells")
    bells = [sound for sound in timeline.sounds if isinstance(sound.cue, Bell)]
    words = sum(len(sound.cue.text.split()) for sound in timeline.sounds if isinstance(sound.cue, Phrase))

    assert len(bells) >= 6
    assert words < 200


def test_a_session_without_bells_rings_none(shared_store: Store) -> None:
    timeline = _plan(shared_store, 30, guidance="bells", bell=False)

    assert not [sound for sound in timeline.sounds if isinstance(sound.cue, Bell)]


def test_the_sleep_ending_requires_nothing_at_the_end(shared_store: Store) -> None:
    timeline = _plan(shared_store, 20, ending="sleep")

    assert not [sound for sound in timeline.sounds if isinstance(sound.cue, Bell)]
    assert timeline.frames - timeline.sounds[-1].end > frames(15)
    said = " ".join(phrases(20, "sleep", "full", None))
    assert said.index("any weight aside") < said.index("nothing more is asked")


def test_the_rendered_text_parses_to_the_same_phrases() -> None:
    from support.scripts import spoken

    request = Request(_samples(20))
    text = rendered_text(request, find_practice("psoas-release"), _samples(20))

    assert tuple(spoken(text)) == phrases(20, "wake", "full", None)


def test_sounds_do_not_overlap_and_the_total_ends_in_the_last_frame(shared_store: Store) -> None:
    timeline = _plan(shared_store, 20)

    ends = [0, *(sound.end for sound in timeline.sounds)]
    assert all(sound.start > end for sound, end in zip(timeline.sounds, ends, strict=False))
    assert timeline.frames * FRAME - timeline.total in range(FRAME)
