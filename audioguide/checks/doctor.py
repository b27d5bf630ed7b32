"""Examines this computer by trying things out: what works, what does not, and what to do about it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from audioguide.audio.mp3 import encode, info_frame, stream_frames
from audioguide.core.clock import FRAME
from audioguide.core.defaults import VOICE
from audioguide.core.errors import AudioguideError
from audioguide.core.model import Phrase, Source
from audioguide.core.plural import counted
from audioguide.speech.reader import open_reader, why_not
from audioguide.speech.voices import RECORDED, Voice, find_voice, voice_names
from audioguide.storage import prune
from audioguide.storage.atomic import atomic_file
from audioguide.storage.part_files import Part, left_behind
from audioguide.storage.prune import format_size
from audioguide.storage.store import MemoryStore, Store, open_store

LEAST_FREE = 200_000_000
"""Bytes of free disk space: enough for a session of three hours and the clips of a long practice in one voice."""
_OLDEST_PYTHON = (3, 11)
_WORD = "Rest."
_EXTRAS = {
    "verify": ("faster_whisper", "audioguide verify --transcribe"),
    "piper": ("piper", "voices of Piper"),
    "cluster": ("distributed", "audioguide batch --workers dask://HOST:PORT"),
}
_PACKAGES = ("audioguide", "jinja2", "numpy", "pydub", "lameenc", "soundfile", "soxr", "hibari-tts", "pyttsx3")
_OTHER_FOLDER = "free some space, or choose another folder with {option} DIR"
_REINSTALL = "reinstall audioguide with pip"


class State(Enum):
    """The result of one examination."""

    OK = "ok"
    NOTE = "note"
    """It does not work or could be better, but sessions can be built."""
    BROKEN = "FAIL"
    """A session in the default voice, with this cache and this output folder, cannot be built."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found in one examination."""

    name: str
    state: State
    words: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the object printed by --json."""
        return {"name": self.name, "state": self.state.name.lower(), "found": self.words, "advice": self.advice}


def is_fatal(diagnosis: Diagnosis) -> bool:
    """Return whether it would make a build with default options and these folders fail."""
    return diagnosis.state is State.BROKEN


def examine(cache: str | Path | None, out: Path, deep: bool = False) -> Iterator[Diagnosis]:
    """Yield each diagnosis as soon as it is known; some take a second.

    Args:
        cache: the cache folder; None: the user's own.
        out: the folder for finished sessions.
        deep: whether to read every byte of the cache.
    """
    yield _versions()
    yield _current_folder()
    yield _home()
    yield _temporary_folder()
    yield from _cache(cache, deep)
    yield _output(out)
    yield _encoder()
    yield from (_voice(find_voice(name)) for name in voice_names())
    yield from (_extra(name, *needs) for name, needs in _EXTRAS.items())


def _versions() -> Diagnosis:
    python = ".".join(map(str, sys.version_info[:3]))
    words = f"Python {python} on {sys.platform}"
    missing = [package for package in _PACKAGES if not _version(package)]
    if sys.version_info < _OLDEST_PYTHON:
        return Diagnosis("versions", State.BROKEN, words, "install Python 3.11 or later, then audioguide in it")
    if missing:
        return Diagnosis("versions", State.BROKEN, f"not installed: {', '.join(missing)}", _REINSTALL)
    return Diagnosis("versions", State.OK, f"{words}; {', '.join(f'{name} {_version(name)}' for name in _PACKAGES)}")


def _current_folder() -> Diagnosis:
    try:
        folder = Path.cwd()
    except OSError as error:
        return Diagnosis("current folder", State.BROKEN, _why(error), "the folder was removed; go to another one: cd ~")
    return Diagnosis("current folder", State.OK, str(folder))


def _home() -> Diagnosis:
    try:
        home = Path.home()
    except RuntimeError:
        home = Path("~")
    if not home.is_absolute():
        return Diagnosis("home", State.NOTE, "not found", "set HOME, or name a folder with --cache DIR each time")
    if trouble := _unwritable(home):
        advice = "spoken phrases are kept in the cache folder below, or the one named with --cache DIR"
        return Diagnosis("home", State.NOTE, f"{home} cannot be written ({trouble})", advice)
    return Diagnosis("home", State.OK, str(home))


def _temporary_folder() -> Diagnosis:
    try:
        with tempfile.TemporaryDirectory(prefix="audioguide-") as folder:
            (Path(folder) / "a").write_bytes(b"a")
    except OSError as error:
        advice = "set TMPDIR to a writable folder; the system's voice needs it"
        return Diagnosis("temporary folder", State.NOTE, _why(error), advice)
    wanted = next((os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)), "")
    used = Path(folder).parent
    if wanted and Path(wanted).absolute() != used:
        words = f"{wanted} cannot be used; using {used} instead"
        return Diagnosis("temporary folder", State.NOTE, words, "set TMPDIR to a writable folder")
    return Diagnosis("temporary folder", State.OK, f"{used}, {_free(used)}")


def _cache(cache: str | Path | None, deep: bool) -> Iterator[Diagnosis]:
    try:
        store = open_store(cache)
    except AudioguideError as error:
        yield Diagnosis("cache", State.BROKEN, str(error))
        return
    if isinstance(store, MemoryStore):
        words = "there is no home folder, so nothing is kept: every session is spoken from scratch"
        yield Diagnosis("cache", State.NOTE, words, "name a folder with --cache DIR each time")
        return
    yield _cache_folder(store)
    entries = prune.entries(store)
    if damaged := prune.damaged(store, entries, deep):
        words = f"{len(damaged)} of {len(entries)} entries are damaged, such as {damaged[0].path}"
        advice = "they are made again when next needed; the disk may be failing"
        yield Diagnosis("cache entries", State.NOTE, words, advice)
    else:
        size = format_size(sum(entry.size for entry in entries))
        extent = "every byte read" if deep else "headers and sizes read; --deep reads everything"
        yield Diagnosis("cache entries", State.OK, f"{len(entries)}, {size}, none damaged ({extent})")
    if unfinished := prune.unfinished(store):
        words = f"{counted(len(unfinished), 'unfinished file')} from builds that were killed"
        yield Diagnosis("cache leftovers", State.NOTE, words, "the next build that speaks removes them")


def _cache_folder(store: Store) -> Diagnosis:
    folder = store.folder
    if trouble := _unwritable(_existing(folder)):
        advice = _OTHER_FOLDER.format(option="--cache")
        words = f"{folder} cannot be written ({trouble}), so every session is spoken from scratch"
        return Diagnosis("cache", State.NOTE, words, advice)
    return _space("cache", folder, "--cache")


def _output(out: Path) -> Diagnosis:
    folder = out.expanduser() if str(out).startswith("~") else out
    try:
        left = left_behind(folder)
        with atomic_file(folder / "audioguide-doctor.mp3") as draft:
            draft.write(b"a" * 4096)
            draft.sync()
            raise _TrialError
    except _TrialError:
        pass
    except AudioguideError as error:
        return Diagnosis("output", State.BROKEN, str(error), "choose another place with --out FILE at each build")
    if left:
        words = f"{folder} contained {counted(len(left), 'unfinished file')} from builds that were killed; removed now"
        return Diagnosis("output", State.NOTE, words)
    return _space("output", folder, "--out")


class _TrialError(Exception):
    """Raised to discard a file that was written as a trial."""


def _encoder() -> Diagnosis:
    """Encode a second of tone, and decode it with another library."""
    from audioguide.audio.sound import tone

    encoded = 40 * FRAME
    try:
        decoded = _decoded_samples(info_frame(encoded) + encode(tone(stream_frames(encoded))))
    except Exception as error:  # a library that does not fit this computer may raise anything
        return Diagnosis("encoder", State.BROKEN, _why(error), _REINSTALL)
    if decoded != encoded:
        return Diagnosis("encoder", State.BROKEN, f"{encoded} samples encoded, {decoded} decoded", _REINSTALL)
    words = f"lameenc {_version('lameenc')} encodes, soundfile {_version('soundfile')} decodes"
    return Diagnosis("encoder", State.OK, words)


def _decoded_samples(mp3: bytes) -> int:
    import soundfile

    return len(soundfile.read(BytesIO(mp3))[0])


def _voice(voice: Voice) -> Diagnosis:
    name, default = f"voice {voice.name}", voice.name == VOICE
    broken = State.BROKEN if default else State.NOTE
    others = [other for other in voice_names() if other != voice.name]
    advice = f"use another voice: --voice {others[0]}" if others else ""
    if why := why_not(voice):
        return Diagnosis(name, broken, why, "" if "--voice" in why else advice)
    if voice.engine == RECORDED:
        return Diagnosis(name, State.OK, "recordings found")
    try:
        seconds = _spoken_s(voice)
    except AudioguideError as error:
        return Diagnosis(name, broken, str(error), advice)
    return Diagnosis(name, State.OK, f"{voice.engine} spoke {_WORD!r}, {seconds:.1f} s of sound")


def _spoken_s(voice: Voice) -> float:
    """Return the seconds of a word in a voice, spoken now, without the cache."""
    from dataclasses import replace

    from audioguide.core.clock import RATE_HZ

    with open_reader(replace(voice, gain_db=0.0), MemoryStore()) as reader:
        return reader.clip(Phrase(_WORD, Source(voice.shown, 1))).samples / RATE_HZ


def _extra(name: str, module: str, feature: str) -> Diagnosis:
    if find_spec(module):
        return Diagnosis(f"extra {name}", State.OK, "installed")
    return Diagnosis(f"extra {name}", State.OK, f"not installed; needed for {feature}: pip install '.[{name}]'")


def _space(name: str, folder: Path, option: str) -> Diagnosis:
    free = shutil.disk_usage(_existing(folder)).free
    if free < LEAST_FREE:
        words = f"{folder} has only {format_size(free)} free"
        return Diagnosis(name, State.NOTE, words, _OTHER_FOLDER.format(option=option))
    return Diagnosis(name, State.OK, f"{folder}, {format_size(free)} free")


def _existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), Path())


def _unwritable(folder: Path) -> str:
    """Return why a folder cannot be written; empty if it can be."""
    try:
        with Part(folder) as part:
            part.write(b"a" * 4096)
    except OSError as error:
        return _why(error)
    return ""


def _free(folder: Path) -> str:
    return f"{format_size(shutil.disk_usage(folder).free)} free"


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
