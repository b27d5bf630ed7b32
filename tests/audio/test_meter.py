"""Measurements of files: compared with EBU's test signals, ffmpeg and pyloudnorm, and on damaged files."""

import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pyloudnorm import Meter
from support.audio import Signal, decode, sine, splice, to_pcm

from audioguide.audio import loudness, meter
from audioguide.audio.meter import Reading, loudness_range_lu, read
from audioguide.audio.mp3 import FRAME_BYTES, encode, info_frame
from audioguide.core.clock import FRAME, RATE_HZ
from audioguide.core.errors import InputError

AGREE_LU = 0.1
TRUE_PEAK_RATE_HZ = 48_000


def written(folder: Path, signal: Signal, rate_hz: int = RATE_HZ, subtype: str = "FLOAT") -> Reading:
    """Write a signal, shape (samples,) or (samples, channels), to a WAV and return its measurements."""
    path = folder / "written.wav"
    soundfile.write(path, signal, rate_hz, subtype=subtype)
    return read(path)


def tones(parts: Sequence[tuple[float, float]], rate_hz: int = RATE_HZ) -> Signal:
    """Return 1 kHz in both channels with a peak of so many dBFS, for each (dBFS, seconds)."""
    levels = np.concatenate([np.full(round(seconds * rate_hz), 10 ** (dbfs / 20)) for dbfs, seconds in parts])
    return np.tile(levels * np.sin(2 * np.pi * 1000 * np.arange(levels.size) / rate_hz), (2, 1)).T


@cache
def session_signal() -> Signal:
    """Return 60 s like speech over room tone: bursts of noise and silences."""
    random = np.random.default_rng(3)
    length = 60 * RATE_HZ // FRAME * FRAME
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum /= 1 + (np.fft.rfftfreq(length, 1 / RATE_HZ) / 800) ** 2
    voice = np.fft.irfft(spectrum, length)
    talks = np.repeat(random.random(length // 14_400 + 1) < 0.4, 14_400)[:length]
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * np.arange(length) / RATE_HZ)
    signal: Signal = 0.12 * voice / voice.std() * talks * swell + 0.0008 * random.standard_normal(length)
    return signal


@cache
def session_mp3() -> bytes:
    return splice([session_signal(), np.zeros(2 * FRAME)], session_signal().size)


@pytest.fixture
def session_file(tmp_path: Path) -> Path:
    return saved(tmp_path, session_mp3())


def saved(folder: Path, data: bytes, name: str = "session.mp3") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def measured_by_ffmpeg(path: Path) -> dict[str, float]:
    """Return I, LRA and Peak of ffmpeg's ebur128."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-i", str(path)]
    done = subprocess.run([*command, "-af", "ebur128=peak=true", "-f", "null", "-"], capture_output=True, check=True)
    summary = done.stderr.decode(errors="replace").rpartition("Summary:")[2]
    return {name: float(value) for name, value in re.findall(r"^\s+(I|LRA|Peak):\s+(-?[\d.]+)", summary, re.MULTILINE)}


# --- loudness: EBU Tech 3341, its minimum requirements test signals ---


@pytest.mark.parametrize(
    ("case", "parts", "lufs"),
    [
        (1, [(-23, 20)], -23),
        (2, [(-33, 20)], -33),
        (3, [(-36, 10), (-23, 60), (-36, 10)], -23),
        (4, [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        (5, [(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 48_000])
def test_integrated_loudness_of_the_tech_3341_test_signals(
    case: int, parts: list[tuple[float, float]], lufs: float, rate_hz: int, tmp_path: Path
) -> None:
    assert written(tmp_path, tones(parts, rate_hz), rate_hz).integrated_lufs == pytest.approx(lufs, abs=0.1), case


@pytest.mark.parametrize("nth", range(0, 20, 5))
def test_the_loudest_3_s_are_found_at_any_position(nth: int, tmp_path: Path) -> None:
    tone = tones([(-140, nth * 0.15), (-23, 3), (-140, 1)])  # Tech 3341, case 10
    assert written(tmp_path, tone).short_term_max_lufs == pytest.approx(-23, abs=0.15)


@pytest.mark.parametrize("nth", range(0, 20, 5))
def test_the_loudest_400_ms_are_found_at_any_position(nth: int, tmp_path: Path) -> None:
    tone = tones([(-140, nth * 0.1), (-23, 0.4), (-140, 1)])  # Tech 3341, case 13, on whole hops
    assert written(tmp_path, tone).momentary_max_lufs == pytest.approx(-23, abs=0.15)


def test_short_term_loudness_of_quickly_changing_tones_is_constant(tmp_path: Path) -> None:
    reading = written(tmp_path, tones([(-20, 1.34), (-30, 1.66)] * 5))  # Tech 3341, case 9
    short_term = loudness.lufs(loudness.averaged(reading.weighted, 30))
    assert short_term.min() == pytest.approx(-23, abs=0.1)
    assert short_term.max() == pytest.approx(-23, abs=0.1)


# --- loudness range: EBU Tech 3342 ---


@pytest.mark.parametrize(
    ("parts", "range_lu"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_loudness_range_of_the_tech_3342_test_signals(
    parts: list[tuple[float, float]], range_lu: float, rate_hz: int, tmp_path: Path
) -> None:
    reading = written(tmp_path, tones(parts, rate_hz), rate_hz)
    assert loudness_range_lu(reading.weighted) == pytest.approx(range_lu, abs=1)


def test_the_loudness_range_of_a_part_of_the_hops(tmp_path: Path) -> None:
    reading = written(tmp_path, tones([(-20, 20), (-26, 20), (-40, 20)]))
    assert loudness_range_lu(reading.weighted[np.arange(600) < 400]) == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize("hops", [np.zeros(0), np.ones(29), np.zeros(300), np.full(300, 1e-9)])
def test_less_than_3_s_and_silence_have_a_loudness_range_of_zero(hops: Signal) -> None:
    assert loudness_range_lu(hops) == 0.0


# --- true peak ---


@pytest.mark.parametrize(
    ("part_of_rate", "peak", "phase_degrees"), [(4, 0.5, 0), (4, 0.5, 45), (6, 0.5, 60), (8, 0.5, 67.5), (4, 1.41, 45)]
)
def test_true_peak_of_tech_3341_signals(part_of_rate: int, peak: float, phase_degrees: float, tmp_path: Path) -> None:
    at = np.arange(12 * TRUE_PEAK_RATE_HZ)  # cases 15 to 19, with soft edges; twelve seconds go over a window's edge
    tone = peak * np.sin(2 * np.pi * at / part_of_rate + np.radians(phase_degrees))
    tone *= np.clip(np.minimum(at, at[::-1]) / 2_000, 0, 1)
    true_peak_dbtp = written(tmp_path, tone, TRUE_PEAK_RATE_HZ).true_peak_dbtp
    assert -0.4 <= true_peak_dbtp - 20 * np.log10(peak) <= 0.2


def test_true_peak_agrees_with_ffmpeg(tmp_path: Path) -> None:
    import soxr

    signal = soxr.resample(session_signal(), RATE_HZ, TRUE_PEAK_RATE_HZ)
    reading = written(tmp_path, np.stack([signal, -0.9 * np.roll(signal, 999)]).T, TRUE_PEAK_RATE_HZ, "PCM_24")
    assert reading.true_peak_dbtp == pytest.approx(measured_by_ffmpeg(tmp_path / "written.wav")["Peak"], abs=0.3)


@pytest.mark.parametrize("at_s", [0.001, 5, 8.9, 8.923, 9, 17.7, 17.84, 19.9, 19.9995])
def test_a_true_peak_is_found_at_any_position_relative_to_the_windows(at_s: float, tmp_path: Path) -> None:
    import soxr

    signal = 0.01 * np.random.default_rng(1).standard_normal(20 * RATE_HZ)
    near = np.arange(signal.size) - round(at_s * RATE_HZ) - 0.5
    signal += 0.8 * np.sinc(near) * np.exp(-((near / 40) ** 2))  # its peak lies between two samples
    whole = np.abs(soxr.resample(signal, RATE_HZ, 4 * RATE_HZ)).max()
    assert written(tmp_path, signal).true_peak_dbtp == pytest.approx(20 * np.log10(whole), abs=0.02)


def test_the_bound_for_skipping_a_window_holds_for_every_signal() -> None:
    import soxr

    finer = soxr.resample(np.bincount([10_000], [1.0], 20_000), RATE_HZ, 4 * RATE_HZ)
    assert max(np.abs(finer[phase::4]).sum() for phase in range(4)) < meter._HIGHEST_RISE
    far = np.abs(np.arange(finer.size) - 40_000) > 4 * meter._EDGE
    assert np.abs(finer[far]).max() < 1e-6


def test_silence_has_the_true_peak_of_silence(tmp_path: Path) -> None:
    reading = written(tmp_path, np.zeros(RATE_HZ))
    assert reading.true_peak_dbtp == meter.SILENT_DBTP
    assert reading.integrated_lufs == loudness.SILENT_LUFS


# --- frames and hops ---


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_frames_and_hops_equal_those_of_the_whole_signal(rate_hz: int, channels: int, tmp_path: Path) -> None:
    random = np.random.default_rng(rate_hz)
    signal = random.standard_normal((round(23.45678 * rate_hz), channels)).astype(np.float32) * 0.1
    signal[: 11 * rate_hz] *= 0.001
    reading = written(tmp_path, signal.astype(np.float64), rate_hz)
    whole = signal.astype(np.float64)
    frame = rate_hz * 24 // 1000
    frames = [whole[at : at + frame] for at in range(0, len(whole), frame)]
    steps = np.abs(np.diff(whole, axis=0, prepend=0)).max(axis=1)
    assert (reading.rate_hz, reading.channels, reading.samples) == (rate_hz, channels, len(whole))
    np.testing.assert_allclose(reading.power, [(each**2).mean() for each in frames], rtol=1e-12)
    np.testing.assert_array_equal(reading.step, [steps[at : at + frame].max() for at in range(0, len(whole), frame)])
    weighted = sum(loudness.hop_power(channel, rate_hz) for channel in whole.T)
    np.testing.assert_allclose(reading.weighted, weighted, rtol=1e-6)


def test_the_length_of_windows_does_not_change_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = written(tmp_path, session_signal())
    monkeypatch.setattr(meter, "_WINDOW_S", 1)
    other = read(tmp_path / "written.wav")
    np.testing.assert_allclose(other.weighted, one.weighted, rtol=1e-6)
    for name in ("power", "step"):
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
    assert other.true_peak_dbtp == pytest.approx(one.true_peak_dbtp, abs=0.02)


@pytest.mark.parametrize("samples", [1, 575, 576, 577, 9_600, 212_143, 212_144, 213_600, 213_601])
def test_every_sample_is_counted(samples: int, tmp_path: Path) -> None:
    reading = written(tmp_path, np.full(samples, 0.25))
    sizes = np.diff(np.arange(0, samples, FRAME), append=samples)
    assert reading.samples == samples
    assert (reading.power.size, reading.weighted.size) == (sizes.size, samples // 2_400)
    assert (reading.power * sizes).sum() == pytest.approx(samples / 16)
    assert reading.step[0] == 0.25  # out of the silence before
    assert not reading.step[1:].any()


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "AIFF", "OGG"])
def test_other_formats_can_be_read(format_: str, tmp_path: Path) -> None:
    path = tmp_path / "sound"
    soundfile.write(path, session_signal()[: 5 * RATE_HZ], RATE_HZ, format=format_)
    assert read(path).samples == 5 * RATE_HZ


# --- a real MP3 ---


def test_an_mp3_has_the_samples_and_levels_of_the_encoded_signal(session_file: Path) -> None:
    reading = read(session_file)
    assert (reading.rate_hz, reading.channels, reading.samples) == (RATE_HZ, 1, session_signal().size)
    went_in = np.sqrt((session_signal().reshape(-1, FRAME) ** 2).mean(axis=1))
    loud = went_in > 0.05
    off_db = 20 * np.log10(np.sqrt(reading.power[loud]) / went_in[loud])
    assert np.abs(off_db).max() < 1
    assert abs(off_db.mean()) < 0.1


def test_loudness_of_an_mp3_agrees_with_pyloudnorm_and_with_ffmpeg(session_file: Path) -> None:
    reading, ffmpeg = read(session_file), measured_by_ffmpeg(session_file)
    assert reading.integrated_lufs == pytest.approx(Meter(RATE_HZ).integrated_loudness(decode(session_mp3())), abs=0.1)
    assert reading.integrated_lufs == pytest.approx(ffmpeg["I"], abs=AGREE_LU)
    assert loudness_range_lu(reading.weighted) == pytest.approx(ffmpeg["LRA"], abs=0.5)


@pytest.mark.parametrize("samples", [100, 576, 577, 24_000, 480_000])
def test_an_mp3_has_the_same_samples_read_in_blocks_or_at_once(samples: int, session_file: Path) -> None:
    with meter._decoder(session_file) as sound:
        whole = np.concatenate(list(meter._blocks(session_file, sound, 100 * RATE_HZ)), axis=1)
    with meter._decoder(session_file) as sound:
        blocks = np.concatenate(list(meter._blocks(session_file, sound, samples)), axis=1)
    np.testing.assert_array_equal(blocks, whole)


READ = """
import sys, time
from pathlib import Path
from audioguide.audio.meter import read
print(read(Path(sys.argv[1])).samples, time.process_time())
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory of a process from /proc")
def test_an_hour_takes_less_than_a_minute_of_cpu_time_and_150_mb(tmp_path: Path) -> None:
    total = 60 * session_signal().size
    stream = encode(to_pcm(session_signal())) * 60 + encode(to_pcm(np.zeros(2 * FRAME)))
    path = saved(tmp_path, info_frame(total) + stream)
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, check=True, text=True)
    samples, cpu_s, kilobytes = map(float, done.stdout.split())
    assert samples == total
    assert kilobytes < 150_000  # measured: 55,000
    assert cpu_s < 60  # measured: 9


# --- files that are damaged, or not audio ---


AUDIO = FRAME_BYTES * 500
DAMAGES = {
    "cut off": session_mp3()[: AUDIO + 77],
    "a broken header": session_mp3()[:AUDIO] + b"\0" + session_mp3()[AUDIO + 1 :],
    "ten frames of nothing": session_mp3()[:AUDIO] + bytes(10 * FRAME_BYTES) + session_mp3()[AUDIO + 1920 :],
    "ten frames of noise": session_mp3()[:AUDIO] + b"aB3!" * 480 + session_mp3()[AUDIO + 1920 :],
    "a part missing": session_mp3()[:AUDIO] + session_mp3()[AUDIO + 100 :],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_mp3_has_fewer_samples_and_the_same_up_to_the_damage(
    name: str, session_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reading, whole = read(saved(tmp_path, DAMAGES[name], "damaged.mp3")), read(session_file)
    assert 495 * FRAME < reading.samples < whole.samples
    np.testing.assert_array_equal(reading.power[:495], whole.power[:495])
    assert capfd.readouterr() == ("", "")  # libmpg123 prints messages


def id3(size: int) -> bytes:
    return b"ID3\3\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) + bytes(size)


@pytest.mark.parametrize(
    "data",
    [
        id3(100_000) + session_mp3(),
        id3(3_000_000) + session_mp3(),
        session_mp3() + bytes(5_000),
        session_mp3() + b"TAG" + bytes(125),
        session_mp3() + np.random.default_rng(0).bytes(5_000),
        bytes(3_000) + session_mp3(),
    ],
    ids=["100 kB of tag", "3 MB of tag", "zeros after", "ID3v1 after", "junk after", "zeros before"],
)
def test_bytes_before_and_after_the_audio_do_not_matter(data: bytes, session_file: Path, tmp_path: Path) -> None:
    around, plain = read(saved(tmp_path, data, "around.mp3")), read(session_file)
    assert around.samples == plain.samples
    np.testing.assert_array_equal(around.power, plain.power)


def test_the_length_stated_in_the_info_frame_is_ignored(tmp_path: Path) -> None:
    stated = info_frame(1_000 * session_signal().size) + session_mp3()[FRAME_BYTES:]
    assert read(saved(tmp_path, stated)).samples == pytest.approx(session_signal().size, abs=2 * FRAME)


def test_a_flipped_bit_in_the_audio_does_not_change_the_length(tmp_path: Path) -> None:
    data = bytearray(session_mp3())
    data[AUDIO + 50] ^= 0x10
    assert read(saved(tmp_path, bytes(data))).samples == session_signal().size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"ID3",
        b"RIFF\0\0\0\0WAVE",
        b"# Arrive\n\nLie down.\n" * 500,
        b"\xff" * 10_000,
        bytes(100_000),
        np.random.default_rng(0).bytes(100_000),
        id3(100_000),
        session_mp3()[:FRAME_BYTES],
        session_mp3()[:100],
    ],
    ids=lambda data: f"{len(data)} bytes {data[:4]!r}",
)
@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.raw", "a.vox", "a"])
def test_a_file_that_is_not_audio_is_reported_in_one_line(
    data: bytes, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path, data, name)
    with pytest.raises(InputError, match=re.escape(str(path))) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "none.mp3")
    for impossible in ("a\0b.mp3", "n" * 300):
        with pytest.raises(InputError, match=r"no such file|cannot be read"):
            read(tmp_path / impossible)


def test_a_file_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contains no audio"):
        written(tmp_path, np.zeros(0))


def test_nan_and_infinite_samples_are_refused(tmp_path: Path) -> None:
    for wrong in (np.nan, np.inf):
        with pytest.raises(InputError, match="not numbers"):
            written(tmp_path, np.array([0.0, wrong, 0.0]))


@pytest.mark.parametrize("rate_hz", [1, 7_999, 192_001, 2_000_000])
def test_an_unsupported_rate_is_refused(rate_hz: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"has a rate of {rate_hz} Hz"):
        written(tmp_path, np.zeros(100), rate_hz)


def test_more_than_two_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 6 channels"):
        written(tmp_path, np.zeros((100, 6)))


def test_stderr_works_after_several_files_were_read_at_once(
    session_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len({reading.integrated_lufs for reading in pool.map(read, [session_file] * 8)}) == 1
    print("still there", file=sys.stderr)
    assert capfd.readouterr().err == "still there\n"


def test_a_file_name_that_is_not_valid_unicode(tmp_path: Path) -> None:
    try:
        path = saved(tmp_path, session_mp3(), "na\udcefve.mp3")
    except (OSError, UnicodeEncodeError):
        pytest.skip("this system has no such names")
    assert read(path).samples == session_signal().size


def test_power_and_step_of_a_sine(tmp_path: Path) -> None:
    reading = written(tmp_path, sine(500, 400))
    np.testing.assert_allclose(reading.power, 0.3**2 / 2, rtol=1e-5)
    np.testing.assert_allclose(reading.step[1:], 0.3 * 2 * np.sin(np.pi * 500 / RATE_HZ), rtol=3e-3)
