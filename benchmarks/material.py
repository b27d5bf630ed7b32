"""Writes the audio of a session to files for the rivals, so that they need not run any of our code.

    python material.py LENGTH VOICE PRACTICE CACHE FOLDER

FOLDER then contains a WAV for each phrase and bell in order, trimmed and at the session's level; score.json, the length
in samples of the silence before each of them and at the end; tone.raw, a minute of room tone; and lines.json, the text
of each phrase as passed to the engine.
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


def write_material(request: Request, store: Store, folder: Path) -> None:
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
    entry = store.read("clips", clip.key)
    assert entry, "plan() has spoken it"
    return sound._to_pcm(loudness.limit(loudness.gain(sound.to_signal(entry[1]), clip.gain_db + cue.manner.level_db)))


def _write_wav(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)


def _lines(request: Request, session: Session, store: Store) -> dict[str, object]:
    """Return the text and pace that the engine gets for each phrase, without repetitions."""
    with Speaker(session.voice, store, find_practice(request.practice).lexicon) as speaker:
        lines = {speaker._key(phrase): (speaker._words(phrase), speaker._true_pace(phrase)) for phrase in session.clips}
    return {"engine": session.voice.engine, "voice": request.voice, "lines": list(lines.values())}


if __name__ == "__main__":
    length, voice, practice, cache, folder = sys.argv[1:]
    Path(folder).mkdir()
    write_material(Request(parse_length(length), practice=practice, voice=voice), Store(Path(cache)), Path(folder))
