"""Checks of a reading against a plan, without a file."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.profiles import examples

from audioguide.audio.meter import Reading
from audioguide.checks.measurements import inspect
from audioguide.core.clock import FRAME, RATE_HZ
from audioguide.core.model import Bell, Manner, Phrase, Placed, Sound, Source, Timeline
from audioguide.timeline.plan import OPENING

HERE = Source("s", 1)
TONE, SPEECH = 10**-6.2, 10**-2.0
PLACES = "phrases where they belong, silence between"


def reading(power: np.ndarray, rate_hz: int = RATE_HZ) -> Reading:
    """Return a reading with this power in each frame of 24 ms, and other values derived from it."""
    count = power.size * 24 // 100
    hops = np.interp(np.arange(count) * 100 / 24, np.arange(power.size), power)
    samples = power.size * rate_hz * 24 // 1000
    return Reading(rate_hz, 1, samples, power, power**0.5 / 20, hops, -20.0)


def planned(*sounds: Sound, count: int = 1500, closing: int = 209) -> Timeline:
    return Timeline(sounds, (Placed(0, "a"),), count * FRAME, count, closing)


def phrase(start: int, length: int, level_db: float = 0.0) -> Sound:
    return Sound(start, length, Phrase("Hello.", HERE, Manner(1.0, level_db)))


def sounding(timeline: Timeline, *loud: tuple[int, int]) -> np.ndarray:
    """Return the power of room tone with fades, and of speech in each (start, end)."""
    power = np.full(timeline.frames, TONE)
    for start, end in loud:
        power[start:end] = SPEECH
    power[:OPENING] *= np.linspace(0, 1, OPENING) ** 2
    power[-timeline.closing :] *= np.linspace(1, 0, timeline.closing) ** 2
    return power


def verdicts(power: np.ndarray, timeline: Timeline | None) -> dict[str, bool | None]:
    return {check.name.split(" (at")[0]: check.passed for check in inspect(reading(power), timeline)}


def test_a_phrase_passes_only_in_its_place() -> None:
    plan = planned(phrase(400, 200))
    assert verdicts(sounding(plan, (400, 600)), plan)[PLACES]
    for start, end in ((360, 560), (440, 640), (400, 560), (440, 600), (0, 0), (360, 640)):
        assert not verdicts(sounding(plan, (start, end)), plan)[PLACES], (start, end)


@pytest.mark.parametrize(("early", "late"), [(0, 0), (12, 0), (0, 16)])
def test_a_phrase_may_begin_a_little_late_and_end_a_little_early(early: int, late: int) -> None:
    plan = planned(phrase(400, 200))
    assert verdicts(sounding(plan, (400 + early, 600 - late)), plan)[PLACES]


@pytest.mark.parametrize("at", [100, 390, 615, 900, 1280, 1400])
def test_a_single_loud_frame_in_any_silence_fails(at: int) -> None:
    plan = planned(phrase(400, 200))
    assert not verdicts(sounding(plan, (400, 600), (at, at + 1)), plan)[PLACES]


def test_every_missing_phrase_counts() -> None:
    plan = planned(*(phrase(200 + 150 * index, 80) for index in range(6)))
    power = sounding(plan, (200, 280), (500, 580), (950, 1030))
    [check] = [check for check in inspect(reading(power), plan) if check.name == PLACES]
    assert (check.value, check.limit) == ("3, wrong at 0:08", "all 6")


def test_softer_steps_must_be_as_soft_as_planned() -> None:
    for level_db in (0.0, -3.0):
        plan = planned(phrase(400, 200, level_db))
        [check] = [check for check in inspect(reading(sounding(plan)), plan) if check.name == "integrated loudness"]
        assert float(check.limit.split()[0]) == -19 + level_db and check.limit.endswith(" ± 1.5")


def test_without_a_plan_only_the_checks_that_need_none_are_made() -> None:
    names = set(verdicts(sounding(planned(), (400, 600)), None))
    assert names == {
        "integrated loudness",
        "loudest 400 ms",
        "loudest 3 s",
        "true peak",
        "quietest second outside the fades",
    }


@pytest.mark.parametrize("closing", [1, 50, 209, 1250])
def test_a_fade_of_any_length_is_compared_with_the_tone(closing: int) -> None:
    plan = planned(closing=closing)
    power = sounding(plan)
    assert verdicts(power, plan)["fade-in"]
    power[-closing:] = TONE
    assert not verdicts(power, plan)["fade-out"]


_COUNT = st.integers(0, 400) | st.sampled_from([10**6, 10**12])
_CUE = st.builds(Phrase, st.just("Hi."), st.just(HERE), st.builds(Manner, st.just(1.0), st.floats(-12, 6))) | st.builds(
    Bell, st.integers(1, 3), st.just(HERE)
)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Return any timeline that a manifest may contain: sounds in order, of any length."""
    at, sounds = 0, []
    for _ in range(draw(st.integers(0, 4))):
        at += draw(_COUNT)
        sounds.append(Sound(at, draw(_COUNT.filter(bool)), draw(_CUE), draw(st.booleans())))
        at = sounds[-1].end
    count = at + draw(_COUNT)
    marks = tuple(Placed(draw(_COUNT), "a") for _ in range(draw(st.integers(0, 3))))
    return Timeline(tuple(sounds), marks, count * FRAME, count, draw(_COUNT))


@given(
    timelines() | st.none(),
    st.lists(st.sampled_from([0.0, 1e-12, TONE, SPEECH, 1.0]), min_size=1, max_size=8),
    st.integers(1, 90),
)
@examples(300)
def test_any_plan_and_any_reading_give_finite_values(
    timeline: Timeline | None, levels: list[float], repeats: int
) -> None:
    """A file may be cut off anywhere, and may contain the plan of another session."""
    checks = list(inspect(reading(np.repeat(levels, repeats)), timeline))
    for check in checks:
        assert isinstance(check.value, str) or math.isfinite(check.value), check
        json.dumps(check.value, allow_nan=False)
    assert {"true peak", "loudest 3 s"} <= {check.name for check in checks}


@given(st.integers(1, 1499))
def test_a_session_cut_off_anywhere_fails(count: int) -> None:
    plan = planned(phrase(400, 200), phrase(700, 300))
    power = sounding(plan, (400, 600), (700, 1000))
    cut = replace(reading(power), power=power[:count], step=power[:count] ** 0.5 / 20)
    assert any(check.passed is False for check in inspect(cut, plan))


def test_the_complete_session_passes_its_places_pauses_and_fades() -> None:
    plan = planned(phrase(400, 200), phrase(700, 300))
    passed = verdicts(sounding(plan, (400, 600), (700, 1000)), plan)
    assert all(passed[name] for name in (PLACES, "fade-in", "fade-out", "loudest second inside the pauses"))
