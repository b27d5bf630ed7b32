"""PURE. The rules about a whole session: what it offers and when, and the silences in between."""

from collections.abc import Callable, Iterator
from itertools import groupby

from audioguide.checks.advice.heard import Advice, HeardPhrase, HeardSession, Silence
from audioguide.checks.advice.sentences import quote, sentences
from audioguide.checks.advice.vocabulary import Sign, Words
from audioguide.core.clock import frames

MINUTE = frames(60)
BREATHING_SPACE = frames(3)
"""The least silence between two cues. Frames."""
_IN_A_ROW = 3
"""This many cues in a row with less silence are too fast, however short each is."""
_LEAST_WORDS = 3
"""A line of fewer words may be repeated: "And quiet.\""""

_Check = Callable[[HeardSession, Words], Iterator[Advice]]


def advise_structure(heard: HeardSession, words: Words) -> Iterator[Advice]:
    """Yield the advice on a session as a whole."""
    if heard.phrases:
        for signs, check in _CHECKS:
            if words.has(*signs):
                yield from check(heard, words)


def _closed_eyes(heard: HeardSession, words: Words) -> Iterator[Advice]:
    """An alternative counts from the paragraph in which it is offered until the end of the session."""
    free = False
    for paragraph in heard.paragraphs():
        free = free or words.finds(Sign.EYES_FREE, " ".join(phrase.text for phrase in paragraph))
        for phrase in paragraph:
            if not free and words.finds(Sign.CLOSE_EYES, phrase.text):
                yield Advice("closed-eyes", phrase.source, f"{quote(phrase.text)} offers no alternative")


def _only_breath(heard: HeardSession, words: Words) -> Iterator[Advice]:
    for _, group in groupby(heard.phrases, lambda one: one.chapter):
        chapter = [one.phrase for one in group]
        breath = [phrase for phrase in chapter if words.finds(Sign.BREATH, phrase.text)]
        if breath and not any(words.finds(Sign.ANCHOR, phrase.text) for phrase in chapter):
            message = f"{quote(breath[0].text)} is the only thing to attend to in this chapter"
            yield Advice("only-breath", breath[0].source, message)


def _no_permission(heard: HeardSession, words: Words) -> Iterator[Advice]:
    early = [sentence for one in heard.phrases if one.start < MINUTE for sentence in sentences(one.phrase.text)]
    permits = [text for text in early if words.finds(Sign.PERMITS, text) and not words.finds(Sign.REFUSES, text)]
    wanted = (Sign.STOP, Sign.MOVE, Sign.OPEN_EYES)
    missing = [sign.value for sign in wanted if not any(words.finds(sign, text) for text in permits)]
    if missing:
        where = heard.phrases[0].phrase.source
        yield Advice("no-permission", where, f"the first minute gives no permission {', or '.join(missing)}")


def _long_silences(heard: HeardSession) -> list[Silence]:
    return [silence for silence in heard.silences if silence.length > MINUTE and silence.phrases_before]


def _no_way_back(heard: HeardSession, words: Words) -> Iterator[Advice]:
    for silence in _long_silences(heard)[:1]:
        before = heard.phrases[: silence.phrases_before]
        grouped = groupby(before, lambda one: one.paragraph)
        paragraphs = [" ".join(one.phrase.text for one in group) for _, group in grouped]
        if not any(_is_way_back(text, words) for text in paragraphs):
            last = before[-1].phrase
            message = (
                f"{quote(last.text)} is followed by the first silence of over a minute, with no way back before it"
            )
            yield Advice("no-way-back", last.source, message)


def _is_way_back(text: str, words: Words) -> bool:
    """Return whether a paragraph says to look around or feel the floor, and to open the eyes, move or come out."""
    outward = [sign for sign in (Sign.LOOK, Sign.GROUND) if words.finds(sign, text)]
    away = [sign for sign in (Sign.OPEN_EYES, Sign.MOVE, Sign.COME_OUT) if words.finds(sign, text)]
    return bool(outward) and len(outward) + len(away) > 1


def _no_orienting(heard: HeardSession, words: Words) -> Iterator[Advice]:
    end = _end(heard)
    if heard.wakes and not any(words.finds(Sign.LOOK, one.phrase.text) for one in end):
        yield Advice("no-orienting", end[-1].phrase.source, "the ending does not mention looking around")


def _no_side_roll(heard: HeardSession, words: Words) -> Iterator[Advice]:
    """Only a listener who lies down can roll."""
    end = _end(heard)
    lies = any(words.finds(Sign.LYING, one.phrase.text) for one in heard.phrases)
    if heard.wakes and lies and not any(words.finds(Sign.SIDE, one.phrase.text) for one in end):
        yield Advice("no-side-roll", end[-1].phrase.source, "the ending does not mention rolling to one side")


def _end(heard: HeardSession) -> tuple[HeardPhrase, ...]:
    """Return the phrases after the last long silence, or those of the last chapter, whichever are more."""
    chapter = sum(one.chapter < heard.phrases[-1].chapter for one in heard.phrases)
    counts = [silence.phrases_before for silence in _long_silences(heard)]
    silences = [count for count in counts if count < len(heard.phrases)]
    return heard.phrases[min([chapter, *silences[-1:]]) :]


def _silence_not_announced(heard: HeardSession, words: Words) -> Iterator[Advice]:
    """It is announced in the paragraph before, or for all silences at once with words such as "a few minutes each"."""
    texts = [one.phrase.text for one in heard.phrases]
    series = next((index for index, text in enumerate(texts) if _announces_all(text, words)), len(texts))
    for silence in _long_silences(heard):
        before = heard.phrases[: silence.phrases_before]
        last = before[-1]
        paragraph = [one.phrase.text for one in before if one.paragraph == last.paragraph]
        if series >= silence.phrases_before and not any(words.finds(Sign.QUIET, text) for text in paragraph):
            message = f"{quote(last.phrase.text)} is followed by over a minute of silence"
            yield Advice("silence-not-announced", last.phrase.source, message)


def _announces_all(text: str, words: Words) -> bool:
    return any(words.finds(Sign.QUIET, one) and words.finds(Sign.SERIES, one) for one in sentences(text))


def _hurried_pause(heard: HeardSession, words: Words) -> Iterator[Advice]:
    for one in heard.phrases[1:]:
        if one.marked and one.silence < BREATHING_SPACE:
            message = f"{quote(one.phrase.text)} comes after a pause of less than 3 s"
            yield Advice("hurried-cue", one.phrase.source, message)


def _hurried_row(heard: HeardSession, words: Words) -> Iterator[Advice]:
    """Cues in a row with nothing but line ends between them."""
    row = 0
    for one in heard.phrases:
        asks = words.finds(Sign.ASKS, one.phrase.text)
        row = (row + 1 if one.silence < BREATHING_SPACE else 1) if asks else 0
        if row == _IN_A_ROW:
            message = f"{quote(one.phrase.text)} is the third cue in a row with less than 3 s between them"
            yield Advice("hurried-cue", one.phrase.source, message)


def _twice(heard: HeardSession, words: Words) -> Iterator[Advice]:
    first: dict[str, HeardPhrase] = {}
    for one in heard.phrases:
        text = "".join(sign for sign in one.phrase.text.casefold() if sign.isalnum() or sign == " ")
        if len(text.split()) < _LEAST_WORDS:
            continue
        earlier = first.setdefault(text, one)
        if earlier is not one:
            source, here = earlier.phrase.source, one.phrase.source
            place = f"line {source.line}" if source.file == here.file else str(source)
            yield Advice("twice", here, f"{quote(one.phrase.text)} is said twice in one session, first at {place}")


_CHECKS: tuple[tuple[tuple[Sign, ...], _Check], ...] = (
    ((Sign.CLOSE_EYES, Sign.EYES_FREE), _closed_eyes),
    ((Sign.BREATH, Sign.ANCHOR), _only_breath),
    ((Sign.PERMITS, Sign.REFUSES, Sign.STOP, Sign.MOVE, Sign.OPEN_EYES), _no_permission),
    ((Sign.LOOK, Sign.GROUND, Sign.OPEN_EYES, Sign.MOVE, Sign.COME_OUT), _no_way_back),
    ((Sign.LOOK,), _no_orienting),
    ((Sign.LYING, Sign.SIDE), _no_side_roll),
    ((Sign.QUIET, Sign.SERIES), _silence_not_announced),
    ((), _hurried_pause),
    ((Sign.ASKS,), _hurried_row),
    ((), _twice),
)
"""Each check, with the signs for which a language must have words."""
