"""The engine "natural": hibari-tts, a natural voice inside a wheel. Nothing else is installed or downloaded.

Only the voice "heart" is in the package; the others would be downloaded at first use, so they are not offered. On one
installation the same text and seed give the same sound. Whether scipy is installed changes the arithmetic, so it is
part of the fingerprint.
"""

import os
import re
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from audioguide.core.errors import EngineError, PhraseError
from audioguide.core.language import base_language
from audioguide.speech.engine import Recording, at_pace, package_version
from audioguide.speech.voices import Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PACKAGE = "hibari-tts"
_PHONEMES = re.compile(r"\]\(/([^/]*)/\)")
_SEED = 0
_SILENCE = 1e-3
"""Samples below this magnitude are silence."""
_KEPT_BEFORE, _KEPT_AFTER = 360, 1440
"""Samples kept on each side of a sentence, however soft they are."""
SENTENCE_GAP_S = 0.6
"""Silence between the sentences of one phrase."""
_SPEEDS = (
    (0.35, 74.9), (0.36, 76.6), (0.365, 81.3), (0.37, 82.2), (0.38, 83.0), (0.39, 83.9), (0.4, 87.1),
    (0.41, 90.0), (0.42, 90.9), (0.43, 91.8), (0.44, 92.8), (0.445, 98.0), (0.45, 100.9), (0.455, 101.5),
    (0.48, 105.4), (0.5, 106.8), (0.52, 108.0), (0.54, 109.7), (0.56, 112.9), (0.57, 115.8), (0.5725, 122.6),
    (0.575, 125.0), (0.6, 127.7), (0.62, 129.3), (0.65, 131.7), (0.66, 134.6), (0.665, 137.7), (0.67, 142.2),
    (0.68, 145.8), (0.69, 147.0), (0.72, 149.8), (0.73, 151.0), (0.75, 153.5), (0.78, 155.9), (0.785, 156.4),
    (0.79, 157.1), (0.8, 170.5), (0.85, 187.1),
)  # fmt: skip
"""(speed, true words a minute inside phrases): the mean over the built-in sessions of 5 and of 20 minutes, which differ
by 7 %. The model's pace changes in steps."""


class Hibari:
    """Speaks with hibari-tts, on one thread."""

    slowest_wpm = 80.0
    fastest_wpm = 160.0
    calibrated = True
    reads_phonemes = True

    def __init__(self) -> None:
        self._model: Any = None

    def probe(self) -> str:
        """Return why hibari-tts cannot be loaded, or an empty string."""
        try:
            package_version(_PACKAGE)
            self._load()
        except EngineError as error:
            return str(error)
        except (ImportError, OSError, RuntimeError) as error:
            return f"{_PACKAGE} cannot be loaded here ({error}); `pip install {_PACKAGE}` may help"
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return the package, its runtime and arithmetic, each with its version, and what is fixed here."""
        if base_language(voice.language) != "en":
            raise EngineError(f"{voice.shown}: engine 'natural' speaks English only, not {voice.language!r}")
        if voice.options:
            raise EngineError(f"{voice.shown}: engine 'natural' takes no options; leave [options] out")
        package, runtime = package_version(_PACKAGE), package_version("onnxruntime")
        try:
            backend = f"scipy {package_version('scipy')}"
        except EngineError:
            backend = "numpy"
        return f"{_PACKAGE} {package}, onnxruntime {runtime}, {backend}, seed {_SEED}, gap {SENTENCE_GAP_S}"

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text at 24 kHz, with SENTENCE_GAP_S between its sentences."""
        import numpy as np

        try:
            model = self._load()
            phonemes = model.phonemize(text)
            speed, noise = at_pace(_SPEEDS, voice.pace_wpm), np.random.default_rng(_SEED)
            sentences = [model.from_ids(model.ids(sentence), speed, noise) for sentence in phonemes]
        except Exception as error:  # a young package with a runtime in C++ may raise anything
            raise EngineError(f"{_PACKAGE} failed: {error}") from error
        if unknown := [char for said in _PHONEMES.findall(text) for char in said if char not in model.vocab]:
            raise PhraseError(f"{unknown[0]!r} in the lexicon is not a phoneme of {_PACKAGE}")
        if not any(char.isalpha() for sentence in phonemes for char in sentence):
            raise PhraseError("the engine found nothing to pronounce")
        if not all(np.isfinite(sentence).all() for sentence in sentences):
            raise EngineError("it returned NaN or infinity instead of sound")
        gap = np.zeros(round(SENTENCE_GAP_S * model.sample_rate), np.float32)
        parts = [part for sentence in sentences for part in (gap, _trimmed(sentence))]
        pcm = np.clip(np.rint(np.concatenate(parts[1:]) * 32767), -32768, 32767).astype("<i2")
        return Recording(pcm.tobytes(), int(model.sample_rate))

    def close(self) -> None:
        """Release this engine's reference; the model stays loaded for the next session of this process."""
        self._model = None

    def _load(self) -> Any:
        self._model = self._model or _shared_model()
        return self._model


_load_lock = threading.Lock()


def _shared_model() -> Any:
    """Return the model that all threads share: it keeps no state between phrases, and releases the GIL."""
    with _load_lock:
        return _new_model()


@cache
def _new_model() -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # since 1.29 onnxruntime sends telemetry as soon as it is imported
    import hibari

    model = hibari.Hibari(voice="heart", threads=1)
    _ = model.g2p  # loads its dictionary now: it would do so at first use, without a lock
    return model


def _trimmed(sentence: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return a sentence without the silence around it, which lasts up to a second and a half at slow paces."""
    import numpy as np

    loud = np.flatnonzero(np.abs(sentence) > _SILENCE)
    if not loud.size:
        return sentence[:0]
    return sentence[max(0, loud[0] - _KEPT_BEFORE) : loud[-1] + 1 + _KEPT_AFTER]
