"""Trimming and levelling of speech, room tone, bells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyloudnorm import Meter
from support.profiles import examples
from support.voices import voice_of

from audioguide.audio.loudness import CEILING_DBFS, TARGET_LUFS
from audioguide.audio.sound import (
    BELL_UNDER_LU,
    SWELL,
    SWELL_DB,
    TONE_DBFS,
    bell,
    bell_frames,
    closing,
    conform,
    lead_frames,
    looped_tone,
    opening,
    phrase,
    to_signal,
    tone,
)
from audioguide.core.clock import FRAME, LEAD, RATE_HZ, TAIL, frames_for
from audioguide.speech.engine import find_engine
from audioguide.timeline.plan import CLOSING, OPENING

Signal = NDArray[np.float64]
LSB = 1 / 32_768


def pcm(signal: Signal) -> bytes:
    return np.rint(signal * 32_767).astype("<i2").tobytes()


def sine(samples: int, hz: float = 440.0, peak: float = 0.3, rate_hz: int = RATE_HZ) -> Signal:
    return peak * np.sin(2 * np.pi * hz * np.arange(samples) / rate_hz)


def quiet(samples: int, dbfs: float = -75.0) -> Signal:
    return 10 ** (dbfs / 20) * np.random.default_rng(3).standard_normal(samples)


def rms_db(signal: Signal) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(signal**2)) + 1e-12))


def windows_db(signal: Signal, window_s: float, every_s: float = 0.01) -> Signal:
    """Return the RMS level of windows of window_s, every_s apart, in dBFS."""
    length, step = round(window_s * RATE_HZ), round(every_s * RATE_HZ)
    upto = np.concatenate([[0.0], np.cumsum(signal**2)])
    power = (upto[length:] - upto[:-length])[::step] / length
    levels: Signal = 10 * np.log10(np.maximum(power, 1e-12))
    return levels


def pitch_hz(signal: Signal) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size), 1 << 20))
    return float(spectrum.argmax() * RATE_HZ / (1 << 20))


# --- conform: trimming and resampling ---


@pytest.mark.parametrize("before", [0, 100, 12_000, 48_001])
@pytest.mark.parametrize("after", [0, 77, 12_000, 30_003])
def test_silence_before_and_after_speech_is_trimmed_but_no_speech(before: int, after: int) -> None:
    speech = sine(RATE_HZ)
    kept = to_signal(conform(pcm(np.concatenate([quiet(before), speech, quiet(after)])), RATE_HZ))
    loud = np.flatnonzero(np.abs(kept) > 0.02)
    assert loud[-1] - loud[0] > RATE_HZ - 60
    assert loud[0] <= 0.022 * RATE_HZ
    assert kept.size - loud[-1] <= 0.067 * RATE_HZ


def hiss(samples: int, dbfs: float) -> Signal:
    noise = np.random.default_rng(1).standard_normal(samples)
    loud: Signal = noise / np.sqrt((noise**2).mean()) * 10 ** (dbfs / 20)
    return loud


def test_most_of_a_faint_hiss_before_speech_is_cut_but_a_soft_f_is_kept() -> None:
    def onset_ms(before: Signal) -> float:
        kept = to_signal(conform(pcm(np.concatenate([quiet(4_800), before, sine(RATE_HZ)])), RATE_HZ))
        return float(np.flatnonzero(np.abs(kept) > 0.02)[0]) * 1000 / RATE_HZ

    assert onset_ms(hiss(1_680, -54)) <= 45
    assert onset_ms(hiss(2_400, -48)) >= 100


def test_a_soft_end_of_a_word_is_not_trimmed() -> None:
    fading = sine(RATE_HZ) * 10 ** (-np.linspace(0, 50, RATE_HZ) / 20)  # to -60 dBFS: an "s" that dies away
    kept = to_signal(conform(pcm(np.concatenate([fading, quiet(RATE_HZ)])), RATE_HZ))
    assert kept.size > 0.75 * RATE_HZ
    assert rms_db(kept[-480:]) < -50


def test_a_pause_inside_a_phrase_is_kept() -> None:
    speech = np.concatenate([sine(12_000), np.zeros(24_000), sine(12_000)])
    assert abs(len(conform(pcm(speech), RATE_HZ)) // 2 - speech.size) < 480


@pytest.mark.parametrize(
    "silence", [b"", bytes(2), bytes(48_000), pcm(quiet(RATE_HZ))], ids=["0", "1", "zeros", "hiss"]
)
@pytest.mark.parametrize("rate_hz", [22_050, 24_000])
def test_silence_becomes_an_empty_recording(silence: bytes, rate_hz: int) -> None:
    assert conform(silence, rate_hz) == b""


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_pitch_length_and_level(rate_hz: int) -> None:
    kept = to_signal(conform(pcm(sine(rate_hz * 2, 440.0, 0.3, rate_hz)), rate_hz))
    assert abs(kept.size - 2 * RATE_HZ) <= RATE_HZ // 50
    assert pitch_hz(kept) == pytest.approx(440, abs=0.5)
    assert rms_db(kept[2_000:-2_000]) == pytest.approx(rms_db(sine(RATE_HZ)), abs=0.05)


def test_resampling_adds_no_aliases() -> None:
    kept = to_signal(conform(pcm(sine(22_050, 5_000.0, 0.3, 22_050)), 22_050))[2_000:-2_000]
    spectrum = np.abs(np.fft.rfft(kept * np.blackman(kept.size)))
    hz = np.fft.rfftfreq(kept.size, 1 / RATE_HZ)
    assert spectrum[np.abs(hz - 5_000) > 50].max() < spectrum.max() * 10 ** (-70 / 20)


def test_resampling_loud_speech_does_not_overflow() -> None:
    square = np.sign(sine(22_050, 300.0, 1.0, 22_050))
    kept = to_signal(conform(pcm(square), 22_050))[100:-100]
    held = np.abs(kept) > 0.9
    assert held.mean() > 0.8
    assert np.abs(np.diff(kept))[held[1:] & held[:-1]].max() < 0.2


# --- phrase ---


@given(samples=st.integers(1_200, 30_000))
@examples(40)
def test_a_phrase_of_any_length_is_whole_frames(samples: int) -> None:
    piece = phrase(pcm(sine(samples)), 0.0)
    assert len(piece) == (LEAD + frames_for(samples) + TAIL) * FRAME * 2


@pytest.mark.parametrize("samples", [1_200, 5_760, 12_001, 23_987])
def test_edges_are_faded_and_nothing_sounds_outside_them(samples: int) -> None:
    level = np.full(samples, 0.25)  # a worst case: speech that starts and ends abruptly
    piece = to_signal(phrase(pcm(level), 0.0)) - to_signal(looped_tone(LEAD + frames_for(samples) + TAIL))
    start, end = LEAD * FRAME, LEAD * FRAME + samples
    assert np.abs(piece[:start]).max() <= LSB
    assert np.abs(piece[end:]).max() <= LSB
    assert np.abs(np.diff(piece)).max() < 0.25 / 240 * 1.5  # no step steeper than a fade of 10 ms
    rising = np.flatnonzero(piece > 0.24)[0] - start
    falling = end - np.flatnonzero(piece > 0.24)[-1]
    assert 0.008 * RATE_HZ < rising < 0.02 * RATE_HZ
    assert 0.008 * RATE_HZ < falling < 0.022 * RATE_HZ


def test_between_the_edges_speech_has_the_level_given_by_the_gain() -> None:
    piece = to_signal(phrase(pcm(sine(RATE_HZ, peak=0.05)), 6.0))
    inside = piece[LEAD * FRAME + 1_000 : LEAD * FRAME + RATE_HZ - 1_000]
    assert rms_db(inside) == pytest.approx(rms_db(sine(RATE_HZ, peak=0.05)) + 6, abs=0.02)
    assert pitch_hz(inside) == pytest.approx(440, abs=0.5)


@pytest.mark.parametrize("gain_db", [0.0, 6.0, 12.0, 30.0])
def test_a_phrase_never_clips(gain_db: float) -> None:
    speech = np.clip(0.5 * np.random.default_rng(5).standard_normal(RATE_HZ), -1, 1) * np.sin(np.arange(RATE_HZ) / 900)
    piece = to_signal(phrase(pcm(speech), gain_db))
    assert np.abs(piece).max() <= 10 ** (CEILING_DBFS / 20) + 0.005  # the tone's own peak comes on top


def test_the_same_speech_gives_the_same_piece() -> None:
    assert phrase(pcm(sine(9_999)), 3.0) == phrase(pcm(sine(9_999)), 3.0)


# --- an announced phrase ---

ENTRY = round(0.5 * RATE_HZ)
"""Samples of the soft entry of an announced phrase."""


def pieces(samples: int = 2 * RATE_HZ, peak: float = 0.1) -> tuple[Signal, Signal, Signal]:
    """Return the announced piece of a sine, and the plain and the announced one from the start of the speech on."""
    announced = to_signal(phrase(pcm(sine(samples, peak=peak)), 0.0, announced=True))
    plain = to_signal(phrase(pcm(sine(samples, peak=peak)), 0.0))
    return announced, plain[LEAD * FRAME :], announced[SWELL * FRAME :]


@given(samples=st.integers(1_200, 30_000))
@examples(20)
def test_an_announced_phrase_of_any_length_is_whole_frames(samples: int) -> None:
    piece = phrase(pcm(sine(samples)), 0.0, announced=True)
    assert len(piece) == (lead_frames(True) + frames_for(samples) + TAIL) * FRAME * 2
    assert (lead_frames(True), lead_frames(False)) == (SWELL, LEAD)


def test_the_tone_swells_for_one_and_a_half_to_three_seconds_before_an_announced_phrase() -> None:
    swell = pieces()[0][: SWELL * FRAME]
    assert 1.5 * RATE_HZ <= swell.size <= 3 * RATE_HZ
    levels = windows_db(swell, 0.2, 0.2)
    assert np.all(np.diff(levels) > -0.3)  # the noise itself varies by this much
    assert levels[-1] - levels[0] == pytest.approx(SWELL_DB, abs=1)


def test_the_swell_begins_as_room_tone_and_stays_far_below_any_word() -> None:
    swell = pieces()[0][: SWELL * FRAME]
    assert rms_db(swell[: round(0.2 * RATE_HZ)]) == pytest.approx(TONE_DBFS, abs=0.5)
    assert rms_db(swell[-2_400:]) <= TONE_DBFS + SWELL_DB + 0.3
    assert windows_db(swell, 1.0).max() < -50
    assert np.abs(np.diff(swell)).max() < 10 ** (-40 / 20)


def test_no_moment_of_an_announced_phrase_is_too_soft() -> None:
    announced, _, _ = pieces()
    assert windows_db(announced, 0.1).min() > -64


def test_an_announced_phrase_enters_3_db_softer_and_has_risen_after_half_a_second() -> None:
    _, plain, announced = pieces()
    softer = [
        rms_db(plain[at : at + 1_200]) - rms_db(announced[at : at + 1_200]) for at in range(480, ENTRY + 2_400, 1_200)
    ]
    assert softer[0] == pytest.approx(2.7, abs=0.2)
    assert softer == sorted(softer, reverse=True)
    assert softer[ENTRY // 2_400] == pytest.approx(1.5, abs=0.3)
    assert softer[-1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("peak", [0.1, 0.99])  # the second one is limited
def test_after_its_soft_entry_an_announced_phrase_equals_the_plain_one(peak: float) -> None:
    samples = 2 * RATE_HZ
    _, plain, announced = pieces(samples, peak)
    room = [to_signal(looped_tone(lead + frames_for(samples) + TAIL))[lead * FRAME :] for lead in (LEAD, SWELL)]
    speech = [piece - below for piece, below in zip((plain, announced), room, strict=True)]
    assert np.array_equal(speech[0][ENTRY:], speech[1][ENTRY:])
    assert not np.array_equal(speech[0][ENTRY - 480 : ENTRY], speech[1][ENTRY - 480 : ENTRY])


@pytest.mark.parametrize("samples", [4_800, 7_200, RATE_HZ])  # "Now." may last 0.3 s
def test_the_swell_has_decayed_to_room_tone_at_the_end_of_the_piece(samples: int) -> None:
    announced, _, _ = pieces(samples)
    whole = frames_for(samples) * FRAME - samples
    assert rms_db(announced[-TAIL * FRAME - whole :]) == pytest.approx(TONE_DBFS, abs=1.5)


def test_announcing_costs_at_most_three_tenths_of_a_loudness_unit() -> None:
    lines = np.concatenate([sine(3 * RATE_HZ, 300.0) * (0.6 + 0.4 * np.sin(np.arange(3 * RATE_HZ) / 3_000))])
    meter = Meter(RATE_HZ)
    plain, announced = (to_signal(phrase(pcm(lines), 0.0, announced)) for announced in (False, True))
    cost = meter.integrated_loudness(plain[LEAD * FRAME :]) - meter.integrated_loudness(announced[SWELL * FRAME :])
    assert 0 < cost <= 0.3


@pytest.mark.speech
@pytest.mark.parametrize("engine", ["natural", "system"])
def test_trimming_removes_nothing_from_real_speech(engine: str) -> None:
    spoken = find_engine(engine, "voices/test.toml")
    recording = spoken.speak("Let your shoulders be heavy, and rest.", voice_of(engine))
    spoken.close()
    raw, kept = to_signal(recording.pcm), to_signal(conform(recording.pcm, recording.rate_hz))
    assert 1.5 < kept.size / RATE_HZ <= raw.size / recording.rate_hz + 0.001
    assert np.sum(kept**2) / RATE_HZ == pytest.approx(np.sum(raw**2) / recording.rate_hz, rel=0.001)
    assert rms_db(kept[:480]) < -20  # no word has begun in full before the fade-in is over
    assert rms_db(kept[-480:]) < -40


# --- room tone ---


@pytest.mark.parametrize("frames", [40, OPENING, CLOSING, 2_500])
def test_room_tone_has_its_stated_level(frames: int) -> None:
    room = to_signal(tone(frames))
    assert room.size == frames * FRAME
    assert rms_db(room) == pytest.approx(-62, abs=0.3)
    assert TONE_DBFS == -62
    assert np.abs(room).max() < 10 ** (-45 / 20)


@pytest.mark.parametrize("frames", [40, 103, OPENING, CLOSING, 2_500])
def test_room_tone_is_never_so_soft_that_a_loudspeaker_switches_off(frames: int) -> None:
    assert windows_db(to_signal(tone(frames)), 0.1).min() > -64


@pytest.mark.parametrize("frames", [40, 103, OPENING, CLOSING, 2_500])
def test_the_level_of_room_tone_varies_by_less_than_a_decibel(frames: int) -> None:
    levels = windows_db(to_signal(tone(frames)), 0.1)
    assert np.abs(levels - TONE_DBFS).max() < 0.85  # plain noise of this bandwidth varies by 1.5 dB


def test_room_tone_is_as_even_where_two_stretches_join() -> None:
    twice = to_signal(tone(2_500) + tone(300))
    assert windows_db(twice[2_490 * FRAME : 2_510 * FRAME], 0.1).min() > -64


def test_room_tone_is_low_passed_near_1_khz_and_has_no_rumble() -> None:
    room = to_signal(tone(2_500))
    power = np.abs(np.fft.rfft(room)) ** 2
    hz = np.fft.rfftfreq(room.size, 1 / RATE_HZ)

    def band_db(low: float, high: float) -> float:
        return float(10 * np.log10(power[(hz >= low) & (hz < high)].mean()))

    flat = band_db(100, 400)
    assert band_db(950, 1_050) - flat == pytest.approx(-6, abs=1)
    assert band_db(1_900, 2_100) - flat < -20
    assert band_db(4_000, 12_000) - flat < -30
    assert band_db(0, 20) - flat < -30


def test_room_tone_is_reproducible() -> None:
    assert tone(50) == tone(50)


def test_the_looped_tone_has_no_audible_seam() -> None:
    loop = 834  # frames: 20 s
    room = to_signal(looped_tone(2 * loop + 7))
    assert np.array_equal(room[: 7 * FRAME], room[2 * loop * FRAME :])
    assert np.abs(np.diff(room[loop * FRAME - 2 : loop * FRAME + 2])).max() <= np.abs(np.diff(room)).max()
    assert windows_db(room, 0.1).min() > -64


def test_the_opening_rises_from_zero_to_the_room_tone() -> None:
    room = to_signal(opening(OPENING))
    assert room.size == OPENING * FRAME
    assert np.abs(room[:24]).max() <= LSB
    quarters = [rms_db(part) for part in np.array_split(room, 4)]
    assert quarters == sorted(quarters)
    assert quarters[-1] == pytest.approx(-63, abs=1)


@given(samples=st.integers(2, CLOSING * FRAME), more=st.integers(0, 3))
@examples(30)
def test_the_closing_reaches_zero_exactly_at_its_last_sample(samples: int, more: int) -> None:
    frames = frames_for(samples) + more
    room = to_signal(closing(samples, frames))
    assert room.size == frames * FRAME
    assert not room[samples - 1 :].any()


def test_the_closing_falls_steadily_from_the_room_tone() -> None:
    room = to_signal(closing(CLOSING * FRAME, CLOSING))
    tenths = [rms_db(part) for part in np.array_split(room, 10)]
    assert tenths == sorted(tenths, reverse=True)
    assert tenths[0] == pytest.approx(-62.5, abs=1)
    assert np.flatnonzero(room)[-1] > room.size * 0.9


# --- the bell ---


def loudest_400_ms(signal: Signal) -> float:
    meter, block = Meter(RATE_HZ, block_size=0.4), round(0.4 * RATE_HZ)
    starts = range(0, min(signal.size - block, 12 * RATE_HZ), block // 4)
    return max(float(meter.integrated_loudness(signal[start : start + block])) for start in starts)


@pytest.mark.parametrize("strokes", [1, 2, 3])
def test_a_bell_is_6_lu_below_the_speech(strokes: int) -> None:
    assert loudest_400_ms(to_signal(bell(strokes))) == pytest.approx(-25, abs=0.3)
    assert TARGET_LUFS - BELL_UNDER_LU == -25


@pytest.mark.parametrize("strokes", [1, 2, 3])
def test_a_bell_is_whole_frames_and_never_clips(strokes: int) -> None:
    rung = to_signal(bell(strokes))
    assert rung.size == (LEAD + bell_frames(strokes) + TAIL) * FRAME
    assert np.abs(rung).max() < 10 ** (CEILING_DBFS / 20)


def test_a_bell_rises_for_at_least_30_ms() -> None:
    rung = to_signal(bell(1))[LEAD * FRAME :]
    rung -= to_signal(tone(LEAD + bell_frames(1) + TAIL))[LEAD * FRAME :]
    swell = np.array([np.abs(part).max() for part in np.array_split(rung[: RATE_HZ // 5], 50)])  # 4 ms each
    assert swell[: 30 // 4].max() < swell.max() * 0.95
    assert swell[: 10 // 4].max() < swell.max() / 4
    assert np.abs(rung[:24]).max() < swell.max() / 100


def test_each_stroke_of_a_bell_is_audible() -> None:
    rung = to_signal(bell(3))
    swell = np.array([TONE_DBFS, *(rms_db(part) for part in np.array_split(rung, rung.size // 2_400))])
    strokes = np.flatnonzero(np.diff(swell) > 3)
    assert np.sum(np.diff(strokes, prepend=-99) > 5) == 3


@pytest.mark.parametrize("strokes", [1, 3])
def test_a_bell_has_decayed_at_its_end(strokes: int) -> None:
    rung = to_signal(bell(strokes))
    assert rms_db(rung[-(TAIL + 5) * FRAME :]) == pytest.approx(-62, abs=2)
    assert np.abs(np.diff(rung[-2 * RATE_HZ :])).max() < 0.005
