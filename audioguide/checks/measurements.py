"""Checks the measurements of a decoded file against limits and its plan: levels, silence, joins, places, bells, fades.

The limits follow EBU R128 and Tech 3341/3342, AES TD1008, and measurements of loudspeakers that switch off in silence
(docs/sound.md). Frames are 24 ms, in the reading and in the plan.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audioguide.audio import loudness
from audioguide.audio.meter import Reading, loudness_range_lu
from audioguide.audio.sound import BELL_UNDER_LU, SWELL, TONE_DBFS
from audioguide.core.clock import FRAME, FRAME_MS, LEAD, TAIL, clock
from audioguide.core.model import Bell, Phrase, Sound, Tick, Timeline
from audioguide.timeline.plan import OPENING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOUDNESS_LU = 0.5
FEW_WORDS_LU, FEW_WORDS_S = 1.5, 60
"""With less than a minute of speech, the loudness may be off by as much as single phrases of a voice differ."""
UNANNOUNCED_LU = 0.2
"""How much louder a rehearsal may be: it announces nothing, so no phrase begins softly."""
MOST_RANGE_LU = 6.0
MOST_MOMENTARY_LUFS, MOST_SHORT_TERM_LUFS = loudness.TARGET_LUFS + 8, loudness.TARGET_LUFS + 5
"""EBU R128 s1, short programmes: 5 LU above the target for short-term; 8 LU for momentary, in its first edition."""
MOST_PEAK_DBTP = -1.5
LEAST_SECOND_DBFS, LEAST_TENTH_DBFS = -70.0, -66.0
MOST_PAUSE_DBFS = -50.0
MOST_JOIN_STEP_DBFS = TONE_DBFS + 12
"""The peak of the room tone."""
BELL_LU = 1.0
FADED_DB = 10.0

_SPEECH_DBFS = -46.0
"""A frame above this is not room tone, not even in a swell."""
_SECOND, _TENTH = 1000 // FRAME_MS + 1, 100 // FRAME_MS
"""Frames: 1.008 s and 96 ms."""
_BEGINS, _ENDS = 13, 17
"""Frames (0.3 and 0.4 s) at the beginning and the end of a phrase in which it must be heard."""
_TENTH_OF_FADE = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One measurement, with its limit and its verdict."""

    name: str
    value: float | str
    unit: str
    limit: str
    passed: bool | None
    """None if the file does not say what would be right."""


def inspect(reading: Reading, timeline: Timeline | None) -> Iterator[Check]:
    """Yield the checks of a reading.

    Args:
        reading: of a decoded file.
        timeline: the plan in the file, or None if it has none.
    """
    if timeline:
        yield from _speech(reading, timeline)
    else:
        yield _around("integrated loudness", reading.integrated_lufs, "LUFS", loudness.TARGET_LUFS, LOUDNESS_LU)
    yield _most("loudest 400 ms", reading.momentary_max_lufs, "LUFS", MOST_MOMENTARY_LUFS)
    yield _most("loudest 3 s", reading.short_term_max_lufs, "LUFS", MOST_SHORT_TERM_LUFS)
    yield _most("true peak", reading.true_peak_dbtp, "dBTP", MOST_PEAK_DBTP)
    opening, closing = (OPENING, timeline.closing) if timeline else (OPENING, OPENING)
    inside = reading.power[opening : max(opening + _SECOND, reading.power.size - closing)]
    if inside.size >= _SECOND:
        value = _dbfs(_runs(inside, _SECOND).min())
        yield _least("quietest second outside the fades", value, "dBFS", LEAST_SECOND_DBFS)
    if timeline:
        if inside.size >= _SECOND:
            value = _dbfs(_runs(inside, _TENTH).min())
            yield _least("quietest tenth of a second outside the fades", value, "dBFS", LEAST_TENTH_DBFS)
        yield from _silences(reading, timeline)
        yield _places(reading, timeline)
        yield from _ticks(reading, timeline)
        yield from _fades(reading, timeline)


def _most(name: str, value: float, unit: str, limit: float) -> Check:
    return Check(name, round(value, 2), unit, f"at most {limit:g}", bool(value <= limit))


def _least(name: str, value: float, unit: str, limit: float) -> Check:
    return Check(name, round(value, 2), unit, f"at least {limit:g}", bool(value >= limit))


def _around(name: str, value: float, unit: str, middle: float, reach: float) -> Check:
    return Check(name, round(value, 2), unit, f"{middle:.2f} ± {reach:g}", bool(abs(value - middle) <= reach))


# --- speech and bells ---


def _speech(reading: Reading, timeline: Timeline) -> Iterator[Check]:
    phrases = [sound for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    bells = [sound for sound in timeline.sounds if isinstance(sound.cue, Bell)]
    if phrases:
        unrung = reading.weighted.copy()
        for sound in timeline.sounds:
            if not isinstance(sound.cue, Phrase):
                unrung[_span(sound)] = 0
        yield _around(
            "integrated loudness", loudness.integrated(unrung), "LUFS", _target_lufs(phrases), _reach(timeline)
        )
        yield _most("loudness range of the speech", loudness_range_lu(_hops(reading, phrases)), "LU", MOST_RANGE_LU)
    for bell in bells:
        name = f"bell at {clock(bell.start * FRAME)}"
        rung = loudness.loudest(_hops(reading, [bell]))
        yield _around(name, rung, "LUFS", loudness.TARGET_LUFS - BELL_UNDER_LU, BELL_LU)


def _reach(timeline: Timeline) -> float:
    """Return how far the loudness may be from the intended one, in LU."""
    spoken_ms = sum(sound.length for sound in timeline.sounds if isinstance(sound.cue, Phrase)) * FRAME_MS
    rehearsed = any(isinstance(sound.cue, Tick) for sound in timeline.sounds)
    return (LOUDNESS_LU if spoken_ms >= FEW_WORDS_S * 1000 else FEW_WORDS_LU) + UNANNOUNCED_LU * rehearsed


def _target_lufs(phrases: Iterable[Sound]) -> float:
    """Return the intended loudness of phrases, in LUFS: the target, changed by the levels of their steps."""
    import numpy as np

    pairs = [(sound.length, sound.cue.manner.level_db) for sound in phrases if isinstance(sound.cue, Phrase)]
    lengths, levels = np.array(pairs).T
    return loudness.TARGET_LUFS + float(10 * np.log10(np.average(10 ** (levels / 10), weights=lengths)))


def _hops(reading: Reading, sounds: Iterable[Sound]) -> "NDArray[np.float64]":
    """Return the weighted power of the 100-ms hops that sounds occupy, joined."""
    import numpy as np

    return np.concatenate([reading.weighted[_span(sound)] for sound in sounds])


def _span(sound: Sound) -> slice:
    return slice(sound.start * FRAME_MS // 100, -(-sound.end * FRAME_MS // 100))


# --- silence ---


def _silences(reading: Reading, timeline: Timeline) -> Iterator[Check]:
    import numpy as np

    inner = [(start, length) for start, length in timeline.gaps() if length > LEAD + TAIL]
    pauses = [reading.power[start + TAIL : start + length - LEAD] for start, length in inner]
    loudest = max((float(_runs(pause, _SECOND).max()) for pause in pauses if pause.size >= _SECOND), default=0.0)
    yield _most("loudest second inside the pauses", _dbfs(loudest), "dBFS", MOST_PAUSE_DBFS)
    joins = np.array(sorted(set(_joins(timeline))))
    steps = np.stack([reading.step[np.clip(joins + offset, 0, reading.step.size - 1)] for offset in (-1, 0)]).max(
        axis=0
    )
    within = max((float(reading.step[sound.start : sound.end].max(initial=0)) for sound in timeline.sounds), default=0)
    limit = f"at most {MOST_JOIN_STEP_DBFS:g}; within sounds {_dbfs(within**2):.1f}"
    value = _dbfs(float(steps.max()) ** 2)
    yield Check("largest step at a join", round(value, 2), "dBFS", limit, value <= MOST_JOIN_STEP_DBFS)


def _joins(timeline: Timeline) -> Iterator[int]:
    """Yield the frames at which a piece begins after another."""
    yield OPENING
    for sound in timeline.sounds:
        yield sound.start - (SWELL if sound.announced else LEAD)
        yield sound.end + TAIL
    yield timeline.frames - timeline.closing


# --- places and fades ---


def _places(reading: Reading, timeline: Timeline) -> Check:
    """Check that each phrase begins and ends where it was planned, and that nothing sounds in between."""
    loud = reading.power > 10 ** (_SPEECH_DBFS / 10)
    phrases = [sound for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    absent = [sound for sound in phrases if not _is_in_place(loud, sound)]
    gaps = [(start, start + length) for start, length in timeline.gaps()]
    stray = [start for start, end in gaps if loud[start + TAIL + 1 : end - LEAD - 1].any()]
    wrong = sorted([sound.start for sound in absent] + stray)
    where = f", wrong at {clock(wrong[0] * FRAME)}" if wrong else ""
    value = f"{len(phrases) - len(absent)}{where}"
    return Check("phrases where they belong, silence between", value, "", f"all {len(phrases)}", not wrong)


def _is_in_place(loud: "NDArray[np.bool_]", sound: Sound) -> bool:
    begins, ends = loud[sound.start : sound.start + _BEGINS], loud[max(sound.start, sound.end - _ENDS) : sound.end]
    return bool(begins.any() and ends.any())


def _ticks(reading: Reading, timeline: Timeline) -> Iterator[Check]:
    """Check that each tick of a rehearsal is heard."""
    loud = reading.power > 10 ** (_SPEECH_DBFS / 10)
    ticks = [sound for sound in timeline.sounds if isinstance(sound.cue, Tick)]
    heard = sum(bool(loud[tick.start : tick.end].any()) for tick in ticks)
    if ticks:
        yield Check("ticks where silence was cut", heard, "", f"all {len(ticks)}", heard == len(ticks))


def _fades(reading: Reading, timeline: Timeline) -> Iterator[Check]:
    """Compare the first and the last tenth of each fade with the room tone."""
    power = reading.power
    fades = {"fade-in": power[:OPENING], "fade-out": power[timeline.frames - timeline.closing : timeline.frames][::-1]}
    for name, fade in fades.items():
        part = max(1, fade.size // _TENTH_OF_FADE)
        if fade.size < 2 * part:
            yield Check(name, "cut off", "", "complete", False)
            continue
        outer, inner = _dbfs(float(fade[:part].mean())), _dbfs(float(fade[-part:].mean()))
        right = outer <= TONE_DBFS - FADED_DB and inner >= LEAST_TENTH_DBFS
        value = f"{fade.size * FRAME_MS / 1000:.1f} s, from {inner:.0f} to {outer:.0f}"
        yield Check(name, value, "dBFS", f"to {TONE_DBFS - FADED_DB:g} or less", bool(right))


def _runs(power: "NDArray[np.float64]", count: int) -> "NDArray[np.float64]":
    """Return the mean power of each run of count frames, one frame apart."""
    import numpy as np

    filled = power if power.size >= count else np.pad(power, (0, count - power.size), mode="edge")
    runs: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(filled, count).mean(axis=1)
    return runs


def _dbfs(power: float) -> float:
    import math

    return 10 * math.log10(max(float(power), 1e-12))
