"""A finished MP3 held against its limits and its plan: whole ones pass, and each damage is found by its own check."""

import json
import random
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import lameenc
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.audio import Signal, sine, to_pcm
from support.sessions import HUM, LONG, SHORT, Finished, encoded, finished, signed

from audioguide.audio.id3 import About, id3, private_frame, tag_size
from audioguide.audio.mp3 import FRAME_BYTES, info_frame, read_stream
from audioguide.audio.sound import tone
from audioguide.checks.verify import FileReport, verify
from audioguide.cli.main import run
from audioguide.core.clock import FRAME, RATE_HZ, frames
from audioguide.core.errors import InputError
from audioguide.core.model import Placed
from audioguide.core.request import Request
from audioguide.session.build import write
from audioguide.session.manifest import OWNER, from_bytes, to_bytes
from audioguide.storage.store import Store
from audioguide.timeline.plan import OPENING

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text(encoding="utf-8"))
MINUTE_OF_WORDS = RATE_HZ * 60 // FRAME
BELL, STEP, PLACES = "bell", "largest step at a join", "phrases where they belong, silence between"
DIGEST, CHAPTERS = "bytes behind the tag", "chapters, one after the other"
QUIET_TENTH, QUIET_SECOND = "quietest tenth of a second there", "quietest second outside the fades"


@pytest.fixture(scope="module")
def whole(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Two minutes with chapters, a bell, a long rest, and more than a minute of words: for the levels of speech."""
    return finished(tmp_path_factory.mktemp("whole"), LONG, 120, shared_store)


@pytest.fixture(scope="module")
def brief(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Less than a minute with four lines, a bell, and a rest after which a phrase is announced."""
    return finished(tmp_path_factory.mktemp("brief"), SHORT, 50, shared_store)


def broken(path: Path) -> set[str]:
    """Return the checks that fail, by name, without the time at which one stands."""
    return {_name(check.name) for check in verify(path).checks if check.passed is False}


def _name(name: str) -> str:
    return re.sub(r" at \d.*| \(at .*", "", name)


def told(report: FileReport, name: str) -> object:
    [value] = [check.value for check in report.checks if check.name == name]
    return value


def remade(one: Finished, signal: Signal, out: Path) -> set[str]:
    """Return what is broken in a session whose sound is this one, signed as if nothing had happened."""
    return broken(signed(one.session, encoded(signal, one.timeline.total), out / "remade.mp3"))


def run_quietly(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in err, err
    return code, out, err


# --- whole sessions ---


def test_a_whole_session_keeps_every_limit(whole: Finished, brief: Finished) -> None:
    for one in (whole, brief):
        report = verify(one.path)
        assert report.passed and broken(one.path) == set()
        assert report.made_of and report.made_of.timeline.total == one.timeline.total
        assert all(check.passed for check in report.checks)


def test_a_whole_session_is_measured_in_all_that_is_asked_for(whole: Finished) -> None:
    names = [_name(check.name) for check in verify(whole.path).checks]
    assert sorted(names) == sorted(
        f"{DIGEST};length;bit rate of all frames;Info header;integrated loudness;loudness range of the speech;{BELL};"
        f"loudest 400 ms;loudest 3 s;true peak;{QUIET_SECOND};{QUIET_TENTH};loudest second inside the pauses;{STEP};"
        f"{PLACES};fade-in;fade-out;{CHAPTERS}".split(";")
    )


def test_a_session_encoded_once_more_with_nothing_changed_keeps_every_limit(whole: Finished, tmp_path: Path) -> None:
    """So that what the damaged ones below break is their damage, and not the way they were made."""
    assert remade(whole, whole.signal, tmp_path) == set()


@pytest.mark.parametrize("seconds", [49.001, 50.0001])
def test_a_length_that_is_no_whole_frame_passes(shared_store: Store, tmp_path: Path, seconds: float) -> None:
    assert broken(finished(tmp_path, SHORT, seconds, shared_store).path) == set()


def test_sleep_sessions_without_bells_and_with_only_bells_pass(shared_store: Store, tmp_path: Path) -> None:
    (tmp_path / "hum.toml").write_text(HUM, encoding="utf-8")
    for options in ({"ending": "sleep"}, {"bell": False}, {"guidance": "bells"}):
        request = Request(400 * RATE_HZ, voice=str(tmp_path / "hum.toml"), **options)  # type: ignore[arg-type]
        write(request, tmp_path / "s.mp3", shared_store)
        assert broken(tmp_path / "s.mp3") == set(), options


@pytest.mark.speech
@pytest.mark.parametrize("voice", ["calm", "system"])
def test_a_session_in_a_real_voice_passes_on_the_command_line(
    shared_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], voice: str
) -> None:
    write(Request(300 * RATE_HZ, voice=voice), tmp_path / "s.mp3", shared_store)
    code, out, err = run_quietly(["verify", str(tmp_path / "s.mp3")], capsys)
    assert (code, err) == (0, ""), out
    assert out.endswith("s.mp3: all limits kept\n") and "FAIL" not in out


# --- each limit, broken ---


def ground(count: int) -> Signal:
    """Return room tone of so many frames."""
    signal: Signal = np.frombuffer(tone(count), "<i2") / 32768
    return signal


def spans(one: Finished, gains_db: list[float]) -> Signal:
    """Return a session's sound, its phrases made louder or softer in turn; the tone under them stays."""
    signal = one.signal.copy()
    for index, sound in enumerate(one.phrases):
        gain = 10 ** (gains_db[index % len(gains_db)] / 20)
        part = signal[sound.start * FRAME : sound.end * FRAME]
        part[:] = part * gain + ground(sound.length) * max(0, 1 - gain**2) ** 0.5
    return signal


@pytest.mark.parametrize("gain_db", [-3.0, -0.8, 0.8, 3.0])
def test_speech_that_is_too_loud_or_too_soft_breaks_the_loudness_alone(
    whole: Finished, tmp_path: Path, gain_db: float
) -> None:
    assert sum(sound.length for sound in whole.phrases) >= MINUTE_OF_WORDS
    assert remade(whole, spans(whole, [gain_db]), tmp_path) == {"integrated loudness"}


@pytest.mark.parametrize(("gain_db", "found"), [(1.0, set()), (2.2, {"integrated loudness"})])
def test_a_few_words_may_be_a_little_louder_but_not_much(
    brief: Finished, tmp_path: Path, gain_db: float, found: set[str]
) -> None:
    assert remade(brief, spans(brief, [gain_db]), tmp_path) == found


def test_speech_that_swings_between_loud_and_soft_breaks_the_range_alone(whole: Finished, tmp_path: Path) -> None:
    assert remade(whole, spans(whole, [2.4, -6.5]), tmp_path) == {"loudness range of the speech"}


@pytest.mark.parametrize(
    ("gain_db", "seconds", "found"), [(9.5, 0.5, {"loudest 400 ms"}), (6.0, 3.3, {"loudest 3 s"}), (4.0, 3.3, set())]
)
def test_a_shout_breaks_its_own_maximum(
    whole: Finished, tmp_path: Path, gain_db: float, seconds: float, found: set[str]
) -> None:
    signal = whole.signal.copy()
    start = whole.phrases[2].start * FRAME + RATE_HZ // 2
    signal[start : start + round(seconds * RATE_HZ)] *= 10 ** (gain_db / 20)
    assert remade(whole, signal, tmp_path) == found


@pytest.mark.parametrize(("peak", "found"), [(0.92, {"true peak"}), (0.7, set())])
def test_a_peak_near_full_scale_breaks_the_true_peak_alone(
    whole: Finished, tmp_path: Path, peak: float, found: set[str]
) -> None:
    signal = whole.signal.copy()
    at = whole.phrases[2].start * FRAME + RATE_HZ
    burst = np.hanning(96) * np.sin(2 * np.pi * 1000 * np.arange(96) / RATE_HZ)
    signal[at : at + 96] = peak * burst / np.abs(burst).max()
    assert remade(whole, signal, tmp_path) == found


@pytest.mark.parametrize(
    ("seconds", "found"), [(1.3, {QUIET_SECOND, QUIET_TENTH}), (0.2, {QUIET_TENTH}), (0.02, set())]
)
def test_digital_silence_in_a_pause_is_found(brief: Finished, tmp_path: Path, seconds: float, found: set[str]) -> None:
    signal = brief.signal.copy()
    start, _ = brief.longest_gap()
    signal[start : start + round(seconds * RATE_HZ)] = 0
    assert remade(brief, signal, tmp_path) == found


@pytest.mark.parametrize(("dbfs", "found"), [(-48.5, {"loudest second inside the pauses"}), (-55.0, set())])
def test_a_hum_in_a_pause_breaks_the_loudest_second_alone(
    brief: Finished, tmp_path: Path, dbfs: float, found: set[str]
) -> None:
    signal = brief.signal.copy()
    start, _ = brief.longest_gap()
    hum = sine(150, 80, 10 ** (dbfs / 20) * 2**0.5) * np.hanning(80 * FRAME) ** 0.1
    signal[start : start + hum.size] += hum
    assert remade(brief, signal, tmp_path) == found


def test_a_click_in_a_pause_is_a_sound_where_none_belongs(brief: Finished, tmp_path: Path) -> None:
    signal = brief.signal.copy()
    start, length = brief.longest_gap()
    signal[start + length // 2 : start + length // 2 + 12] += 0.5
    assert PLACES in remade(brief, signal, tmp_path)


def test_a_soft_click_at_a_join_breaks_the_step_alone(brief: Finished, tmp_path: Path) -> None:
    for at in (OPENING, brief.phrases[1].end + 2, brief.timeline.frames - brief.timeline.closing):
        signal = brief.signal.copy()
        signal[at * FRAME - 2 : at * FRAME + 2] += np.array([0.02, 0.02, -0.02, -0.02])
        assert remade(brief, signal, tmp_path) == {STEP}, at


@pytest.mark.parametrize("name", ["fade-in", "fade-out"])
def test_a_session_that_begins_or_ends_at_once_breaks_that_fade_alone(
    brief: Finished, tmp_path: Path, name: str
) -> None:
    signal = brief.signal.copy()
    start = 0 if name == "fade-in" else (brief.timeline.frames - brief.timeline.closing) * FRAME
    count = OPENING if name == "fade-in" else brief.timeline.closing
    part = signal[start : start + count * FRAME]
    part[:] = ground(count)[: part.size]
    assert remade(brief, signal, tmp_path) == {name}


@pytest.mark.parametrize(("gain_db", "found"), [(2.5, {BELL}), (-2.5, {BELL}), (-60, {BELL}), (0.5, set())])
def test_a_bell_that_is_too_loud_or_too_soft_breaks_its_check_alone(
    brief: Finished, tmp_path: Path, gain_db: float, found: set[str]
) -> None:
    signal = brief.signal.copy()
    [bell] = brief.bells
    part = signal[bell.start * FRAME : bell.end * FRAME]
    part[:] = part * 10 ** (gain_db / 20) + (ground(bell.length) if gain_db < -50 else 0)
    assert remade(brief, signal, tmp_path) == found


# --- phrases that are not where they belong ---


@pytest.mark.parametrize("shift_s", [-1.0, -0.5, 0.5, 1.0])
def test_a_phrase_that_was_moved_and_signed_anew_is_found_by_its_place(
    brief: Finished, tmp_path: Path, shift_s: float
) -> None:
    signal = brief.signal.copy()
    sound = brief.phrases[1]
    start, end = sound.start * FRAME, sound.end * FRAME
    said = signal[start:end].copy()
    signal[start:end] = ground(sound.length)
    by = frames(shift_s) * FRAME
    signal[start + by : end + by] = said
    found = remade(brief, signal, tmp_path)
    assert PLACES in found and found <= {PLACES, STEP, "loudest second inside the pauses"}


@pytest.mark.parametrize("late_s", [-0.5, 0.5])
def test_a_phrase_that_begins_late_or_ends_early_is_found_by_its_place_alone(
    brief: Finished, tmp_path: Path, late_s: float
) -> None:
    signal = brief.signal.copy()
    sound = brief.phrases[1]
    count = frames(abs(late_s))
    at = sound.start if late_s > 0 else sound.end - count
    signal[at * FRAME : (at + count) * FRAME] = ground(count)
    assert remade(brief, signal, tmp_path) == {PLACES}


def test_the_plan_moved_instead_of_the_sound_is_found_too(brief: Finished, tmp_path: Path) -> None:
    sounds = list(brief.timeline.sounds)
    sounds[2] = replace(sounds[2], start=sounds[2].start - 30)
    moved = replace(brief.session.manifest, timeline=replace(brief.timeline, sounds=tuple(sounds)))
    path = signed(brief.session, brief.frames, tmp_path / "s.mp3", manifest=moved)
    assert PLACES in broken(path) and DIGEST not in broken(path)


def test_a_phrase_that_fell_silent_is_found_and_its_time_told(brief: Finished, tmp_path: Path) -> None:
    signal = brief.signal.copy()
    sound = brief.phrases[1]
    signal[sound.start * FRAME : sound.end * FRAME] = ground(sound.length)
    path = signed(brief.session, encoded(signal, brief.timeline.total), tmp_path / "s.mp3")
    assert PLACES in broken(path) and broken(path) <= {PLACES, "loudness range of the speech"}
    minutes, seconds = divmod(sound.start * FRAME // RATE_HZ, 60)
    assert told(verify(path), PLACES) == f"{len(brief.phrases) - 1}, wrong at {minutes}:{seconds:02}"


def test_a_voice_in_a_pause_is_found(brief: Finished, tmp_path: Path) -> None:
    signal = brief.signal.copy()
    start, _ = brief.longest_gap()
    said = brief.signal[brief.phrases[0].start * FRAME :][: RATE_HZ // 4]
    signal[start : start + said.size] = said
    assert PLACES in remade(brief, signal, tmp_path)


# --- the file itself ---


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.7, 0.999])
def test_a_truncated_session_fails(
    brief: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(brief.data[: len(brief.tag) + round(len(brief.frames) * share)])
    code, out, err = run_quietly(["verify", str(path)], capsys)
    assert code == 1 and out + err


@pytest.mark.parametrize("cut", [1, 100, FRAME_BYTES, 2 * FRAME_BYTES, 10 * FRAME_BYTES])
def test_a_session_that_lacks_its_last_bytes_fails(brief: Finished, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(brief.data[:-cut])
    assert {DIGEST} <= broken(path)


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 11, 500])
def test_a_session_cut_off_within_its_tag_fails_in_one_line(
    brief: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: int
) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(brief.data[:cut])
    code, _, err = run_quietly(["verify", str(path)], capsys)
    assert code == 1 and err.count("\n") == 1


def test_any_bit_flipped_behind_the_tag_fails(brief: Finished, tmp_path: Path) -> None:
    path, die = tmp_path / "s.mp3", random.Random(5)
    for _ in range(50):
        data = bytearray(brief.data)
        data[die.randrange(len(brief.tag), len(data))] ^= 1 << die.randrange(8)
        path.write_bytes(data)
        try:
            assert DIGEST in broken(path)
        except InputError:  # not even decodable: failed all the more
            continue


def test_a_bit_that_no_ear_and_no_other_check_can_find_fails(brief: Finished, tmp_path: Path) -> None:
    """The last byte of the Info frame is filling."""
    data = bytearray(brief.data)
    data[len(brief.tag) + FRAME_BYTES - 1] ^= 1
    (tmp_path / "s.mp3").write_bytes(data)
    assert broken(tmp_path / "s.mp3") == {DIGEST}


def test_any_bit_flipped_in_the_tag_leaves_a_report_or_one_line(brief: Finished, tmp_path: Path) -> None:
    path, die = tmp_path / "s.mp3", random.Random(6)
    for _ in range(30):
        data = bytearray(brief.data)
        data[die.randrange(len(brief.tag))] ^= 1 << die.randrange(8)
        path.write_bytes(data)
        try:
            assert verify(path).checks
        except InputError as error:
            assert "\n" not in str(error)


def half(one: Finished) -> int:
    """Return a whole number of frames' bytes near the middle."""
    return len(one.frames) // FRAME_BYTES // 2 * FRAME_BYTES


@pytest.mark.parametrize(
    "spliced",
    [
        lambda a, b: a.tag + b.frames,
        lambda a, b: a.data + b.data,
        lambda a, b: a.tag + a.frames[: half(a)] + b.frames[half(b) :],
        lambda a, b: a.tag + a.frames[: half(a)] + b.data + a.frames[half(a) :],
        lambda a, b: b.tag + a.tag + a.frames,
    ],
    ids=["another tag", "one after the other", "two halves", "one within the other", "two tags"],
)
def test_two_sessions_spliced_fail(
    whole: Finished, brief: Finished, tmp_path: Path, spliced: Callable[[Finished, Finished], bytes]
) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(spliced(brief, whole))
    assert DIGEST in broken(path)


@pytest.mark.parametrize(
    "changed",
    [
        lambda frames, at: frames[:at] + frames[at + 3 * FRAME_BYTES :],
        lambda frames, at: frames[:at] + frames[at - 3 * FRAME_BYTES :],
    ],
    ids=["removed", "doubled"],
)
def test_frames_removed_or_doubled_fail_even_when_signed_anew(
    brief: Finished, tmp_path: Path, changed: Callable[[bytes, int], bytes]
) -> None:
    stream = changed(brief.frames, half(brief))
    (tmp_path / "unsigned.mp3").write_bytes(brief.tag + stream)
    found = broken(signed(brief.session, stream, tmp_path / "signed.mp3"))
    assert DIGEST in broken(tmp_path / "unsigned.mp3")
    assert DIGEST not in found and "Info header" in found


def test_frames_in_another_order_fail_by_place_even_when_signed_anew(brief: Finished, tmp_path: Path) -> None:
    one, two, three = (FRAME_BYTES * (brief.phrases[index].end + 20) for index in (0, 1, 2))
    stream = brief.frames[:one] + brief.frames[two:three] + brief.frames[one:two] + brief.frames[three:]
    found = broken(signed(brief.session, stream, tmp_path / "s.mp3"))
    assert PLACES in found and not found & {DIGEST, "length", "Info header"}


@pytest.mark.parametrize("more", [-600, -1, 1, 600])
def test_one_sample_more_or_less_breaks_the_length(brief: Finished, tmp_path: Path, more: int) -> None:
    stream = encoded(brief.signal, brief.timeline.total + more)
    found = broken(signed(brief.session, stream, tmp_path / "s.mp3"))
    assert found == {"length"}
    assert told(verify(tmp_path / "s.mp3"), "length") == brief.timeline.total + more


def test_a_frame_of_another_bit_rate_is_found(brief: Finished, tmp_path: Path) -> None:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_out_sample_rate(RATE_HZ)
    encoder.set_bit_rate(32)
    other = bytes(encoder.encode(tone(20)) + encoder.flush())[: FRAME_BYTES // 2]
    at = FRAME_BYTES * (1 + brief.longest_gap()[0] // FRAME)
    stream = brief.frames[:at] + other + brief.frames[at + FRAME_BYTES :]
    found = broken(signed(brief.session, stream, tmp_path / "s.mp3"))
    assert "bit rate of all frames" in found and "Info header" not in found
    assert told(verify(tmp_path / "s.mp3"), "bit rate of all frames") == "32, 64"


@pytest.mark.parametrize("stray", [b"\0" * 50, b"TAG" + bytes(125), b"\xff" * 10])
def test_bytes_that_are_no_frame_are_found(brief: Finished, tmp_path: Path, stray: bytes) -> None:
    found = broken(signed(brief.session, brief.frames + stray, tmp_path / "s.mp3"))
    assert found == {"bit rate of all frames"}


def test_a_session_without_its_info_header_is_found(brief: Finished, tmp_path: Path) -> None:
    found = broken(signed(brief.session, brief.frames[FRAME_BYTES:], tmp_path / "s.mp3"))
    assert {"Info header", "length"} <= found and DIGEST not in found


def test_an_info_header_that_counts_wrong_is_found(brief: Finished, tmp_path: Path) -> None:
    at = brief.frames.index(b"Info") + 8
    count = int.from_bytes(brief.frames[at : at + 4])
    stream = brief.frames[:at] + (count - 5).to_bytes(4) + brief.frames[at + 4 :]
    assert "Info header" in broken(signed(brief.session, stream, tmp_path / "s.mp3"))


def test_the_frames_are_counted_as_libsndfile_decodes_them(brief: Finished) -> None:
    stream = read_stream(brief.data, len(brief.tag))
    assert (stream.frames, stream.stated_frames) == (len(brief.frames) // FRAME_BYTES - 1,) * 2
    assert (stream.kbps, stream.stray_bytes, stream.has_info) == ({64}, 0, True)


_HEAD = st.sampled_from([b"\xff\xf3\x14\x04", b"\xff\xf3\x84\xc4", b"\xff\xfb\x90\x00", b"Info", b"Xing", b"\xff"])


@given(st.lists(_HEAD | st.binary(max_size=60)).map(b"".join), st.integers(0, 40))
def test_what_frames_say_of_themselves_can_be_read_from_any_bytes(data: bytes, start: int) -> None:
    stream = read_stream(data, start)
    assert 0 <= stream.stray_bytes <= len(data) and (stream.frames > 0) == bool(stream.kbps)


# --- chapters, and tags that others wrote ---


@pytest.mark.parametrize(
    "change",
    [
        lambda marks: marks[:-1],
        lambda marks: [],
        lambda marks: [marks[0], replace(marks[1], start=marks[1].start + 1)],
        lambda marks: [marks[0], replace(marks[1], title="An end")],
        lambda marks: [marks[1], marks[0]],
        lambda marks: [*marks, Placed(marks[-1].start + 100, "More")],
        lambda marks: [replace(marks[0], start=10), *marks[1:]],
    ],
    ids=["one fewer", "none", "one moved", "another title", "another order", "one more", "not from zero"],
)
def test_chapters_that_are_not_the_plans_break_their_check_alone(
    brief: Finished, tmp_path: Path, change: Callable[[list[Placed]], list[Placed]]
) -> None:
    marks = change(list(brief.timeline.chapters))
    path = signed(brief.session, brief.frames, tmp_path / "s.mp3", chapters=marks)
    assert broken(path) == {CHAPTERS}


def test_a_plan_whose_first_chapter_begins_late_is_found(brief: Finished, tmp_path: Path) -> None:
    marks = (replace(brief.timeline.chapters[0], start=10), *brief.timeline.chapters[1:])
    late = replace(brief.session.manifest, timeline=replace(brief.timeline, chapters=marks))
    path = signed(brief.session, brief.frames, tmp_path / "s.mp3", manifest=late, chapters=marks)
    assert broken(path) == {CHAPTERS}


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("title", ["Mine", "静" * 90], ids=["plain", "long"])
def test_a_session_that_a_tagger_renamed_still_passes(
    brief: Finished, tmp_path: Path, version: int, title: str
) -> None:
    import mutagen.id3

    path = tmp_path / "s.mp3"
    path.write_bytes(brief.data)
    tag = mutagen.id3.ID3(path, translate=False)  # type: ignore[no-untyped-call]
    tag["TIT2"] = mutagen.id3.TIT2(encoding=1, text=[title])  # type: ignore[no-untyped-call]
    tag.save(v2_version=version)
    assert path.read_bytes() != brief.data and broken(path) == set()


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("length", [100, 127, 128, 300])
def test_a_long_chapter_title_survives_a_tagger(shared_store: Store, tmp_path: Path, version: int, length: int) -> None:
    """ID3v2.4 writes the sizes of sub-frames in seven bits a byte."""
    import mutagen.id3

    one = finished(
        tmp_path, SHORT.replace("One", "a" * length).replace("The end", "b" * (length + 1)), 50, shared_store
    )
    assert broken(one.path) == set()
    tag = mutagen.id3.ID3(one.path, translate=False)  # type: ignore[no-untyped-call]
    tag.save(v2_version=version)
    assert broken(one.path) == set()


def test_a_tagger_that_scrambles_the_chapters_breaks_their_check_alone(shared_store: Store, tmp_path: Path) -> None:
    """mutagen sorts them by size, and VLC then plays them out of order."""
    import mutagen.id3

    one = finished(tmp_path, SHORT.replace("One", "A much longer title"), 50, shared_store)
    mutagen.id3.ID3(one.path).save()  # type: ignore[no-untyped-call]
    assert broken(one.path) == {CHAPTERS}


def test_a_session_whose_tag_was_taken_away_is_measured_like_a_stranger(brief: Finished, tmp_path: Path) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(brief.frames)
    report = verify(path)
    assert report.made_of is None and told(report, "length") == brief.timeline.total
    assert {check.passed for check in report.checks if check.name == "length"} == {None}


def test_a_session_at_another_rate_behind_the_old_tag_fails(brief: Finished, tmp_path: Path) -> None:
    import soxr

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(44_100)
    encoder.set_bit_rate(64)
    pcm = to_pcm(soxr.resample(brief.signal, RATE_HZ, 44_100))
    path = signed(brief.session, bytes(encoder.encode(pcm) + encoder.flush()), tmp_path / "s.mp3")
    assert {"length", "Info header"} <= broken(path)


# --- the files of strangers ---


def by_lame(path: Path, seconds: float, vbr: bool) -> None:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(2)
    encoder.set_in_sample_rate(44_100)
    encoder.set_bit_rate(128)
    if vbr:
        encoder.set_vbr(4)
        encoder.set_vbr_quality(5)
    at = np.arange(round(seconds * 44_100)) / 44_100
    left = 0.3 * np.sin(2 * np.pi * 440 * at) * (at % 1 < 0.5)
    right = 0.1 * np.random.default_rng(1).standard_normal(at.size) * (at % 2 > 1)
    pcm = np.rint(np.clip(np.stack([left, right], axis=1), -1, 1) * 32767).astype("<i2").tobytes()
    path.write_bytes(bytes(encoder.encode(pcm) + encoder.flush()))


def by_ffmpeg(path: Path, seconds: float, options: str) -> None:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", f"sine=440:duration={seconds}"]
    subprocess.run([*command, *options.split(), str(path)], check=True)


STRANGERS: dict[str, Callable[[Path, float], None]] = {
    "lame, stereo, constant": lambda path, seconds: by_lame(path, seconds, False),
    "lame, stereo, variable": lambda path, seconds: by_lame(path, seconds, True),
    "ffmpeg, 44.1 kHz": lambda path, seconds: by_ffmpeg(path, seconds, "-b:a 128k"),
    "ffmpeg, variable": lambda path, seconds: by_ffmpeg(path, seconds, "-q:a 5 -ac 2"),
    "ffmpeg, 8 kHz, no header": lambda path, seconds: by_ffmpeg(
        path, seconds, "-ar 8000 -write_xing 0 -id3v2_version 0"
    ),
    "ffmpeg, 48 kHz, old tag": lambda path, seconds: by_ffmpeg(path, seconds, "-ar 48000 -write_id3v1 1"),
    "a WAV named mp3": lambda path, seconds: soundfile.write(path, sine(440, frames(seconds)), RATE_HZ, format="WAV"),
    "silence": lambda path, seconds: by_ffmpeg(path, seconds, "-af volume=0"),
}


@pytest.mark.parametrize("kind", STRANGERS)
@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.5, 2.5, 8.0])
def test_a_strangers_sound_is_reported_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, seconds: float
) -> None:
    path = tmp_path / "theirs.mp3"
    STRANGERS[kind](path, seconds)
    code, out, err = run_quietly(["verify", str(path)], capsys)
    assert (code, err) in ((0, ""), (1, "")), err
    assert "no plan of audioguide stands in this file" in out and "true peak" in out and "LUFS" in out
    code, out, _ = run_quietly(["verify", str(path), "--json"], capsys)
    jsonschema.validate(json.loads(out), SCHEMA)
    assert json.loads(out)["has_manifest"] is False and code == (not json.loads(out)["passed"])


def test_a_variable_bit_rate_fails_and_a_constant_one_passes(tmp_path: Path) -> None:
    by_lame(tmp_path / "v.mp3", 8, True)
    by_lame(tmp_path / "c.mp3", 8, False)
    assert "bit rate of all frames" in broken(tmp_path / "v.mp3")
    assert "bit rate of all frames" not in broken(tmp_path / "c.mp3")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("only words\n" * 50), "not an audio file that can be read"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(bytes(5000)), "not an audio file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: None, "there is no such file"),
        (lambda path: path.symlink_to(path), "there is no such file"),
    ],
    ids=["text", "empty", "zeros", "folder", "missing", "a link to itself"],
)
@pytest.mark.parametrize("options", [[], ["--json"], ["--transcribe"]])
def test_what_is_no_sound_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], None],
    words: str,
    options: list[str],
) -> None:
    path = tmp_path / "x.mp3"
    make(path)
    code, out, err = run_quietly(["verify", str(path), *options], capsys)
    assert (code, out) == (1, "") and err.count("\n") == 1
    assert "x.mp3" in err and words in err


@pytest.mark.parametrize("arguments", [["verify"], ["verify", "a.mp3", "b.mp3"], ["verify", "a.mp3", "--jsn"]])
def test_a_wrong_use_of_verify_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run_quietly(arguments, capsys)
    assert code == 2 and err


# --- the command line ---


def test_the_report_names_each_check_with_its_limit_and_its_verdict(
    brief: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = signed(brief.session, encoded(spans(brief, [3.0]), brief.timeline.total), tmp_path / "loud.mp3")
    code, out, err = run_quietly(["verify", str(path)], capsys)
    rows = out.splitlines()
    assert (code, err, rows[-1]) == (1, "", f"{path}: 1 limit broken")
    assert [row[:4].strip() for row in rows[:-1]].count("FAIL") == 1
    assert len(rows) == len(verify(path).checks) + 1
    [failed] = [row for row in rows if row.startswith("FAIL")]
    assert re.fullmatch(r"FAIL  integrated loudness: -1[56]\.\d+ LUFS  \(-19(\.00)? ± 1\.5\)", failed)


@pytest.mark.parametrize("gain_db", [0.0, 3.0])
def test_the_report_in_json_fits_its_schema_and_says_the_same(
    brief: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], gain_db: float
) -> None:
    path = signed(brief.session, encoded(spans(brief, [gain_db]), brief.timeline.total), tmp_path / "s.mp3")
    code, out, err = run_quietly(["verify", str(path), "--json"], capsys)
    report = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    jsonschema.validate(report, SCHEMA)
    assert err == "" and code == (not report["passed"]) == (gain_db > 0)
    assert [check["name"] for check in report["checks"]] == [check.name for check in verify(path).checks]
    assert report["has_manifest"] is True and report["file"] == str(path) and "lines" not in report


def test_the_schema_refuses_what_is_no_report() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    good = {"schema": 1, "file": "s.mp3", "passed": True, "has_manifest": False, "checks": []}
    check = {"name": "length", "value": 5, "unit": "", "limit": "", "passed": None}
    jsonschema.validate({**good, "checks": [check]}, SCHEMA)
    jsonschema.validate(
        {**good, "lines": [{"start_s": 1.0, "text": "Hi", "words": 1, "heard": 0, "passed": False}]}, SCHEMA
    )
    for wrong in (
        {**good, "schema": 2},
        {**good, "more": 1},
        {**good, "checks": [{**check, "passed": "yes"}]},
        {**good, "checks": [{"name": "length"}]},
        {**good, "lines": [{"text": "Hi"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_a_plan_knows_what_it_was_made_of(whole: Finished) -> None:
    made_of = verify(whole.path).made_of
    assert made_of and (made_of.practice, made_of.title) == ("small", whole.session.about.title)
    assert made_of.voice["name"] == "hum" and made_of.options["length_samples"] == 120 * RATE_HZ


# --- manifests that lie ---

HOSTILE: dict[str, dict[str, object]] = {
    "ten to the twelve frames": {"frames": 10**12, "samples": 10**12 * FRAME},
    "a day of frames": {"frames": 3_600_000, "samples": 3_600_000 * FRAME},
    "no frames": {"frames": 0, "samples": 0, "sounds": []},
    "one frame": {"frames": 1, "samples": 1, "sounds": []},
    "no sounds": {"sounds": []},
    "no chapters": {"chapters": []},
    "chapters beyond the end": {"chapters": [[0, "a"], [10**11, "b"]]},
    "chapters backwards": {"chapters": [[500, "a"], [0, "b"]]},
    "a closing longer than the session": {"closing": 10**11},
    "no closing": {"closing": 0},
    "phrases of no length": {"sounds": [{"at": 100, "for": 0, "say": "a"}, {"at": 300, "for": 0, "say": "b"}]},
    "a bell of no length": {"sounds": [{"at": 100, "for": 0, "bell": 1}]},
    "one phrase for all": {"sounds": [{"at": 0, "for": 2000, "say": "a"}]},
    "a phrase at the very end": {"sounds": [{"at": 2083, "for": 0, "say": "a"}]},
    "a sound beyond the file": {
        "frames": 10**9,
        "samples": 10**9 * FRAME,
        "sounds": [{"at": 10**8, "for": 50, "say": "a", "announced": True}, {"at": 10**8 + 100, "for": 9, "bell": 3}],
    },
    "a level of 1e300": {"sounds": [{"at": 100, "for": 90, "say": "a", "level_db": 1e300}]},
    "a level that is no number": {"sounds": [{"at": 100, "for": 90, "say": "a", "level_db": float("nan")}]},
    "a level without end": {"sounds": [{"at": 100, "for": 90, "say": "a", "level_db": float("-inf")}]},
    "a level too long for a float": {"sounds": [{"at": 100, "for": 90, "say": "a", "level_db": 10**400}]},
    "half a character": {"title": "\ud800", "sounds": [{"at": 100, "for": 90, "say": "\udfff"}]},
    "many sounds": {"sounds": [{"at": 100, "for": 0, "say": "a"}] * 20_000},
}


@pytest.mark.parametrize("lie", HOSTILE)
def test_a_manifest_that_lies_gives_a_report_or_one_line(
    brief: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], lie: str
) -> None:
    body = json.loads(to_bytes(brief.session.manifest)) | HOSTILE[lie]
    path = tmp_path / "s.mp3"
    path.write_bytes(id3(About("a", "b", "en"), [], 1, (OWNER, json.dumps(body).encode())) + brief.frames)
    began = time.monotonic()
    code, out, err = run_quietly(["verify", str(path)], capsys)
    assert code == 1 and time.monotonic() - began < 10
    assert out or err.count("\n") == 1


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"format":2}', b"9" * 5000])
def test_a_manifest_that_is_none_is_passed_over(brief: Finished, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(id3(About("a", "b", "en"), [], 1, (OWNER, data)) + brief.frames)
    report = verify(path)
    assert report.made_of is None and told(report, "length") == brief.timeline.total


def test_the_manifest_in_a_file_is_the_sessions_own(brief: Finished) -> None:
    made_of = from_bytes(private_frame(brief.tag, OWNER) or b"")
    assert made_of and to_bytes(made_of) == private_frame(brief.tag, OWNER)
    assert len(to_bytes(made_of)) == len(to_bytes(brief.session.manifest))


# --- tags ---


def test_the_tag_of_a_session_ends_where_its_frames_begin(brief: Finished) -> None:
    assert brief.frames[:4] == info_frame(1)[:4] and tag_size(brief.data) == tag_size(brief.data[:10])
