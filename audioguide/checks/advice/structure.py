"""PURE. The rules that look at a whole session: what is offered when, and what lies in between."""

from collections.abc import Callable, Iterator
from itertools import groupby

from audioguide.checks.advice.heard import Advice, Heard, HeardPhrase, Silence
from audioguide.checks.advice.languages import Sign, Words
from audioguide.checks.advice.sentences import quote, sentences
from audioguide.core.clock import frames

MINUTE = frames(60)
BREATHING_SPACE = frames(3)
"""What lies between two cues at least. Frames."""
_IN_A_ROW = 3
"""So many askings with less between them are too fast, however short each is."""
_LEAST_WORDS = 3
"""A line of fewer words may come again: "And quiet.\""""

_Finds = Callable[[Heard, Words], Iterator[Advice]]


def advise_structure(heard: Heard, words: Words) -> Iterator[Advice]:
    """Yield what there is to say about a session as a whole."""
    if heard.said:
        for signs, finds in _RULES:
            if words.has(*signs):
                yield from finds(heard, words)


def _closed_eyes(heard: Heard, words: Words) -> Iterator[Advice]:
    """An alternative stands in the same paragraph or before: once told, it holds."""
    free = False
    for paragraph in heard.paragraphs():
        free = free or words.tells(Sign.EYES_FREE, " ".join(phrase.text for phrase in paragraph))
        for phrase in paragraph:
            if not free and words.tells(Sign.CLOSE_EYES, phrase.text):
                yield Advice("closed-eyes", phrase.source, f"{quote(phrase.text)} leaves no other way")


def _only_breath(heard: Heard, words: Words) -> Iterator[Advice]:
    for _, group in groupby(heard.said, lambda said: said.chapter):
        chapter = [said.phrase for said in group]
        breath = [phrase for phrase in chapter if words.tells(Sign.BREATH, phrase.text)]
        if breath and not any(words.tells(Sign.ANCHOR, phrase.text) for phrase in chapter):
            yield Advice("only-breath", breath[0].source, f"{quote(breath[0].text)} is all there is to attend to")


def _no_permission(heard: Heard, words: Words) -> Iterator[Advice]:
    early = [said for said in heard.said if said.start < MINUTE]
    told = [sentence for said in early for sentence in sentences(said.phrase.text)]
    leave = [text for text in told if words.tells(Sign.LEAVE, text) and not words.tells(Sign.REFUSES, text)]
    wanted = (Sign.STOP, Sign.MOVE, Sign.OPEN_EYES)
    missing = [sign.value for sign in wanted if not any(words.tells(sign, text) for text in leave)]
    if missing:
        where = heard.said[0].phrase.source
        yield Advice("no-permission", where, f"the first minute gives no leave {', or '.join(missing)}")


def _long_silences(heard: Heard) -> list[Silence]:
    return [silence for silence in heard.silences if silence.length > MINUTE and silence.before]


def _no_way_back(heard: Heard, words: Words) -> Iterator[Advice]:
    """A way back is a paragraph that looks around or feels the floor, and opens the eyes, moves or comes out."""
    for silence in _long_silences(heard)[:1]:
        before = heard.said[: silence.before]
        grouped = groupby(before, lambda said: said.paragraph)
        paragraphs = [" ".join(said.phrase.text for said in group) for _, group in grouped]
        if not any(_is_way_back(text, words) for text in paragraphs):
            last = before[-1].phrase
            found = f"{quote(last.text)} and then the first silence of over a minute, without a way back before it"
            yield Advice("no-way-back", last.source, found)


def _is_way_back(text: str, words: Words) -> bool:
    outward = [sign for sign in (Sign.LOOK, Sign.GROUND) if words.tells(sign, text)]
    away = [sign for sign in (Sign.OPEN_EYES, Sign.MOVE, Sign.COME_OUT) if words.tells(sign, text)]
    return bool(outward) and len(outward) + len(away) > 1


def _no_orienting(heard: Heard, words: Words) -> Iterator[Advice]:
    end = _end(heard)
    if heard.wakes and not any(words.tells(Sign.LOOK, said.phrase.text) for said in end):
        yield Advice("no-orienting", end[-1].phrase.source, "the end does not offer to look around")


def _no_side_roll(heard: Heard, words: Words) -> Iterator[Advice]:
    """Only those who lie can roll."""
    end = _end(heard)
    lies = any(words.tells(Sign.LYING, said.phrase.text) for said in heard.said)
    if heard.wakes and lies and not any(words.tells(Sign.SIDE, said.phrase.text) for said in end):
        yield Advice("no-side-roll", end[-1].phrase.source, "the end does not offer to roll to one side")


def _end(heard: Heard) -> tuple[HeardPhrase, ...]:
    """Return what is said after the last long silence, or in the last chapter, whichever is more."""
    chapter = sum(said.chapter < heard.said[-1].chapter for said in heard.said)
    silences = [silence.before for silence in _long_silences(heard) if silence.before < len(heard.said)]
    return heard.said[min([chapter, *silences[-1:]]) :]


def _silence_not_announced(heard: Heard, words: Words) -> Iterator[Advice]:
    """Announced is it in the paragraph before, or once for all in words such as "a few minutes each"."""
    texts = [said.phrase.text for said in heard.said]
    series = next((nth for nth, text in enumerate(texts) if _announces_all(text, words)), len(texts))
    for silence in _long_silences(heard):
        last = heard.said[silence.before - 1]
        before = [said.phrase.text for said in heard.said[: silence.before] if said.paragraph == last.paragraph]
        if series >= silence.before and not any(words.tells(Sign.QUIET, text) for text in before):
            found = f"{quote(last.phrase.text)} and then over a minute of silence"
            yield Advice("silence-not-announced", last.phrase.source, found)


def _announces_all(text: str, words: Words) -> bool:
    return any(words.tells(Sign.QUIET, one) and words.tells(Sign.SERIES, one) for one in sentences(text))


def _hurried_pause(heard: Heard, words: Words) -> Iterator[Advice]:
    """A pause that somebody wrote, and that is over too soon."""
    for said in heard.said[1:]:
        if said.marked and said.silence < BREATHING_SPACE:
            found = f"{quote(said.phrase.text)} comes after a pause of less than 3 s"
            yield Advice("hurried-cue", said.phrase.source, found)


def _hurried_row(heard: Heard, words: Words) -> Iterator[Advice]:
    """Askings in a row with nothing but line ends between them."""
    row = 0
    for said in heard.said:
        asks = words.tells(Sign.ASKS, said.phrase.text)
        row = (row + 1 if said.silence < BREATHING_SPACE else 1) if asks else 0
        if row == _IN_A_ROW:
            found = f"{quote(said.phrase.text)} is the third thing asked with less than 3 s between them"
            yield Advice("hurried-cue", said.phrase.source, found)


def _twice(heard: Heard, words: Words) -> Iterator[Advice]:
    first: dict[str, HeardPhrase] = {}
    for said in heard.said:
        text = "".join(sign for sign in said.phrase.text.casefold() if sign.isalnum() or sign == " ")
        if len(text.split()) < _LEAST_WORDS:
            continue
        before = first.setdefault(text, said)
        if before is not said:
            found = f"{quote(said.phrase.text)} is said twice in one session, first at line {before.phrase.source.line}"
            same_file = before.phrase.source.file == said.phrase.source.file
            found = found if same_file else found.replace("at line ", f"at {before.phrase.source.file}:")
            yield Advice("twice", said.phrase.source, found)


_RULES: tuple[tuple[tuple[Sign, ...], _Finds], ...] = (
    ((Sign.CLOSE_EYES, Sign.EYES_FREE), _closed_eyes),
    ((Sign.BREATH, Sign.ANCHOR), _only_breath),
    ((Sign.LEAVE, Sign.REFUSES, Sign.STOP, Sign.MOVE, Sign.OPEN_EYES), _no_permission),
    ((Sign.LOOK, Sign.GROUND, Sign.OPEN_EYES, Sign.MOVE, Sign.COME_OUT), _no_way_back),
    ((Sign.LOOK,), _no_orienting),
    ((Sign.LYING, Sign.SIDE), _no_side_roll),
    ((Sign.QUIET, Sign.SERIES), _silence_not_announced),
    ((), _hurried_pause),
    ((Sign.ASKS,), _hurried_row),
    ((), _twice),
)
"""Each with the signs that it cannot do without."""
