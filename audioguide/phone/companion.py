"""What goes with a session on the phone page: its grounding, to be heard at any moment, and its closing, in one MP3.

The two stand in one file so that both are on the phone when the network has gone: first the grounding, which ends by
saying that nothing more plays, then at least wording.APART_S of room tone, then the closing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from audioguide.audio.sound import SWELL
from audioguide.core.clock import LEAD, frames
from audioguide.core.defaults import ENDINGS, GUIDANCE
from audioguide.core.errors import InputError
from audioguide.core.request import Request, check_settings
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import APART_S, FINISH
from audioguide.session.manifest import Manifest
from audioguide.speech.voices import find_voice

_Thing = TypeVar("_Thing")
_AFTER = frames(1)
"""What is still heard of the grounding behind its last word. Frames."""


def companion_request(manifest: Manifest, near: Path) -> Request:
    """Return what to ask for, so that grounding and closing come in a session's own practice, voice, pace and words.

    Args:
        manifest: the session's.
        near: a folder; practices and voices that stand on no shelf are looked for in it, beside it, and here.

    Raises:
        InputError: they are not found, or the practice has no grounding.
        ScriptError: they are wrong; ScriptErrors: several things are.
    """
    place, practice = _found("practice", find_practice, manifest.practice, near, manifest)
    voice, _ = _found("voice", find_voice, str(manifest.voice.get("name", "")), near, manifest, ".toml")
    if practice.grounding is None:
        words = f"practice {practice.name} has no grounding; write [interlude.grounding] into its practice.toml"
        raise InputError(words)
    options = manifest.options
    settings, said, pace_wpm = (options.get(key) for key in ("settings", "said", "pace_wpm"))
    return Request(
        None,
        practice=place,
        voice=voice,
        ending=str(options.get("ending", ENDINGS[0])),
        guidance=str(options.get("guidance", GUIDANCE[0])),
        pace_wpm=float(pace_wpm) if isinstance(pace_wpm, int | float) else None,
        bell=options.get("bell") is not False,
        settings=check_settings(settings) if isinstance(settings, dict) else {},
        said={str(word): str(how) for word, how in said.items()} if isinstance(said, dict) else {},
        only=practice.grounding.step.name,
        with_closing=manifest.timeline.total,
    )


def edges(manifest: Manifest) -> tuple[int, int]:
    """Return where the grounding ends and where the closing begins, in frames, from a companion's own manifest.

    Raises:
        InputError: it is no companion.
    """
    sounds = manifest.timeline.sounds
    for mark in manifest.timeline.chapters:
        before = [sound.end for sound in sounds if sound.end <= mark.start]
        behind = [sound.start for sound in sounds if sound.start >= mark.start]
        if mark.title == FINISH and before and behind and behind[0] - before[-1] >= frames(APART_S):
            return before[-1] + _AFTER, behind[0] - SWELL - LEAD
    raise InputError(f"{manifest.title} has no closing behind its grounding")


def _found(
    kind: str, find: Callable[[str], _Thing], name: str, near: Path, manifest: Manifest, suffix: str = ""
) -> tuple[str, _Thing]:
    """Return (place, thing): by its name on the shelf, or from a file or folder of that name."""
    for place in _places(name, near, suffix):
        try:
            return place, find(place)
        except InputError:
            continue
    words = f"the grounding of {manifest.title!r} needs its {kind} {name!r}, which is not here"
    raise InputError(f"{words}; put {name}{suffix} beside the sessions, or start where it stands")


def _places(name: str, near: Path, suffix: str) -> Iterator[str]:
    """Yield the name as on a shelf, then in the folder, beside it, and here; nothing for what is no plain name."""
    if not name or Path(name).name != name:
        return
    yield name
    for folder in (near.absolute(), near.absolute().parent, Path.cwd()):
        yield str(folder / f"{name}{suffix}")
