"""Rehearsals: long silences are cut to a tick, no phrase is lost, and the MP3 is like any other."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import FAKE_VOICE
from hypothesis import given
from hypothesis import strategies as st
from pyloudnorm import Meter
from support.audio import Signal, decode
from support.scripts import cues, write_practice
from support.sessions import HUM, LONG, Finished

from audioguide.audio.id3 import read_chapters
from audioguide.audio.sound import TONE_DBFS, tick, to_signal, tone
from audioguide.checks.verify import verify
from audioguide.cli.main import run
from audioguide.core.clock import FRAME, LEAD, RATE_HZ, TAIL, TICK, frames
from audioguide.core.errors import InputError
from audioguide.core.model import Bell, Phrase, Placed, Sound, Source, Tick, Timeline
from audioguide.core.request import Request, default_out
from audioguide.session.build import write
from audioguide.session.manifest import from_bytes, to_bytes
from audioguide.storage.store import Store
from audioguide.timeline.captions import KINDS, captions
from audioguide.timeline.plan import CLOSING, LONGEST_SILENCE, OPENING, SLEEP_CLOSING, lay_out, natural_length
from audioguide.timeline.rehearsal import CUT, LONGEST_KEPT, beginning_with, rehearsal
from audioguide.timeline.timetable import as_json, bar, shares, summary, table

HOUR = 3600 * RATE_HZ
SCRIPT = """
# One
Hello.
[pause 2s]
A short pause lies before this.
[pause 2.1s]
A longer one before this.
# Two
[pause 30s]
[bell]
[pause 1m]
# Three
# Four
The end.
[pause 20s]
"""


def laid_out(text: str = SCRIPT, closing: int = CLOSING) -> Timeline:
    """Return the timeline of a text at its natural length; each sound takes two seconds."""
    all_cues = cues(text.strip())
    lengths = [frames(2) for cue in all_cues if isinstance(cue, Phrase | Bell)]
    return lay_out(all_cues, lengths, natural_length(all_cues, lengths, closing=closing), closing=closing)


def inner_gaps(timeline: Timeline) -> list[int]:
    return [length for _, length in timeline.gaps()][1:-1]


def spoken(timeline: Timeline) -> list[Sound]:
    return [sound for sound in timeline.sounds if not isinstance(sound.cue, Tick)]


# --- the timeline ---


def test_only_silences_over_two_seconds_are_cut() -> None:
    before, after = laid_out(), rehearsal(laid_out())
    assert [length > LONGEST_KEPT for length in inner_gaps(before)] == [False, True, True, True]
    said = spoken(after)
    between = [later.start - sooner.end for sooner, later in pairwise(said)]
    assert between == [frames(2), CUT, CUT, CUT]


def test_a_tick_is_in_the_middle_of_a_cut_silence() -> None:
    after = rehearsal(laid_out())
    ticks = [index for index, sound in enumerate(after.sounds) if isinstance(sound.cue, Tick)]
    gaps = [length for _, length in after.gaps()]
    assert len(ticks) == 4  # three between sounds, and one before the fade at the end
    assert all(after.sounds[index].length == TICK for index in ticks)
    assert all(gaps[index] == gaps[index + 1] == (CUT - TICK) // 2 for index in ticks[:-1])


def test_half_a_second_has_room_for_the_tick_and_the_pieces_around_it() -> None:
    assert abs(CUT - frames(0.5)) <= 1
    assert (CUT - TICK) // 2 > LEAD + TAIL


def test_the_fades_at_both_ends_stay() -> None:
    before, after = laid_out(), rehearsal(laid_out())
    assert after.sounds[0].start == before.sounds[0].start == OPENING + LEAD
    assert after.frames - after.sounds[-1].end >= after.closing == CLOSING


def test_a_silence_at_the_beginning_is_cut_after_the_fade() -> None:
    after = rehearsal(laid_out("# One\n[pause 20s]\nHello.\n"))
    first, second = after.sounds[:2]
    assert (first.cue, isinstance(second.cue, Phrase)) == (Tick(), True)
    assert second.start == OPENING + CUT


def test_the_long_fade_of_a_sleep_ending_becomes_an_ordinary_one() -> None:
    after = rehearsal(laid_out(closing=SLEEP_CLOSING))
    assert after.closing == CLOSING
    assert after.frames == rehearsal(laid_out()).frames


def test_chapters_keep_their_order_and_start_with_their_silence() -> None:
    after = rehearsal(laid_out())
    assert [mark.title for mark in after.chapters] == ["One", "Two", "Three", "Four"]
    starts = [mark.start for mark in after.chapters]
    said = spoken(after)
    assert starts == [0, said[2].end, said[3].end, said[3].end + 1]


def test_nothing_is_announced() -> None:
    assert any(sound.announced for sound in laid_out().sounds)
    assert not any(sound.announced for sound in rehearsal(laid_out()).sounds)


def timelines() -> st.SearchStrategy[Timeline]:
    source = Source("s", 1)
    heard = st.one_of(st.just(Phrase("Hello.", source)), st.just(Bell(1, source)))
    parts = st.lists(st.tuples(st.integers(3, 2_000), st.integers(1, 500), heard, st.booleans()), min_size=1)

    def build(parts: list[tuple[int, int, Phrase | Bell, bool]], closing: int, rest: int) -> Timeline:
        at, sounds, chapters = OPENING, [], [Placed(0, "first")]
        for gap, length, cue, marked in parts:
            if marked and gap > LONGEST_KEPT:
                chapters.append(Placed(at, f"at {at}"))
            sounds.append(Sound(at + gap, length, cue, gap > 400))
            at += gap + length
        end = at + closing + rest
        return Timeline(tuple(sounds), tuple(chapters), end * FRAME - 100, end, closing)

    return st.builds(build, parts, st.sampled_from([CLOSING, SLEEP_CLOSING]), st.integers(TAIL, 2_000))


@given(timeline=timelines())
def test_any_rehearsal_keeps_all_sounds_and_no_long_silence(timeline: Timeline) -> None:
    after = rehearsal(timeline)
    assert [(sound.cue, sound.length) for sound in spoken(after)] == [
        (sound.cue, sound.length) for sound in timeline.sounds
    ]
    gaps = list(after.gaps())
    assert all(0 < length <= LONGEST_KEPT for _, length in gaps[1:-1])
    assert OPENING < gaps[0][1] <= OPENING + LONGEST_KEPT and CLOSING < gaps[-1][1] <= CLOSING + LONGEST_KEPT
    starts = [mark.start for mark in after.chapters]
    assert [mark.title for mark in after.chapters] == [mark.title for mark in timeline.chapters]
    assert starts == sorted(set(starts)) and starts[0] == 0
    assert after.total == after.frames * FRAME <= timeline.frames * FRAME
    assert rehearsal(after).frames == after.frames


@given(timeline=timelines(), data=st.data())
def test_the_rest_of_a_timeline_keeps_its_sounds_and_silences(timeline: Timeline, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(timeline.sounds) - 1))
    after = beginning_with(timeline, first)
    if first == 0:
        assert after == timeline
        return
    assert [sound.cue for sound in after.sounds] == [sound.cue for sound in timeline.sounds[first:]]
    assert inner_gaps(after) == inner_gaps(timeline)[first:]
    assert after.sounds[0].start >= OPENING + LEAD and after.chapters[0].start == 0
    running = [mark.title for mark in timeline.chapters if mark.start <= timeline.sounds[first].start]
    assert after.chapters[0].title == running[-1]
    assert len(after.chapters) == len(timeline.chapters) - len(running) + 1


# --- views ---


def test_a_manifest_contains_the_ticks_of_a_rehearsal(tmp_path: Path, shared_store: Store) -> None:
    session = write(_asked(tmp_path, 300, rehearsal=True), tmp_path / "r.mp3", shared_store)
    body = json.loads(to_bytes(session.manifest))
    assert next(entry for entry in body["sounds"] if "tick" in entry).keys() == {"at", "for", "tick"}
    assert (body["options"]["rehearsal"], body["options"]["from"]) == (True, None)
    back = from_bytes(to_bytes(session.manifest))
    assert back is not None
    assert [sound.cue for sound in back.timeline.sounds if isinstance(sound.cue, Tick)]
    assert replace(back.timeline, sounds=()) == replace(session.timeline, sounds=())


def test_a_timetable_lists_ticks_but_does_not_count_them_as_speech() -> None:
    before, after = laid_out(), rehearsal(laid_out())
    assert sum("tick" in line for line in table(after)) == 4
    assert shares(after)[0] == shares(before)[0] == 9 * RATE_HZ  # five of 1.992 s
    assert summary(after).startswith("speech 0:09")
    assert len(bar(after)) == 64
    events = as_json(after)["events"]
    assert isinstance(events, list) and [event["kind"] for event in events].count("tick") == 4


@pytest.mark.parametrize("kind", KINDS)
def test_captions_do_not_mention_ticks(kind: str) -> None:
    assert "tick" not in captions(kind, rehearsal(laid_out()), "T").lower()


# --- the sound of a tick ---


def knock() -> Signal:
    return to_signal(tick()) - to_signal(tone(LEAD + TICK + TAIL))


def test_a_tick_is_soft() -> None:
    padded = np.pad(knock(), RATE_HZ)
    loudest = max(
        Meter(RATE_HZ, block_size=0.4).integrated_loudness(padded[start : start + 9_600])
        for start in range(RATE_HZ - 9_600, RATE_HZ + 2_400, 240)
    )
    assert loudest == pytest.approx(-31, abs=0.5)


def test_a_tick_does_not_click() -> None:
    heard = knock()[LEAD * FRAME : (LEAD + TICK) * FRAME]
    swell = np.array([np.abs(part).max() for part in heard[: RATE_HZ // 20].reshape(-1, 24)])  # 1 ms each
    assert swell[:5].max() < swell.max() * 0.9 and swell[0] < swell.max() / 15
    assert np.abs(heard[-24:]).max() < 2 / 32768
    assert not np.round(knock()[: LEAD * FRAME] * 32768).any()
    assert not np.round(knock()[-TAIL * FRAME :] * 32768).any()


# --- finished sessions ---


def _asked(folder: Path, seconds: float, text: str = LONG, **more: object) -> Request:
    practice = write_practice(folder / "small", 'title = "Small"\nsteps = ["a"]\n', {"a": text})
    (folder / "hum.toml").write_text(HUM, encoding="utf-8")
    return replace(
        Request(round(seconds * RATE_HZ), practice=str(practice), voice=str(folder / "hum.toml")),
        **more,  # type: ignore[arg-type]  # the names are its fields
    )


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Finished:
    """The rehearsal of an hour, in the fake voice."""
    folder = tmp_path_factory.mktemp("hour")
    (folder / "hum.toml").write_text(HUM.replace("-2.7", "-2.5"), encoding="utf-8")
    request = Request(HOUR, voice=str(folder / "hum.toml"), rehearsal=True)
    return Finished(write(request, folder / "hour.mp3", shared_store), folder / "hour.mp3")


def level_db(signal: Signal) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(signal**2)) + 1e-9))


def test_the_rehearsal_of_an_hour_takes_little_more_than_its_speech(hour: Finished) -> None:
    speech = sum(sound.length for sound in hour.phrases)
    assert hour.timeline.total == hour.signal.size == hour.timeline.frames * FRAME
    assert speech < hour.timeline.frames <= 1.15 * speech


def test_the_rehearsal_of_an_hour_is_complete(hour: Finished, shared_store: Store, tmp_path: Path) -> None:
    whole = write(Request(HOUR, voice=FAKE_VOICE), tmp_path / "whole.mp3", shared_store).timeline
    assert [sound.cue for sound in spoken(hour.timeline)] == [sound.cue for sound in whole.sounds]
    titles = [mark.title for mark in whole.chapters]
    assert [title for _, _, title in read_chapters(hour.tag)] == titles
    starts = [start for start, _, _ in read_chapters(hour.tag)]
    assert starts == sorted(set(starts)) and starts[0] == 0
    later = [mark.start for mark in hour.timeline.chapters[1:]]
    assert all(any(0 < sound.start - start <= CUT for sound in hour.phrases) for start in later)


def test_ticks_are_heard_only_where_silences_were_cut(hour: Finished) -> None:
    ticks = [sound for sound in hour.timeline.sounds if isinstance(sound.cue, Tick)]
    assert len(ticks) > 30
    for sound in ticks:
        around = hour.signal[(sound.start - 6) * FRAME : (sound.end + 6) * FRAME]
        heard = around[6 * FRAME : (6 + TICK) * FRAME]
        assert -45 < level_db(heard) < -15
        assert level_db(around[: 5 * FRAME]) < -55
        assert np.abs(np.diff(around)).max() < 0.1
    for (start, length), after in zip(hour.timeline.gaps(), [*hour.timeline.sounds, None], strict=True):
        quiet = hour.signal[(start + TAIL + 1) * FRAME : (start + length - LEAD - 1) * FRAME]
        assert quiet.size == 0 or level_db(quiet) < TONE_DBFS + 3, after


def test_verify_passes_on_a_rehearsal(hour: Finished, tmp_path: Path, shared_store: Store) -> None:
    report = verify(hour.path)
    assert [check for check in report.checks if check.passed is False] == []
    assert "ticks where silence was cut" in [check.name for check in report.checks]


def test_verify_reports_a_tick_that_is_not_heard(tmp_path: Path, shared_store: Store) -> None:
    from support.sessions import encoded, signed

    session = write(_asked(tmp_path, 300, rehearsal=True), tmp_path / "r.mp3", shared_store)
    assert verify(tmp_path / "r.mp3").passed
    signal = decode((tmp_path / "r.mp3").read_bytes()).copy()
    first = next(sound for sound in session.timeline.sounds if isinstance(sound.cue, Tick))
    signal[(first.start - 1) * FRAME : (first.end + 1) * FRAME] = to_signal(tone(TICK + 2))
    signed(session, encoded(signal, session.timeline.total), tmp_path / "damaged.mp3")
    failed = [check.name for check in verify(tmp_path / "damaged.mp3").checks if check.passed is False]
    assert failed == ["ticks where silence was cut"]


@pytest.mark.speech
@pytest.mark.parametrize("ending", ["wake", "sleep"])
def test_the_rehearsal_of_an_hour_in_the_calm_voice_takes_little_more_than_its_speech(
    tmp_path: Path, shared_store: Store, ending: str
) -> None:
    session = write(Request(HOUR, ending=ending, rehearsal=True), tmp_path / "r.mp3", shared_store)
    speech = sum(sound.length for sound in session.timeline.sounds if isinstance(sound.cue, Phrase))
    assert decode((tmp_path / "r.mp3").read_bytes()).size == session.timeline.total
    assert session.timeline.frames <= 1.15 * speech
    assert [check for check in verify(tmp_path / "r.mp3").checks if check.passed is False] == []


# --- from a step, one step, names ---


def test_from_a_step_on_the_phrases_are_those_of_the_whole_session(hour: Finished, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    request = Request(HOUR, voice=FAKE_VOICE, rehearsal=True, from_step="check-in")
    part = write(request, tmp_path / "p.mp3", store)
    said = [sound.cue for sound in spoken(part.timeline)]
    assert said == [sound.cue for sound in spoken(hour.timeline)][-len(said) :]
    assert isinstance(said[0], Phrase) and "check-in.md.j2" in said[0].source.file
    assert not any("check-in" in sound.cue.source.file for sound in hour.phrases[: -len(said)])  # type: ignore[union-attr]
    assert [mark.title for mark in part.timeline.chapters] == ["Looking in again", "Coming back"]
    assert part.timeline.chapters[0].start == 0
    assert part.about.title == "Psoas release, one hour, voice fake (rehearsal from check-in)"


def test_from_the_first_step_on_is_the_whole_rehearsal(hour: Finished, tmp_path: Path, shared_store: Store) -> None:
    request = Request(HOUR, voice=FAKE_VOICE, rehearsal=True, from_step="arrive")
    part = write(request, tmp_path / "p.mp3", shared_store)
    assert len(part.timeline.sounds) == len(hour.timeline.sounds)


def test_a_single_step_can_be_rehearsed(tmp_path: Path, shared_store: Store) -> None:
    request = Request(None, voice=FAKE_VOICE, only="bolster", rehearsal=True)
    session = write(request, tmp_path / "p.mp3", shared_store)
    assert [mark.title for mark in session.timeline.chapters] == ["The cushions"]
    assert re.fullmatch(r"Psoas release, bolster, .* \(rehearsal\)", session.about.title)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("bolstr", "no step 'bolstr'; did you mean bolster?"),
        ("add-weight", "that step is not in this session (choose from arrive, bolster"),
    ],
)
def test_an_unknown_or_absent_step_is_an_error(tmp_path: Path, shared_store: Store, step: str, words: str) -> None:
    request = Request(300 * RATE_HZ, voice=FAKE_VOICE, rehearsal=True, from_step=step)
    with pytest.raises(InputError) as caught:
        write(request, tmp_path / "p.mp3", shared_store)
    assert words in str(caught.value)
    assert not list(tmp_path.glob("*.mp3"))


def test_a_step_after_all_phrases_is_an_error(tmp_path: Path, shared_store: Store) -> None:
    scripts = {"a": "Hello.\n", "b": "[pause 30s]\n"}
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a", "b"]\n', scripts)
    request = Request(45 * RATE_HZ, practice=str(folder), voice=FAKE_VOICE, rehearsal=True, from_step="b")
    with pytest.raises(InputError, match="nothing is said from that step on; begin with an earlier one"):
        write(request, tmp_path / "p.mp3", shared_store)


def test_only_and_from_exclude_each_other() -> None:
    with pytest.raises(InputError, match="use either --only"):
        Request(HOUR, only="bolster", from_step="bolster")


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "psoas-release-60m-rehearsal"),
        ({"from_step": "check-in"}, "psoas-release-60m-from-check-in-rehearsal"),
        ({"ending": "sleep", "voice": "system"}, "psoas-release-60m-system-sleep-rehearsal"),
        ({"samples": None, "only": "bolster"}, "psoas-release-only-bolster-rehearsal"),
    ],
)
def test_the_file_name_says_that_it_is_a_rehearsal(more: dict[str, object], name: str) -> None:
    request = replace(Request(HOUR, rehearsal=True), **more)  # type: ignore[arg-type]  # the names are its fields
    assert default_out(request) == Path("output") / f"{name}.mp3"


def test_the_command_rehearses(workplace: Path, capsys: pytest.CaptureFixture[str], shared_store: Store) -> None:
    arguments = ["--voice", FAKE_VOICE, "--cache", str(shared_store.folder)]
    assert run(["rehearse", "20", "--from", "check-in", "--captions", "vtt", *arguments]) == 0
    out = capsys.readouterr().out
    path = Path("output/psoas-release-20m-fake-from-check-in-rehearsal.mp3")
    assert re.fullmatch(rf"{re.escape(str(path))}  \d+:\d\d\.\d{{3}}  2 chapters  [\d.]+ MB\n", out)
    assert path.with_suffix(".vtt").read_text(encoding="utf-8").count("-->") > 5
    assert run(["rehearse", "20", "--from", "boltser", *arguments]) == 1
    assert "did you mean bolster?" in capsys.readouterr().err


def test_without_the_option_nothing_is_cut(tmp_path: Path, shared_store: Store) -> None:
    built = write(Request(HOUR, voice=FAKE_VOICE), tmp_path / "w.mp3", shared_store)
    assert built.timeline.total == HOUR and max(inner_gaps(built.timeline)) <= LONGEST_SILENCE
    assert not any(isinstance(sound.cue, Tick) for sound in built.timeline.sounds)
