import itertools
from collections.abc import Callable

import numpy as np
import pytest
from support.audio import Signal, decode, decode_with_ffmpeg, sine, splice

from audioguide.audio import sound
from audioguide.audio.mp3 import DELAY, FRAME_BYTES, encode, info_frame, stream_frames
from audioguide.core.clock import FRAME, RATE_HZ

DECODERS = pytest.mark.parametrize("decoded", [decode, decode_with_ffmpeg])
Decoder = Callable[[bytes], Signal]
WHOLE = 60 * FRAME - DELAY - 529
"""The samples of a stream of exactly 60 frames."""


@DECODERS
@pytest.mark.parametrize(
    "total", [1, 575, 576, 577, 40 * FRAME - 1, 40 * FRAME, 40 * FRAME + 1, 48_000, WHOLE, WHOLE + 1]
)
def test_a_spliced_stream_decodes_to_exactly_the_stated_samples(decoded: Decoder, total: int) -> None:
    count = stream_frames(total)
    edges = sorted({0, count // 5, count // 2, count - 1, count})
    pieces = [sine(200.0 * high, high - low) for low, high in itertools.pairwise(edges)]
    assert decoded(splice(pieces, total)).size == total


@DECODERS
@pytest.mark.parametrize("frame", [0, 1, 7, 30])
@pytest.mark.parametrize("sample", [0, 100, 575, 576, 3000])
def test_a_sound_in_a_piece_is_decoded_at_its_exact_position(decoded: Decoder, frame: int, sample: int) -> None:
    burst = 0.5 * np.hanning(240) * np.sin(2 * np.pi * 1500 * np.arange(240) / RATE_HZ)
    piece = np.zeros(10 * FRAME)
    piece[sample : sample + burst.size] = burst
    before = [sine(300, frame, 0.02)] if frame else []
    decoded_signal = decoded(splice([*before, piece, sine(400, 50 - frame, 0.02)], WHOLE))
    found = int(np.correlate(decoded_signal, burst, "valid").argmax())
    assert found == pytest.approx(frame * FRAME + sample, abs=RATE_HZ // 1000)


def level_db(signal: Signal) -> float:
    return float(10 * np.log10((signal**2).mean()))


@pytest.mark.parametrize("hz", [100, 1000, 5000, 9500])
@pytest.mark.parametrize("amplitude", [0.01, 0.3, 0.8])
def test_the_level_is_kept_within_a_tenth_of_a_decibel(hz: float, amplitude: float) -> None:
    signal = sine(hz, 60, amplitude)
    inside = slice(10 * FRAME, 50 * FRAME)
    decoded_signal = decode(splice([signal], WHOLE))
    assert level_db(decoded_signal[inside]) == pytest.approx(level_db(signal[inside]), abs=0.1)


# Three times the largest step of the tone itself is below -55 dBFS: inaudible as a click even in a quiet room.
CLICK = 3.0


@pytest.mark.parametrize("frames", [(3, 40, 3, 60), (9, 10, 11), (1, 2, 40), (100, 50)])
def test_room_tone_has_no_click_and_no_gap_where_pieces_join(frames: tuple[int, ...]) -> None:
    counts = list(frames) * (300 // sum(frames))
    tone = encode(sound.tone(max(counts)))
    total = sum(counts) * FRAME - DELAY - 529
    decoded_signal = decode(info_frame(total) + b"".join(tone[: count * FRAME_BYTES] for count in counts))
    plain = decode(info_frame(298 * FRAME) + encode(sound.tone(300)))
    assert np.abs(np.diff(decoded_signal)).max() < CLICK * np.abs(np.diff(plain)).max()
    windows = decoded_signal[: decoded_signal.size // 2400 * 2400].reshape(-1, 2400)
    assert min(map(level_db, windows)) > -70


def test_encoding_keeps_the_number_of_frames_and_is_reproducible() -> None:
    pcm = sound.tone(7)
    assert len(encode(pcm)) == 7 * FRAME_BYTES
    assert encode(pcm) == encode(pcm)


@pytest.mark.parametrize("pcm", [b"", bytes(2 * FRAME - 2), bytes(2 * FRAME + 2)])
def test_a_piece_that_is_not_whole_frames_is_refused(pcm: bytes) -> None:
    with pytest.raises(AssertionError, match="whole frames"):
        encode(pcm)


def test_a_day_fits_into_the_info_frame() -> None:
    assert len(info_frame(24 * 3600 * RATE_HZ)) == FRAME_BYTES
