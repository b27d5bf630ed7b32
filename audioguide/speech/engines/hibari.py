"""hibari-tts: a natural voice inside a wheel; nothing else to install, nothing downloaded.

Only the voice "heart" is in the package; its others would be fetched at first use, so they are refused here. Sound is
the same for a text and seed on one installation; scipy changes its arithmetic, so that is part of the fingerprint.
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
_SILENT = 1e-3
_KEPT_BEFORE, _KEPT_BEHIND = 360, 1440
"""Samples around a sentence that belong to it however soft they are."""
SENTENCE_GAP_S = 0.6
"""Between the sentences of one phrase."""
_SPEEDS = (
    (0.35, 74.9), (0.36, 76.6), (0.365, 81.3), (0.37, 82.2), (0.38, 83.0), (0.39, 83.9), (0.4, 87.1),
    (0.41, 90.0), (0.42, 90.9), (0.43, 91.8), (0.44, 92.8), (0.445, 98.0), (0.45, 100.9), (0.455, 101.5),
    (0.48, 105.4), (0.5, 106.8), (0.52, 108.0), (0.54, 109.7), (0.56, 112.9), (0.57, 115.8), (0.5725, 122.6),
    (0.575, 125.0), (0.6, 127.7), (0.62, 129.3), (0.65, 131.7), (0.66, 134.6), (0.665, 137.7), (0.67, 142.2),
    (0.68, 145.8), (0.69, 147.0), (0.72, 149.8), (0.73, 151.0), (0.75, 153.5), (0.78, 155.9), (0.785, 156.4),
    (0.79, 157.1), (0.8, 170.5), (0.85, 187.1),
)  # fmt: skip
"""(speed, true words a minute inside phrases), measured over the built-in sessions of 5 and 20 minutes, the middle of
both, which lie 7 % apart; the model goes in steps."""


class Natural:
    """Speaks with hibari-tts on one thread."""

    slowest_wpm = 80.0
    fastest_wpm = 160.0
    calibrated = True
    reads_phonemes = True

    def __init__(self) -> None:
        """Load nothing yet."""
        self._voice: Any = None

    def probe(self) -> str:
        """Return why hibari-tts cannot be loaded here, or nothing."""
        try:
            package_version(_PACKAGE)
            self._load()
        except EngineError as error:
            return str(error)
        except (ImportError, OSError, RuntimeError) as error:
            return f"{_PACKAGE} cannot be loaded here ({error}); `pip install {_PACKAGE}` may help"
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return package, versions and arithmetic."""
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
        """Return the spoken text at 24 kHz; its sentences stand SENTENCE_GAP_S apart."""
        import numpy as np

        try:
            engine = self._load()
            phonemes = engine.phonemize(text)
            speed, noise = at_pace(_SPEEDS, voice.pace_wpm), np.random.default_rng(_SEED)
            sentences = [engine.from_ids(engine.ids(sentence), speed, noise) for sentence in phonemes]
        except Exception as error:  # a young package above a runtime in C++: anything may come
            raise EngineError(f"{_PACKAGE} failed: {error}") from error
        if unknown := [sign for said in _PHONEMES.findall(text) for sign in said if sign not in engine.vocab]:
            raise PhraseError(f"{unknown[0]!r} in the lexicon is no phoneme of {_PACKAGE}")
        if not any(sign.isalpha() for sentence in phonemes for sign in sentence):
            raise PhraseError("it finds no sounds in these words")
        if not all(np.isfinite(sentence).all() for sentence in sentences):
            raise EngineError("it returned numbers that are no sound")
        gap = np.zeros(round(SENTENCE_GAP_S * engine.sample_rate), np.float32)
        parts = [part for sentence in sentences for part in (gap, _trimmed(sentence))]
        pcm = np.clip(np.rint(np.concatenate(parts[1:]) * 32767), -32768, 32767).astype("<i2")
        return Recording(pcm.tobytes(), int(engine.sample_rate))

    def close(self) -> None:
        """Let go of the model, which stays loaded for the next session of this process."""
        self._voice = None

    def _load(self) -> Any:
        self._voice = self._voice or _model()
        return self._voice


_loading = threading.Lock()


def _model() -> Any:
    """Return the model, which all threads share: it keeps nothing between phrases, and lets go of the interpreter."""
    with _loading:
        return _loaded()


@cache
def _loaded() -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # since 1.29 onnxruntime phones home, from its import on
    from hibari import Hibari

    model = Hibari(voice="heart", threads=1)
    _ = model.g2p  # its dictionary is loaded where first asked for, and so by several threads at once
    return model


def _trimmed(sentence: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return a sentence without the silence around it, which grows up to a second and a half at slow paces."""
    import numpy as np

    loud = np.flatnonzero(np.abs(sentence) > _SILENT)
    if not loud.size:
        return sentence[:0]
    return sentence[max(0, loud[0] - _KEPT_BEFORE) : loud[-1] + 1 + _KEPT_BEHIND]
