"""PURE. Captions of a timeline: WebVTT, SubRip, LRC, and a plain transcript."""

from collections.abc import Callable, Iterator

from audioguide.core.clock import FRAME_MS
from audioguide.core.errors import InputError, did_you_mean
from audioguide.core.model import Phrase, Timeline


def caption_kinds(text: str) -> list[str]:
    """Return the kinds of captions in a list like ``vtt,srt``.

    Raises:
        InputError: a kind is unknown.

    >>> caption_kinds("vtt, srt"), caption_kinds("")
    (['vtt', 'srt'], [])
    """
    kinds = [kind for kind in text.lower().replace(",", " ").split() if kind]
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(
                f"--captions {kind!r} is not known{did_you_mean(kind, KINDS)} (choose from {', '.join(KINDS)})"
            )
    return kinds


def captions(kind: str, timeline: Timeline, title: str) -> str:
    """Return the captions of a kind, with times to the millisecond."""
    return KINDS[kind](timeline, " ".join(title.split()))


def spoken(timeline: Timeline) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, words) of every phrase, in milliseconds."""
    for sound in timeline.sounds:
        if isinstance(sound.cue, Phrase):
            yield sound.start * FRAME_MS, sound.end * FRAME_MS, sound.cue.text


def _vtt(timeline: Timeline, title: str) -> str:
    cues = [f"{_clock(start)} --> {_clock(end)}\n{_escaped(words)}\n" for start, end, words in spoken(timeline)]
    return "\n".join([f"WEBVTT - {_escaped(title)}\n", *cues])


def _srt(timeline: Timeline, title: str) -> str:
    cues = [
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{words}\n"
        for number, (start, end, words) in enumerate(spoken(timeline), 1)
    ]
    return "\n".join(cues)


def _lrc(timeline: Timeline, title: str) -> str:
    lines = [f"[{start // 60_000:02}:{start % 60_000 / 1000:05.2f}]{words}" for start, _, words in spoken(timeline)]
    return "\n".join([f"[ti:{title}]", *lines]) + "\n"


def _txt(timeline: Timeline, title: str) -> str:
    marks = [(mark.start * FRAME_MS, f"\n{mark.title}\n") for mark in timeline.chapters]
    lines = [(start, words) for start, _, words in spoken(timeline)]
    return "\n".join([title, *(words for _, words in sorted(marks + lines, key=lambda line: line[0]))]) + "\n"


def _clock(ms: int, point: str = ".") -> str:
    """Return milliseconds as HH:MM:SS.mmm.

    >>> _clock(3_723_004), _clock(24, ",")
    ('01:02:03.004', '00:00:00,024')
    """
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


KINDS: dict[str, Callable[[Timeline, str], str]] = {"vtt": _vtt, "srt": _srt, "lrc": _lrc, "txt": _txt}
