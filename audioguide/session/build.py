"""Plans, builds and renders sessions. `plan` shows the steps: scripts, cues, speech, timeline, manifest."""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path

from audioguide.audio.id3 import MOST_CHAPTERS, About
from audioguide.audio.mp3 import encoder_version
from audioguide.core.clock import RATE_HZ, minutes_length, parse_length
from audioguide.core.defaults import ENDINGS, GUIDANCE, PRACTICE, VOICE
from audioguide.core.errors import DamagedError, InputError, ScriptError, did_you_mean
from audioguide.core.language import base_language
from audioguide.core.model import Chapter, Cue, Line, Phrase, Source, Timeline
from audioguide.core.numerals import length_in_words
from audioguide.core.request import Request, check_said, check_settings, default_out, differences
from audioguide.core.version import __version__
from audioguide.practice.definition import find_practice
from audioguide.practice.model import Practice
from audioguide.practice.parse import parse
from audioguide.practice.rendering import rendered_text, sounds_before
from audioguide.session.fit import ClipSet, Fitter, Progress
from audioguide.session.manifest import Manifest
from audioguide.session.pieces import Pieces, sound_digest
from audioguide.session.resources import Resources
from audioguide.session.session_file import Session, is_up_to_date, write_captions, write_mp3
from audioguide.speech.normalise import apply_lexicon
from audioguide.speech.reader import Reader, open_reader
from audioguide.speech.voices import RECORDED, Voice, find_voice, voice_names
from audioguide.storage.atomic import atomic_file
from audioguide.storage.store import Store, open_store
from audioguide.timeline.captions import caption_kinds
from audioguide.timeline.plan import lay_out, natural_length
from audioguide.timeline.rehearsal import beginning_with, rehearsal


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
    """Build a session, and return the path of its MP3.

    Args:
        length: minutes as a number, or text as on the command line, such as "7:30"; None only with `only`, for the
            step's natural length.
        practice: the name of a built-in practice, or a folder.
        voice: the name of a built-in voice, or a TOML file.
        grounding: whether to include the grounding; None: as the practice defines for this length.
        ending: "wake" or "sleep".
        guidance: "full", "brief" or "bells".
        pace_wpm: words per minute while speaking; None: the voice's default.
        bell: whether to include bells.
        settings: variables for the scripts.
        said: pronunciations for this session, such as {"Siobhan": "shi-VAWN"}.
        only: the name of a single step to build instead of the whole session.
        out: the file to write; by default a descriptive name in ``output/``.
        captions: captions to write next to the MP3, such as "vtt,srt".
        cache: the folder for clips and pieces; by default the user's cache folder.
        progress: called with (phrases spoken so far, phrases to speak).

    Raises:
        AudioguideError: with a message that says what to do.
    """
    samples = None if length is None else _samples(length)
    known = check_settings({key: str(value) for key, value in (settings or {}).items()})
    words = check_said(said or {})
    request = Request(
        samples,
        practice=str(practice),
        only=only or None,
        voice=str(voice),
        pace_wpm=pace_wpm,
        guidance=guidance,
        ending=ending,
        grounding=grounding,
        bell=bell,
        settings=known,
        said=words,
    )
    path = Path(out) if out else default_out(request)
    write(request, path, open_store(cache), progress, caption_kinds(captions))
    return path


def _samples(length: str | float | Fraction) -> int:
    return parse_length(length) if isinstance(length, str) else minutes_length(length)


def write(
    request: Request, out: Path, store: Store, progress: Progress | None = None, kinds: Iterable[str] = ()
) -> Session:
    """Build a session into the file out; on an error, the file is as it was before.

    Args:
        request: the session to build.
        out: the MP3; captions are written next to it.
        store: the cache of clips and pieces.
        progress: called with (phrases spoken so far, phrases to speak).
        kinds: captions to write, from captions.KINDS.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    session = _write(lambda: plan(request, store, progress), out, store)
    write_captions(session, out, kinds)
    return session


def renew(
    request: Request, out: Path, store: Store, kinds: Iterable[str] = (), resources: Resources | None = None
) -> tuple[Session, bool]:
    """Build a session into the file out unless the file is up to date; arguments and errors as for write and plan.

    Returns:
        The session, and whether it was written.
    """
    session = plan(request, store, resources=resources)
    is_outdated = not is_up_to_date(session, out, store)
    if is_outdated:
        session = _write(lambda: plan(request, store, resources=resources), out, store, session)
    write_captions(session, out, kinds)
    return session, is_outdated


def say(text: str, voice: Voice, out: Path, store: Store, progress: Progress | None = None) -> Session:
    """Build a text with marks into the file out in the same way as a session; pauses have their natural length.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    return _write(lambda: _plan_text(text, voice, store, progress), out, store)


def _write(make: Callable[[], Session], out: Path, store: Store, session: Session | None = None) -> Session:
    """Write a session, by default the one that make plans, and return it.

    If a clip turns out to be damaged, reading it has removed it from the store: plan again, which speaks it again.
    """
    retried: set[str] = set()
    while True:
        try:
            with atomic_file(out) as draft:
                Pieces(store).make_common()
                session = session or make()
                write_mp3(session, draft, store)
            store.drop_copies()
            return session
        except DamagedError as error:
            if error.key in retried:
                raise
            retried.add(error.key)
            store.keep_copies()
            session = None


def render(request: Request) -> str:
    """Return the rendered text of a session.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    find_voice(request.voice)
    return rendered_text(request, find_practice(request.practice), request.wording_samples)


def plan(
    request: Request, store: Store, progress: Progress | None = None, resources: Resources | None = None
) -> Session:
    """Return a session with its exact timeline; speaks phrases that are not in the store, but writes no MP3.

    Args:
        request: the session to plan.
        store: the cache of clips and pieces.
        progress: called with (phrases spoken so far, phrases to speak).
        resources: shared by several sessions; None: none are shared.

    Raises:
        AudioguideError: with a message that says what to do.
    """
    if resources is None:
        with Resources() as own:
            return plan(request, store, progress, own)
    practice = find_practice(request.practice)
    voice = find_voice(request.voice).at_pace(request.pace_wpm)
    _check_language(practice, voice)
    skipped = sounds_before(request, practice)
    with open_reader(voice, store, (*request.lexicon(), *practice.lexicon), resources.engines) as voice_reader:
        clip_set = ClipSet(voice_reader, progress)
        timeline = Fitter(request, practice, voice, clip_set, resources.renderer(practice)).fit()
        _check_pronunciations(request, timeline)
        about = About(_title(request, practice, timeline.total), practice.title, practice.language)
        timeline = rehearsal(beginning_with(timeline, skipped)) if request.rehearsal else timeline
        return _session(about, timeline, clip_set, voice_reader, practice.name, request.options())


def _plan_text(text: str, voice: Voice, store: Store, progress: Progress | None) -> Session:
    lines = [Line(line, ((0, Source("text", number)),)) for number, line in enumerate(text.split("\n"), 1)]
    title = textwrap.shorten(text, 60)
    cues: list[Cue] = [Chapter(title, Source("text", 1)), *parse(lines)]
    if not any(isinstance(cue, Phrase) for cue in cues):
        raise InputError("there is nothing to say; write some text")
    with open_reader(voice, store) as voice_reader:
        clip_set = ClipSet(voice_reader, progress)
        lengths = clip_set.lengths(cues)
        timeline = lay_out(cues, lengths, natural_length(cues, lengths))
        return _session(About(title, "audioguide say", voice.language), timeline, clip_set, voice_reader, "", {})


def _session(
    about: About,
    timeline: Timeline,
    clip_set: ClipSet,
    voice_reader: Reader,
    practice: str,
    options: Mapping[str, object],
) -> Session:
    if len(timeline.chapters) > MOST_CHAPTERS:
        raise InputError(
            f"{len(timeline.chapters)} chapters, but an MP3 can have {MOST_CHAPTERS}; remove some # titles"
        )
    voice = voice_reader.voice
    voice_facts: dict[str, object] = {"name": voice.name, "engine": voice.engine}
    voice_facts |= {} if voice.engine == RECORDED else {"pace_wpm": voice.pace_wpm}
    versions = {"audioguide": __version__, "engine": voice_reader.fingerprint(), "encoder": encoder_version()}
    sound = sound_digest(timeline, clip_set.clips)
    manifest = Manifest(about.title, practice, about.language, voice_facts, options, versions, timeline, sound)
    return Session(about, voice, timeline, clip_set.clips, clip_set.spoken, manifest)


def _title(request: Request, practice: Practice, samples: int) -> str:
    closing = " and closing" if request.with_closing else ""
    only = f", {request.only}{closing}" if request.only else ""
    start = f" from {request.from_step}" if request.from_step else ""
    rehearsed = f" (rehearsal{start})" if request.rehearsal else ""
    details = ", ".join([length_in_words(Fraction(samples, RATE_HZ)), *differences(request)])
    return f"{practice.title}{only}, {details}{rehearsed}"


def _check_pronunciations(request: Request, timeline: Timeline) -> None:
    """Refuse a word of --say that does not occur in the session.

    A single step need not contain it, and a value of --set may be used only at some lengths.
    """
    if request.only:
        return
    texts = [sound.cue.text for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    for word in sorted(request.said.keys() - set(request.settings.values())):
        if all(apply_lexicon(text, {word: "/it/"}) == text for text in texts):
            near = did_you_mean(word, dict.fromkeys(re.findall(r"\w+", " ".join(texts))))
            raise InputError(f"--say {word}: nothing in this session says {word}{near}")


def _check_language(practice: Practice, voice: Voice) -> None:
    """Refuse a voice of another language than the practice's."""
    language = base_language(practice.language)
    if language == base_language(voice.language):
        return
    reason = f"the practice is in {practice.language!r}, but voice {voice.name} speaks {voice.language!r}"
    suitable = [name for name in voice_names() if base_language(find_voice(name).language) == language]
    advice = f"use --voice {' or '.join(suitable)}" if suitable else _own_voice_advice(practice.language)
    raise ScriptError(Source(f"{practice.shown}/practice.toml", 1), f"{reason}; {advice}")


def _own_voice_advice(language: str) -> str:
    return (
        f'no built-in voice speaks that; write a my-voice.toml with engine = "system" and language = {language!r}, '
        "and use --voice my-voice.toml, if this computer has a voice for it"
    )
