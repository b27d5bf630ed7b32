"""Writes the practice of an attack, and plans it in a process of its own, whose memory is limited."""

import os
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from support.attacks import FIFO, FOLDER, LINK, SPARSE, TOML, VOICE, Files

MOST_MEMORY = 3 << 30
"""Address space of the worker, so that an attack that succeeds does no harm. Bytes."""


def write_files(folder: Path, files: str | Files) -> Path:
    """Write a practice of these files into folder, and a secret file next to it; return folder."""
    folder.mkdir()
    (folder.parent / "outside.md.j2").write_text("A secret.")
    given = {"a": files} if isinstance(files, str) else files
    for name, text in {"practice.toml": TOML, "voice.toml": VOICE, **given}.items():
        _put(folder / (name if "." in name or name.endswith("/") else f"{name}.md.j2"), text)
    return folder


def _put(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text.startswith(LINK):
        path.symlink_to(text.removeprefix(LINK))
    elif text == FIFO:
        os.mkfifo(path)
    elif text == FOLDER:
        path.mkdir()
    elif text == SPARSE:
        with path.open("wb") as file:
            file.truncate(100_000_000)
    else:
        path.write_bytes(text.encode("utf-8"))


def work(pipe: Connection) -> None:
    """Plan one practice after another: (folder, settings) in; (error, its kinds, phrases, CPU seconds, peak MB) out."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    while True:
        folder, settings = pipe.recv()
        start = time.process_time()
        error, kind, phrases = "", "", []
        try:
            phrases = planned(Path(folder), settings)
        except BaseException as caught:  # the test judges every kind
            error, kind = str(caught), ", ".join(base.__name__ for base in type(caught).__mro__)
        cpu_s = time.process_time() - start
        pipe.send((error, kind, phrases, cpu_s, _most_mb()))


def _most_mb() -> float:
    """Return the peak memory of this process; on Linux ru_maxrss can be the parent's, so /proc comes first."""
    import resource

    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def planned(folder: Path, settings: Mapping[str, str]) -> list[str]:
    """Return the phrases of a practice, planned with the fake voice: of its only step, or of an hour of all steps."""
    from audioguide.core.model import Phrase
    from audioguide.core.request import Request, check_settings
    from audioguide.practice.definition import find_practice
    from audioguide.session.build import plan
    from audioguide.storage.store import Store

    steps = find_practice(str(folder)).step_names()
    length, only = (None, steps[0]) if len(steps) == 1 else (24_000 * 3600, None)
    voice = str(folder / "voice.toml")
    request = Request(length, practice=str(folder), voice=voice, settings=check_settings(settings), only=only)
    session = plan(request, Store(folder.parent / "store"))
    return [sound.cue.text for sound in session.timeline.sounds if isinstance(sound.cue, Phrase)]
