"""Lays the sound of a session ready for the rivals, out of our store, so that none of them pays for our library.

    python material.py LENGTH VOICE PRACTICE CACHE FOLDER

FOLDER then holds a WAV for every phrase and bell in their order, trimmed and at the session's level; score.json, the
samples of silence before each and at the end; tone.raw, a minute of room tone; and lines.json, each phrase once, as the
engine is given it.
"""

import json
import sys
import wave
from pathlib import Path

from audioguide.audio import loudness, sound
from audioguide.core.clock import FRAME, FRAME_MS, RATE_HZ, parse_length
from audioguide.core.model import Phrase
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice
from audioguide.session.build import plan
from audioguide.session.session_file import Session
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store


def lay_ready(request: Request, store: Store, folder: Path) -> None:
    session = plan(request, store)
    parts, at = [], 0
    for number, placed in enumerate(session.timeline.sounds):
        pcm, name = _sound(session, placed.cue, store), f"{number:03}.wav"
        _write_wav(folder / name, pcm)
        parts.append((placed.start * FRAME - at, name))
        at = placed.start * FRAME + len(pcm) // 2
    (folder / "score.json").write_text(json.dumps({"parts": parts, "end": session.timeline.total - at}))
    (folder / "tone.raw").write_bytes(sound.tone(60_000 // FRAME_MS))
    (folder / "lines.json").write_text(json.dumps(_lines(request, session, store)))


def _sound(session: Session, cue: object, store: Store) -> bytes:
    if not isinstance(cue, Phrase):
        return sound.bell(getattr(cue, "strokes", 1))
    clip = session.clips[cue]
    found = store.read("clips", clip.key)
    assert found, "it was spoken a moment ago"
    return sound._to_pcm(loudness.limit(loudness.gain(sound.to_signal(found[1]), clip.gain_db + cue.manner.level_db)))


def _write_wav(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)


def _lines(request: Request, session: Session, store: Store) -> dict[str, object]:
    """Return each phrase once: the very words that the engine is given, and at what pace."""
    with Speaker(session.voice, store, find_practice(request.practice).lexicon) as who:
        lines = {who._key(phrase): (who._words(phrase), who._pace(phrase)) for phrase in session.clips}
    return {"engine": session.voice.engine, "voice": request.voice, "lines": list(lines.values())}


if __name__ == "__main__":
    length, voice, practice, cache, folder = sys.argv[1:]
    Path(folder).mkdir()
    lay_ready(Request(parse_length(length), practice, voice), Store(Path(cache)), Path(folder))
