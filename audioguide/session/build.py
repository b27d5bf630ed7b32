"""Builds a session; reads top to bottom like the way of the data: scripts, cues, speech, timeline, pieces, MP3."""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from audioguide.audio.id3 import MOST_CHAPTERS, About, Lyrics, id3, tag_size
from audioguide.audio.mp3 import encoder_version
from audioguide.core.clock import RATE_HZ, minutes_length, parse_length
from audioguide.core.defaults import ENDINGS, GUIDANCE, PRACTICE, VOICE
from audioguide.core.errors import DamagedError, InputError, ScriptError, did_you_mean
from audioguide.core.language import base_language
from audioguide.core.model import Chapter, Clip, Cue, Line, Phrase, Source, Timeline
from audioguide.core.numerals import length_in_words
from audioguide.core.request import ORDINARY_LENGTH, Request, check_said, check_settings, default_out, differences
from audioguide.core.version import __version__
from audioguide.practice.definition import Practice, find_practice
from audioguide.practice.parse import parse
from audioguide.practice.rendering import rendered_text, sounds_before
from audioguide.session.cover import face, kept_cover
from audioguide.session.fit import ClipSet, Fitter, Progress
from audioguide.session.manifest import OWNER, Manifest, to_bytes
from audioguide.session.pieces import Pieces, identity
from audioguide.session.resources import Resources
from audioguide.speech.normalise import apply_lexicon
from audioguide.speech.reader import Reader, reader
from audioguide.speech.voices import RECORDED, Voice, find_voice, voice_names
from audioguide.storage.atomic import Draft, atomic_file
from audioguide.storage.store import Store, open_store
from audioguide.timeline.captions import caption_kinds, spoken
from audioguide.timeline.captions import captions as captions_text
from audioguide.timeline.plan import lay_out, natural_length
from audioguide.timeline.rehearsal import beginning_with, rehearsal


@dataclass(frozen=True, slots=True)
class Session:
    """A session that can be written: everything is spoken and has its place."""

    about: About
    voice: Voice
    timeline: Timeline
    clips: Mapping[Phrase, Clip]
    spoken: int
    """Phrases that were not in the store."""
    manifest: Manifest
    """What it was made of; signed when it is written."""


def build(
    length: str | float | Fraction | None = None,
    *,
    practice: str | Path = PRACTICE,
    voice: str | Path = VOICE,
    grounding: bool | None = None,
    ending: str = ENDINGS[0],
    guidance: str = GUIDANCE[0],
    pace_wpm: float | None = None,
    bell: bool = True,
    settings: Mapping[str, str] | None = None,
    said: Mapping[str, str] | None = None,
    only: str | None = None,
    out: str | Path | None = None,
    captions: str = "",
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Return the path of a session's MP3, built now.

    Args:
        length: minutes as a number, or text as on the command line, such as "7:30"; None only with `only`, for the
            step's natural length.
        practice: a name on the shelf, or a folder.
        voice: a name on the shelf, or a TOML file.
        grounding: whether the interlude takes part; None: as the practice has it for this length.
        ending: "wake" or "sleep".
        guidance: "full", "brief" or "bells".
        pace_wpm: words a minute while speaking; None: the voice's own.
        bell: whether bells ring.
        settings: variables for the scripts.
        said: how words of this one session are said, such as {"Siobhan": "shi-VAWN"}.
        only: one step alone, by name, instead of the whole session.
        out: the file; by default a name below ``output/`` that says what it is.
        captions: what to write beside the MP3, such as "vtt,srt".
        cache: the folder for clips and pieces; by default the user's cache folder.
        progress: called with (phrases spoken now, phrases to speak).

    Raises:
        AudioguideError: with a message that says what to do.
    """
    samples = None if length is None else _samples(length)
    known = check_settings({key: str(value) for key, value in (settings or {}).items()})
    words = check_said(said or {})
    request = Request(
        samples, str(practice), str(voice), grounding, ending, guidance, pace_wpm, bell, known, words, only or None
    )
    path = Path(out) if out else default_out(request)
    write(request, path, open_store(cache), progress, caption_kinds(captions))
    return path


def _samples(length: str | float | Fraction) -> int:
    return parse_length(length) if isinstance(length, str) else minutes_length(length)


def write(
    request: Request, out: Path, store: Store, progress: Progress | None = None, kinds: Iterable[str] = ()
) -> Session:
    """Build a session into the file out, which holds either what it held or the whole new session.

    Args:
        request: what is asked for.
        out: the MP3; captions are written beside it.
        store: where clips and pieces are kept.
        progress: told how far the speaking is.
        kinds: captions to write, of captions.KINDS.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    session = _write(lambda: plan(request, store, progress), out, store)
    _write_captions(session, out, kinds)
    return session


def renew(
    request: Request, out: Path, store: Store, kinds: Iterable[str] = (), workshop: Resources | None = None
) -> tuple[Session, bool]:
    """Build a session into the file out, unless that is this very session already; arguments and errors as for write.

    Returns:
        The session, and whether it was written.
    """
    session = plan(request, store, workshop=workshop)
    written = not _stands(session, out, store)
    if written:
        at_hand = [session]
        session = _write(lambda: at_hand.pop() if at_hand else plan(request, store, workshop=workshop), out, store)
    _write_captions(session, out, kinds)
    return session, written


def _stands(session: Session, out: Path, store: Store) -> bool:
    """Return whether a file is this very session: its tag is the one that would be written over these very frames."""
    try:
        data = out.read_bytes()
    except OSError:
        return False
    size = tag_size(data)
    frames = sha256(memoryview(data)[size:]).hexdigest()
    return data[:size] == _tag(session, replace(session.manifest, sha256=frames), _cover(session, store))


def _write_captions(session: Session, out: Path, kinds: Iterable[str]) -> None:
    for kind in kinds:
        with atomic_file(out.with_suffix(f".{kind}"), f".{kind}") as draft:
            draft.write(captions_text(kind, session.timeline, session.about.title).encode())


def say(text: str, voice: Voice, out: Path, store: Store, progress: Progress | None = None) -> Session:
    """Build a text, marks and all, into the file out through the very chain of a session; pauses are at ease.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    return _write(lambda: _plan_text(text, voice, store, progress), out, store)


def render(request: Request) -> str:
    """Return the rendered text of a session.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    find_voice(request.voice)
    return rendered_text(request, find_practice(request.practice), request.samples or ORDINARY_LENGTH)


def plan(
    request: Request, store: Store, progress: Progress | None = None, workshop: Resources | None = None
) -> Session:
    """Return a session laid out to the sample; speaks what was never spoken, writes no MP3.

    Args:
        request: what is asked for.
        store: where clips and pieces are kept.
        progress: told how far the speaking is.
        workshop: what several sessions share; None: this one has its own.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    if workshop is None:
        with Resources() as own:
            return plan(request, store, progress, own)
    practice = find_practice(request.practice)
    voice = find_voice(request.voice).at_pace(request.pace_wpm)
    _refuse_other_language(practice, voice)
    skipped = sounds_before(request, practice)
    with reader(voice, store, (*request.lexicon(), *practice.lexicon), workshop.engines) as who:
        studio = ClipSet(who, progress)
        timeline = Fitter(request, practice, voice, studio, workshop.renderer(practice)).fit()
        _refuse_unsaid(request, timeline)
        about = About(_title(request, practice, timeline.total), practice.title, practice.language)
        heard = rehearsal(beginning_with(timeline, skipped)) if request.rehearsal else timeline
        return _session(about, heard, studio, who, practice.name, request.options())


def _plan_text(text: str, voice: Voice, store: Store, progress: Progress | None) -> Session:
    lines = [Line(line, ((0, Source("text", number)),)) for number, line in enumerate(text.split("\n"), 1)]
    title = textwrap.shorten(text, 60)
    cues: list[Cue] = [Chapter(title, Source("text", 1)), *parse(lines)]
    if not any(isinstance(cue, Phrase) for cue in cues):
        raise InputError("there is nothing to say; write some words")
    with reader(voice, store) as who:
        studio = ClipSet(who, progress)
        lengths = studio.lengths(cues)
        timeline = lay_out(cues, lengths, natural_length(cues, lengths))
        return _session(About(title, "audioguide say", voice.language), timeline, studio, who, "", {})


def _session(
    about: About, timeline: Timeline, studio: ClipSet, who: Reader, practice: str, options: Mapping[str, object]
) -> Session:
    if len(timeline.chapters) > MOST_CHAPTERS:
        raise InputError(
            f"{len(timeline.chapters)} chapters, but an MP3 holds {MOST_CHAPTERS}; leave some # titles out"
        )
    voice: dict[str, object] = {"name": who.voice.name, "engine": who.voice.engine}
    voice |= {} if who.voice.engine == RECORDED else {"pace_wpm": who.voice.pace_wpm}
    versions = {"audioguide": __version__, "engine": who.fingerprint(), "encoder": encoder_version()}
    sound = identity(timeline, studio.clips)
    manifest = Manifest(about.title, practice, about.language, voice, options, versions, timeline, sound)
    return Session(about, who.voice, timeline, studio.clips, studio.spoken, manifest)


def _title(request: Request, practice: Practice, samples: int) -> str:
    closing = " and closing" if request.with_closing else ""
    only = f", {request.only}{closing}" if request.only else ""
    start = f" from {request.from_step}" if request.from_step else ""
    rehearsed = f" (rehearsal{start})" if request.rehearsal else ""
    told = ", ".join([length_in_words(Fraction(samples, RATE_HZ)), *differences(request)])
    return f"{practice.title}{only}, {told}{rehearsed}"


def _refuse_unsaid(request: Request, timeline: Timeline) -> None:
    """Refuse a word of --say that a whole session never says; a step alone need not, nor any length a word of --set."""
    if request.only:
        return
    texts = [sound.cue.text for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    for word in sorted(request.said.keys() - set(request.settings.values())):
        if all(apply_lexicon(text, {word: "/it/"}) == text for text in texts):
            near = did_you_mean(word, dict.fromkeys(re.findall(r"\w+", " ".join(texts))))
            raise InputError(f"--say {word}: nothing in this session says {word}{near}")


def _refuse_other_language(practice: Practice, voice: Voice) -> None:
    if base_language(practice.language) != base_language(voice.language):
        words = f"the practice is in {practice.language!r}, but voice {voice.name} speaks {voice.language!r}"
        fitting = [
            name
            for name in voice_names()
            if base_language(find_voice(name).language) == base_language(practice.language)
        ]
        advice = f"--voice {' or '.join(fitting)} would fit" if fitting else _own_voice(practice.language)
        raise ScriptError(Source(f"{practice.shown}/practice.toml", 1), f"{words}; {advice}")


def _own_voice(language: str) -> str:
    return (
        f'no voice on the shelf speaks that; a file my-voice.toml with engine = "system" and language = {language!r} '
        "may, if this computer can: --voice my-voice.toml"
    )


def _write(planned: Callable[[], Session], out: Path, store: Store) -> Session:
    """Write what is planned; a clip that proves damaged is gone from the store, and another try speaks it again."""
    mended: set[str] = set()
    while True:
        try:
            with atomic_file(out) as draft:
                Pieces(store).begin()
                session = planned()
                _put(session, draft, store)
            store.drop_copies()
            return session
        except DamagedError as error:
            if error.key in mended:
                raise
            mended.add(error.key)
            store.keep_copies()


def _put(session: Session, draft: Draft, store: Store) -> None:
    """Write tag and frames, then the tag once more: now it knows the digest of the frames."""
    picture = _cover(session, store)
    draft.write(_tag(session, session.manifest, picture))
    digest = sha256()
    for part in Pieces(store).stream(session.timeline, session.clips):
        digest.update(part)
        draft.write(part)
    draft.overwrite_start(_tag(session, replace(session.manifest, sha256=digest.hexdigest()), picture))


def _cover(session: Session, store: Store) -> bytes:
    return kept_cover(store, face(session.about.album, session.timeline))


def _tag(session: Session, manifest: Manifest, picture: bytes) -> bytes:
    about, timeline = session.about, session.timeline
    lines = tuple((start, words) for start, _, words in spoken(timeline))
    lyrics = Lyrics(captions_text("txt", timeline, about.title), lines)
    made_of = (OWNER, to_bytes(manifest))
    return id3(about, timeline.chapters, timeline.total, made_of, lyrics=lyrics, picture=picture)
