import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import FAKE_VOICE
from hypothesis import given
from hypothesis import strategies as st
from support.audio import Signal, decode
from support.scripts import cues

from audioguide.audio.id3 import read_chapters, read_tag
from audioguide.checks.measurements import _SPEECH_DBFS
from audioguide.core.clock import FRAME_MS, RATE_HZ
from audioguide.core.errors import InputError
from audioguide.core.model import Phrase
from audioguide.core.request import Request
from audioguide.session.build import write
from audioguide.storage.store import Store
from audioguide.timeline.captions import KINDS, caption_kinds, captions
from audioguide.timeline.plan import lay_out

CUES = cues("# One\nHello & welcome.\n[pause 6s]\n# Two\nBye, then. [bell] End.")
TIMELINE = lay_out(CUES, [50, 60, 300, 40], 30 * 24_000)
SPOKEN = [(sound.start * 24, sound.end * 24) for sound in TIMELINE.sounds if isinstance(sound.cue, Phrase)]


def _ms(hours: str, minutes: str, seconds: str, millis: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(millis)


@pytest.mark.parametrize(("kind", "point"), [("vtt", r"\."), ("srt", ",")])
def test_every_phrase_has_its_times(kind: str, point: str) -> None:
    clock = rf"(\d\d):(\d\d):(\d\d){point}(\d\d\d)"
    found = re.findall(f"^{clock} --> {clock}$", captions(kind, TIMELINE, "T"), re.MULTILINE)

    assert [(_ms(*times[:4]), _ms(*times[4:])) for times in found] == SPOKEN


def test_webvtt_starts_with_its_name_and_is_escaped() -> None:
    text = captions("vtt", TIMELINE, "A & B")

    assert text.startswith("WEBVTT - A &amp; B\n\n")
    assert "\nHello &amp; welcome.\n" in text


def test_lrc_has_hundredths_of_a_second() -> None:
    lines = captions("lrc", TIMELINE, "T").splitlines()

    assert lines[0] == "[ti:T]" and lines[1].endswith("]Hello & welcome.")
    assert [round((int(line[1:3]) * 60 + float(line[4:9])) * 1000) for line in lines[1:]] == pytest.approx(
        [start for start, _ in SPOKEN], abs=5
    )


def test_a_transcript_has_the_chapter_titles_between_the_phrases() -> None:
    assert captions("txt", TIMELINE, "T") == "T\n\nOne\n\nHello & welcome.\n\nTwo\n\nBye, then.\nEnd.\n"


def test_an_unknown_kind_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"--captions 'vvt' is not known; did you mean vtt\?"):
        caption_kinds("srt,vvt")
    assert caption_kinds(",".join(KINDS)) == list(KINDS)


# --- WebVTT, by the strict grammar of the W3C ---


def strict_vtt(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, words) of each cue of a file that a strict parser accepts; times are HH:MM:SS.mmm only."""
    assert text.endswith("\n") and "\r" not in text and "\0" not in text
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert re.fullmatch(r"WEBVTT([ \t][^\n]*)?", head) and "-->" not in head
    clock = r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"
    found = []
    for block in blocks:
        timing, *words = block.split("\n")
        times = re.fullmatch(f"{clock} --> {clock}", timing)
        assert times and len(words) == 1 and words[0].strip(), block
        assert not re.search(r"-->|<|&(?!amp;|lt;|gt;)", words[0]), block
        said = words[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        found.append((_ms(*times.groups()[:4]), _ms(*times.groups()[4:]), said))
    assert all(start < end for start, end, _ in found)
    assert all(one[1] <= two[0] for one, two in pairwise(found))
    return found


@given(
    st.text(st.characters(exclude_characters="\0")),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])).filter(str.strip),
)
def test_webvtt_of_any_words_is_strict(title: str, words: str) -> None:
    first, *rest = TIMELINE.sounds
    said = Phrase(words.strip(), first.cue.source)  # type: ignore[union-attr]  # the first is no tick
    timeline = replace(TIMELINE, sounds=(replace(first, cue=said), *rest))
    found = strict_vtt(captions("vtt", timeline, title))

    assert [(start, end) for start, end, _ in found] == SPOKEN
    assert found[0][2] == words.strip()


def test_times_may_have_many_hours() -> None:
    plan = lay_out(cues("Hi.\n" + "[rest]\nHm.\n" * 200), [50] * 201, 11 * 3600 * RATE_HZ)
    assert strict_vtt(captions("vtt", plan, "T"))[-1][0] > 10 * 3_600_000


# --- compared with the decoded sound ---

WINDOW_MS = 5
MOST_MS = 60


def onset_ms(signal: Signal, start_ms: int) -> int:
    """Return when the sound becomes as loud as speech, in ms after start; searches from 0.2 s before it."""
    window = WINDOW_MS * RATE_HZ // 1000
    heard = signal[(start_ms - 200) * RATE_HZ // 1000 :][: 100 * window]
    power = (heard[: heard.size // window * window].reshape(-1, window) ** 2).mean(axis=1)
    return int(np.flatnonzero(10 * np.log10(power + 1e-12) > _SPEECH_DBFS)[0]) * WINDOW_MS - 200


def onsets(path: Path) -> list[int]:
    """Return when each line of a session's WebVTT is heard, in ms after its time in the file."""
    signal = decode(path.read_bytes())
    return [onset_ms(signal, start) for start, _, _ in strict_vtt(path.with_suffix(".vtt").read_text("utf-8"))]


def check_file(path: Path, voice: str, store: Store) -> None:
    """Build a session of five minutes, and compare its captions with its sound."""
    timeline = write(Request(300 * RATE_HZ, voice=voice), path, store, kinds=KINDS).timeline
    spoken = [(sound.start * FRAME_MS, sound.cue.text) for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    assert [(at, said) for at, _, said in strict_vtt(path.with_suffix(".vtt").read_text("utf-8"))] == spoken
    late = onsets(path)
    assert len(late) == len(spoken) and max(map(abs, late)) <= MOST_MS, late


def test_captions_are_on_time_to_60_ms_in_the_decoded_file(tmp_path: Path, shared_store: Store) -> None:
    check_file(tmp_path / "s.mp3", FAKE_VOICE, shared_store)


@pytest.mark.speech
@pytest.mark.parametrize("voice", ["calm", "system"])
def test_captions_of_a_real_voice_are_on_time_to_60_ms_in_the_decoded_file(
    tmp_path: Path, shared_store: Store, voice: str
) -> None:
    check_file(tmp_path / "s.mp3", voice, shared_store)


@pytest.mark.parametrize(
    ("minutes", "options"),
    [(5, {}), (20, {}), (60, {}), (45, {"ending": "sleep"}), (30, {"guidance": "bells"}), (7.5, {"guidance": "brief"})],
)
def test_a_chapter_begins_two_seconds_before_its_speech_and_bells(
    tmp_path: Path, shared_store: Store, minutes: float, options: dict[str, str]
) -> None:
    """Players jump late rather than early. Only a rehearsal cuts these silences too."""
    path = tmp_path / "s.mp3"
    request = Request(round(minutes * 60 * RATE_HZ), voice=FAKE_VOICE, **options)  # type: ignore[arg-type]
    timeline = write(request, path, shared_store).timeline
    marks = [start for start, _, _ in read_chapters(read_tag(path))]
    sounding = [(sound.start * FRAME_MS, sound.end * FRAME_MS) for sound in timeline.sounds]

    assert len(marks) >= 3
    assert all(min(start for start, _ in sounding if start >= mark) - mark >= 2_000 for mark in marks)
    assert not any(start < mark < end for mark in marks for start, end in sounding)
