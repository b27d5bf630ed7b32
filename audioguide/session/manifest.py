"""PURE. The manifest: a description of a session inside its MP3, sufficient to check the file and to build it again.

It is compact JSON with sorted keys, without paths, dates or names of machines, so that the same session has the same
bytes everywhere. Positions and lengths are frames of 24 ms.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audioguide.core.clock import FRAME
from audioguide.core.model import ORDINARY, Bell, Manner, Phrase, Placed, Sound, Source, Tick, Timeline

FORMAT = 1
OWNER = "audioguide"
"""The owner of the private frame (PRIV) in the ID3 tag that contains it."""
_UNSIGNED = "0" * 64
_NOWHERE = Source("session", 1)
_MAX_COUNT = 1 << 40
_MAX_LEVEL_DB = 60


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a session."""

    title: str
    practice: str
    language: str
    voice: Mapping[str, object]
    """Keys name, engine and, unless it is a recorded voice, pace_wpm."""
    options: Mapping[str, object]
    """The options of the request: ending, guidance, grounding, bell, length_samples, settings, ..."""
    versions: Mapping[str, str]
    """Of audioguide, engine and encoder."""
    timeline: Timeline
    sound: str = ""
    """Digest of the pieces of the session: differs if any word, its pronunciation or its level differs."""
    sha256: str = _UNSIGNED
    """Of all bytes after the tag."""


def to_bytes(manifest: Manifest) -> bytes:
    """Return the manifest as stored in the tag; its size does not depend on sha256."""
    timeline = manifest.timeline
    body = {
        "format": FORMAT,
        "title": manifest.title,
        "practice": manifest.practice,
        "language": manifest.language,
        "voice": dict(manifest.voice),
        "options": dict(manifest.options),
        "versions": dict(manifest.versions),
        "samples": timeline.total,
        "frames": timeline.frames,
        "closing": timeline.closing,
        "chapters": [[mark.start, mark.title] for mark in timeline.chapters],
        "sounds": [_sound(sound) for sound in timeline.sounds],
        "sound": manifest.sound,
        "sha256": manifest.sha256,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def from_bytes(data: bytes) -> Manifest | None:
    """Return the manifest in data, or None if there is none that this version can read."""
    try:
        body = json.loads(data)
        return _manifest(body) if body["format"] == FORMAT else None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def _manifest(body: dict[str, Any]) -> Manifest:
    return Manifest(
        title=str(body["title"]),
        practice=str(body["practice"]),
        language=str(body["language"]),
        voice=dict(body["voice"]),
        options=dict(body["options"]),
        versions={key: str(value) for key, value in body["versions"].items()},
        timeline=_timeline(body),
        sound=str(body.get("sound", "")),
        sha256=str(body["sha256"]),
    )


def _timeline(body: dict[str, Any]) -> Timeline:
    """Return the timeline.

    Raises:
        ValueError: positions are not whole numbers, not in order, or outside the session.
    """
    total, frames, closing = (_count(body[key]) for key in ("samples", "frames", "closing"))
    chapters = tuple(Placed(_count(start), str(title)) for start, title in body["chapters"])
    sounds = tuple(_read_sound(entry) for entry in body["sounds"])
    edges = [0, *(edge for sound in sounds for edge in (sound.start, sound.end)), frames]
    if edges != sorted(edges) or not (frames - 1) * FRAME < total <= frames * FRAME:
        raise ValueError("not a timeline")
    return Timeline(sounds, chapters, total, frames, closing)


def _sound(sound: Sound) -> dict[str, object]:
    entry: dict[str, object] = {"at": sound.start, "for": sound.length}
    match sound.cue:
        case Bell(strokes=strokes):
            return entry | {"bell": strokes}
        case Tick():
            return entry | {"tick": True}
        case Phrase(text=text, manner=manner):
            changed = {"pace": manner.pace, "level_db": manner.level_db} if manner != ORDINARY else {}
            return entry | {"say": text} | changed | ({"announced": True} if sound.announced else {})


def _read_sound(entry: dict[str, Any]) -> Sound:
    start, length = _count(entry["at"]), _count(entry["for"])
    if "bell" in entry:
        return Sound(start, length, Bell(_count(entry["bell"]), _NOWHERE))
    if entry.get("tick") is True:
        return Sound(start, length, Tick())
    manner = Manner(float(entry.get("pace", 1)), float(entry.get("level_db", 0)))
    if not length or not abs(manner.level_db) <= _MAX_LEVEL_DB:
        raise ValueError("not a phrase")
    return Sound(start, length, Phrase(str(entry["say"]), _NOWHERE, manner), bool(entry.get("announced")))


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _MAX_COUNT:
        raise ValueError(f"{value!r} is not a count")
    return value
