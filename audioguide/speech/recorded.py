"""A person's own voice: one file for each phrase, named by the phrase's id; what is not recorded a fallback speaks.

A voice ``mia.toml`` with engine = "recorded" has its recordings in the folder ``mia`` beside it. They are trimmed by
their own noise, and levelled together by one static gain, like an engine's.
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Self

from audioguide.audio import loudness
from audioguide.core.errors import AudioguideError, InputError, MissingError, did_you_mean
from audioguide.core.language import base_language
from audioguide.core.model import Clip, Phrase
from audioguide.core.threads import in_order
from audioguide.speech.recording_file import conformed, read
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import ORDINARY_WPM, RECORDED, Voice, find_voice, voice_names
from audioguide.storage.shelf import is_file, shelf
from audioguide.storage.store import Facts, Store, key_of

ENGINE = RECORDED
FORMAT = 2
"""Raised when a recording's treatment changes, so that no old clip is used again."""
SUFFIXES = (".wav", ".flac", ".mp3")
GAIN_STEP_DB = 0.25
"""The gain measured on all recordings goes in steps, so that one phrase recorded anew seldom moves all the others."""

_KIND = "clips"
_SLUG_WORDS, _SLUG_SIGNS, _DIGEST_SIGNS = 4, 32, 8
_STRAIGHT = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")


def phrase_id(text: str) -> str:
    """Return the name of a phrase's recording: a few of its words, and a digest of all of them as they are written.

    Spaces, line ends and the shape of quotation marks do not count; it fits every file system.

    >>> phrase_id("Let your eyes open, and look around."), phrase_id("Όλα καλά.")
    ('let-your-eyes-open-7e1209a5', 'phrase-d891a7a4')
    >>> phrase_id("It’s  all right") == phrase_id("It's all right") != phrase_id("It's all right.")
    True
    """
    written = " ".join(unicodedata.normalize("NFC", text).translate(_STRAIGHT).split())
    plain = unicodedata.normalize("NFKD", written.casefold()).encode("ascii", "ignore").decode().replace("'", "")
    slug = "-".join(re.findall("[a-z0-9]+", plain)[:_SLUG_WORDS])[:_SLUG_SIGNS].strip("-")
    return f"{slug or 'phrase'}-{sha256(written.encode()).hexdigest()[:_DIGEST_SIGNS]}"


# --- the voice's folder ---


def folder_of(voice: Voice) -> Path:
    """Return where a recorded voice's recordings are: a folder of its name beside its file."""
    return voice.folder / voice.name


def find_takes(voice: Voice) -> dict[str, Path]:
    """Return a voice's recordings by the id of their phrase.

    Raises:
        InputError: there is no such folder, or there are two recordings of one phrase.
    """
    takes: dict[str, Path] = {}
    for path in _files(voice):
        if path.suffix.lower() in SUFFIXES:
            other = takes.setdefault(path.stem.lower(), path)
            if other != path:
                raise InputError(f"{other} and {path.name} are recordings of one phrase; keep one of them")
    return takes


def leftovers(voice: Voice, ids: Iterable[str]) -> list[Path]:
    """Return the files in a voice's folder that are recordings of none of these phrases."""
    known = {f"{id_}{suffix}" for id_ in ids for suffix in SUFFIXES}
    return [path for path in _files(voice) if path.name.lower() not in known]


def _files(voice: Voice) -> list[Path]:
    """Return what lies in the folder, in order; systems put files of their own there, which begin with a dot."""
    folder = folder_of(voice)
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        words = f"voice {voice.name} has no folder {folder} ({error.strerror})"
        raise InputError(f"{words}; make it, and put in the recordings that {_sheet(voice)} names") from error


def _sheet(voice: Voice) -> str:
    asked = voice.name if voice.folder == shelf("voices") else voice.shown
    return f"`audioguide lines --voice {asked} --out sheet.csv`"


def find_fallback(voice: Voice) -> Voice | None:
    """Return the voice that speaks what is not recorded: a name on the shelf, or a file beside the voice's own.

    Raises:
        AudioguideError: there is no such voice, or it cannot stand in for this one.
    """
    name = voice.fallback
    if not name:
        return None
    fallback = find_voice(name if name in voice_names() else _beside(voice, name))
    if fallback.engine == ENGINE:
        raise InputError(f"{voice.shown}: fallback {name} is recorded as well; name a voice that can speak any phrase")
    if base_language(fallback.language) != base_language(voice.language):
        words = f"voice {voice.name} speaks {voice.language!r}, but its fallback {name} {fallback.language!r}"
        raise InputError(f"{voice.shown}: {words}; name another")
    return fallback


def _beside(voice: Voice, name: str) -> str:
    path = voice.folder / Path(name).expanduser()
    if not name.endswith(".toml"):
        there = (
            f"{did_you_mean(name, voice_names())} (there is {', '.join(voice_names())}, or a file such as other.toml)"
        )
        raise InputError(f"{voice.shown}: there is no voice {name!r} for a fallback{there}")
    if not is_file(path):
        raise InputError(f"{voice.shown}: there is no voice file {path} for a fallback")
    return str(path)


def why_not(voice: Voice) -> str:
    """Return why a recorded voice cannot be used here, or nothing."""
    try:
        takes, fallback = find_takes(voice), find_fallback(voice)
    except AudioguideError as error:
        return str(error)
    if takes or fallback:
        return ""
    return f"nothing is recorded yet in {folder_of(voice)}; {_sheet(voice)} lists what to read"


# --- who reads ---


class Recordings:
    """The recordings beside a voice's file, and the voice that speaks where one is missing."""

    def __init__(self, voice: Voice, store: Store, fallback: Speaker | None) -> None:
        """Look for the recordings.

        Args:
            voice: whose engine is ENGINE.
            store: where clips are kept.
            fallback: who speaks what is not recorded.

        Raises:
            InputError: they cannot be found, or another pace is asked of them.
        """
        if voice.pace_wpm != ORDINARY_WPM:
            words = f"voice {voice.name} is recorded, and speaks as fast as it was read"
            raise InputError(f"{words}; leave --pace out")
        self.voice = voice
        self._store = store
        self._fallback = fallback
        self._takes = find_takes(voice)
        self._keys: dict[Path, str] = {}
        """Each file is read once in a build to see whether it has changed."""
        self._fell_back = False
        """Whether the fallback's sound is in what was read: only then its engine must be there."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close the fallback's engine."""
        if self._fallback:
            self._fallback.__exit__(*reason)

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases whose clips are not in the store, each once.

        Raises:
            InputError: some are not recorded, and there is no fallback; it lists them all.
        """
        recorded: dict[Path, Phrase] = {}
        others: list[Phrase] = []
        for phrase in phrases:
            take = self._take(phrase)
            if take is None:
                others.append(phrase)
            elif self._known(self._key(take)) is None:
                recorded.setdefault(take, phrase)
        left = self._behind(others).missing(others) if others else []
        return [*recorded.values(), *left]

    def speak(self, phrases: Sequence[Phrase]) -> Iterator[None]:
        """Put the clips of phrases into the store, several at once; yields when each is there, in their order.

        Raises:
            InputError: a recording cannot be used, or there is neither it nor a fallback.
            EngineError: the fallback failed at a phrase.
        """
        takes = [self._take(phrase) for phrase in phrases]
        for _ in in_order([partial(self._kept, take) for take in takes if take]):
            yield
        if others := [phrase for phrase, take in zip(phrases, takes, strict=True) if take is None]:
            self._fell_back = True
            yield from self._behind(others).speak(others)

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip, out of its recording or from the fallback.

        Raises:
            InputError: the recording cannot be used, or there is neither.
            EngineError: the fallback failed at it.
        """
        take = self._take(phrase)
        if take is None:
            self._fell_back = True
            return self._behind([phrase]).clip(phrase)
        key, facts = self._kept(take)
        return Clip(key, int(facts["samples"]), str(facts["sha256"]), self.gain_db)

    def fingerprint(self) -> str:
        """Return what changes the sound beside words and voice: all recordings, and what fell back speaks with."""
        own = f"{ENGINE} {FORMAT}, {len(self._takes)} files {key_of(self._readable())[:_DIGEST_SIGNS]}"
        if self._fallback and self._fell_back:
            return f"{own}; {self._fallback.voice.name}: {self._fallback.fingerprint()}"
        return own

    @cached_property
    def gain_db(self) -> float:
        """What brings this voice to the session's loudness: from its file, or measured on all of its recordings."""
        if self.voice.gain_db is not None:
            return self.voice.gain_db
        keys = self._readable()
        key = key_of("gain", ENGINE, GAIN_STEP_DB, keys)
        facts = self._store.facts("gains", key) or self._store.write("gains", key, b"", self._measured())
        return float(facts["gain_db"])

    def _measured(self) -> Facts:
        """Return the gain of all recordings, measured one by one: an hour in one piece would take gigabytes."""
        import numpy as np

        from audioguide.audio.sound import to_signal

        hops = [loudness.hop_power(to_signal(self._pcm(take))) for take in self._usable()]
        needed = loudness.TARGET_LUFS - loudness.integrated(np.concatenate(hops))
        return {"gain_db": round(needed / GAIN_STEP_DB) * GAIN_STEP_DB}

    def _take(self, phrase: Phrase) -> Path | None:
        return self._takes.get(phrase_id(phrase.text))

    def _behind(self, phrases: list[Phrase]) -> Speaker:
        """Return the fallback that speaks these phrases."""
        if self._fallback is None:
            raise MissingError(_missing_words(self.voice, phrases))
        return self._fallback

    def _readable(self) -> list[str]:
        return sorted(self._key(take) for take in self._usable())

    def _usable(self) -> list[Path]:
        return [take for take in self._takes.values() if self._can_be_used(take)]

    def _can_be_used(self, take: Path) -> bool:
        try:
            self._kept(take)
        except InputError:
            return False  # told when a session needs it
        return True

    def _key(self, take: Path) -> str:
        if take not in self._keys:
            self._keys[take] = _key_of(read(take))
        return self._keys[take]

    def _known(self, key: str) -> Facts | None:
        facts = self._store.facts(_KIND, key)
        return facts if facts and "samples" in facts else None

    def _kept(self, take: Path) -> tuple[str, Facts]:
        """Return a recording's key and facts in the store, where it is put now unless it is there."""
        facts = self._known(self._key(take))
        if facts is None:
            facts = self._keep(take)[0]
        return self._key(take), facts

    def _pcm(self, take: Path) -> bytes:
        """Return a recording as it stands in the store; it is made again where it was damaged there."""
        found = self._store.read(_KIND, self._key(take))
        return found[1] if found else self._keep(take)[1]

    def _keep(self, take: Path) -> tuple[Facts, bytes]:
        data = read(take)
        self._keys[take] = _key_of(data)  # of the very bytes that are decoded
        pcm = conformed(data, str(take))
        return self._store.write(_KIND, self._keys[take], pcm, {"samples": len(pcm) // 2}), pcm


def _key_of(data: bytes) -> str:
    return key_of(ENGINE, FORMAT, sha256(data).hexdigest())


def _missing_words(voice: Voice, phrases: list[Phrase]) -> str:
    """Return the error that lists what is missing, the advice in front of what may be a long list."""
    texts = {phrase_id(phrase.text): phrase.text for phrase in phrases}
    listed = ", ".join(f'{id_} ("{textwrap.shorten(text, 40, placeholder="…")}")' for id_, text in texts.items())
    count = f"{len(texts)} phrase{'' if len(texts) == 1 else 's'}"
    ways = f'{_sheet(voice)} prints what to read, or name a fallback in {voice.shown}, such as fallback = "calm"'
    return f"voice {voice.name} has no recording of {count}; {ways}: {listed}"
