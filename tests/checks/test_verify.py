"""Checks of finished MP3s: undamaged ones pass, and each kind of damage fails the check made for it."""

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
DIGEST, CHAPTERS = "bytes after the tag", "chapters in sequence"
QUIET_TENTH, QUIET_SECOND = "quietest tenth of a second outside the fades", "quietest second outside the fades"


@pytest.fixture(scope="module")
def long(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Two minutes with chapters, a bell, a long rest and more than a minute of words, to measure speech levels."""
    return finished(tmp_path_factory.mktemp("whole"), LONG, 120, shared_store)


@pytest.fixture(scope="module")
def short(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Less than a minute with four lines, a bell, and a rest after which a phrase is announced."""
    return finished(tmp_path_factory.mktemp("short"), SHORT, 50, shared_store)


def broken(path: Path) -> set[str]:
    """Return the names of the checks that fail, without the time that some contain."""
    return {_name(check.name) for check in verify(path).checks if check.passed is False}


def _name(name: str) -> str:
    return re.sub(r" at \d.*| \(at .*", "", name)


def value(report: FileReport, name: str) -> object:
    [value] = [check.value for check in report.checks if check.name == name]
    return value


def remade(one: Finished, signal: Signal, out: Path) -> set[str]:
    """Return the checks that fail for a session with this sound, signed as if it were unchanged."""
    return broken(signed(one.session, encoded(signal, one.timeline.total), out / "remade.mp3"))


def run_quietly(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in err, err
    return code, out, err


# --- undamaged sessions ---


def test_an_undamaged_session_passes_every_check(long: Finished, short: Finished) -> None:
    for one in (long, short):
        report = verify(one.path)
        assert report.passed and broken(one.path) == set()
        assert report.manifest and report.manifest.timeline.total == one.timeline.total
        assert all(check.passed for check in report.checks)


def test_every_check_is_made(long: Finished) -> None:
    names = [_name(check.name) for check in verify(long.path).checks]
    assert sorted(names) == sorted(
        f"{DIGEST};length;bit rate of all frames;Info header;integrated loudness;loudness range of the speech;{BELL};"
        f"loudest 400 ms;loudest 3 s;true peak;{QUIET_SECOND};{QUIET_TENTH};loudest second inside the pauses;{STEP};"
        f"{PLACES};fade-in;fade-out;{CHAPTERS}".split(";")
    )


def test_a_session_that_is_only_reencoded_passes_every_check(long: Finished, tmp_path: Path) -> None:
    """So the damaged sessions below fail because of their damage, not because they were reencoded."""
    assert remade(long, long.signal, tmp_path) == set()


@pytest.mark.parametrize("seconds", [49.001, 50.0001])
def test_a_length_that_is_not_a_multiple_of_a_frame_passes(shared_store: Store, tmp_path: Path, seconds: float) -> None:
    assert broken(finished(tmp_path, SHORT, seconds, shared_store).path) == set()


def test_sleep_sessions_without_bells_and_with_only_bells_pass(shared_store: Store, tmp_path: Path) -> None:
    (tmp_path / "hum.toml").write_text(HUM, encoding="utf-8")
    for options in ({"ending": "sleep"}, {"bell": False}, {"guidance": "bells"}):
        request = Request(400 * RATE_HZ, voice=str(tmp_path / "hum.toml"), **options)
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
    assert out.endswith("s.mp3: within all limits\n") and "FAIL" not in out


# --- each check, failing ---


def looped_tone(count: int) -> Signal:
    """Return room tone, count frames long."""
    signal: Signal = np.frombuffer(tone(count), "<i2") / 32768
    return signal


def with_gains(one: Finished, gains_db: list[float]) -> Signal:
    """Return a session's sound with its phrases made louder or softer in turn; the room tone stays."""
    signal = one.signal.copy()
    for index, sound in enumerate(one.phrases):
        gain = 10 ** (gains_db[index % len(gains_db)] / 20)
        part = signal[sound.start * FRAME : sound.end * FRAME]
        part[:] = part * gain + looped_tone(sound.length) * max(0, 1 - gain**2) ** 0.5
    return signal


@pytest.mark.parametrize("gain_db", [-3.0, -0.8, 0.8, 3.0])
def test_speech_that_is_too_loud_or_too_soft_fails_only_the_loudness_check(
    long: Finished, tmp_path: Path, gain_db: float
) -> None:
    assert sum(sound.length for sound in long.phrases) >= MINUTE_OF_WORDS
    assert remade(long, with_gains(long, [gain_db]), tmp_path) == {"integrated loudness"}


@pytest.mark.parametrize(("gain_db", "failing"), [(1.0, set()), (2.2, {"integrated loudness"})])
def test_a_few_words_may_be_a_little_louder_but_not_much(
    short: Finished, tmp_path: Path, gain_db: float, failing: set[str]
) -> None:
    assert remade(short, with_gains(short, [gain_db]), tmp_path) == failing


def test_speech_that_swings_between_loud_and_soft_fails_only_the_range_check(long: Finished, tmp_path: Path) -> None:
    assert remade(long, with_gains(long, [2.4, -6.5]), tmp_path) == {"loudness range of the speech"}


@pytest.mark.parametrize(
    ("gain_db", "seconds", "failing"), [(9.5, 0.5, {"loudest 400 ms"}), (6.0, 3.3, {"loudest 3 s"}), (4.0, 3.3, set())]
)
def test_a_shout_fails_the_maximum_of_its_length(
    long: Finished, tmp_path: Path, gain_db: float, seconds: float, failing: set[str]
) -> None:
    signal = long.signal.copy()
    start = long.phrases[2].start * FRAME + RATE_HZ // 2
    signal[start : start + round(seconds * RATE_HZ)] *= 10 ** (gain_db / 20)
    assert remade(long, signal, tmp_path) == failing


@pytest.mark.parametrize(("peak", "failing"), [(0.92, {"true peak"}), (0.7, set())])
def test_a_peak_near_full_scale_fails_only_the_true_peak_check(
    long: Finished, tmp_path: Path, peak: float, failing: set[str]
) -> None:
    signal = long.signal.copy()
    at = long.phrases[2].start * FRAME + RATE_HZ
    burst = np.hanning(96) * np.sin(2 * np.pi * 1000 * np.arange(96) / RATE_HZ)
    signal[at : at + 96] = peak * burst / np.abs(burst).max()
    assert remade(long, signal, tmp_path) == failing


@pytest.mark.parametrize(
    ("seconds", "failing"), [(1.3, {QUIET_SECOND, QUIET_TENTH}), (0.2, {QUIET_TENTH}), (0.02, set())]
)
def test_digital_silence_in_a_pause_fails(short: Finished, tmp_path: Path, seconds: float, failing: set[str]) -> None:
    signal = short.signal.copy()
    start, _ = short.longest_gap()
    signal[start : start + round(seconds * RATE_HZ)] = 0
    assert remade(short, signal, tmp_path) == failing


@pytest.mark.parametrize(("dbfs", "failing"), [(-48.5, {"loudest second inside the pauses"}), (-55.0, set())])
def test_a_hum_in_a_pause_fails_only_the_loudest_second(
    short: Finished, tmp_path: Path, dbfs: float, failing: set[str]
) -> None:
    signal = short.signal.copy()
    start, _ = short.longest_gap()
    hum = sine(150, 80, 10 ** (dbfs / 20) * 2**0.5) * np.hanning(80 * FRAME) ** 0.1
    signal[start : start + hum.size] += hum
    assert remade(short, signal, tmp_path) == failing


def test_a_click_in_a_pause_fails_the_check_of_places(short: Finished, tmp_path: Path) -> None:
    signal = short.signal.copy()
    start, length = short.longest_gap()
    signal[start + length // 2 : start + length // 2 + 12] += 0.5
    assert PLACES in remade(short, signal, tmp_path)


def test_a_soft_click_at_a_join_fails_only_the_check_of_joins(short: Finished, tmp_path: Path) -> None:
    for at in (OPENING, short.phrases[1].end + 2, short.timeline.frames - short.timeline.closing):
        signal = short.signal.copy()
        signal[at * FRAME - 2 : at * FRAME + 2] += np.array([0.02, 0.02, -0.02, -0.02])
        assert remade(short, signal, tmp_path) == {STEP}, at


@pytest.mark.parametrize("name", ["fade-in", "fade-out"])
def test_a_session_that_begins_or_ends_abruptly_fails_only_that_fade(
    short: Finished, tmp_path: Path, name: str
) -> None:
    signal = short.signal.copy()
    start = 0 if name == "fade-in" else (short.timeline.frames - short.timeline.closing) * FRAME
    count = OPENING if name == "fade-in" else short.timeline.closing
    part = signal[start : start + count * FRAME]
    part[:] = looped_tone(count)[: part.size]
    assert remade(short, signal, tmp_path) == {name}


@pytest.mark.parametrize(("gain_db", "failing"), [(2.5, {BELL}), (-2.5, {BELL}), (-60, {BELL}), (0.5, set())])
def test_a_bell_that_is_too_loud_or_too_soft_fails_only_its_check(
    short: Finished, tmp_path: Path, gain_db: float, failing: set[str]
) -> None:
    signal = short.signal.copy()
    [bell] = short.bells
    part = signal[bell.start * FRAME : bell.end * FRAME]
    part[:] = part * 10 ** (gain_db / 20) + (looped_tone(bell.length) if gain_db < -50 else 0)
    assert remade(short, signal, tmp_path) == failing


# --- phrases in the wrong place ---


@pytest.mark.parametrize("shift_s", [-1.0, -0.5, 0.5, 1.0])
def test_a_moved_phrase_fails_the_check_of_places_even_when_signed_again(
    short: Finished, tmp_path: Path, shift_s: float
) -> None:
    signal = short.signal.copy()
    sound = short.phrases[1]
    start, end = sound.start * FRAME, sound.end * FRAME
    phrase = signal[start:end].copy()
    signal[start:end] = looped_tone(sound.length)
    by = frames(shift_s) * FRAME
    signal[start + by : end + by] = phrase
    failing = remade(short, signal, tmp_path)
    assert PLACES in failing and failing <= {PLACES, STEP, "loudest second inside the pauses"}


@pytest.mark.parametrize("late_s", [-0.5, 0.5])
def test_a_phrase_that_begins_late_or_ends_early_fails_only_the_check_of_places(
    short: Finished, tmp_path: Path, late_s: float
) -> None:
    signal = short.signal.copy()
    sound = short.phrases[1]
    count = frames(abs(late_s))
    at = sound.start if late_s > 0 else sound.end - count
    signal[at * FRAME : (at + count) * FRAME] = looped_tone(count)
    assert remade(short, signal, tmp_path) == {PLACES}


def test_a_plan_that_was_moved_instead_of_the_sound_fails_too(short: Finished, tmp_path: Path) -> None:
    sounds = list(short.timeline.sounds)
    sounds[2] = replace(sounds[2], start=sounds[2].start - 30)
    moved = replace(short.session.manifest, timeline=replace(short.timeline, sounds=tuple(sounds)))
    path = signed(short.session, short.frames, tmp_path / "s.mp3", manifest=moved)
    assert PLACES in broken(path) and DIGEST not in broken(path)


def test_a_phrase_that_is_silent_is_reported_with_its_time(short: Finished, tmp_path: Path) -> None:
    signal = short.signal.copy()
    sound = short.phrases[1]
    signal[sound.start * FRAME : sound.end * FRAME] = looped_tone(sound.length)
    path = signed(short.session, encoded(signal, short.timeline.total), tmp_path / "s.mp3")
    assert PLACES in broken(path) and broken(path) <= {PLACES, "loudness range of the speech"}
    minutes, seconds = divmod(sound.start * FRAME // RATE_HZ, 60)
    assert value(verify(path), PLACES) == f"{len(short.phrases) - 1}, wrong at {minutes}:{seconds:02}"


def test_a_voice_in_a_pause_fails_the_check_of_places(short: Finished, tmp_path: Path) -> None:
    signal = short.signal.copy()
    start, _ = short.longest_gap()
    phrase = short.signal[short.phrases[0].start * FRAME :][: RATE_HZ // 4]
    signal[start : start + phrase.size] = phrase
    assert PLACES in remade(short, signal, tmp_path)


# --- the file itself ---


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.7, 0.999])
def test_a_truncated_session_fails(
    short: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(short.data[: len(short.tag) + round(len(short.frames) * share)])
    code, out, err = run_quietly(["verify", str(path)], capsys)
    assert code == 1 and out + err


@pytest.mark.parametrize("cut", [1, 100, FRAME_BYTES, 2 * FRAME_BYTES, 10 * FRAME_BYTES])
def test_a_session_without_its_last_bytes_fails(short: Finished, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(short.data[:-cut])
    assert {DIGEST} <= broken(path)


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 11, 500])
def test_a_session_cut_off_within_its_tag_fails_in_one_line(
    short: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: int
) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(short.data[:cut])
    code, _, err = run_quietly(["verify", str(path)], capsys)
    assert code == 1 and err.count("\n") == 1


def test_any_bit_flipped_after_the_tag_fails(short: Finished, tmp_path: Path) -> None:
    path, die = tmp_path / "s.mp3", random.Random(5)
    for _ in range(50):
        data = bytearray(short.data)
        data[die.randrange(len(short.tag), len(data))] ^= 1 << die.randrange(8)
        path.write_bytes(data)
        try:
            assert DIGEST in broken(path)
        except InputError:  # cannot even be decoded
            continue


def test_an_inaudible_flipped_bit_fails_the_digest(short: Finished, tmp_path: Path) -> None:
    """The last byte of the Info frame is padding."""
    data = bytearray(short.data)
    data[len(short.tag) + FRAME_BYTES - 1] ^= 1
    (tmp_path / "s.mp3").write_bytes(data)
    assert broken(tmp_path / "s.mp3") == {DIGEST}


def test_any_bit_flipped_in_the_tag_leaves_a_report_or_one_line(short: Finished, tmp_path: Path) -> None:
    path, die = tmp_path / "s.mp3", random.Random(6)
    for _ in range(30):
        data = bytearray(short.data)
        data[die.randrange(len(short.tag))] ^= 1 << die.randrange(8)
        path.write_bytes(data)
        try:
            assert verify(path).checks
        except InputError as error:
            assert "\n" not in str(error)


def half(one: Finished) -> int:
    """Return the offset of a frame near the middle."""
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
def test_two_spliced_sessions_fail(
    long: Finished, short: Finished, tmp_path: Path, spliced: Callable[[Finished, Finished], bytes]
) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(spliced(short, long))
    assert DIGEST in broken(path)


@pytest.mark.parametrize(
    "changed",
    [
        lambda frames, at: frames[:at] + frames[at + 3 * FRAME_BYTES :],
        lambda frames, at: frames[:at] + frames[at - 3 * FRAME_BYTES :],
    ],
    ids=["removed", "doubled"],
)
def test_removed_or_repeated_frames_fail_even_when_signed_again(
    short: Finished, tmp_path: Path, changed: Callable[[bytes, int], bytes]
) -> None:
    stream = changed(short.frames, half(short))
    (tmp_path / "unsigned.mp3").write_bytes(short.tag + stream)
    failing = broken(signed(short.session, stream, tmp_path / "signed.mp3"))
    assert DIGEST in broken(tmp_path / "unsigned.mp3")
    assert DIGEST not in failing and "Info header" in failing


def test_reordered_frames_fail_the_check_of_places_even_when_signed_again(short: Finished, tmp_path: Path) -> None:
    one, two, three = (FRAME_BYTES * (short.phrases[index].end + 20) for index in (0, 1, 2))
    stream = short.frames[:one] + short.frames[two:three] + short.frames[one:two] + short.frames[three:]
    failing = broken(signed(short.session, stream, tmp_path / "s.mp3"))
    assert PLACES in failing and not failing & {DIGEST, "length", "Info header"}


@pytest.mark.parametrize("more", [-600, -1, 1, 600])
def test_one_sample_more_or_less_fails_the_length(short: Finished, tmp_path: Path, more: int) -> None:
    stream = encoded(short.signal, short.timeline.total + more)
    failing = broken(signed(short.session, stream, tmp_path / "s.mp3"))
    assert failing == {"length"}
    assert value(verify(tmp_path / "s.mp3"), "length") == short.timeline.total + more


def test_a_frame_of_another_bit_rate_fails(short: Finished, tmp_path: Path) -> None:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_out_sample_rate(RATE_HZ)
    encoder.set_bit_rate(32)
    other = bytes(encoder.encode(tone(20)) + encoder.flush())[: FRAME_BYTES // 2]
    at = FRAME_BYTES * (1 + short.longest_gap()[0] // FRAME)
    stream = short.frames[:at] + other + short.frames[at + FRAME_BYTES :]
    failing = broken(signed(short.session, stream, tmp_path / "s.mp3"))
    assert "bit rate of all frames" in failing and "Info header" not in failing
    assert value(verify(tmp_path / "s.mp3"), "bit rate of all frames") == "32, 64"


@pytest.mark.parametrize("stray", [b"\0" * 50, b"TAG" + bytes(125), b"\xff" * 10])
def test_bytes_that_are_not_a_frame_fail(short: Finished, tmp_path: Path, stray: bytes) -> None:
    failing = broken(signed(short.session, short.frames + stray, tmp_path / "s.mp3"))
    assert failing == {"bit rate of all frames"}


def test_a_session_without_its_info_header_fails(short: Finished, tmp_path: Path) -> None:
    failing = broken(signed(short.session, short.frames[FRAME_BYTES:], tmp_path / "s.mp3"))
    assert {"Info header", "length"} <= failing and DIGEST not in failing


def test_an_info_header_with_a_wrong_count_fails(short: Finished, tmp_path: Path) -> None:
    at = short.frames.index(b"Info") + 8
    count = int.from_bytes(short.frames[at : at + 4])
    stream = short.frames[:at] + (count - 5).to_bytes(4) + short.frames[at + 4 :]
    assert "Info header" in broken(signed(short.session, stream, tmp_path / "s.mp3"))


def test_the_frames_of_a_session_are_counted(short: Finished) -> None:
    stream = read_stream(short.data, len(short.tag))
    assert (stream.frames, stream.stated_frames) == (len(short.frames) // FRAME_BYTES - 1,) * 2
    assert (stream.kbps, stream.stray_bytes, stream.has_info) == (frozenset({64}), 0, True)


_HEAD = st.sampled_from([b"\xff\xf3\x14\x04", b"\xff\xf3\x84\xc4", b"\xff\xfb\x90\x00", b"Info", b"Xing", b"\xff"])


@given(st.lists(_HEAD | st.binary(max_size=60)).map(b"".join), st.integers(0, 40))
def test_a_stream_can_be_read_from_any_bytes(data: bytes, start: int) -> None:
    stream = read_stream(data, start)
    assert 0 <= stream.stray_bytes <= len(data) and (stream.frames > 0) == bool(stream.kbps)


# --- chapters, and tags written by other programs ---


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
def test_chapters_that_are_not_as_planned_fail_only_their_check(
    short: Finished, tmp_path: Path, change: Callable[[list[Placed]], list[Placed]]
) -> None:
    marks = change(list(short.timeline.chapters))
    path = signed(short.session, short.frames, tmp_path / "s.mp3", chapters=marks)
    assert broken(path) == {CHAPTERS}


def test_a_plan_whose_first_chapter_begins_late_fails(short: Finished, tmp_path: Path) -> None:
    marks = (replace(short.timeline.chapters[0], start=10), *short.timeline.chapters[1:])
    late = replace(short.session.manifest, timeline=replace(short.timeline, chapters=marks))
    path = signed(short.session, short.frames, tmp_path / "s.mp3", manifest=late, chapters=marks)
    assert broken(path) == {CHAPTERS}


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("title", ["Mine", "静" * 90], ids=["plain", "long"])
def test_a_session_that_a_tagger_renamed_still_passes(
    short: Finished, tmp_path: Path, version: int, title: str
) -> None:
    import mutagen.id3

    path = tmp_path / "s.mp3"
    path.write_bytes(short.data)
    tag = mutagen.id3.ID3(path, translate=False)
    tag["TIT2"] = mutagen.id3.TIT2(encoding=1, text=[title])
    tag.save(v2_version=version)
    assert path.read_bytes() != short.data and broken(path) == set()


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("length", [100, 127, 128, 300])
def test_a_long_chapter_title_survives_a_tagger(shared_store: Store, tmp_path: Path, version: int, length: int) -> None:
    """ID3v2.4 writes the sizes of sub-frames in seven bits a byte."""
    import mutagen.id3

    one = finished(
        tmp_path, SHORT.replace("One", "a" * length).replace("The end", "b" * (length + 1)), 50, shared_store
    )
    assert broken(one.path) == set()
    tag = mutagen.id3.ID3(one.path, translate=False)
    tag.save(v2_version=version)
    assert broken(one.path) == set()


def test_a_tagger_that_reorders_the_chapters_fails_only_their_check(shared_store: Store, tmp_path: Path) -> None:
    """mutagen sorts them by size; VLC then plays them out of order."""
    import mutagen.id3

    one = finished(tmp_path, SHORT.replace("One", "A much longer title"), 50, shared_store)
    mutagen.id3.ID3(one.path).save()
    assert broken(one.path) == {CHAPTERS}


def test_a_session_without_its_tag_is_measured_without_a_plan(short: Finished, tmp_path: Path) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(short.frames)
    report = verify(path)
    assert report.manifest is None and value(report, "length") == short.timeline.total
    assert {check.passed for check in report.checks if check.name == "length"} == {None}


def test_a_session_resampled_under_its_old_tag_fails(short: Finished, tmp_path: Path) -> None:
    import soxr

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(44_100)
    encoder.set_bit_rate(64)
    pcm = to_pcm(soxr.resample(short.signal, RATE_HZ, 44_100))
    path = signed(short.session, bytes(encoder.encode(pcm) + encoder.flush()), tmp_path / "s.mp3")
    assert {"length", "Info header"} <= broken(path)


# --- files of other programs ---


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


FOREIGN: dict[str, Callable[[Path, float], None]] = {
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


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.5, 2.5, 8.0])
def test_a_file_of_another_program_gets_the_checks_that_need_no_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, seconds: float
) -> None:
    path = tmp_path / "theirs.mp3"
    FOREIGN[kind](path, seconds)
    code, out, err = run_quietly(["verify", str(path)], capsys)
    assert (code, err) in ((0, ""), (1, "")), err
    assert "no audioguide plan in this file" in out and "true peak" in out and "LUFS" in out
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
def test_a_file_without_sound_is_an_error_of_one_line(
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
def test_wrong_usage_of_verify_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run_quietly(arguments, capsys)
    assert code == 2 and err


# --- the command line ---


def test_the_report_names_each_check_with_its_limit_and_its_verdict(
    short: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = signed(short.session, encoded(with_gains(short, [3.0]), short.timeline.total), tmp_path / "loud.mp3")
    code, out, err = run_quietly(["verify", str(path)], capsys)
    rows = out.splitlines()
    assert (code, err, rows[-1]) == (1, "", f"{path}: 1 limit broken")
    assert [row[:4].strip() for row in rows[:-1]].count("FAIL") == 1
    assert len(rows) == len(verify(path).checks) + 1
    [failed] = [row for row in rows if row.startswith("FAIL")]
    assert re.fullmatch(r"FAIL  integrated loudness: -1[56]\.\d+ LUFS  \(-19(\.00)? ± 1\.5\)", failed)


@pytest.mark.parametrize("gain_db", [0.0, 3.0])
def test_the_json_report_matches_its_schema_and_the_text(
    short: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], gain_db: float
) -> None:
    path = signed(short.session, encoded(with_gains(short, [gain_db]), short.timeline.total), tmp_path / "s.mp3")
    code, out, err = run_quietly(["verify", str(path), "--json"], capsys)
    report = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    jsonschema.validate(report, SCHEMA)
    assert err == "" and code == (not report["passed"]) == (gain_db > 0)
    assert [check["name"] for check in report["checks"]] == [check.name for check in verify(path).checks]
    assert report["has_manifest"] is True and report["file"] == str(path) and "lines" not in report


def test_the_schema_refuses_other_objects() -> None:
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


def test_the_manifest_names_practice_voice_and_options(long: Finished) -> None:
    manifest = verify(long.path).manifest
    assert manifest and (manifest.practice, manifest.title) == ("small", long.session.about.title)
    assert manifest.voice["name"] == "hum" and manifest.options["length_samples"] == 120 * RATE_HZ


# --- false manifests ---

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
def test_a_false_manifest_gives_a_report_or_an_error_of_one_line(
    short: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], lie: str
) -> None:
    body = json.loads(to_bytes(short.session.manifest)) | HOSTILE[lie]
    path = tmp_path / "s.mp3"
    path.write_bytes(id3(About("a", "b", "en"), [], 1, (OWNER, json.dumps(body).encode())) + short.frames)
    start = time.process_time()
    code, out, err = run_quietly(["verify", str(path)], capsys)
    assert code == 1 and time.process_time() - start < 10
    assert out or err.count("\n") == 1


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"format":2}', b"9" * 5000])
def test_an_invalid_manifest_is_ignored(short: Finished, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.mp3"
    path.write_bytes(id3(About("a", "b", "en"), [], 1, (OWNER, data)) + short.frames)
    report = verify(path)
    assert report.manifest is None and value(report, "length") == short.timeline.total


def test_the_manifest_in_a_file_is_that_of_the_session(short: Finished) -> None:
    manifest = from_bytes(private_frame(short.tag, OWNER) or b"")
    assert manifest and to_bytes(manifest) == private_frame(short.tag, OWNER)
    assert len(to_bytes(manifest)) == len(to_bytes(short.session.manifest))


# --- tags ---


def test_the_tag_of_a_session_ends_where_its_frames_begin(short: Finished) -> None:
    assert short.frames[:4] == info_frame(1)[:4] and tag_size(short.data) == tag_size(short.data[:10])
