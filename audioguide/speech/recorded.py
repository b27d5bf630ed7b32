"""A person's own voice: recordings of single phrases, and a fallback voice for the phrases without one.

A voice ``mia.toml`` with engine = "recorded" has its recordings in the folder ``mia`` next to it. Each is trimmed by
its own noise, and one static gain brings all of them to the session's loudness.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Self

from audioguide.audio import loudness
from audioguide.core.errors import AudioguideError, InputError, MissingError, did_you_mean
from audioguide.core.language import base_language
from audioguide.core.model import Clip, Phrase
from audioguide.core.plural import counted
from audioguide.core.threads import in_order
from audioguide.speech.clips import clip_facts, read_clip, write_clip
from audioguide.speech.recording_file import conformed, read
from audioguide.speech.recordings import find_recordings, phrase_id, recordings_folder, sheet_command
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import ORDINARY_WPM, RECORDED, Voice, find_voice, voice_names
from audioguide.storage.shelf import is_file
from audioguide.storage.store import Facts, Store, key_of

FORMAT = 2
"""Raised when the processing of recordings changes, so that no old clip is reused."""
GAIN_STEP_DB = 0.25
"""The measured gain is rounded to this, so that replacing one recording rarely changes the level of all the others."""
_DIGEST_CHARACTERS = 8


class RecordedReader:
    """A Reader that uses recordings, and a fallback voice for the phrases without one."""

    def __init__(self, voice: Voice, store: Store, fallback: Speaker | None) -> None:
        """Find the recordings.

        Args:
            voice: its engine is RECORDED.
            store: where clips are kept.
            fallback: speaks the phrases that are not recorded.

        Raises:
            InputError: the recordings cannot be found, or the voice has been given another pace.
        """
        if voice.pace_wpm != ORDINARY_WPM:
            problem = f"voice {voice.name} is recorded, and speaks as fast as it was read"
            raise InputError(f"{problem}; leave --pace out")
        self.voice = voice
        self._store = store
        self._fallback = fallback
        self._recordings = find_recordings(voice)
        self._keys: dict[Path, str] = {}
        """Keys by file; each file is read once in a build to see whether it has changed."""
        self._used_fallback = False
        """Whether any clip came from the fallback; only then is its engine part of the fingerprint."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        if self._fallback:
            self._fallback.__exit__(*reason)

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases whose clips are not in the store, each once.

        Raises:
            InputError: some are not recorded, and there is no fallback; the message lists them all.
        """
        recorded: dict[Path, Phrase] = {}
        others: list[Phrase] = []
        for phrase in phrases:
            path = self._recording_of(phrase)
            if path is None:
                others.append(phrase)
            elif clip_facts(self._store, self._key(path)) is None:
                recorded.setdefault(path, phrase)
        unspoken = self._fallback_for(others).missing(others) if others else []
        return [*recorded.values(), *unspoken]

    def speak(self, phrases: Sequence[Phrase]) -> Iterator[None]:
        """Put the clips of phrases into the store, several at once; yield once for each that is done.

        Raises:
            InputError: a recording cannot be used, or is missing and there is no fallback.
            EngineError: the fallback failed at a phrase.
        """
        paths = [self._recording_of(phrase) for phrase in phrases]
        for _ in in_order([partial(self._stored, path) for path in paths if path]):
            yield
        if others := [phrase for phrase, path in zip(phrases, paths, strict=True) if path is None]:
            self._used_fallback = True
            yield from self._fallback_for(others).speak(others)

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip, from its recording or from the fallback.

        Raises:
            InputError: the recording cannot be used, or is missing and there is no fallback.
            EngineError: the fallback failed.
        """
        path = self._recording_of(phrase)
        if path is None:
            self._used_fallback = True
            return self._fallback_for([phrase]).clip(phrase)
        key, facts = self._stored(path)
        return Clip(key, int(facts["samples"]), str(facts["sha256"]), self.gain_db)

    def fingerprint(self) -> str:
        """Return what the sound depends on besides words and voice: the recordings, and the fallback if it was used."""
        own = f"{RECORDED} {FORMAT}, {len(self._recordings)} files {key_of(self._usable_keys())[:_DIGEST_CHARACTERS]}"
        if self._fallback and self._used_fallback:
            return f"{own}; {self._fallback.voice.name}: {self._fallback.fingerprint()}"
        return own

    @cached_property
    def gain_db(self) -> float:
        """The gain that brings this voice to the session's loudness: from its file, or measured on all recordings."""
        if self.voice.gain_db is not None:
            return self.voice.gain_db
        key = key_of("gain", RECORDED, GAIN_STEP_DB, self._usable_keys())
        facts = self._store.facts("gains", key) or self._store.write("gains", key, b"", self._measure_gain())
        return float(facts["gain_db"])

    def _measure_gain(self) -> Facts:
        """Return the gain of all recordings, measured one at a time: an hour in one piece would take gigabytes."""
        import numpy as np

        from audioguide.audio.sound import to_signal

        hops = [loudness.hop_power(to_signal(self._pcm(path))) for path in self._usable()]
        gain_db = loudness.TARGET_LUFS - loudness.integrated(np.concatenate(hops))
        return {"gain_db": round(gain_db / GAIN_STEP_DB) * GAIN_STEP_DB}

    def _recording_of(self, phrase: Phrase) -> Path | None:
        return self._recordings.get(phrase_id(phrase.text))

    def _fallback_for(self, phrases: list[Phrase]) -> Speaker:
        if self._fallback is None:
            raise MissingError(_missing_message(self.voice, phrases))
        return self._fallback

    def _usable_keys(self) -> list[str]:
        return sorted(self._key(path) for path in self._usable())

    def _usable(self) -> list[Path]:
        return [path for path in self._recordings.values() if self._is_usable(path)]

    def _is_usable(self, path: Path) -> bool:
        try:
            self._stored(path)
        except InputError:
            return False  # reported when a session needs this recording
        return True

    def _key(self, path: Path) -> str:
        if path not in self._keys:
            self._keys[path] = _key_of(read(path))
        return self._keys[path]

    def _stored(self, path: Path) -> tuple[str, Facts]:
        """Return the key and facts of a recording's clip; put it into the store unless it is there."""
        facts = clip_facts(self._store, self._key(path))
        if facts is None:
            facts = self._put_into_store(path)[0]
        return self._key(path), facts

    def _pcm(self, path: Path) -> bytes:
        """Return a recording's clip from the store; make it again if it is damaged there."""
        return read_clip(self._store, self._key(path), lambda: self._put_into_store(path)[1])

    def _put_into_store(self, path: Path) -> tuple[Facts, bytes]:
        data = read(path)
        self._keys[path] = _key_of(data)  # of the same bytes that are decoded, should the file have changed meanwhile
        pcm = conformed(data, str(path))
        return write_clip(self._store, self._keys[path], pcm), pcm


def _key_of(data: bytes) -> str:
    return key_of(RECORDED, FORMAT, sha256(data).hexdigest())


def _missing_message(voice: Voice, phrases: list[Phrase]) -> str:
    """Return the error for phrases that are not recorded; the advice comes before the list, which may be long."""
    texts = {phrase_id(phrase.text): phrase.text for phrase in phrases}
    listed = ", ".join(f'{id_} ("{textwrap.shorten(text, 40, placeholder="…")}")' for id_, text in texts.items())
    count = counted(len(texts), "phrase")
    advice = f'{sheet_command(voice)} lists what to read, or name a fallback in {voice.shown}, as in fallback = "calm"'
    return f"voice {voice.name} has no recording of {count}; {advice}: {listed}"


# --- the fallback ---


def find_fallback(voice: Voice) -> Voice | None:
    """Return a voice's fallback: a built-in voice by its name, or a file relative to the voice's own.

    Raises:
        AudioguideError: there is no such voice, or it cannot replace this one.
    """
    name = voice.fallback
    if not name:
        return None
    fallback = find_voice(name if name in voice_names() else _fallback_file(voice, name))
    if fallback.engine == RECORDED:
        raise InputError(f"{voice.shown}: fallback {name} is recorded as well; name a voice that can speak any phrase")
    if base_language(fallback.language) != base_language(voice.language):
        problem = f"voice {voice.name} speaks {voice.language!r}, but its fallback {name} {fallback.language!r}"
        raise InputError(f"{voice.shown}: {problem}; name another")
    return fallback


def _fallback_file(voice: Voice, name: str) -> str:
    path = voice.folder / Path(name).expanduser()
    if not name.endswith(".toml"):
        choices = f"choose from {', '.join(voice_names())}, or a file such as other.toml"
        near = did_you_mean(name, voice_names())
        raise InputError(f"{voice.shown}: there is no voice {name!r} for a fallback{near} ({choices})")
    if not is_file(path):
        raise InputError(f"{voice.shown}: there is no voice file {path} for a fallback")
    return str(path)


def why_not(voice: Voice) -> str:
    """Return why a recorded voice cannot be used, or an empty string if it can."""
    try:
        recordings, fallback = find_recordings(voice), find_fallback(voice)
    except AudioguideError as error:
        return str(error)
    if recordings or fallback:
        return ""
    return f"nothing is recorded yet in {recordings_folder(voice)}; {sheet_command(voice)} lists what to read"
