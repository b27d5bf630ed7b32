"""Phrases become clips: each spoken once, with the right words at the right pace."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.stored import stored_files, with_fact
from support.voices import TEXTS, Counting, ReadingPhonemes, lexicon, phrase, speak_all, use_engine, voice_of

from audioguide.core.errors import InputError, ScriptError
from audioguide.core.model import Manner
from audioguide.speech.engines.fake import Fake
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store

# --- each phrase is spoken once ---


def test_a_second_run_speaks_nothing_and_finds_the_same_clips(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Counting(), Counting()
    assert speak_all(first, store, monkeypatch) == speak_all(second, store, monkeypatch)
    assert first.texts == list(TEXTS)
    assert second.texts == []


def test_a_phrase_that_comes_twice_is_spoken_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake"), store) as speaking:
        assert [each.source.line for each in speaking.missing([phrase("Rest.", 1), phrase("Rest.", 9)])] == [1]
        assert speaking.clip(phrase("Rest.", 1)) == speaking.clip(phrase("Rest.", 9))
        assert speaking.missing([phrase("Rest.", 1), phrase("Breathe.", 2), phrase("Rest.", 9)]) == [
            phrase("Breathe.", 2)
        ]
    assert engine.texts == ["Rest."]
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
def test_every_setting_that_changes_the_sound_makes_new_clips(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    speak_all(Counting(), store, monkeypatch)
    engine = Counting()
    speak_all(engine, store, monkeypatch, **changes)
    assert len(engine.texts) == len(TEXTS)


def test_another_fingerprint_of_the_engine_makes_new_clips(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_all(Counting("engine 1"), store, monkeypatch)
    engine = Counting("engine 2")
    speak_all(engine, store, monkeypatch)
    assert engine.texts == list(TEXTS)


@pytest.mark.parametrize(
    "changes", [{"name": "other"}, {"description": "x"}, {"shown": "elsewhere.toml"}, {"gain_db": 3.0}]
)
def test_settings_that_do_not_change_the_sound_reuse_clips(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    speak_all(Counting(), store, monkeypatch)
    engine = Counting()
    speak_all(engine, store, monkeypatch, **changes)
    assert engine.texts == []


# --- damaged clips ---


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
    "size in words": lambda data: with_fact(data, "size", '"many"'),
    "size null": lambda data: with_fact(data, "size", "null"),
    "samples in words": lambda data: with_fact(data, "samples", '"many"'),
    "other samples": lambda data: with_fact(data, "samples", "12345"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_clip_is_spoken_again(store: Store, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    clips = speak_all(Counting(), store, monkeypatch)
    victim = next(path for path in stored_files(store, "clips") if path.name == clips[1].key)
    before = victim.read_bytes()
    victim.write_bytes(DAMAGES[damage](before))
    engine = Counting()
    assert speak_all(engine, store, monkeypatch) == clips
    assert engine.texts in ([TEXTS[1]], [])  # not spoken if the damage did not affect what is read
    assert store.read("clips", clips[1].key)


def test_a_deleted_clip_is_spoken_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = speak_all(Counting(), store, monkeypatch)
    for path in stored_files(store, "clips"):
        path.unlink()
    engine = Counting()
    assert speak_all(engine, store, monkeypatch) == clips
    assert engine.texts == list(TEXTS)


# --- words ---


def heard(
    monkeypatch: pytest.MonkeyPatch, store: Store, text: str, engine: Counting | None = None, **words: dict[str, str]
) -> str:
    """Return the text that the engine received."""
    engine = engine or Counting()
    use_engine(monkeypatch, engine)
    voice = voice_of("fake", lexicon=lexicon(words.get("voice", {})))
    with Speaker(voice, store, lexicon(words.get("practice", {}))) as speaking:
        speaking.clip(phrase(text))
    return engine.texts[0]


def test_the_practices_lexicon_overrides_the_voices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    voice, practice = {"psoas": "so as", "floor": "flaw"}, {"Psoas": "SOH-as"}
    said = heard(monkeypatch, store, "Your psoas, the PSOAS, the floor.", voice=voice, practice=practice)
    assert said == "Your Soh-as, the Soh-as, the flaw."


def test_a_lexicon_replaces_whole_words_only_and_each_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"rest": "breathe", "breathe": "rest", "a.m.": "in the morning", "arm rest": "support"}
    said = heard(monkeypatch, store, "Rest, restless, 9 a.m. Breathe. Arm rest.", voice=words)
    assert said == "breathe, restless, nine in the morning rest. support."


def test_phonemes_are_written_next_to_their_word(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said = heard(monkeypatch, store, "Your psoas.", ReadingPhonemes(), voice={"psoas": "/sˈOəs/"})
    assert said == "Your [psoas](/sˈOəs/)."


@pytest.mark.parametrize("said", ["g(0), $1, %s", "A&B", "5–6"])
def test_signs_in_a_lexicon_are_normalised_like_those_of_a_script(
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
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", language="de"), store) as speaking:
        speaking.clip(phrase("Noch 5 Minuten."))
    assert engine.texts == ["Noch 5 Minuten."]


@pytest.mark.parametrize("text", ["…", "–", "?!", "'", "« »"])
def test_punctuation_without_words_is_refused_and_never_becomes_silence(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(ScriptError, match=r"^arrive\.md\.j2:3: .*nothing"),
    ):
        speaking.missing([phrase("Rest.", 1), phrase(text, 3)])
    assert engine.texts == []


def test_an_unreadable_character_is_refused_before_anything_is_spoken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(ScriptError, match=r"^arrive\.md\.j2:8: voice hum cannot read '🙂' \(U\+1F642\)"),
    ):
        speaking.missing([phrase("Rest.", 1), phrase("Smile 🙂.", 8)])
    assert engine.texts == []


# --- pace ---


@pytest.mark.parametrize("name", ["natural", "system", "fake"])
@pytest.mark.parametrize(("pace_wpm", "bound"), [(1.0, "slowest"), (10_000.0, "fastest")])
def test_the_error_for_a_pace_out_of_range_names_the_bounds(
    store: Store, name: str, pace_wpm: float, bound: str
) -> None:
    with pytest.raises(InputError) as caught:
        Speaker(voice_of(name, pace_wpm), store)
    message = str(caught.value)
    assert f"cannot speak at {pace_wpm:g} words a minute" in message
    assert f"its {'slowest is' if bound == 'slowest' else 'slowest'}" in message
    assert voice_of(name).name in message


@pytest.mark.parametrize("pace_wpm", [float("nan"), float("inf"), -5.0, 0.0])
def test_a_pace_that_is_not_a_positive_number_is_refused(store: Store, pace_wpm: float) -> None:
    with pytest.raises(InputError):
        Speaker(voice_of("fake", pace_wpm), store)


def test_the_bounds_themselves_can_be_spoken(store: Store) -> None:
    for bound_wpm in (Fake.slowest_wpm, Fake.fastest_wpm):
        with Speaker(voice_of("fake", bound_wpm), store) as speaking:
            assert speaking.clip(phrase("Let the floor hold you.")).samples > 10_000


@pytest.mark.parametrize(
    ("manner_pace", "asked"), [(1.0, 120.0), (0.95, 114.0), (0.85, 110.0), (1.1, 125.0)], ids=lambda pace: f"{pace:g}"
)
def test_the_pace_of_a_step_is_relative_to_the_voices_and_within_the_engines_range(
    store: Store, monkeypatch: pytest.MonkeyPatch, manner_pace: float, asked: float
) -> None:
    engine = Counting()
    engine.slowest_wpm, engine.fastest_wpm = 110.0, 125.0
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", 120.0), store) as speaking:
        speaking.clip(phrase("Rest here.", manner=Manner(manner_pace)))
    assert engine.paces == [pytest.approx(asked)]


def test_a_phrase_at_another_pace_is_another_clip_and_at_another_level_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake"), store) as speaking:
        plain, slow, soft = (
            speaking.clip(phrase("Rest here.", manner=manner)) for manner in (Manner(), Manner(0.9), Manner(1.0, -2.0))
        )
        assert speaking.missing([phrase("Rest here.", manner=Manner(0.9, -2.0))]) == []
    assert slow.samples > plain.samples
    assert soft == plain
    assert len(engine.texts) == 2
