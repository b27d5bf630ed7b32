"""One recording from a microphone: decoded, trimmed by its own noise, conformed."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from pyloudnorm import Meter
from support.recordings import Signal, in_a_room, noise, pitch_hz, speech

from audioguide.core.clock import RATE_HZ
from audioguide.speech.recording_file import conformed, trimmed


def heard(take: Path) -> Signal:
    return np.frombuffer(conformed(take.read_bytes(), take.name), "<i2") / 32768


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "subtype"),
    [
        (".wav", 44_100, "PCM_24"),
        (".wav", 96_000, "FLOAT"),
        (".wav", 8_000, "PCM_U8"),
        (".flac", 48_000, "PCM_16"),
        (".mp3", 22_050, None),
        (".mp3", 44_100, None),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_any_file_type_rate_and_number_of_channels_gives_the_same_speech(
    tmp_path: Path, suffix: str, rate_hz: int, subtype: str | None, channels: int
) -> None:
    path = tmp_path / f"take{suffix}"
    signal = in_a_room(speech(2.0, rate_hz), rate_hz)
    soundfile.write(path, np.stack([signal] * channels, axis=1), rate_hz, subtype=subtype)
    spoken = heard(path)

    assert 2.0 <= spoken.size / RATE_HZ <= 2.6
    assert abs(pitch_hz(spoken) - 300) < 2
    plain = speech(2.0, RATE_HZ)
    assert abs(Meter(RATE_HZ).integrated_loudness(spoken) - Meter(RATE_HZ).integrated_loudness(plain)) < 0.5


@pytest.mark.parametrize("noise_dbfs", [-90, -70, -55, -48, -45])
@pytest.mark.parametrize("before_s", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("after_s", [0.0, 0.1, 3.0])
def test_a_noisy_room_is_trimmed_without_cutting_speech(noise_dbfs: float, before_s: float, after_s: float) -> None:
    rate_hz = 44_100
    signal = in_a_room(speech(2.0, rate_hz), rate_hz, noise_dbfs, before_s, after_s)
    kept = trimmed(signal, rate_hz)
    middle = kept.size // 2
    start = int(np.flatnonzero(signal - signal.mean() == kept[middle])[0]) - middle
    first, last = round(before_s * rate_hz), signal.size - round(after_s * rate_hz)

    assert first - 0.18 * rate_hz <= start <= first
    assert last <= start + kept.size <= last + 0.34 * rate_hz
    unchanged = slice(first - start, last - start)
    assert np.array_equal(kept[unchanged], (signal - signal.mean())[first:last])


@pytest.mark.parametrize("noise_dbfs", [-90, -75, -65])
@pytest.mark.parametrize("before_s", [0.0, 0.1, 3.0])
def test_in_a_quiet_room_speech_begins_within_60_ms(tmp_path: Path, noise_dbfs: float, before_s: float) -> None:
    take = tmp_path / "take.wav"
    soundfile.write(take, in_a_room(speech(2.0, 44_100), 44_100, noise_dbfs, before_s), 44_100, subtype="PCM_24")
    assert np.flatnonzero(np.abs(heard(take)) > 0.02)[0] <= 0.06 * RATE_HZ


def test_the_click_of_a_button_is_not_speech() -> None:
    rate_hz = 44_100
    signal = in_a_room(speech(2.0, rate_hz), rate_hz)
    for at in (0.3, 4.2):
        signal[round(at * rate_hz) :][:800] += noise(800, -6)

    assert trimmed(signal, rate_hz).size < 2.6 * rate_hz
    assert np.abs(trimmed(signal, rate_hz)).max() < 0.2


def test_hum_rumble_and_an_offset_do_not_hide_where_speech_begins() -> None:
    rate_hz = 44_100
    signal = in_a_room(speech(2.0, rate_hz), rate_hz)
    at = np.arange(signal.size) / rate_hz
    signal += 0.05 + 0.02 * np.sin(2 * np.pi * 12 * at) + 0.005 * np.sin(2 * np.pi * 50 * at)

    assert trimmed(signal, rate_hz).size < 2.6 * rate_hz


def test_the_kept_noise_is_faded_in_and_out() -> None:
    kept = trimmed(in_a_room(speech(), 44_100, -48), 44_100)
    assert abs(kept[0]) == abs(kept[-1]) == 0
    assert np.abs(kept[:1000]).std() < np.abs(kept[3000:5000]).std() / 2
