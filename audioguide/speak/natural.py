"""hibari-tts: a natural voice inside a wheel; nothing else to install, nothing downloaded.

Only the voice "heart" is in the package; its others would be fetched at first use, so they are refused here. Sound is
the same for a text and seed on one installation; scipy changes its arithmetic, so that is part of the fingerprint.
"""

import os
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from audioguide.errors import EngineError
from audioguide.speak.engine import Recording, at_pace
from audioguide.voices import Voice

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
    (0.36, 79.2), (0.38, 86.0), (0.42, 94.2), (0.44, 96.2), (0.46, 106.3), (0.48, 109.0), (0.5, 110.4), (0.52, 111.7),
    (0.54, 113.4), (0.56, 116.6), (0.57, 119.8), (0.58, 130.6), (0.6, 132.1), (0.62, 133.7), (0.65, 136.2),
    (0.7, 153.4), (0.75, 158.7), (0.8, 176.3),
)  # fmt: skip
"""(speed, true words a minute inside phrases), measured over the built-in hour; the model goes in steps."""


class Natural:
    """Speaks with hibari-tts on one thread."""

    slowest_wpm = 80.0
    fastest_wpm = 160.0

    def __init__(self) -> None:
        """Load nothing yet."""
        self._voice: Any = None

    def probe(self) -> str:
        """Return why hibari-tts cannot be loaded here, or nothing."""
        try:
            version(_PACKAGE)
            self._load()
        except (PackageNotFoundError, ImportError, OSError, RuntimeError) as error:
            return f"{_PACKAGE} cannot be loaded here ({error}); `pip install {_PACKAGE}` may help"
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return package, versions and arithmetic."""
        if voice.language.lower().split("-")[0] != "en":
            raise EngineError(f"{voice.shown}: engine 'natural' speaks English only, not {voice.language!r}")
        if voice.options:
            raise EngineError(f"{voice.shown}: engine 'natural' takes no options; leave [options] out")
        try:
            backend = "scipy " + version("scipy")
        except PackageNotFoundError:
            backend = "numpy"
        try:
            package, runtime = version(_PACKAGE), version("onnxruntime")
        except PackageNotFoundError as error:
            raise EngineError(f"{error.name} is not installed") from error
        return f"{_PACKAGE} {package}, onnxruntime {runtime}, {backend}, seed {_SEED}, gap {SENTENCE_GAP_S}"

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text at 24 kHz; its sentences stand SENTENCE_GAP_S apart."""
        import numpy as np

        try:
            engine = self._load()
            phonemes = "".join(engine.phonemize(text))
            sentences = list(engine.stream(text, speed=at_pace(_SPEEDS, voice.pace_wpm), seed=_SEED))
        except Exception as error:  # a young package above a runtime in C++: anything may come
            raise EngineError(f"{_PACKAGE} failed: {error}") from error
        if unknown := [sign for said in _PHONEMES.findall(text) for sign in said if sign not in engine.vocab]:
            raise EngineError(f"{unknown[0]!r} in the lexicon is no phoneme of {_PACKAGE}")
        if not any(sign.isalpha() for sign in phonemes):
            raise EngineError("it finds no sounds in these words")
        if not all(np.isfinite(sentence).all() for sentence in sentences):
            raise EngineError("it returned numbers that are no sound")
        gap = np.zeros(round(SENTENCE_GAP_S * engine.sample_rate), np.float32)
        parts = [part for sentence in sentences for part in (gap, _trimmed(sentence))]
        pcm = np.clip(np.rint(np.concatenate(parts[1:]) * 32767), -32768, 32767).astype("<i2")
        return Recording(pcm.tobytes(), int(engine.sample_rate))

    def close(self) -> None:
        """Forget the model."""
        self._voice = None

    def _load(self) -> Any:
        if self._voice is None:
            os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # since 1.29 onnxruntime phones home, from its import on
            from hibari import Hibari

            self._voice = Hibari(voice="heart", threads=1)
        return self._voice


def _trimmed(sentence: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return a sentence without the silence around it, which grows up to a second and a half at slow paces."""
    import numpy as np

    loud = np.flatnonzero(np.abs(sentence) > _SILENT)
    if not loud.size:
        return sentence[:0]
    return sentence[max(0, loud[0] - _KEPT_BEFORE) : loud[-1] + 1 + _KEPT_BEHIND]
