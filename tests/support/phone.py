"""Folders of sessions, and the server that shares them, for the tests of the phone page."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audioguide.audio.id3 import read_frames, tag_size
from audioguide.core.clock import RATE_HZ
from audioguide.core.request import Request
from audioguide.phone.catalogue import Catalogue
from audioguide.phone.grounding import Groundings
from audioguide.phone.share import LiveSite
from audioguide.session.build import write
from audioguide.storage.store import Store
from audioguide.web.address import LOOPBACK, listen
from audioguide.web.app import DEFAULT_LIMITS, Limits
from support.scripts import write_practice
from support.web import TOKEN, InThread, serving

TOML = """
title = "Small"
longest_silence = "40m"
steps = ["begin", "end"]
[interlude.grounding]
after = "begin"
from = "20m"
"""
SCRIPTS = {
    "begin": "# Beginning\nHello there, and welcome.\n[rest]\n",
    "grounding": "# Grounding\nOpen your eyes, and look around.\n[pause 2s]\nThere is the floor.\n",
    "end": "# End\nThank you.\n[rest]\nUntil another time.\n",
}
HUM = 'engine = "fake"\nlanguage = "en"\npace_wpm = 110\ngain_db = -2.7\n'
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"

# --- sessions ---


def request(folder: Path, seconds: float | None, **options: object) -> Request:
    """Return a request for a session of a small practice, which is written into folder with its voice."""
    practice = folder / "small"
    if not practice.exists():
        write_practice(practice, TOML, SCRIPTS)
        (folder / "hum.toml").write_text(HUM, encoding="utf-8")
    samples = None if seconds is None else round(seconds * RATE_HZ)
    return Request(samples, practice=str(practice), voice=str(folder / "hum.toml"), **options)  # type: ignore[arg-type]


def add(folder: Path, name: str, seconds: float | None, store: Store, **options: object) -> Path:
    """Build a session into folder, and return its file."""
    write(request(folder, seconds, **options), folder / name, store)
    return folder / name


def with_cover(path: Path, jpeg: bytes | None = JPEG) -> Path:
    """Make this picture, or none, the only one in the tag of an MP3; return its path."""
    data = path.read_bytes()
    size = tag_size(data)
    frames = [(name, body) for name, body in read_frames(data[:size]) if name != "APIC"]
    frames += [("APIC", b"\0image/jpeg\0\x03\0" + jpeg)] if jpeg else []
    tag = b"".join(name.encode() + len(body).to_bytes(4) + b"\0\0" + body for name, body in frames)
    head = b"ID3\x03\x00\x00" + bytes((len(tag) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(head + tag + data[size:])
    return path


# --- the server ---


@dataclass
class Shared(InThread):
    """A server that shares a folder."""

    warnings: list[str] = field(default_factory=list)
    """Why groundings could not be built."""


@contextmanager
def sharing(folder: Path, store: Store, limits: Limits = DEFAULT_LIMITS) -> Iterator[Shared]:
    """Yield the server for a folder, on a free port of loopback."""
    built = folder / "built"
    built.mkdir(exist_ok=True)
    warnings: list[str] = []
    at = listen(LOOPBACK, 0)
    groundings = Groundings(built, store, folder, warnings.append)
    live_site = LiveSite(Catalogue(folder), groundings, at[1].url(TOKEN))
    live_site.prepare()
    with serving(live_site.find, limits=limits, at=at) as server:
        yield Shared(server.host, server=server.server, thread=server.thread, warnings=warnings)


# --- the command ---

_SHARE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.{handler})
runpy.run_module("audioguide", run_name="__main__", alter_sys=True)
"""


def share_command(folder: Path, cache: Path, *options: str, handler: str = "default_int_handler") -> list[str]:
    """Return the command line of `audioguide share` whose SIGINT is handled like this, however pytest was started."""
    return [sys.executable, "-c", _SHARE.format(handler=handler), "share", str(folder), "--cache", str(cache), *options]
