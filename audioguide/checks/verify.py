"""Decodes a finished MP3 with a decoder unrelated to our encoder, and checks it against limits and its own plan.

The plan is in the file (see manifest). Without one, the checks that need it are skipped or have no verdict.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from audioguide.audio import id3
from audioguide.audio.meter import Reading, read
from audioguide.audio.mp3 import Stream, read_stream
from audioguide.checks.measurements import Check, inspect
from audioguide.core.clock import FRAME_MS, RATE_HZ, clock
from audioguide.core.errors import InputError
from audioguide.core.model import Timeline
from audioguide.session.manifest import OWNER, Manifest, from_bytes

SCHEMA = 1
"""Increased when the JSON changes; docs/verify.schema.json describes it."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """The checks of one file, with their results."""

    file: str
    manifest: Manifest | None
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.passed is not False for check in self.checks)

    def as_json(self) -> dict[str, object]:
        """Return the object printed by --json."""
        checks = [asdict(check) for check in self.checks]
        head = {"schema": SCHEMA, "file": self.file, "passed": self.passed, "has_manifest": self.manifest is not None}
        return {**head, "checks": checks}


def verify(path: Path) -> FileReport:
    """Return the measurements of an MP3, each with its limit.

    Raises:
        InputError: the file cannot be read or decoded.
    """
    reading = read(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    size = id3.tag_size(data[:10])
    tag, frames = data[:size], memoryview(data)[size:]
    manifest = from_bytes(id3.private_frame(tag, OWNER) or b"")
    timeline = manifest.timeline if manifest else None
    checks = [*_file(reading, read_stream(data, size), timeline), *inspect(reading, timeline)]
    if manifest:
        checks = [_digest(frames, manifest), *checks, _chapters(tag, manifest.timeline)]
    return FileReport(str(path), manifest, tuple(checks))


def _digest(frames: memoryview, manifest: Manifest) -> Check:
    same = sha256(frames).hexdigest() == manifest.sha256
    return Check("bytes after the tag", "as written" if same else "changed", "", "as written", same)


def _file(reading: Reading, stream: Stream, timeline: Timeline | None) -> Iterator[Check]:
    exact = bool(timeline and reading.samples == timeline.total and reading.rate_hz == RATE_HZ)
    limit = f"exactly {timeline.total}" if timeline else ""
    yield Check("length", reading.samples, f"samples at {reading.rate_hz} Hz", limit, exact if timeline else None)
    stray = f" and {stream.stray_bytes} stray bytes" if stream.stray_bytes else ""
    rates = ", ".join(str(rate) for rate in sorted(stream.kbps)) or "no frames"
    constant = len(stream.kbps) == 1 and not stray
    yield Check("bit rate of all frames", rates + stray, "kb/s", "constant", constant)
    stated = "none" if not stream.has_info else f"{stream.stated_frames} frames"
    complete = stream.has_info and stream.stated_frames == stream.frames
    yield Check("Info header", stated, "", f"{stream.frames} frames", complete)


def _chapters(tag: bytes, timeline: Timeline) -> Check:
    """Check that the tag has the planned chapters: from 0 to the end of the session, each up to the next one."""
    starts = [mark.start * FRAME_MS for mark in timeline.chapters]
    ends = [*starts[1:], timeline.total * 1000 // RATE_HZ][: len(starts)]
    planned = [(start, end, mark.title) for start, end, mark in zip(starts, ends, timeline.chapters, strict=True)]
    written = id3.read_chapters(tag)
    right = written == planned and (not planned or planned[0][0] == 0)
    first_wrong = next((end for one, (_, end, _) in zip(written, planned, strict=False) if one not in planned), 0)
    where = "" if right else f", not as planned before {clock(first_wrong * RATE_HZ // 1000)}"
    return Check("chapters in sequence", f"{len(written)}{where}", "", f"the {len(planned)} planned", right)
