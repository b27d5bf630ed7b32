"""Loudness compared with pyloudnorm, and the peak limiter."""

from functools import cache

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyloudnorm import Meter
from support.profiles import examples
from support.voices import LINES, voice_of

from audioguide.audio import loudness
from audioguide.audio.loudness import (
    CEILING_DBFS,
    SILENT_LUFS,
    TARGET_LUFS,
    gain,
    integrated_lufs,
    limit,
    momentary_maximum,
)
from audioguide.audio.sound import conform, to_signal
from audioguide.core.clock import RATE_HZ
from audioguide.speech.engine import find_engine

Signal = NDArray[np.float64]
TOLERANCE_LU = 0.15


def noise(seconds: float, seed: int = 0) -> Signal:
    return 0.05 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))


def sine(hz: float, seconds: float = 3.0, peak: float = 0.2, phase: float = 0.0) -> Signal:
    return peak * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ + phase)


@cache
def speech(engine: str) -> Signal:
    voice, spoken = voice_of(engine), find_engine(engine, "voices/test.toml")
    recordings = [spoken.speak(line, voice) for line in LINES[::2]]
    spoken.close()
    return to_signal(b"".join(conform(each.pcm, each.rate_hz) for each in recordings))


def oversampled_peak_db(signal: Signal) -> float:
    """Return the peak at four times the rate, calculated by padding the spectrum, unlike in the limiter."""
    size = 1 << (signal.size + RATE_HZ // 10).bit_length()
    spectrum = np.fft.rfft(np.pad(signal, RATE_HZ // 20), size)
    finer = 4 * np.fft.irfft(spectrum, 4 * size)
    return float(20 * np.log10(np.abs(finer).max()))


# --- loudness ---


@pytest.mark.parametrize("hz", [60, 100, 200, 500, 997, 2_000, 5_000, 9_000])
def test_loudness_of_a_tone_agrees_with_pyloudnorm(hz: float) -> None:
    assert integrated_lufs(sine(hz)) == pytest.approx(Meter(RATE_HZ).integrated_loudness(sine(hz)), abs=TOLERANCE_LU)


@pytest.mark.parametrize(
    "signal",
    [
        noise(4),
        np.cumsum(noise(4)) / 20,
        np.concatenate([noise(3), np.zeros(10 * RATE_HZ), 0.3 * noise(2)]),
        np.concatenate([noise(3), 1e-4 * noise(10), 0.05 * noise(3), noise(1)]),
        0.01 * noise(4),
        noise(0.4),
        noise(1.23),
    ],
    ids=["white", "brown", "with silence", "gated", "soft", "one block", "odd length"],
)
def test_loudness_of_noise_agrees_with_pyloudnorm(signal: Signal) -> None:
    assert integrated_lufs(signal) == pytest.approx(Meter(RATE_HZ).integrated_loudness(signal), abs=TOLERANCE_LU)


@pytest.mark.speech
@pytest.mark.parametrize("engine", ["natural", "system"])
def test_loudness_of_speech_agrees_with_pyloudnorm(engine: str) -> None:
    spoken = speech(engine)
    assert integrated_lufs(spoken) == pytest.approx(Meter(RATE_HZ).integrated_loudness(spoken), abs=TOLERANCE_LU)


def test_a_full_scale_tone_of_997_hz_has_the_loudness_stated_in_the_standard() -> None:
    assert integrated_lufs(sine(997, peak=1.0)) == pytest.approx(-3.01, abs=0.05)  # ITU-R BS.1770-4, annex 1


@given(gain_db=st.floats(-20, 20))
@examples(20)
def test_loudness_changes_by_exactly_the_gain(gain_db: float) -> None:
    signal = sine(440, 1.0, 0.05)
    assert integrated_lufs(gain(signal, gain_db)) == pytest.approx(integrated_lufs(signal) + gain_db, abs=0.01)


@pytest.mark.parametrize("signal", [np.zeros(RATE_HZ), np.zeros(0), np.zeros(10), 1e-6 * noise(2)])
def test_the_loudness_of_silence(signal: Signal) -> None:
    assert integrated_lufs(signal) == SILENT_LUFS


def test_long_silence_between_phrases_does_not_change_the_loudness() -> None:
    phrase = noise(4)
    session = np.concatenate([phrase, np.zeros(60 * RATE_HZ), phrase])
    assert integrated_lufs(session) == pytest.approx(integrated_lufs(phrase), abs=0.35)


def test_the_momentary_maximum_is_that_of_the_loudest_400_ms() -> None:
    soft, loud = 0.1 * noise(3), noise(0.6)
    signal = np.concatenate([soft, loud, soft])
    assert momentary_maximum(signal) == pytest.approx(Meter(RATE_HZ).integrated_loudness(noise(0.6)), abs=0.3)


# --- any rate, any stretch ---


def test_at_48_khz_the_filters_equal_those_in_the_standard() -> None:
    (shelf, high_pass) = (
        loudness._shelf(48_000),
        loudness._high_pass(48_000),
    )  # ITU-R BS.1770-4, annex 1, tables 1 and 2
    assert shelf[0] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-9)
    assert shelf[1] == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-9)
    assert high_pass[0] == [1.0, -2.0, 1.0]
    assert high_pass[1] == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-9)


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])  # below, pyloudnorm has a shelf of its own
def test_loudness_at_other_rates_agrees_with_pyloudnorm(rate_hz: int) -> None:
    signal = 0.05 * np.random.default_rng(2).standard_normal(5 * rate_hz)
    signal[rate_hz : 3 * rate_hz] *= 0.01
    ours = loudness.integrated(loudness.hop_power(signal, rate_hz))
    assert ours == pytest.approx(Meter(rate_hz).integrated_loudness(signal), abs=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
@pytest.mark.parametrize("lead_s", [0.5, 1.0])
def test_the_weighting_of_a_part_depends_on_half_a_second_before_it_at_most(rate_hz: int, lead_s: float) -> None:
    signal = 0.1 * np.random.default_rng(3).standard_normal(8 * rate_hz)
    signal[: 3 * rate_hz] += 0.8  # an offset that the high-pass must suppress
    whole = loudness.k_weighted(signal, loudness.k_response(signal.size, rate_hz))
    start = round((4 - lead_s) * rate_hz)
    stretch = signal[start : 6 * rate_hz]
    alone = loudness.k_weighted(stretch, loudness.k_response(stretch.size, rate_hz))
    np.testing.assert_allclose(alone[4 * rate_hz - start :], whole[4 * rate_hz : 6 * rate_hz], rtol=0, atol=1e-11)


def test_channels_are_weighted_independently() -> None:
    both = np.stack([noise(2), noise(2, seed=1)])
    response = loudness.k_response(both.shape[1], RATE_HZ)
    weighted = loudness.k_weighted(both, response)
    np.testing.assert_allclose(weighted[1], loudness.k_weighted(both[1], response), rtol=1e-12)
    np.testing.assert_allclose(loudness.hop_means(weighted, RATE_HZ)[0], loudness.hop_power(both[0]), rtol=1e-9)


def test_loudness_can_be_calculated_from_hops_alone() -> None:
    signal = np.concatenate([noise(3), 0.1 * noise(3), np.zeros(5_000)])
    hops = loudness.hop_power(signal)
    assert hops.size == signal.size // loudness.hop_samples(RATE_HZ)
    assert loudness.integrated(hops) == integrated_lufs(signal)
    assert loudness.loudest(hops) == momentary_maximum(signal)
    assert loudness.loudest(hops, 30) <= loudness.loudest(hops)


# --- the limiter ---


def below_10_khz(signal: Signal) -> Signal:
    """Return a signal without the highs, which speech lacks and a 64 kb/s encoder drops: there, oversamplers differ."""
    spectrum = np.fft.rfft(signal)
    spectrum[np.fft.rfftfreq(signal.size, 1 / RATE_HZ) > 10_000] = 0
    return np.fft.irfft(spectrum, signal.size)


def bursts(seed: int) -> Signal:
    """Return a second of noise with random bursts far above the ceiling."""
    random = np.random.default_rng(seed)
    signal = random.standard_normal(RATE_HZ) * 0.02
    for _ in range(6):
        start, length = random.integers(2_000, RATE_HZ - 4_000), random.integers(1, 2_000)
        tone = np.sin(2 * np.pi * random.uniform(80, 7_000) * np.arange(length) / RATE_HZ + random.uniform(0, 6))
        signal[start : start + length] += random.uniform(0.5, 3) * tone * np.hanning(length + 2)[1:-1]
    return signal


DIFFICULT = {
    "between the samples": sine(RATE_HZ / 4, 0.5, 1.0, np.pi / 4),
    "an impulse": np.bincount([5_000], [2.0], 10_000).astype(float),
    "clipped": below_10_khz(np.clip(3 * bursts(9), -1, 1)),
    "a step": np.concatenate([np.zeros(4_000), 1.5 * sine(300, 0.3, 1.0, np.pi / 2)]),
    "a loud end": np.concatenate([np.zeros(4_000), sine(300, 0.1, 1.5)])[:-20],
    "very short": 1.4 * np.hanning(30),
}


@pytest.mark.parametrize("name", DIFFICULT)
def test_no_peak_of_a_difficult_signal_exceeds_the_ceiling(name: str) -> None:
    limited = limit(DIFFICULT[name])
    assert limited.shape == DIFFICULT[name].shape
    assert oversampled_peak_db(limited) <= CEILING_DBFS + 0.1


def test_at_8x_oversampling_peaks_exceed_the_ceiling_only_slightly() -> None:
    limited = limit(below_10_khz(np.random.default_rng(1).normal(0, 0.5, RATE_HZ)))
    finer = soxr.resample(limited, RATE_HZ, 8 * RATE_HZ, quality="VHQ")[8_000:-8_000]
    assert 20 * np.log10(np.abs(finer).max()) <= CEILING_DBFS + 0.3


@given(seed=st.integers(0, 10_000), ceiling_dbfs=st.floats(-12, -0.5))
@examples(30)
def test_no_burst_exceeds_any_ceiling(seed: int, ceiling_dbfs: float) -> None:
    assert oversampled_peak_db(limit(bursts(seed), ceiling_dbfs)) <= ceiling_dbfs + 0.2


@pytest.mark.parametrize("peak_dbfs", [-60.0, -20.0, -6.0, CEILING_DBFS - 0.05])
def test_a_signal_below_the_ceiling_is_unchanged_bit_for_bit(peak_dbfs: float) -> None:
    signal = sine(440, 0.5, 10 ** (peak_dbfs / 20))
    assert limit(signal).tobytes() == signal.tobytes()


def test_an_empty_signal_stays_empty() -> None:
    assert limit(np.zeros(0)).size == 0


def test_the_limiter_changes_nothing_farther_than_15_ms_from_a_peak() -> None:
    signal = sine(440, 1.0, 0.3)
    signal[12_000:12_020] *= 5
    changed = np.flatnonzero(np.abs(limit(signal) - signal) > 1e-12)
    assert changed.size
    assert changed.min() > 12_000 - 0.015 * RATE_HZ
    assert changed.max() < 12_020 + 0.015 * RATE_HZ


def test_the_limiters_gain_never_jumps() -> None:
    signal = np.full(8_000, 0.2)
    signal[4_000] = 1.6  # a single peak in a constant signal, so that the gain is limited / signal
    applied = limit(signal) / signal
    assert applied.min() < 0.6
    assert np.abs(np.diff(applied)).max() < 0.02  # 0.2 dB from sample to sample


@pytest.mark.speech
@pytest.mark.parametrize("engine", ["natural", "system"])
def test_limited_speech_keeps_its_loudness(engine: str) -> None:
    spoken = speech(engine)
    levelled = gain(spoken, TARGET_LUFS - integrated_lufs(spoken))
    limited = limit(levelled)
    assert oversampled_peak_db(limited) <= CEILING_DBFS + 0.1
    assert integrated_lufs(limited) == pytest.approx(TARGET_LUFS, abs=0.1)
    assert np.mean(np.abs(limited - levelled) > 1e-9) < 0.05
