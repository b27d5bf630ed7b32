"""Phrases become clips: each spoken once, none that cannot be speech, and the right words at the right pace."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pyloudnorm import Meter
from support.voices import LINES, Answering, Counting, Hasty, Plain, Reading, lexicon, phrase, use, voice_of

from audioguide.audio.sound import to_signal
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import EngineError, InputError, PhraseError, ScriptError
from audioguide.core.model import ORDINARY, Clip, Manner
from audioguide.speech import speaker
from audioguide.speech.calibration import LINES as GAIN_LINES
from audioguide.speech.calibration import LOUDER_LU, pace_wpm
from audioguide.speech.engine import Recording
from audioguide.speech.engines.fake import Fake
from audioguide.speech.speaker import ATTEMPTS, Speaker
from audioguide.speech.voices import Voice
from audioguide.storage.store import Store

TEXTS = ("Rest here.", "Let the floor hold you.", "Breathe out, and rest.")
HUM = Fake().speak("Let the floor hold you.", voice_of("fake"))


def speak_all(counting: Counting, store: Store, monkeypatch: pytest.MonkeyPatch, **changes: object) -> list[Clip]:
    use(monkeypatch, counting)
    with Speaker(voice_of("fake", **changes), store) as speaking:  # type: ignore[arg-type]  # changes hold no pace
        return [speaking.clip(phrase(text)) for text in TEXTS]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


# --- each phrase is spoken once ---


def test_a_second_run_speaks_nothing_and_finds_the_same_clips(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Counting(), Counting()
    assert speak_all(first, store, monkeypatch) == speak_all(second, store, monkeypatch)
    assert first.asked == list(TEXTS)
    assert second.asked == []


def test_a_phrase_that_comes_twice_is_spoken_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake"), store) as speaking:
        assert [each.source.line for each in speaking.missing([phrase("Rest.", 1), phrase("Rest.", 9)])] == [1]
        assert speaking.clip(phrase("Rest.", 1)) == speaking.clip(phrase("Rest.", 9))
        assert speaking.missing([phrase("Rest.", 1), phrase("Breathe.", 2), phrase("Rest.", 9)]) == [
            phrase("Breathe.", 2)
        ]
    assert engine.asked == ["Rest."]
    assert engine.closed == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"pace_wpm": 130.0},
        {"language": "de"},
        {"options": {"voice": "other"}},
        {"engine": "system"},
        {"lexicon": lexicon({"rest": "wrest", "floor": "flore"})},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_changes_the_sound_is_spoken_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    speak_all(Counting(), store, monkeypatch)
    engine = Counting()
    speak_all(engine, store, monkeypatch, **changes)
    assert len(engine.asked) == len(TEXTS)


def test_another_fingerprint_of_the_engine_is_spoken_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_all(Counting("engine 1"), store, monkeypatch)
    engine = Counting("engine 2")
    speak_all(engine, store, monkeypatch)
    assert engine.asked == list(TEXTS)


@pytest.mark.parametrize(
    "changes", [{"name": "other"}, {"description": "x"}, {"shown": "elsewhere.toml"}, {"gain_db": 3.0}]
)
def test_what_does_not_change_the_sound_is_not_spoken_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    speak_all(Counting(), store, monkeypatch)
    engine = Counting()
    speak_all(engine, store, monkeypatch, **changes)
    assert engine.asked == []


# --- damaged clips ---


def entries(store: Store, kind: str) -> list[Path]:
    return sorted(path for path in (store.folder / kind).rglob("*") if path.is_file())


def head_changed(data: bytes, fact: str, value: str) -> bytes:
    """Return an entry whose head states another value, and is else as it was."""
    head, _, body = data.partition(b"\n")
    return re.sub(rf'"{fact}": [^,}}]+'.encode(), f'"{fact}": {value}'.encode(), head) + b"\n" + body


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut in the head": lambda data: data[:20],
    "no body": lambda data: data[: data.index(b"\n") + 1],
    "one byte short": lambda data: data[:-1],
    "one byte more": lambda data: data + b"x",
    "all zeros": lambda data: bytes(len(data)),
    "another file": lambda data: b"<html>no clip</html>\n" * 400,
    "a list for a head": lambda data: b"[1, 2]\n" + data,
    "no samples": lambda data: data.replace(b'"samples"', b'"sbmples"'),
    "size in words": lambda data: head_changed(data, "size", '"many"'),
    "size null": lambda data: head_changed(data, "size", "null"),
    "samples in words": lambda data: head_changed(data, "samples", '"many"'),
    "other samples": lambda data: head_changed(data, "samples", "12345"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_clip_is_spoken_again(store: Store, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    whole = speak_all(Counting(), store, monkeypatch)
    victim = next(path for path in entries(store, "clips") if path.name == whole[1].key)
    before = victim.read_bytes()
    victim.write_bytes(DAMAGES[damage](before))
    engine = Counting()
    assert speak_all(engine, store, monkeypatch) == whole
    assert engine.asked in ([TEXTS[1]], [])  # nothing to say where the damage could be told from the rest
    assert store.read("clips", whole[1].key)


def test_a_clip_that_vanished_is_spoken_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = speak_all(Counting(), store, monkeypatch)
    for path in entries(store, "clips"):
        path.unlink()
    engine = Counting()
    assert speak_all(engine, store, monkeypatch) == whole
    assert engine.asked == list(TEXTS)


# --- words ---


def heard(
    monkeypatch: pytest.MonkeyPatch, store: Store, text: str, engine: Counting | None = None, **words: dict[str, str]
) -> str:
    """Return the words that the engine was given."""
    engine = engine or Counting()
    use(monkeypatch, engine)
    voice = voice_of("fake", lexicon=lexicon(words.get("voice", {})))
    with Speaker(voice, store, lexicon(words.get("practice", {}))) as speaking:
        speaking.clip(phrase(text))
    return engine.asked[0]


def test_the_lexicon_of_the_practice_wins_over_the_voices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    voice, practice = {"psoas": "so as", "floor": "flaw"}, {"Psoas": "SOH-as"}
    said = heard(monkeypatch, store, "Your psoas, the PSOAS, the floor.", voice=voice, practice=practice)
    assert said == "Your Soh-as, the Soh-as, the flaw."


def test_a_lexicon_changes_whole_words_only_and_never_its_own_words(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"rest": "breathe", "breathe": "rest", "a.m.": "in the morning", "arm rest": "support"}
    said = heard(monkeypatch, store, "Rest, restless, 9 a.m. Breathe. Arm rest.", voice=words)
    assert said == "breathe, restless, nine in the morning rest. support."


def test_phonemes_are_written_beside_their_word(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said = heard(monkeypatch, store, "Your psoas.", Reading(), voice={"psoas": "/sˈOəs/"})
    assert said == "Your [psoas](/sˈOəs/)."


@pytest.mark.parametrize("said", ["g(0), $1, %s", "A&B", "5–6"])
def test_signs_in_a_lexicon_are_read_like_those_of_a_script(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    written = heard(monkeypatch, Store(tmp_path / "other"), f"Now {said}.")
    assert heard(monkeypatch, store, "Now rest.", voice={"rest": said}) == written
    assert written not in (f"Now {said}.", "Now rest.")


def test_numbers_and_signs_reach_an_engine_as_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said = heard(monkeypatch, store, "Rest for 5–10 min – until 9:30 p.m.")
    assert said == "Rest for five to ten minutes, until nine thirty PM."


def test_a_phrase_of_another_language_keeps_its_figures(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", language="de"), store) as speaking:
        speaking.clip(phrase("Noch 5 Minuten."))
    assert engine.asked == ["Noch 5 Minuten."]


@pytest.mark.parametrize("text", ["…", "–", "?!", "'", "« »"])
def test_signs_without_a_word_are_refused_and_never_become_silence(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(ScriptError, match=r"^arrive\.md\.j2:3: .*nothing"),
    ):
        speaking.missing([phrase("Rest.", 1), phrase(text, 3)])
    assert engine.asked == []


def test_an_unreadable_sign_is_refused_before_anything_is_spoken(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(ScriptError, match=r"^arrive\.md\.j2:8: voice hum cannot read '🙂' \(U\+1F642\)"),
    ):
        speaking.missing([phrase("Rest.", 1), phrase("Smile 🙂.", 8)])
    assert engine.asked == []


# --- pace ---


@pytest.mark.parametrize("name", ["natural", "system", "fake"])
@pytest.mark.parametrize(("pace_wpm", "bound"), [(1.0, "slowest"), (10_000.0, "fastest")])
def test_a_pace_out_of_reach_names_the_bound(store: Store, name: str, pace_wpm: float, bound: str) -> None:
    with pytest.raises(InputError) as caught:
        Speaker(voice_of(name, pace_wpm), store)
    message = str(caught.value)
    assert f"cannot speak at {pace_wpm:g} words a minute" in message
    assert f"its {'slowest is' if bound == 'slowest' else 'slowest'}" in message
    assert voice_of(name).name in message


@pytest.mark.parametrize("pace_wpm", [float("nan"), float("inf"), -5.0, 0.0])
def test_a_pace_that_is_no_pace_is_refused(store: Store, pace_wpm: float) -> None:
    with pytest.raises(InputError):
        Speaker(voice_of("fake", pace_wpm), store)


def test_the_bounds_themselves_can_be_spoken(store: Store) -> None:
    for bound_wpm in (Fake.slowest_wpm, Fake.fastest_wpm):
        with Speaker(voice_of("fake", bound_wpm), store) as speaking:
            assert speaking.clip(phrase("Let the floor hold you.")).samples > 10_000


@pytest.mark.parametrize(
    ("manner_pace", "asked"), [(1.0, 120.0), (0.95, 114.0), (0.85, 110.0), (1.1, 125.0)], ids=lambda pace: f"{pace:g}"
)
def test_the_pace_of_a_step_is_a_share_of_the_voices_within_what_the_engine_reaches(
    store: Store, monkeypatch: pytest.MonkeyPatch, manner_pace: float, asked: float
) -> None:
    engine = Counting()
    engine.slowest_wpm, engine.fastest_wpm = 110.0, 125.0
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", 120.0), store) as speaking:
        speaking.clip(phrase("Rest here.", manner=Manner(manner_pace)))
    assert engine.paces == [pytest.approx(asked)]


def test_a_phrase_at_another_pace_is_another_clip_and_at_another_level_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake"), store) as speaking:
        plain, slow, soft = (
            speaking.clip(phrase("Rest here.", manner=manner)) for manner in (Manner(), Manner(0.9), Manner(1.0, -2.0))
        )
        assert speaking.missing([phrase("Rest here.", manner=Manner(0.9, -2.0))]) == []
    assert slow.samples > plain.samples
    assert soft == plain
    assert len(engine.asked) == 2


# --- engines that are not calibrated ---


def true_pace(speaking: Speaker, manner: Manner = ORDINARY) -> float:
    """Return the words a minute of a voice over lines that its pace was not measured on, as they stand in the store."""
    return pace_wpm((line, speaking.clip(phrase(line, manner=manner)).samples / RATE_HZ) for line in LINES)


@pytest.mark.parametrize("asked_wpm", [80.0, 120.0, 200.0])
@pytest.mark.parametrize(("times", "more_wpm"), [(1.3, 0.0), (0.7, 0.0), (0.8, 30.0)])
def test_an_engine_that_is_not_calibrated_ends_at_the_pace_that_was_asked(
    store: Store, monkeypatch: pytest.MonkeyPatch, times: float, more_wpm: float, asked_wpm: float
) -> None:
    use(monkeypatch, Hasty(times, more_wpm))
    with Speaker(voice_of("fake", asked_wpm), store) as speaking:
        assert true_pace(speaking) == pytest.approx(asked_wpm, rel=0.03)


def test_a_step_of_an_engine_that_is_not_calibrated_has_its_own_true_pace(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Hasty(0.6, 60.0))
    with Speaker(voice_of("fake", 120.0), store) as speaking:
        assert true_pace(speaking, Manner(0.85)) == pytest.approx(102, rel=0.03)


def test_a_true_pace_is_measured_once_for_a_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = Hasty(), Hasty(), Hasty()
    speak_all(first, store, monkeypatch)
    measured = first.asked[: -len(TEXTS)]
    assert measured and set(measured) == set(GAIN_LINES)
    assert first.asked[len(measured) :] == list(TEXTS)
    assert len(measured) <= 4 * len(GAIN_LINES)

    speak_all(second, store, monkeypatch)
    assert second.asked == []
    use(monkeypatch, third)
    with Speaker(voice_of("fake"), store) as speaking:
        speaking.clip(phrase("Some other words."))
    assert third.asked == ["Some other words."]
    assert third.paces == first.paces[-1:]


def test_another_pace_language_option_or_version_is_measured_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_all(Hasty(), store, monkeypatch)
    for changes in ({"pace_wpm": 130.0}, {"language": "de"}, {"options": {"voice": "other"}}):
        engine = Hasty()
        speak_all(engine, store, monkeypatch, **changes)
        assert set(GAIN_LINES) <= set(engine.asked), changes
    newer = Hasty()
    newer._fingerprint = "counting 2"
    speak_all(newer, store, monkeypatch)
    assert set(GAIN_LINES) <= set(newer.asked)


@pytest.mark.parametrize("engine", [Counting(), Plain()], ids=["calibrated", "says nothing of it"])
def test_an_engine_is_taken_at_its_word_unless_it_says_that_it_is_not_calibrated(
    store: Store, monkeypatch: pytest.MonkeyPatch, engine: Counting | Plain
) -> None:
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", 117.0), store) as speaking:
        speaking.clip(phrase("Rest here."))
    assert (engine.asked, engine.paces) == (["Rest here."], [117.0])


@pytest.mark.parametrize("failure", [RuntimeError("bad node"), EngineError("the reed is cracked")], ids=repr)
def test_a_failure_while_the_pace_is_measured_is_told_with_the_voice(
    store: Store, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    class Failing(Hasty):
        def speak(self, text: str, voice: Voice) -> Recording:
            raise failure

    use(monkeypatch, Failing())
    with Speaker(voice_of("fake"), store) as speaking, pytest.raises(EngineError, match=rf"voice hum.*{failure}"):
        speaking.clip(phrase("Rest here."))


def test_a_fault_that_passes_while_the_pace_is_measured_stops_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stumbling(Hasty):
        def speak(self, text: str, voice: Voice) -> Recording:
            recording = super().speak(text, voice)
            if len(self.asked) == 3:
                raise EngineError("it stumbled")
            return recording

    use(monkeypatch, Stumbling())
    with Speaker(voice_of("fake"), store) as speaking:
        assert true_pace(speaking) == pytest.approx(120, rel=0.03)


# --- gain ---


def test_the_gain_brings_a_session_to_minus_19_lufs_so_the_louder_lines_of_a_voice_a_little_above(store: Store) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        gain_db = speaking.gain_db
        clips = [store.read("clips", speaking.clip(phrase(line)).key) for line in GAIN_LINES]
    speech = to_signal(b"".join(entry[1] for entry in clips if entry))
    assert Meter(24_000).integrated_loudness(speech) + gain_db - LOUDER_LU == pytest.approx(-19, abs=0.15)


def test_the_gain_is_measured_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        first = speaking.gain_db
        assert speaking.gain_db == first
    assert sorted(engine.asked) == sorted(GAIN_LINES)
    monkeypatch.setattr(Speaker, "_measure_gain", None)
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.gain_db == first
    assert len(engine.asked) == len(GAIN_LINES)


def test_every_clip_carries_the_gain_of_its_voice(store: Store) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.clip(phrase("Rest.")).gain_db == speaking.gain_db != 0
    with Speaker(voice_of("fake", 400.0, gain_db=-2.5), store) as speaking:
        assert speaking.clip(phrase("Rest.")).gain_db == -2.5


def test_a_gain_that_nobody_asks_for_is_not_measured(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", gain_db=None), store) as speaking:
        assert speaking.missing([phrase("Rest.")]) == [phrase("Rest.")]
    assert engine.asked == []


def test_a_gain_in_the_voice_file_is_taken_as_it_stands(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", gain_db=-2.5), store) as speaking:
        assert speaking.gain_db == -2.5
    assert engine.asked == []


def test_gain_lines_that_are_damaged_in_the_store_do_not_change_the_gain(store: Store) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        expected = speaking.gain_db
    for path in entries(store, "gains"):
        path.unlink()
    for path in entries(store, "clips"):
        data = path.read_bytes()
        path.write_bytes(data[:-2] + bytes([data[-2] ^ 1, data[-1]]))  # the body: facts() cannot see it
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.gain_db == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("damage", ["empty", "no gain", "not a number"])
def test_a_damaged_gain_is_measured_again(store: Store, damage: str) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        expected = speaking.gain_db
    (path,) = entries(store, "gains")
    data = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "no gain": data.replace(b"gain_db", b"gain_xx"),
            "not a number": head_changed(data, "gain_db", '"loud"'),
        }[damage]
    )
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.gain_db == expected


# --- garbage ---

GARBAGE = {
    "nothing": Recording(b"", 24_000),
    "one byte": Recording(b"x", 24_000),
    "an odd byte count": Recording(HUM.pcm + b"x", 24_000),
    "silence": Recording(bytes(100_000), 24_000),
    "silence at another rate": Recording(bytes(100_000), 22_050),
    "rate 0": Recording(HUM.pcm, 0),
    "a rate below zero": Recording(HUM.pcm, -24_000),
    "rate 4 kHz": Recording(HUM.pcm, 4_000),
    "rate 1 MHz": Recording(HUM.pcm, 1_000_000),
    "a tenth of a second": Recording(HUM.pcm[20_000:24_800], 24_000),
    "half a second, then silence": Recording(HUM.pcm[20_000:36_000] + bytes(200_000) + HUM.pcm[20_000:20_600], 24_000),
    "no numbers": Recording(b"\x00\x80" * 60_000, 24_000),
    "no numbers in the middle": Recording(HUM.pcm + b"\x00\x80" * 10_000 + HUM.pcm, 24_000),
    "two minutes": Recording(HUM.pcm * 50, 24_000),
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_from_an_engine_is_never_accepted(store: Store, monkeypatch: pytest.MonkeyPatch, garbage: str) -> None:
    engine = Answering([GARBAGE[garbage]] * ATTEMPTS)
    use(monkeypatch, engine)
    wanted = phrase("Let the floor hold you.", line=31)
    with Speaker(voice_of("fake"), store) as speaking:
        with pytest.raises(EngineError) as caught:
            speaking.clip(wanted)
        assert speaking.missing([wanted]) == [wanted]
    assert str(caught.value).startswith('arrive.md.j2:31: voice hum cannot speak "Let the floor hold you.": ')
    assert len(engine.asked) == ATTEMPTS
    assert entries(store, "clips") == []


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_that_passes_is_spoken_again_and_forgotten(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, garbage: str
) -> None:
    use(monkeypatch, Answering([GARBAGE[garbage]] * (ATTEMPTS - 1)))
    with Speaker(voice_of("fake"), store) as speaking:
        recovered = speaking.clip(phrase("Let the floor hold you."))
    use(monkeypatch, Counting())
    with Speaker(voice_of("fake"), Store(tmp_path / "other")) as speaking:
        assert recovered == speaking.clip(phrase("Let the floor hold you."))


def test_words_that_cannot_be_spoken_are_not_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Answering([PhraseError("it finds no sounds in these words")] * ATTEMPTS)
    use(monkeypatch, engine)
    wanted = phrase("Hmm.", line=4)
    with Speaker(voice_of("fake"), store) as speaking:
        with pytest.raises(EngineError, match=r'^arrive\.md\.j2:4: .*"Hmm\.": it finds no sounds in these words$'):
            speaking.clip(wanted)
        assert speaking.missing([wanted]) == [wanted]
    assert engine.asked == ["Hmm."]


def test_an_engine_error_is_told_once_with_the_phrase_shortened(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Answering([EngineError("the reed is cracked")] * ATTEMPTS))
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(EngineError) as caught,
    ):
        speaking.clip(phrase("Let the floor hold you. " * 20, line=2))
    message = str(caught.value)
    assert message.startswith("arrive.md.j2:2: ")
    assert message.endswith(": the reed is cracked")
    assert len(message) < 160
    assert isinstance(caught.value.__cause__, EngineError)


@pytest.mark.parametrize("foreign", [RuntimeError("bad node"), ValueError("no shape"), OSError("gone"), KeyError("x")])
def test_a_foreign_error_of_an_engine_is_told_with_the_phrase_too(
    store: Store, monkeypatch: pytest.MonkeyPatch, foreign: Exception
) -> None:
    use(monkeypatch, Answering([foreign] * ATTEMPTS))
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(EngineError, match=r"^arrive\.md\.j2:6: "),
    ):
        speaking.clip(phrase("Rest.", line=6))


def test_stopping_by_hand_is_never_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Counting):
        def speak(self, text: str, voice: object) -> Recording:  # type: ignore[override]  # never gets as far
            self.asked.append(text)
            raise KeyboardInterrupt

    engine = Stopped()
    use(monkeypatch, engine)
    with pytest.raises(KeyboardInterrupt), Speaker(voice_of("fake"), store) as speaking:
        speaking.clip(phrase("Rest."))
    assert (engine.asked, engine.closed) == (["Rest."], 1)


@pytest.mark.parametrize("words", [8, 40])
@pytest.mark.parametrize(("pace_wpm", "fits"), [(2_400.0, False), (400.0, True), (40.0, True), (10.0, False)])
def test_what_is_believed_lies_between_fast_and_very_slow_speech(words: int, pace_wpm: float, fits: bool) -> None:
    text = " ".join(["rest"] * words)
    recording = Fake().speak(text, voice_of("fake", pace_wpm))
    if fits:
        assert speaker._checked(recording, text, 120.0)
        return
    with pytest.raises(EngineError, match=f"for {words} words"):
        speaker._checked(recording, text, 120.0)


class Hanging:
    """An engine that never comes to an end with one of its phrases."""

    slowest_wpm, fastest_wpm, calibrated, reads_phonemes = 20.0, 600.0, True, False

    def __init__(self) -> None:
        self.stop = threading.Event()

    def probe(self) -> str:
        return ""

    def fingerprint(self, voice: Voice) -> str:
        return "hanging"

    def speak(self, text: str, voice: Voice) -> Recording:
        if "forever" in text:
            self.stop.wait()
        return Fake().speak(text, voice)

    def close(self) -> None:
        self.stop.set()


def test_an_engine_that_hangs_is_given_up_with_the_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Hanging())
    message = r'arrive.md.j2:7: voice hum cannot speak "Rest forever now.": it took longer than 0.5 s'
    with Speaker(voice_of("fake"), store) as speaking:
        list(speaking.speak([phrase("Rest.", 1)]))  # what is imported first may take longer than half a second
        monkeypatch.setattr(speaker, "PATIENCE_S", 0.5)
        with pytest.raises(EngineError, match=message):
            list(speaking.speak([phrase("Rest.", 1), phrase("Rest forever now.", 7), phrase("Rest again.", 9)]))


def test_an_engine_that_hangs_while_it_is_measured_is_told_by_its_voice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Hanging()
    use(monkeypatch, engine)
    monkeypatch.setattr(speaker, "PATIENCE_S", 0.5)
    monkeypatch.setattr(speaker, "LINES", ("This lasts forever.",))
    with (
        pytest.raises(EngineError, match=r"voice hum cannot be measured: a line took longer than 0\.5 s"),
        Speaker(voice_of("fake", gain_db=None), store) as speaking,
    ):
        speaking.clip(phrase("Rest."))
