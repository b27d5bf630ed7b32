"""A planned session, and the MP3 and caption files that it is written to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from audioguide.audio.id3 import About, Lyrics, id3, tag_size
from audioguide.core.model import Clip, Phrase, Timeline
from audioguide.session.cover import cached_cover, cover_data
from audioguide.session.manifest import OWNER, Manifest, to_bytes
from audioguide.session.pieces import Pieces
from audioguide.speech.voices import Voice
from audioguide.storage.atomic import Draft, atomic_file
from audioguide.storage.store import Store
from audioguide.timeline.captions import captions, spoken


@dataclass(frozen=True, slots=True)
class Session:
    """A session that can be written: every phrase is spoken and has its position."""

    about: About
    voice: Voice
    timeline: Timeline
    clips: Mapping[Phrase, Clip]
    spoken: int
    """Phrases that were not in the store."""
    manifest: Manifest
    """What the session is made of; without the digest of the frames, which only the file has."""


def write_mp3(session: Session, draft: Draft, store: Store) -> None:
    """Write the tag and the frames, then the tag again with the digest of the frames; its size does not change.

    Raises:
        DamagedError: a clip in the store is damaged.
        OutputError: the file cannot be written.
    """
    picture = _cover(session, store)
    draft.write(_tag(session, session.manifest, picture))
    digest = sha256()
    for part in Pieces(store).stream(session.timeline, session.clips):
        digest.update(part)
        draft.write(part)
    draft.overwrite_start(_tag(session, replace(session.manifest, sha256=digest.hexdigest()), picture))


def is_up_to_date(session: Session, path: Path, store: Store) -> bool:
    """Return whether a file already contains this session: its tag is the one to be written before these frames."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    size = tag_size(data)
    digest = sha256(memoryview(data)[size:]).hexdigest()
    return data[:size] == _tag(session, replace(session.manifest, sha256=digest), _cover(session, store))


def write_captions(session: Session, out: Path, kinds: Iterable[str]) -> None:
    """Write captions of each kind next to the MP3 at out.

    Raises:
        OutputError: a file cannot be written.
    """
    for kind in kinds:
        with atomic_file(out.with_suffix(f".{kind}"), f".{kind}") as draft:
            draft.write(captions(kind, session.timeline, session.about.title).encode())


def _cover(session: Session, store: Store) -> bytes:
    return cached_cover(store, cover_data(session.about.album, session.timeline))


def _tag(session: Session, manifest: Manifest, picture: bytes) -> bytes:
    about, timeline = session.about, session.timeline
    lines = tuple((start, text) for start, _, text in spoken(timeline))
    lyrics = Lyrics(captions("txt", timeline, about.title), lines)
    return id3(about, timeline.chapters, timeline.total, (OWNER, to_bytes(manifest)), lyrics=lyrics, picture=picture)
