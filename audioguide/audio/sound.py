"""Makes the PCM of each piece: trimmed speech with soft edges over room tone, bells, ticks. The only user of pydub.

PCM is mono, signed 16-bit little-endian, 24 kHz. Pieces are whole frames of 24 ms, so pydub's milliseconds are exact.
"""

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from audioguide.audio.loudness import TARGET_LUFS, gain, limit, momentary_maximum
from audioguide.core.clock import FRAME, FRAME_MS, LEAD, RATE_HZ, TAIL, TICK, frames_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 3
"""Raised when the sound of pieces changes, so that cached pieces of the old sound are not used."""
TONE_DBFS = -62.0
"""RMS of the room tone: high enough to keep loudspeakers from switching off, low enough not to be noticed."""
BELL_UNDER_LU = 6.0
TICK_UNDER_LU = 12.0
SWELL = 100
"""Frames (2.4 s) in which the room tone rises before an announced phrase."""
SWELL_DB = 9.0
"""How far it rises: audible, but still far below any word."""
SOFT_ENTRY_DB, SOFT_ENTRY_S = -3.0, 0.5
"""Level at the start of an announced phrase, and the time in which it rises to 0 dB. This costs 0.2 LU; a longer rise
would cost more."""

_TONE_EDGE_HZ = 1_000
_TONE_SEED = 1
_TONE_EVEN_S = 0.1
"""Time over which the level of the tone is equalized; noise this narrow would otherwise vary by 1.5 dB."""
_LOOP = frames_for(20 * RATE_HZ)
"""Frames of tone that are generated once and repeated under all phrases."""
_SILENCE_DBFS = -55.0
_ONSET_DB = 2.0
"""A level this far above silence is certainly speech. Before a k, a voice may hiss for 60 ms just above silence, which
would make captions early by as much. Only whole frames of it are cut, so that words keep their position in a frame."""
_STEP_MS = 5
_CLIPPED = 32_766 / 32_768
_KEPT_BEFORE_MS, _KEPT_AFTER_MS = 15, 60
"""Silence kept around the speech, so that no fade touches a consonant; if the engine left less before it, it is added.
"""
_FADE_IN_MS, _FADE_OUT_MS = 12, 20
_BELL_S, _STROKE_EVERY_S, _BELL_ATTACK_S = 7.0, 4.0, 0.04
_BELL_PARTIALS = ((1.0, 1.0, 3.0), (2.0, 0.45, 2.0), (2.76, 0.25, 1.4), (4.07, 0.1, 0.8), (5.4, 0.05, 0.5))
"""(frequency ratio to the fundamental, amplitude, seconds to decay to 1/e)."""
_BELL_HZ = 264.0
_TICK_HZ, _TICK_ATTACK_S, _TICK_DECAY_S = 880.0, 0.01, 0.012
"""Like a knuckle on wood, with an attack slow enough not to click."""


def conform(pcm: bytes, rate_hz: int, silence_dbfs: float = _SILENCE_DBFS) -> bytes:
    """Return an engine's recording at 24 kHz without the silence around it; empty if all of it is silent."""
    speech = _segment(pcm if rate_hz == RATE_HZ else _resample(pcm, rate_hz))
    before, onset = (_leading_silence_ms(speech, silence_dbfs + above_db) for above_db in (0.0, _ONSET_DB))
    if before >= len(speech):
        return b""
    before += (onset - before) // FRAME_MS * FRAME_MS if onset < len(speech) else 0
    after = _leading_silence_ms(speech.reverse(), silence_dbfs)
    kept = speech[max(0, before - _KEPT_BEFORE_MS) : len(speech) - max(0, after - _KEPT_AFTER_MS)]
    added = b"\0\0" * (max(0, _KEPT_BEFORE_MS - before) * RATE_HZ // 1000)
    return added + bytes(kept.raw_data)


def sounding_samples(pcm: bytes) -> int:
    """Return the number of samples in a recording that are not silence."""
    import numpy as np

    window = RATE_HZ * _STEP_MS // 1000
    signal = to_signal(pcm)
    power = (signal[: signal.size // window * window].reshape(-1, window) ** 2).mean(axis=1)
    return int(np.count_nonzero(power > 10 ** (_SILENCE_DBFS / 10))) * window


def clipped_share(pcm: bytes) -> float:
    """Return the share (0 to 1) of a recording's samples that are at full scale."""
    import numpy as np

    return float(np.mean(np.abs(to_signal(pcm)) >= _CLIPPED))


def lead_frames(announced: bool) -> int:
    """Return the frames of tone before the speech in a phrase's piece."""
    return SWELL if announced else LEAD


def phrase(pcm: bytes, gain_db: float, announced: bool = False) -> bytes:
    """Return the piece of a phrase: speech at the session's level with soft edges over room tone, in whole frames.

    Args:
        pcm: the speech.
        gain_db: brings the speech to its level.
        announced: whether the tone swells before the speech, and the speech enters softly.
    """
    lead = lead_frames(announced)
    length = lead + frames_for(len(pcm) // 2) + TAIL
    levelled = limit(gain(to_signal(pcm), gain_db))
    speech = _segment(_to_pcm(_soft_entry(levelled) if announced else levelled))
    faded = speech.fade_in(_FADE_IN_MS).fade_out(_FADE_OUT_MS)
    room = looped_tone(length)
    room = _to_pcm(_swell(to_signal(room), levelled.size)) if announced else room
    return bytes(_segment(room).overlay(faded, position=lead * FRAME_MS).raw_data)


def _soft_entry(speech: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return speech with a rising level in its first half second."""
    import numpy as np

    steps = round(SOFT_ENTRY_S * RATE_HZ)
    rise_db = np.linspace(SOFT_ENTRY_DB, 0, steps)[: speech.size]
    softened = speech.copy()
    softened[: rise_db.size] *= 10 ** (rise_db / 20)
    return softened


def _swell(noise: "NDArray[np.float64]", speech_samples: int) -> "NDArray[np.float64]":
    """Return a piece's tone with a swell up to the start of the speech, and a fall under the soft entry of the speech.

    Args:
        noise: the tone.
        speech_samples: the length of the speech; the fall is over by its end.
    """
    import numpy as np

    up = np.linspace(0, 1, SWELL * FRAME)
    down = np.linspace(1, 0, min(round(SOFT_ENTRY_S * RATE_HZ), speech_samples))
    share = np.concatenate([up, down, np.zeros(noise.size)])[: noise.size]
    swelled: NDArray[np.float64] = noise * 10 ** (SWELL_DB * np.sin(np.pi / 2 * share) ** 2 / 20)
    return swelled


def tone(frame_count: int) -> bytes:
    """Return room tone: low-pass noise, the same each time, with the same level in every tenth of a second."""
    import numpy as np

    length = frame_count * FRAME
    spectrum = np.fft.rfft(np.random.default_rng(_TONE_SEED).standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    spectrum *= 1 / (1 + (hz / _TONE_EDGE_HZ) ** 4)
    spectrum[hz < 30] = 0
    noise = np.fft.irfft(spectrum, length)
    return _to_pcm(noise / _running_rms(noise) * 10 ** (TONE_DBFS / 20))


def looped_tone(frame_count: int) -> bytes:
    """Return the room tone under speech: a stretch of tone, repeated without an audible seam."""
    loop = _loop()
    size = frame_count * FRAME * 2
    return (loop * -(-size // len(loop)))[:size]


@cache
def _loop() -> bytes:
    return tone(_LOOP)


def _running_rms(noise: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    reach = round(_TONE_EVEN_S * RATE_HZ / 2)
    upto = np.concatenate([[0.0], np.cumsum(np.pad(noise, reach, mode="wrap") ** 2)])
    running: NDArray[np.float64] = np.sqrt((upto[2 * reach :] - upto[: -2 * reach])[: noise.size] / (2 * reach))
    return running


def opening(frame_count: int) -> bytes:
    """Return room tone that fades in."""
    return bytes(_segment(tone(frame_count)).fade_in(frame_count * FRAME_MS).raw_data)


def closing(samples: int, frame_count: int) -> bytes:
    """Return room tone that fades out over samples, then digital silence up to the end of the last frame."""
    import numpy as np

    faded = to_signal(tone(frame_count))
    faded[:samples] *= np.linspace(1, 0, samples)
    faded[samples:] = 0
    return _to_pcm(faded)


def bell_frames(strokes: int) -> int:
    """Return the length of a bell in frames."""
    return frames_for(round((_BELL_S + (strokes - 1) * _STROKE_EVERY_S) * RATE_HZ))


def bell(strokes: int) -> bytes:
    """Return a bell over room tone: 6 LU below speech at its loudest, with a slow attack and a long decay."""
    import numpy as np

    length = LEAD + bell_frames(strokes) + TAIL
    rung = np.zeros(length * FRAME)
    stroke = _stroke()
    for nth in range(strokes):
        at = LEAD * FRAME + round(nth * _STROKE_EVERY_S * RATE_HZ)
        rung[at : at + stroke.size] += stroke
    rung = gain(rung, TARGET_LUFS - BELL_UNDER_LU - momentary_maximum(rung))
    return _to_pcm(rung + to_signal(tone(length)))


def tick() -> bytes:
    """Return a tick over room tone: 12 LU below speech at its loudest, over within its three frames."""
    import numpy as np

    length = LEAD + TICK + TAIL
    at = np.arange(TICK * FRAME) / RATE_HZ
    attack = np.sin(np.pi / 2 * np.minimum(1, at / _TICK_ATTACK_S)) ** 2
    release = np.minimum(1, (at[-1] - at) / (at[-1] / 3))
    knock = np.exp(-at / _TICK_DECAY_S) * np.sin(2 * np.pi * _TICK_HZ * at) * attack * release
    sounded = np.pad(knock, (LEAD * FRAME, TAIL * FRAME))
    sounded = gain(sounded, TARGET_LUFS - TICK_UNDER_LU - momentary_maximum(sounded))
    return _to_pcm(sounded + to_signal(tone(length)))


@cache
def _stroke() -> "NDArray[np.float64]":
    import numpy as np

    at = np.arange(round(_BELL_S * RATE_HZ)) / RATE_HZ
    partials = [
        amplitude * np.exp(-at / decay_s) * np.sin(2 * np.pi * _BELL_HZ * ratio * at)
        for ratio, amplitude, decay_s in _BELL_PARTIALS
    ]
    attack = np.sin(np.pi / 2 * np.minimum(1, at / _BELL_ATTACK_S)) ** 2
    release = np.minimum(1, (at[-1] - at) / (_BELL_S / 3))
    stroke: NDArray[np.float64] = sum(partials) * attack * release
    return stroke


def to_signal(pcm: bytes) -> "NDArray[np.float64]":
    """Return PCM as floats; full scale is 1.0."""
    import numpy as np

    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32768


def _to_pcm(signal: "NDArray[np.float64]") -> bytes:
    import numpy as np

    return np.clip(np.rint(signal * 32768), -32768, 32767).astype("<i2").tobytes()


def _resample(pcm: bytes, rate_hz: int) -> bytes:
    import soxr

    return _to_pcm(soxr.resample(to_signal(pcm), rate_hz, RATE_HZ))


def _leading_silence_ms(segment: Any, silence_dbfs: float) -> int:
    from pydub.silence import detect_leading_silence

    return int(detect_leading_silence(segment, silence_threshold=silence_dbfs, chunk_size=_STEP_MS))


def _segment(pcm: bytes) -> Any:
    """Return a pydub AudioSegment, without pydub's warnings about ffmpeg and audioop, which do not apply here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment(data=pcm, sample_width=2, frame_rate=RATE_HZ, channels=1)
