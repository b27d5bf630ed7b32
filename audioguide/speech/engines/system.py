"""The engine "system": pyttsx3 with eSpeak NG on Linux, NSSpeechSynthesizer on macOS, SAPI 5 on Windows.

pyttsx3 and its drivers have races, hang on bad paths, print on stdout and abort when used from threads. So they run in
a worker process (system_worker.py) that speaks one phrase at a time. After any failure the worker is killed and a new
one is started.
"""

import json
import sys
import tempfile
from pathlib import Path

from audioguide.core.errors import EngineError
from audioguide.speech.engine import Recording, at_pace, package_version
from audioguide.speech.engines.child import Child, read_wav
from audioguide.speech.voices import Voice

START_S, ANSWER_S = 60.0, 30.0
"""Time limits of a worker: to start, and to speak a phrase."""
_OPTIONS = ("voice",)
_RATES = {
    "linux": ((80.0, 97.7), (100.0, 116.1), (120.0, 139.8), (140.0, 164.8), (175.0, 206.6)),
}
"""(pyttsx3 rate, true words a minute), measured with eSpeak NG. On other systems the pace is used as the rate, and then
corrected by measuring."""
_UNMEASURED = ((40.0, 40.0), (400.0, 400.0))


class System:
    """Speaks with pyttsx3, in a worker process."""

    slowest_wpm = 115.0
    fastest_wpm = 220.0
    calibrated = sys.platform in _RATES
    reads_phonemes = False

    def __init__(self) -> None:
        self._worker: Child | None = None

    def probe(self) -> str:
        """Return why pyttsx3 cannot speak on this computer, or an empty string."""
        try:
            self._running_worker()
        except EngineError as error:
            return str(error)
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return the packages with their versions, and the platform."""
        unknown = [key for key in voice.options if key not in _OPTIONS]
        if unknown:
            raise EngineError(
                f"{voice.shown}: engine 'system' has no option {unknown[0]!r} (choose from {', '.join(_OPTIONS)})"
            )
        parts = [f"pyttsx3 {package_version('pyttsx3')}", sys.platform]
        if sys.platform == "linux":
            parts.append(f"espeakng-loader {package_version('espeakng-loader')}")
        return ", ".join(parts)

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text at the sample rate of the system's voice."""
        with tempfile.TemporaryDirectory(prefix="audioguide-") as folder:
            path = Path(folder) / "speech.wav"
            rate = round(at_pace(_RATES.get(sys.platform, _UNMEASURED), voice.pace_wpm))
            order = {"text": text, "path": str(path), "rate": rate, **_voice_order(voice)}
            try:
                _run_order(self._running_worker(), order, ANSWER_S)
                return read_wav(path, "the system's voice")
            except BaseException:  # including Ctrl-C: nothing may write into the folder while it is removed
                self.close()
                raise

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker:
            worker.kill()

    def _running_worker(self) -> Child:
        if self._worker is None:
            command = [sys.executable, "-P", "-m", "audioguide.speech.engines.system_worker"]
            self._worker = Child("the speech worker", command, answers_on="stdout")
            try:
                _run_order(self._worker, {"hello": True}, START_S)
            except BaseException:
                self.close()
                raise
        return self._worker


def _run_order(worker: Child, order: dict[str, object], timeout_s: float) -> None:
    """Send the worker an order, and wait until it has been carried out.

    Raises:
        EngineError: the worker hung or died, or reports an error.
    """
    answer = worker.ask(json.dumps(order), timeout_s)
    try:
        trouble = json.loads(answer).get("error")
    except (ValueError, AttributeError) as error:
        raise EngineError(f"the speech worker gave an invalid answer: {answer[:60]!r}") from error
    if trouble:
        raise EngineError(str(trouble))


def _voice_order(voice: Voice) -> dict[str, object]:
    name = voice.options.get("voice")
    return {"voice": name} if name else {"language": voice.language}
