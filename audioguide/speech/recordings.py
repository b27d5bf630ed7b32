"""The files of a recorded voice: one for each phrase, named by the phrase's id, in a folder next to the voice file."""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from audioguide.core.errors import InputError
from audioguide.speech.voices import Voice
from audioguide.storage.shelf import shelf

SUFFIXES = (".wav", ".flac", ".mp3")
_SLUG_WORDS, _SLUG_CHARACTERS, _DIGEST_CHARACTERS = 4, 32, 8
_STRAIGHT = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")


def phrase_id(text: str) -> str:
    """Return the file name of a phrase's recording, without suffix: its first words, and a digest of the whole text.

    Spaces, line ends and the shape of quotation marks make no difference. The id is valid on every file system.

    >>> phrase_id("Let your eyes open, and look around."), phrase_id("Όλα καλά.")
    ('let-your-eyes-open-7e1209a5', 'phrase-d891a7a4')
    >>> phrase_id("It’s  all right") == phrase_id("It's all right") != phrase_id("It's all right.")
    True
    """
    written = " ".join(unicodedata.normalize("NFC", text).translate(_STRAIGHT).split())
    plain = unicodedata.normalize("NFKD", written.casefold()).encode("ascii", "ignore").decode().replace("'", "")
    slug = "-".join(re.findall("[a-z0-9]+", plain)[:_SLUG_WORDS])[:_SLUG_CHARACTERS].strip("-")
    return f"{slug or 'phrase'}-{sha256(written.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"


def recordings_folder(voice: Voice) -> Path:
    """Return the folder of a voice's recordings: it has the voice's name, and lies next to the voice file."""
    return voice.folder / voice.name


def find_recordings(voice: Voice) -> dict[str, Path]:
    """Return a voice's recordings by phrase id.

    Raises:
        InputError: the folder is missing, or has two recordings of the same phrase.
    """
    recordings: dict[str, Path] = {}
    for path in _files(voice):
        if path.suffix.lower() in SUFFIXES:
            other = recordings.setdefault(path.stem.lower(), path)
            if other != path:
                raise InputError(f"{other} and {path.name} are recordings of the same phrase; keep one of them")
    return recordings


def unmatched_files(voice: Voice, ids: Iterable[str]) -> list[Path]:
    """Return the files in a voice's folder that are not recordings of the phrases with these ids."""
    names = {f"{each}{suffix}" for each in ids for suffix in SUFFIXES}
    return [path for path in _files(voice) if path.name.lower() not in names]


def sheet_command(voice: Voice) -> str:
    """Return the command that writes a voice's recording sheet, in backticks."""
    name = voice.name if voice.folder == shelf("voices") else voice.shown
    return f"`audioguide lines --voice {name} --out sheet.csv`"


def _files(voice: Voice) -> list[Path]:
    """Return the files in a voice's folder, sorted, except for the hidden ones that operating systems put there."""
    folder = recordings_folder(voice)
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        problem = f"voice {voice.name} has no folder {folder} ({error.strerror})"
        raise InputError(f"{problem}; make it, and put in the recordings that {sheet_command(voice)} names") from error
