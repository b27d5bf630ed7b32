import re

import pytest
from helpers import cues

from audioguide.captions import KINDS, caption_kinds, captions
from audioguide.errors import InputError
from audioguide.model import Phrase
from audioguide.plan import lay_out

FOUND = cues("# One\nHello & welcome.\n[pause 6s]\n# Two\nBye, then. [bell] End.")
TIMELINE = lay_out(FOUND, [50, 60, 300, 40], 30 * 24_000)
SPOKEN = [(sound.start * 24, sound.end * 24) for sound in TIMELINE.sounds if isinstance(sound.cue, Phrase)]


def _ms(hours: str, minutes: str, seconds: str, millis: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(millis)


@pytest.mark.parametrize(("kind", "point"), [("vtt", r"\."), ("srt", ",")])
def test_every_phrase_has_its_times(kind: str, point: str) -> None:
    clock = rf"(\d\d):(\d\d):(\d\d){point}(\d\d\d)"
    found = re.findall(f"^{clock} --> {clock}$", captions(kind, TIMELINE, "T"), re.MULTILINE)

    assert [(_ms(*times[:4]), _ms(*times[4:])) for times in found] == SPOKEN


def test_webvtt_begins_with_its_name_and_escapes() -> None:
    text = captions("vtt", TIMELINE, "A & B")

    assert text.startswith("WEBVTT - A &amp; B\n\n")
    assert "\nHello &amp; welcome.\n" in text


def test_lrc_tells_hundredths() -> None:
    lines = captions("lrc", TIMELINE, "T").splitlines()

    assert lines[0] == "[ti:T]" and lines[1].endswith("]Hello & welcome.")
    assert [round((int(line[1:3]) * 60 + float(line[4:9])) * 1000) for line in lines[1:]] == pytest.approx(
        [start for start, _ in SPOKEN], abs=5
    )


def test_a_transcript_has_the_chapters_in_their_places() -> None:
    assert captions("txt", TIMELINE, "T") == "T\n\nOne\n\nHello & welcome.\n\nTwo\n\nBye, then.\nEnd.\n"


def test_an_unknown_kind_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"--captions 'vvt' is not known; did you mean vtt\?"):
        caption_kinds("srt,vvt")
    assert caption_kinds(",".join(KINDS)) == list(KINDS)
