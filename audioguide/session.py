"""Builds a session; reads top to bottom like the way of the data: scripts, cues, speech, timeline, pieces, MP3."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from audioguide.clock import RATE_HZ, clock, frames_for, parse_length
from audioguide.errors import DamagedError, InputError, LengthError, ScriptError
from audioguide.files import atomic_file
from audioguide.model import Bell, Chapter, Clip, Cue, Line, Phrase, Source, Timeline
from audioguide.numerals import length_in_words
from audioguide.parse import parse
from audioguide.pieces import Pieces
from audioguide.plan import LONGEST_SILENCE, lay_out, natural_length
from audioguide.practice import Practice, find_practice
from audioguide.promises import check_promises
from audioguide.render import read_settings
from audioguide.request import ORDINARY_LENGTH, Request, default_out
from audioguide.sound import bell_frames
from audioguide.speak.speaker import Speaker
from audioguide.store import Store
from audioguide.tags import About, id3
from audioguide.voices import Voice, find_voice
from audioguide.wording import read_cues, rendered_text

_TRIES = 8
"""How many lengths are tried to find the nearest one that builds."""

Progress = Callable[[int, int], None]
"""Called with (phrases spoken now, phrases to speak)."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that can be written: everything is spoken and has its place."""

    about: About
    voice: Voice
    timeline: Timeline
    clips: Mapping[str, Clip]
    """By phrase text."""
    gain_db: float
    spoken: int
    """Phrases that were not in the store."""


def build(
    length: str | float,
    *,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Path:
    """Return the path of a session's MP3, built now.

    Args:
        length: as on the command line: minutes, or text such as "7:30".
        out: the file; by default a name below ``output/`` that says what it is.
        cache: the folder for clips and pieces; by default the user's cache folder.
        settings: variables for the scripts.
        progress: told how far the speaking is.
        options: further fields of Request: practice, voice, grounding, ending, guidance, pace_wpm, bell, only.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    pairs = [f"{key}={value}" for key, value in (settings or {}).items()]
    request = Request(parse_length(str(length)), settings=read_settings(pairs), **options)  # type: ignore[arg-type]  # checked by Request
    path = Path(out) if out else default_out(request)
    write(request, path, open_store(cache), progress)
    return path


def open_store(cache: str | Path | None) -> Store:
    """Return the store in the folder cache, or in the user's cache folder."""
    if cache:
        return Store(Path(cache))
    from platformdirs import user_cache_path

    return Store(user_cache_path("audioguide", appauthor=False))


def write(request: Request, out: Path, store: Store, progress: Progress | None = None) -> Session:
    """Build a session into the file out, which holds either what it held or the whole new session.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    mended: set[str] = set()
    while True:
        try:
            return _write(request, out, store, progress)
        except DamagedError as error:  # that clip is gone from the store now, and is spoken again
            if error.key in mended:
                raise
            mended.add(error.key)


def _write(request: Request, out: Path, store: Store, progress: Progress | None) -> Session:
    with atomic_file(out) as put:
        session = plan(request, store, progress)
        _put(session, store, put)
    return session


def say(text: str, voice: Voice, out: Path, store: Store, progress: Progress | None = None) -> Session:
    """Build a text, marks and all, into the file out through the very chain of a session; pauses are at ease.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    lines = [Line(line, ((0, Source("text", number)),)) for number, line in enumerate(text.splitlines(), 1)]
    title = textwrap.shorten(text, 60)
    with atomic_file(out) as put, Speaker(voice, store) as speaker:
        cues = [Chapter(title, Source("text", 1)), *parse(lines)]
        if not any(isinstance(cue, Phrase) for cue in cues):
            raise InputError("there is nothing to say; write some words")
        studio = _Studio(speaker, progress)
        lengths = studio.lengths(cues)
        timeline = lay_out(cues, lengths, natural_length(cues, lengths))
        session = studio.session(About(title, "audioguide say", voice.language), timeline)
        _put(session, store, put)
    return session


def _put(session: Session, store: Store, put: Callable[[bytes], object]) -> None:
    put(id3(session.about, session.timeline.chapters, session.timeline.total))
    for part in Pieces(store, session.gain_db).stream(session.timeline, session.clips):
        put(part)


def render(request: Request) -> str:
    """Return the rendered text of a session.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    find_voice(request.voice)
    return rendered_text(request, find_practice(request.practice), request.samples or ORDINARY_LENGTH)


def plan(request: Request, store: Store, progress: Progress | None = None) -> Session:
    """Return a session laid out to the sample; speaks what was never spoken, writes no MP3.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    practice = find_practice(request.practice)
    voice = find_voice(request.voice).at_pace(request.pace_wpm)
    with Speaker(voice, store, practice.lexicon) as speaker:
        studio = _Studio(speaker, progress, practice.longest_silence)
        cues = read_cues(request, practice, request.samples or ORDINARY_LENGTH)
        lengths = studio.lengths(cues)
        target = request.samples or natural_length(cues, lengths, longest_silence=practice.longest_silence)
        try:
            timeline = lay_out(cues, lengths, target, longest_silence=practice.longest_silence)
        except LengthError as error:
            raise _told(error, request, practice, studio) from error
        check_promises(cues, timeline)
        return studio.session(About(_title(request, practice, target), practice.title, practice.language), timeline)


def _title(request: Request, practice: Practice, samples: int) -> str:
    only = f", {request.only}" if request.only else ""
    return f"{practice.title}{only}, {length_in_words(Fraction(samples, RATE_HZ))}"


class _Studio:
    """Speaks cues and remembers the clips, for another try at another length too."""

    def __init__(self, speaker: Speaker, progress: Progress | None, longest_silence: int = LONGEST_SILENCE) -> None:
        self.speaker = speaker
        self.longest_silence = longest_silence
        self._progress = progress or (lambda done, of: None)
        self._clips: dict[str, Clip] = {}

    def lengths(self, cues: Sequence[Cue]) -> list[int]:
        """Return the frames of each sound among the cues; speaks what the store does not hold."""
        self._speak([cue for cue in cues if isinstance(cue, Phrase)])
        return [self._frames(cue) for cue in cues if isinstance(cue, Phrase | Bell)]

    def session(self, about: About, timeline: Timeline) -> Session:
        """Return the session with what was spoken for it."""
        gain_db = self.speaker.gain_db()
        return Session(about, self.speaker.voice, timeline, self._clips, gain_db, self.speaker.spoken)

    def _speak(self, phrases: list[Phrase]) -> None:
        missing = self.speaker.missing(phrases)
        for done, phrase in enumerate(missing):
            self._progress(done, len(missing))
            self._clips[phrase.text] = self.speaker.clip(phrase)
        if missing:
            self._progress(len(missing), len(missing))
        for phrase in phrases:
            if phrase.text not in self._clips:
                self._clips[phrase.text] = self.speaker.clip(phrase)

    def _frames(self, cue: Phrase | Bell) -> int:
        return bell_frames(cue.strokes) if isinstance(cue, Bell) else frames_for(self._clips[cue.text].samples)


def _told(error: LengthError, request: Request, practice: Practice, studio: _Studio) -> LengthError:
    """Return the error with the lengths that there are, and with what would help."""
    asked, low, high = error.asked, error.shortest, error.longest
    too_short = asked < low
    words = (
        f"{clock(asked)} asked; with voice {studio.speaker.voice.name} this wording can be "
        f"{clock(_whole_second(low, up=True))} to {clock(high)}"
    )
    if nearest := _nearest(low if too_short else high, too_short, request, practice, studio):
        words += f"; the nearest length that builds is {clock(nearest)}"
    return LengthError(asked, low, high, f"{words}; {_what_helps(too_short, request, practice)}")


def _nearest(edge: int, too_short: bool, request: Request, practice: Practice, studio: _Studio) -> int | None:
    """Return a length in whole seconds near edge that builds with the wording as rendered for that length."""
    for _ in range(_TRIES):
        second = _whole_second(edge, up=too_short)
        try:
            cues = read_cues(request, practice, second)
            lay_out(cues, studio.lengths(cues), second, longest_silence=studio.longest_silence)
        except LengthError as error:
            too_short = second < error.shortest
            edge = error.shortest if too_short else error.longest
        except (ScriptError, InputError):
            return None
        else:
            return second
    return None


def _whole_second(samples: int, *, up: bool) -> int:
    return (-(-samples // RATE_HZ) if up else samples // RATE_HZ) * RATE_HZ


def _what_helps(too_short: bool, request: Request, practice: Practice) -> str:
    if not too_short:
        return "for longer, add words and [rest] marks to the scripts, or raise longest_silence in practice.toml"
    ways = {"--no-grounding": replace(request, grounding=False), "--guidance brief": replace(request, guidance="brief")}
    samples = request.samples or ORDINARY_LENGTH
    now = read_cues(request, practice, samples)
    helpful = [way for way, other in ways.items() if read_cues(other, practice, samples) != now]
    if request.guidance != "full":
        helpful = [way for way in helpful if "guidance" not in way]
    return f"for shorter, try {', '.join([*helpful, 'a faster --pace'])}, or leave words out of the scripts"
