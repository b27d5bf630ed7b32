"""MP3 frames: encodes pieces, makes the Info frame at the start of a stream, and reads the frame headers of any MP3.

Every frame is MPEG-2 Layer III, 24 kHz, mono, 64 kb/s: 576 samples, 24 ms, 192 bytes, never padded. The first frame of
a new encoder never refers to earlier bytes, and no frame to later ones, so the frames of pieces can be concatenated.
Each piece begins 1105 samples (encoder 576, decoder 529) before its first sample; the Info frame tells decoders to drop
that many at the start, so that sample i of a piece at frame F is decoded as sample F * 576 + i.
"""

from dataclasses import dataclass
from functools import cache

from audioguide.core.clock import FRAME, RATE_HZ, frames_for

KBPS = 64
FRAME_BYTES = 192
DELAY = 576
"""Samples that the encoder adds at the start, as stated in the Info frame."""
_DECODER_DELAY = 529
_HEADER = bytes.fromhex("fff384c4")
"""Sync, MPEG-2 Layer III without CRC, 64 kb/s at 24 kHz, mono, original."""
_SIDE_INFO = 9
_XING_FLAGS = 0x0F
"""Frame count, byte count, seek table and quality follow."""
_LAME_QUALITY = 5
"""From LAME's range of 0 (slow) to 9. For twenty phrases of the natural voice, signal-to-noise ratio and log-spectral
distance are 20.7 and 3.5 dB at 2, 24.0 and 3.2 at 3, 23.5 and 3.3 at 5, 26.2 and 4.5 at 7; 5 takes 40 % of the time
of 2.
"""
_SYNC = 0x7FF
_HZ = (44_100, 48_000, 32_000)
_KBPS = {  # is MPEG-1
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of Layer III by index: MPEG-1, and the lower sampling rates (ISO/IEC 11172-3, 13818-3)."""
_LAME_SCALE = 0.95
"""LAME's preset for this bit rate scales its input by this factor (measured at 200 Hz to 10 kHz)."""


def stream_frames(samples: int) -> int:
    """Return the number of frames from which a decoder can output this many samples.

    >>> stream_frames(576 * 10)
    12
    """
    return frames_for(samples + DELAY + _DECODER_DELAY)


def encode(pcm: bytes) -> bytes:
    """Return the MP3 frames of a piece, as many as it has frames of PCM, at the same level.

    Args:
        pcm: mono, signed 16-bit, 24 kHz, in whole frames.
    """
    import lameenc
    import numpy as np

    louder = np.rint(np.frombuffer(pcm, "<i2") / _LAME_SCALE)
    count, rest = divmod(len(pcm), 2 * FRAME)
    assert count and not rest, "a piece is whole frames"
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_bit_rate(KBPS)
    encoder.set_quality(_LAME_QUALITY)
    stream = bytes(encoder.encode(np.clip(louder, -32768, 32767).astype("<i2").tobytes())) + bytes(encoder.flush())
    kept = stream[: count * FRAME_BYTES]
    if len(kept) != count * FRAME_BYTES or any(
        kept[at : at + 3] != _HEADER[:3] for at in range(0, len(kept), FRAME_BYTES)
    ):
        raise AssertionError("the encoder's frames cannot be spliced")
    return kept


@cache
def encoder_version() -> str:
    """Return version and settings of the encoder; encoded pieces can differ if this differs."""
    from importlib.metadata import version

    return f"lameenc {version('lameenc')}, {KBPS} kb/s, quality {_LAME_QUALITY}"


def info_frame(samples: int) -> bytes:
    """Return the Info frame for a stream of stream_frames(samples) frames.

    It contains LAME's Info tag, whose delay and padding make a decoder return exactly this many samples. The CRC of the
    audio is left at zero: decoders do not check it, and it would cost a pass over the whole file.
    """
    count = stream_frames(samples)
    padding = count * FRAME - DELAY - samples
    tag = b"Info" + _XING_FLAGS.to_bytes(4)
    tag += count.to_bytes(4) + ((count + 1) * FRAME_BYTES).to_bytes(4)
    tag += bytes(index * 256 // 100 for index in range(100)) + (0).to_bytes(4)
    tag += b"LAME3.100" + bytes([0x01, 0])  # revision 0, constant bit rate; low-pass not stated
    tag += bytes(8) + bytes([0, KBPS]) + ((DELAY << 12) | padding).to_bytes(3)
    tag += bytes([0, 0]) + bytes(2) + ((count + 1) * FRAME_BYTES).to_bytes(4) + bytes(2)
    head = _HEADER + bytes(_SIDE_INFO) + tag
    head += _crc16(head).to_bytes(2)
    return head + bytes(FRAME_BYTES - len(head))


def _crc16(data: bytes) -> int:
    """Return CRC-16/ARC, the checksum of the Info tag.

    >>> hex(_crc16(b"123456789"))
    '0xbb3d'
    """
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc


@dataclass(frozen=True, slots=True)
class Stream:
    """Properties of an MP3 stream, read from its frame headers without decoding."""

    frames: int
    """Frames of audio, without the Info or Xing frame at the start."""
    kbps: frozenset[int]
    """All bit rates that occur."""
    stray_bytes: int
    """Bytes between and after the frames."""
    has_info: bool
    stated_frames: int | None
    """The frame count in the Info frame; None if it has none."""


def read_stream(data: bytes, start: int = 0) -> Stream:
    """Return the properties of the stream from start on: Layer III of any version; damaged frames are skipped."""
    at, stray = min(start, len(data)), 0
    rates: list[int] = []
    info = -1
    while at + 4 <= len(data):
        kbps, size, side_info = _frame_at(data, at)
        if not size or at + size > len(data):
            following = data.find(b"\xff", at + 1)
            stray += (following if following > 0 else len(data)) - at
            at = following if following > 0 else len(data)
            continue
        if not rates and info < 0 and data[at + 4 + side_info :][:4] in (b"Info", b"Xing"):
            info = at + 4 + side_info
        else:
            rates.append(kbps)
        at += size
    counts = 0 <= info <= len(data) - 12 and data[info + 7] & 1
    stated = int.from_bytes(data[info + 8 : info + 12]) if counts else None
    return Stream(len(rates), frozenset(rates), stray + len(data) - at, info >= 0, stated)


def _frame_at(data: bytes, at: int) -> tuple[int, int, int]:
    """Return (kb/s, frame bytes, side information bytes) from the header at an index, or zeros if there is none."""
    head = int.from_bytes(data[at : at + 4])
    version, layer, rate, hz = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != _SYNC or layer != 1 or version == 1 or rate in (0, 15) or hz == 3:
        return 0, 0, 0
    is_mpeg1 = version == 3
    kbps = _KBPS[is_mpeg1][rate - 1]
    size = (144_000 if is_mpeg1 else 72_000) * kbps // (_HZ[hz] >> (3 - version if version else 2)) + (head >> 9 & 1)
    is_mono = head >> 6 & 3 == 3
    return kbps, size, {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}[is_mpeg1, is_mono]
