"""hibari-tts: a natural voice inside a wheel; nothing else to install, nothing downloaded.

Only the voice "heart" is in the package; its others would be fetched at first use, so they are refused here. Sound is
the same for a text and seed on one installation; scipy changes its arithmetic, so that is part of the fingerprint.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from audioguide.errors import EngineError
from audioguide.speak.engine import Recording, at_pace
from audioguide.voices import Voice

_PACKAGE = "hibari-tts"
_SEED = 0
_SPEEDS = ((0.36, 79.0), (0.42, 94.0), (0.5, 112.0), (0.6, 135.0), (0.8, 181.0))
"""(speed, true words a minute over a script), measured on this practice's own lines."""


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
        if voice.options:
            raise EngineError(f"{voice.shown}: engine 'natural' takes no options; leave [options] out")
        try:
            backend = "scipy " + version("scipy")
        except PackageNotFoundError:
            backend = "numpy"
        try:
            return f"{_PACKAGE} {version(_PACKAGE)}, onnxruntime {version('onnxruntime')}, {backend}, seed {_SEED}"
        except PackageNotFoundError as error:
            raise EngineError(f"{error.name} is not installed") from error

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text at 24 kHz."""
        import numpy as np

        engine = self._load()
        if not any(any(sign.isalpha() for sign in phonemes) for phonemes in engine.phonemize(text)):
            raise EngineError("it finds no sounds in these words")
        speech = engine(text, speed=at_pace(_SPEEDS, voice.pace_wpm), seed=_SEED)
        if not np.isfinite(speech).all():
            raise EngineError("it returned numbers that are no sound")
        pcm = np.clip(np.rint(speech * 32767), -32768, 32767).astype("<i2")
        return Recording(pcm.tobytes(), int(engine.sample_rate))

    def close(self) -> None:
        """Forget the model."""
        self._voice = None

    def _load(self) -> Any:
        if self._voice is None:
            import onnxruntime
            from hibari import Hibari

            onnxruntime.disable_telemetry_events()  # does something on Windows only
            self._voice = Hibari(voice="heart", threads=1)
        return self._voice
