"""How words are said: entries know their engine and their line, and whoever cannot read one says so there."""

from pathlib import Path

import pytest
from support.voices import Counting, Plain, Reading, lexicon, phrase, use, voice_of

from audioguide.core.errors import ScriptError
from audioguide.core.lexicon import Lexicon, LexiconEntry, entries_for
from audioguide.core.model import Source
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store
from audioguide.storage.toml import read_lexicon, read_toml

WHOLE = """\
title = "psoas = not here"
[lexicon]
# psoas = "nor here"
psoas = "so as"
"a.m." = "in the morning"

[lexicon.natural]
psoas = "/sˈOəs/"
[lexicon.system]
sacrum = "say crumb"
[options]
psoas = "nor here"
"""


def read(folder: Path, toml: str) -> Lexicon:
    (folder / "mine.toml").write_text(toml, encoding="utf-8")
    return read_lexicon(read_toml(folder / "mine.toml", "mine.toml"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


# --- reading ---


def test_entries_know_their_engine_and_their_line(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == (
        LexiconEntry("psoas", "so as", "", Source("mine.toml", 4)),
        LexiconEntry("a.m.", "in the morning", "", Source("mine.toml", 5)),
        LexiconEntry("psoas", "/sˈOəs/", "natural", Source("mine.toml", 8)),
        LexiconEntry("sacrum", "say crumb", "system", Source("mine.toml", 10)),
    )


@pytest.mark.parametrize(
    "toml",
    [
        '[lexicon.natural]\npsoas = "x"',
        '\nlexicon.natural.psoas = "x"',
        '[lexicon]\nnatural.psoas = "x"',
        '[lexicon]\nnatural = {psoas = "x"}',
        '\nlexicon = {natural = {psoas = "x"}}',
    ],
)
def test_however_toml_nests_it_an_engines_entry_is_read_at_its_line(tmp_path: Path, toml: str) -> None:
    assert read(tmp_path, toml) == (LexiconEntry("psoas", "x", "natural", Source("mine.toml", 2)),)


def test_the_table_of_an_engine_may_stand_before_that_for_all(tmp_path: Path) -> None:
    toml = '[lexicon.natural]\npsoas = "x"\n[lexicon.system]\npsoas = "y"\n[lexicon]\npsoas = "z"'
    assert [(entry.said, entry.source.line) for entry in read(tmp_path, toml)] == [("x", 2), ("y", 4), ("z", 6)]


@pytest.mark.parametrize("toml", ["", "[lexicon]", "[lexicon.natural]", "[lexicon]\nnatural = {}"])
def test_no_entries_are_no_lexicon(tmp_path: Path, toml: str) -> None:
    assert read(tmp_path, toml) == ()


@pytest.mark.parametrize(
    ("toml", "line", "words"),
    [
        ("[lexicon]\npsoas = 5", 2, "psoas must be some text in quotes, not 5"),
        ('[lexicon]\npsoas = " "', 2, "psoas must be some text in quotes"),
        ('[lexicon]\npsoas = ["so", "as"]', 2, "psoas must be some text in quotes"),
        ('[lexicon]\npsoas = "so as"\n[lexicon.natural]\npsoas = 5', 4, "psoas must be some text in quotes"),
        ("[lexicon.natural.en]\npsoas = 'so as'", 1, "en must be some text in quotes"),
        ("lexicon = 5", 1, "lexicon must be a table, [lexicon], not 5"),
        ("[[lexicon]]\npsoas = 'so as'", 1, "lexicon must be a table, [lexicon]"),
    ],
)
def test_an_entry_that_is_no_text_is_refused_at_its_line(tmp_path: Path, toml: str, line: int, words: str) -> None:
    with pytest.raises(ScriptError) as told:
        read(tmp_path, toml)
    assert str(told.value).startswith(f"mine.toml:{line}: ")
    assert words in str(told.value)


# --- which entry counts ---


def chosen(engine: str, *lexicons: Lexicon) -> dict[str, str]:
    return {word: entry.said for word, entry in entries_for(engine, lexicons).items()}


@pytest.mark.parametrize("natural_first", [True, False])
def test_an_entry_for_an_engine_wins_over_one_for_all_wherever_it_stands(natural_first: bool) -> None:
    parts = [lexicon({"psoas": "/sˈOəs/"}, "natural"), lexicon({"psoas": "so as", "floor": "flaw"})]
    both = parts[0] + parts[1] if natural_first else parts[1] + parts[0]
    assert chosen("natural", both) == {"psoas": "/sˈOəs/", "floor": "flaw"}
    assert chosen("system", both) == {"psoas": "so as", "floor": "flaw"}


def test_an_entry_for_another_engine_is_no_entry() -> None:
    assert chosen("system", lexicon({"psoas": "/sˈOəs/"}, "natural")) == {}


@pytest.mark.parametrize("engine", ["", "natural"])
def test_a_practices_entry_wins_over_any_of_the_voice(engine: str) -> None:
    practice, voice = lexicon({"psoas": "SOH-as"}), lexicon({"psoas": "so as", "floor": "flaw"}, engine)
    assert chosen("natural", practice, voice) == {"psoas": "SOH-as", "floor": "flaw"}


def test_a_word_is_the_same_word_in_capitals() -> None:
    assert chosen("natural", lexicon({"PSOAS": "SOH-as"}), lexicon({"psoas": "so as"})) == {"psoas": "SOH-as"}


# --- what an engine cannot read ---

PHONEMES = {"hip": "hip", "psoas": "/sˈOəs/"}


@pytest.mark.parametrize("engine", ["fake", "system"])
@pytest.mark.parametrize("file", ["mine/practice.toml", "voices/hum.toml"])
def test_phonemes_are_refused_at_their_line_by_an_engine_that_reads_none(store: Store, engine: str, file: str) -> None:
    words = lexicon(PHONEMES, file=file)
    of_practice, of_voice = (words, ()) if file.startswith("mine") else ((), words)
    with pytest.raises(ScriptError) as told:
        Speaker(voice_of(engine, lexicon=of_voice), store, of_practice)
    assert str(told.value).startswith(f"{file}:3: psoas = '/sˈOəs/' are phonemes, but engine {engine!r} reads none")
    assert "[lexicon.ENGINE]" in str(told.value)


def test_an_engine_of_another_package_that_says_nothing_of_phonemes_reads_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Plain())
    with pytest.raises(ScriptError, match=r"^voices/hum\.toml:3: psoas = .* are phonemes"):
        Speaker(voice_of("fake", lexicon=lexicon(PHONEMES)), store)


def test_phonemes_for_one_engine_stop_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    words = lexicon({"psoas": "so as"}) + lexicon(PHONEMES, "natural")
    with Speaker(voice_of("fake"), store, words) as speaking:
        speaking.clip(phrase("Your psoas."))
    assert engine.asked == ["Your so as."]


def test_phonemes_that_a_practice_has_better_words_for_stop_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Counting()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", lexicon=lexicon(PHONEMES)), store, lexicon({"psoas": "so as"})) as speaking:
        speaking.clip(phrase("Your psoas."))
    assert engine.asked == ["Your so as."]


def test_an_engine_that_reads_phonemes_is_given_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Reading()
    use(monkeypatch, engine)
    with Speaker(voice_of("fake", lexicon=lexicon(PHONEMES)), store) as speaking:
        speaking.clip(phrase("Your Psoas."))
    assert engine.asked == ["Your [Psoas](/sˈOəs/)."]


@pytest.mark.parametrize(
    ("language", "said", "sign"),
    [("en", "so 🙂", "🙂"), ("en", "sˈOəs", "ˈ"), ("en", "ψόας", "ψ"), ("de", "псоас", "п")],
)
def test_a_respelling_that_cannot_be_read_is_refused_at_its_line(
    store: Store, language: str, said: str, sign: str
) -> None:
    words = lexicon({"hip": "hip", "psoas": said}, file="mine/practice.toml")
    with pytest.raises(ScriptError) as told:
        Speaker(voice_of("fake", language=language), store, words)
    assert str(told.value).startswith(f"mine/practice.toml:3: the lexicon says psoas = {said!r}, but {sign!r}")


def test_a_respelling_in_the_letters_of_its_language_is_read(store: Store) -> None:
    with Speaker(voice_of("fake", language="el"), store, lexicon({"psoas": "ψόας"})) as speaking:
        assert speaking.clip(phrase("psoas")).samples


def test_a_respelling_for_another_engine_may_be_whatever_that_one_reads(store: Store) -> None:
    with Speaker(voice_of("fake"), store, lexicon({"psoas": "ψόας"}, "natural")) as speaking:
        assert speaking.clip(phrase("Your psoas.")).samples
