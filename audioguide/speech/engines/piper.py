"""The engine "piper": a voice is a model next to the voice file, ``NAME.onnx`` with ``NAME.onnx.json``.

piper-tts is GPL-3.0-or-later, so it is never imported: it runs as a separate program, ``python -m piper``. The program
loads its model in about a second, then speaks each line of its stdin into a WAV file and reports that on stderr. The
pace is an argument, so each process speaks at one pace. After any failure the process is killed and a new one is
started.
"""

import hashlib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audioguide.core.errors import EngineError, PhraseError, did_you_mean
from audioguide.speech.engine import Recording, package_version
from audioguide.speech.engines.child import Child, read_wav
from audioguide.speech.voices import Voice
from audioguide.storage.shelf import is_file

ANSWER_S = 60.0
"""Time limit for a phrase, including the loading of the model."""
SENTENCE_GAP_S = 0.65
"""Silence between the sentences of one phrase, including what the model itself leaves there."""
_PACKAGES = ("piper-tts", "onnxruntime")
_EXTRA = "'.[piper]'"
_OPTIONS = ("model", "speaker")
_MOST_PROCESSES = 2
"""How many paces stay loaded; a medium voice takes 330 MB for each."""
_WPM, _POWER = 232.0, 1.28
"""True words a minute at length scale 1, and the exponent of the scale's power law; measured with the voice joe (within
5 % from 100 to 220). For other voices this is a good start for measuring the true pace."""
_OWN_GAP_S, _LEAST_GAP_S = 0.18, 0.05
"""Silence that the voice joe leaves between two sentences at length scale 1, which grows with the scale; and the least
that is added to it."""
_ENVIRONMENT = {"ORT_DISABLE_TELEMETRY": "1", "PYTHONIOENCODING": "utf-8"}
"""Since 1.29 onnxruntime sends telemetry as soon as it is imported."""


class Piper:
    """Speaks with `python -m piper`, one process for each pace."""

    slowest_wpm = 100.0
    fastest_wpm = 220.0
    calibrated = False
    reads_phonemes = False

    def __init__(self) -> None:
        self._processes: dict[tuple[str, ...], _Process] = {}
        self._digests: dict[Path, str] = {}

    def probe(self) -> str:
        """Return what to install, or an empty string."""
        try:
            _versions()
        except EngineError as error:
            return str(error)
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return the versions of package and runtime, and the digests of the model's two files."""
        model, versions = _model(voice), _versions()
        digests = " ".join(self._digest(path, voice.shown) for path in (model.path, _description_file(model.path)))
        return f"{versions}, {digests}, no noise, gap {SENTENCE_GAP_S}"

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text at approximately the voice's pace."""
        words = " ".join(text.split())
        if not any(char.isalnum() for char in words):
            raise PhraseError("the engine found nothing to pronounce")
        command = _command(_model(voice), voice.pace_wpm)
        try:
            return self._process(command).say(words)
        except BaseException:  # including Ctrl-C: what it still speaks must not be taken for the next phrase
            self._end(command)
            raise

    def close(self) -> None:
        """End the processes."""
        for command in list(self._processes):
            self._end(command)

    def _process(self, command: tuple[str, ...]) -> "_Process":
        """Return a process that runs this command; it becomes the most recently used, and the oldest may be ended."""
        process = self._processes.pop(command, None)
        if process and not process.is_alive():
            process.end()
            process = None
        self._processes[command] = process or _Process(command)
        while len(self._processes) > _MOST_PROCESSES:
            self._end(next(iter(self._processes)))
        return self._processes[command]

    def _end(self, command: tuple[str, ...]) -> None:
        if process := self._processes.pop(command, None):
            process.end()

    def _digest(self, path: Path, shown: str) -> str:
        if path not in self._digests:
            try:
                with path.open("rb") as file:
                    self._digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise EngineError(f"{shown}: {path} cannot be read: {error.strerror}") from error
        return self._digests[path]


def _versions() -> str:
    return ", ".join(f"{package} {package_version(package, _EXTRA)}" for package in _PACKAGES)


@dataclass(frozen=True, slots=True)
class _Model:
    """The model that a voice's options name."""

    path: Path
    length_scale: float
    """The model's default, which other scales are relative to."""
    speaker: str
    """The number of one of several speakers, or an empty string."""


def _model(voice: Voice) -> _Model:
    """Return the model of a voice.

    Raises:
        EngineError: its options are wrong, or a file is missing.
    """
    shown, options = voice.shown, voice.options
    for key in options:
        if key not in _OPTIONS:
            listed = f"(choose from {', '.join(_OPTIONS)})"
            raise EngineError(f"{shown}: engine 'piper' has no option {key!r}{did_you_mean(key, _OPTIONS)} {listed}")
    if not options.get("model"):
        raise EngineError(f"{shown}: engine 'piper' needs model = \"NAME.onnx\" under [options]")
    path = _absolute(voice.folder, options["model"])
    if not is_file(path):
        raise EngineError(f"{shown}: there is no model {path}")
    if not is_file(_description_file(path)):
        raise EngineError(
            f"{shown}: {_description_file(path)} is missing; a voice of Piper is two files, .onnx and .onnx.json"
        )
    description = _read_description(path, shown)
    return _Model(path, _length_scale(description), _speaker(options.get("speaker", ""), description, shown))


def _absolute(folder: Path, name: str) -> Path:
    try:
        return (folder / Path(name).expanduser()).absolute()
    except RuntimeError:  # ~user for a user without a home folder
        return (folder / name).absolute()


def _description_file(model: Path) -> Path:
    return model.with_name(f"{model.name}.json")


def _read_description(model: Path, shown: str) -> dict[str, Any]:
    """Return the content of a model's JSON file.

    Raises:
        EngineError: it is not a model of Piper, or one for which Piper would have to download data.
    """
    path = _description_file(model)
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{shown}: {path} cannot be read: {error}") from error
    if not isinstance(description, dict) or "phoneme_id_map" not in description:
        raise EngineError(f"{shown}: {path} does not describe a voice of Piper")
    if description.get("phoneme_type") == "pinyin":
        problem = "Piper would have to download data for this language"
        raise EngineError(f"{shown}: {problem}; use a voice in another language")
    return description


def _length_scale(description: dict[str, Any]) -> float:
    inference = description.get("inference")
    scale = inference.get("length_scale") if isinstance(inference, dict) else None
    return float(scale) if isinstance(scale, int | float) and 0 < scale < 10 else 1.0


def _speaker(number: str, description: dict[str, Any], shown: str) -> str:
    count = description.get("num_speakers")
    last = count - 1 if isinstance(count, int) else 0
    if number and not (number.isdecimal() and int(number) <= last):
        raise EngineError(f"{shown}: this model has no speaker {number!r}; its speakers are numbered 0 to {last}")
    return number


def _command(model: _Model, pace_wpm: float) -> tuple[str, ...]:
    """Return the command that runs Piper at a pace.

    Both noise scales are 0, so that the same phrase always gives the same sound. Normalization is off: it would raise
    every sentence to full peak.
    """
    scale = model.length_scale * (_WPM / pace_wpm) ** _POWER
    gap_s = max(SENTENCE_GAP_S - _OWN_GAP_S * scale, _LEAST_GAP_S)
    pacing = (f"--length-scale={scale:.3f}", f"--sentence-silence={gap_s:.3f}", "--noise-scale=0", "--noise-w-scale=0")
    speaker = (f"--speaker={model.speaker}",) if model.speaker else ()
    return (*_program(), f"--model={model.path}", *pacing, "--no-normalize", *speaker)


def _program() -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "piper")


class _Process:
    """A running Piper with its model loaded, and the folder it writes to."""

    def __init__(self, command: tuple[str, ...]) -> None:
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="audioguide-", ignore_cleanup_errors=True)
        except OSError as error:
            raise EngineError(f"cannot create a temporary folder for Piper: {error}") from error
        folder = self._folder.name
        try:
            command = (*command, f"--output-dir={folder}")
            self._child = Child("Piper", command, answers_on="stderr", folder=folder, environment=_ENVIRONMENT)
        except EngineError:
            self._folder.cleanup()
            raise

    def is_alive(self) -> bool:
        return self._child.is_alive()

    def say(self, line: str) -> Recording:
        """Return the spoken line; after an error the process must be ended.

        Raises:
            EngineError: it hung, died, or wrote no sound.
        """
        self._child.ask(line, ANSWER_S, lambda output: ":Wrote " in output)
        files = list(Path(self._folder.name).glob("*.wav"))
        if len(files) != 1:
            raise EngineError(f"Piper wrote {len(files)} sounds instead of one")
        recording = read_wav(files[0], "Piper")
        files[0].unlink()
        return recording

    def end(self) -> None:
        """Kill the process, and remove what it wrote."""
        self._child.kill()
        self._folder.cleanup()
