from pathlib import Path

import pytest

from audioguide.core.errors import AudioguideError, InputError, ScriptError
from audioguide.core.lexicon import LexiconEntry
from audioguide.core.model import Source
from audioguide.speech.voices import ORDINARY_WPM, Voice, find_voice, read_voice, voice_names

TOML = """\
engine = "system"
language = "de-DE"
description = "mine"
pace_wpm = 130
gain_db = -3.5
[lexicon]
psoas = "so as"
[lexicon.natural]
psoas = "/sˈOəs/"
[options]
voice = "de"
"""


def read(folder: Path, toml: str) -> Voice:
    (folder / "mine.toml").write_text(toml, encoding="utf-8")
    return read_voice(folder / "mine.toml", "voices/mine.toml")


def test_every_key_of_a_voice_file_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, TOML) == Voice(
        name="mine",
        engine="system",
        language="de-DE",
        description="mine",
        pace_wpm=130.0,
        gain_db=-3.5,
        lexicon=(
            LexiconEntry("psoas", "so as", "", Source("voices/mine.toml", 7)),
            LexiconEntry("psoas", "/sˈOəs/", "natural", Source("voices/mine.toml", 9)),
        ),
        options={"voice": "de"},
        shown="voices/mine.toml",
        folder=tmp_path,
        fallback="",
    )


def test_only_the_engine_must_be_named(tmp_path: Path) -> None:
    voice = read(tmp_path, 'engine = "system"')
    assert (voice.language, voice.pace_wpm, voice.gain_db) == ("en", ORDINARY_WPM, None)
    assert (voice.lexicon, voice.options, voice.fallback) == ((), {}, "")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('engine = "system"', "", 1, "engine is missing"),
        ("engine =", "engin =", 1, "unknown key 'engin'; did you mean engine?"),
        ("130", "39", 4, "pace_wpm must be a number from 40 to 400, not 39"),
        ("130", "401", 4, "pace_wpm must be a number from 40 to 400"),
        ("130", "true", 4, "pace_wpm must be a number"),
        ("130", "nan", 4, "pace_wpm must be a number"),
        ("130", '"130"', 4, "pace_wpm must be a number"),
        ("-3.5", "-41", 5, "gain_db must be a number from -40 to 40"),
        ("gain_db = -3.5", 'fallback = "calm"', 5, "fallback has no effect with engine 'system'; leave it out"),
        ('"so as"', "[]", 7, "psoas must be some text in quotes"),
        ('"/sˈOəs/"', "[]", 9, "psoas must be some text in quotes"),
        ('voice = "de"', "voice = 5", 11, "voice must be some text in quotes"),
        ("[lexicon]", "[lexikon]", 6, "unknown key 'lexikon'; did you mean lexicon?"),
        ("[lexicon]", "[lexicon", 6, "this is not valid TOML"),
    ],
)
def test_a_mistake_in_a_voice_file_is_reported_at_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in TOML
    with pytest.raises(ScriptError) as caught:
        read(tmp_path, TOML.replace(old, new))
    assert str(caught.value).startswith(f"voices/mine.toml:{line}: ")
    assert words in str(caught.value)


RECORDED = 'engine = "recorded"\nlanguage = "en"\ngain_db = 2\nfallback = "calm"\n'


def test_a_recorded_voice_may_name_a_fallback(tmp_path: Path) -> None:
    voice = read(tmp_path, RECORDED)
    assert (voice.engine, voice.fallback, voice.folder, voice.gain_db) == ("recorded", "calm", tmp_path, 2.0)
    assert read(tmp_path, 'engine = "recorded"').fallback == ""


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("pace_wpm = 120", 5, "pace_wpm has no effect with engine 'recorded'; leave it out"),
        ('[lexicon]\npsoas = "so as"', 5, "lexicon has no effect"),
        ('[options]\nvoice = "de"', 5, "options has no effect"),
        ("fallback = 5", 4, "fallback must be some text in quotes, not 5"),
        ('fallback = ""', 4, "fallback must be some text in quotes"),
    ],
)
def test_keys_without_effect_on_recordings_are_refused(tmp_path: Path, more: str, line: int, words: str) -> None:
    before = RECORDED if not more.startswith("fallback") else RECORDED.replace('fallback = "calm"\n', "")
    with pytest.raises(ScriptError) as caught:
        read(tmp_path, before + more)
    assert str(caught.value).startswith(f"voices/mine.toml:{line}: ")
    assert words in str(caught.value)


def test_every_voice_on_the_shelf_can_be_read() -> None:
    assert {"calm", "system"} <= set(voice_names())
    for name in voice_names():
        assert find_voice(name).name == name


def test_a_voice_file_is_found_by_its_path(tmp_path: Path) -> None:
    read(tmp_path, TOML)
    path = str(tmp_path / "mine.toml")
    assert (find_voice(path).name, find_voice(path).shown, find_voice(path).folder) == ("mine", path, tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clam", r"there is no voice 'clam'; did you mean calm\? \(choose from calm, .*or a file such as"),
        ("./mine.toml", "there is no voice file ./mine.toml"),
        (".", "there is no voice file ."),
    ],
)
def test_an_unknown_voice_is_an_error(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_voice(name)


def test_a_pace_changes_nothing_else(tmp_path: Path) -> None:
    voice = read(tmp_path, TOML)
    assert voice.at_pace(None) == voice
    assert voice.at_pace(90) == read(tmp_path, TOML.replace("130", "90"))


def test_a_voice_file_that_disappeared_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioguideError, match=r"voices/x.toml cannot be read: No such file"):
        read_voice(tmp_path / "x.toml", "voices/x.toml")
