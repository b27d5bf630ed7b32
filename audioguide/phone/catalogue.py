"""Which sessions stand in a folder: read from the tags at the head of its MP3s, and nothing behind them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from audioguide.audio.id3 import album, cover, private_frame, tag_size
from audioguide.audio.mp3 import FRAME_BYTES, stream_frames
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import InputError
from audioguide.session.manifest import OWNER, Manifest, from_bytes
from audioguide.storage.file_stamp import FileStamp
from audioguide.web.resource import FileSlice

_HEAD = 10
_USUAL = Path("output")
_MOST_TAG = 16 << 20
"""More bytes than any tag of ours takes: a cover of 200 kB, a manifest, and lyrics of a day."""
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class SessionFile:
    """A session in the folder."""

    audio: FileSlice
    """The whole file."""
    digest: str
    """SHA-256 of the tag, which holds the digest of all that stands behind it: another file, another digest."""
    manifest: Manifest
    practice: str
    """Its title."""
    cover: FileSlice | None
    """A JPEG."""

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.audio.path.stem

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.manifest.timeline.total / RATE_HZ


class Catalogue:
    """The sessions of one folder; a file that has not changed is read once."""

    def __init__(self, folder: Path) -> None:
        """Look into folder, and not into the folders in it.

        Raises:
            InputError: there is no such folder.
        """
        self.folder = folder
        self._known: dict[tuple[Path, FileStamp], SessionFile | None] = {}
        if not folder.is_dir():
            what = f"{folder} is no folder" if folder.exists() else f"there is no folder {folder}"
            raise InputError(f"{what}; {advice(folder)}")

    def look(self) -> tuple[SessionFile, ...]:
        """Return the sessions that are there now, the shortest first; of copies only one.

        Files of another kind or origin, rehearsals, single steps, unfinished and unreadable files are passed over.
        """
        known = {key: self._known[key] if key in self._known else _session(*key) for key in _files(self.folder)}
        self._known = known
        found = {entry.digest: entry for entry in reversed(known.values()) if entry}
        return tuple(sorted(found.values(), key=lambda entry: (entry.manifest.timeline.total, entry.stem)))


def advice(folder: Path) -> str:
    """Return what to do about a folder without sessions: a build writes into output, unless it is told otherwise."""
    other = "name the folder where your sessions are"
    if folder.exists() and not folder.is_dir():
        return other
    if folder == _USUAL:
        return "build a session first: audioguide build 20"
    return f"{other}, or build one there: audioguide build 20 --out {folder / 'session.mp3'}"


def _files(folder: Path) -> Iterator[tuple[Path, FileStamp]]:
    """Yield the ordinary files of a folder that may be sessions, by name."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".mp3" and path.name[0] != ".")
    except OSError:  # the folder is gone; it may come back
        return
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            if S_ISREG(status.st_mode):
                yield path, FileStamp.of(status)


def read(path: Path, stamp: FileStamp) -> SessionFile | None:
    """Return what an MP3 of ours is, or None for any other file, and one that is not all there."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            size = tag_size(head)
            tag = head + file.read(size - _HEAD) if _HEAD < size <= _MOST_TAG else b""
    except OSError:
        return None
    manifest = from_bytes(private_frame(tag, OWNER) or b"")
    if manifest is None or not _is_whole(stamp, len(tag), manifest):
        return None
    return SessionFile(
        audio=FileSlice(path, stamp, 0, stamp.size),
        digest=sha256(tag).hexdigest(),
        manifest=manifest,
        practice=album(tag) or manifest.practice,
        cover=_cover(path, stamp, tag),
    )


def _session(path: Path, stamp: FileStamp) -> SessionFile | None:
    entry = read(path, stamp)
    return entry if entry and _is_session(entry.manifest) else None


def _is_session(manifest: Manifest) -> bool:
    """Return whether it is a session to lie down with, and no part or rehearsal of one."""
    options = manifest.options
    return bool(manifest.practice) and not options.get("only") and not options.get("rehearsal")


def _is_whole(stamp: FileStamp, tag: int, manifest: Manifest) -> bool:
    """Return whether all of a file is there: another program may still be copying it."""
    return stamp.size == tag + (1 + stream_frames(manifest.timeline.total)) * FRAME_BYTES


def _cover(path: Path, stamp: FileStamp, tag: bytes) -> FileSlice | None:
    """Return where in the file the picture of its tag stands, if that is a JPEG."""
    picture = cover(tag)
    if not picture or not picture.startswith(_JPEG):
        return None
    return FileSlice(path, stamp, tag.index(picture), len(picture))
