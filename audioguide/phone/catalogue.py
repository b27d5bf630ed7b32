"""The sessions in a folder, according to the tags of its MP3 files; nothing after the tag is read."""

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

_TAG_HEADER = 10
_MAX_TAG = 16 << 20
"""Bytes; more than any tag of ours: a cover of 200 kB, a manifest, and the lyrics of a day."""
_DEFAULT_FOLDER = Path("output")
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class SessionFile:
    """An MP3 file that audioguide built."""

    audio: FileSlice
    """The whole file."""
    digest: str
    """SHA-256 of the tag. The tag contains the digest of everything after it, so other files have other digests."""
    manifest: Manifest
    practice: str
    """The title of the practice."""
    cover: FileSlice | None
    """A JPEG."""

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return self.audio.path.stem

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.manifest.timeline.total / RATE_HZ


class Catalogue:
    """The sessions of one folder; a file is read again only after it has changed."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, without its subfolders.

        Raises:
            InputError: there is no such folder.
        """
        self.folder = folder
        self._known: dict[tuple[Path, FileStamp], SessionFile | None] = {}
        if not folder.is_dir():
            problem = f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}"
            raise InputError(f"{problem}; {advice(folder)}")

    def scan(self) -> tuple[SessionFile, ...]:
        """Return the sessions that are in the folder now, the shortest first; identical copies count once.

        Files of another kind or origin, rehearsals, single steps, and incomplete or unreadable files are skipped.
        """
        known = {key: self._known[key] if key in self._known else _read_session(*key) for key in _files(self.folder)}
        self._known = known
        unique = {file.digest: file for file in reversed(known.values()) if file}
        return tuple(sorted(unique.values(), key=lambda file: (file.manifest.timeline.total, file.stem)))


def advice(folder: Path) -> str:
    """Return what to do about a folder without sessions."""
    other = "name the folder where your sessions are"
    if folder.exists() and not folder.is_dir():
        return other
    if folder == _DEFAULT_FOLDER:
        return "build a session first: audioguide build 20"
    return f"{other}, or build one there: audioguide build 20 --out {folder / 'session.mp3'}"


def read_mp3(path: Path, stamp: FileStamp) -> SessionFile | None:
    """Return what is known about an MP3 that audioguide built; None for any other file, or an incomplete one."""
    try:
        with path.open("rb") as file:
            header = file.read(_TAG_HEADER)
            size = tag_size(header)
            tag = header + file.read(size - _TAG_HEADER) if _TAG_HEADER < size <= _MAX_TAG else b""
    except OSError:
        return None
    manifest = from_bytes(private_frame(tag, OWNER) or b"")
    if manifest is None or not _is_complete(stamp, len(tag), manifest):
        return None
    return SessionFile(
        audio=FileSlice(path, stamp, 0, stamp.size),
        digest=sha256(tag).hexdigest(),
        manifest=manifest,
        practice=album(tag) or manifest.practice,
        cover=_cover(path, stamp, tag),
    )


def _files(folder: Path) -> Iterator[tuple[Path, FileStamp]]:
    """Yield the regular files of a folder that may be sessions, by name."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".mp3" and path.name[0] != ".")
    except OSError:  # the folder was removed; it may come back
        return
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            if S_ISREG(status.st_mode):
                yield path, FileStamp.of(status)


def _read_session(path: Path, stamp: FileStamp) -> SessionFile | None:
    session_file = read_mp3(path, stamp)
    return session_file if session_file and _is_session(session_file.manifest) else None


def _is_session(manifest: Manifest) -> bool:
    """Return whether it is a whole session, not a single step or a rehearsal."""
    options = manifest.options
    return bool(manifest.practice) and not options.get("only") and not options.get("rehearsal")


def _is_complete(stamp: FileStamp, tag_bytes: int, manifest: Manifest) -> bool:
    """Return whether the file has its full size: another program may still be copying it."""
    return stamp.size == tag_bytes + (1 + stream_frames(manifest.timeline.total)) * FRAME_BYTES


def _cover(path: Path, stamp: FileStamp, tag: bytes) -> FileSlice | None:
    """Return the part of the file that is the cover, if that is a JPEG."""
    picture = cover(tag)
    if not picture or not picture.startswith(_JPEG):
        return None
    return FileSlice(path, stamp, tag.index(picture), len(picture))
