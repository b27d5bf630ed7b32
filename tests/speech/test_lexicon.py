"""How words are said: entries keep their engine and line, and an entry that cannot be read is reported there."""

from pathlib import Path

import pytest
from support.voices import Counting, Plain, ReadingPhonemes, lexicon, phrase, use_engine, voice_of

from audioguide.core.errors import ScriptError
from audioguide.core.lexicon import Lexicon, LexiconEntry, entries_for
from audioguide.core.model import Source
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store
from audioguide.storage.toml import read_lexicon, read_toml

TOML = """\
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


# --- reading ---


def test_entries_know_their_engine_and_their_line(tmp_path: Path) -> None:
    assert read(tmp_path, TOML) == (
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
def test_an_engines_entry_is_read_at_its_line_in_any_toml_notation(tmp_path: Path, toml: str) -> None:
    assert read(tmp_path, toml) == (LexiconEntry("psoas", "x", "natural", Source("mine.toml", 2)),)


def test_the_table_for_an_engine_may_come_before_the_one_for_all(tmp_path: Path) -> None:
    toml = '[lexicon.natural]\npsoas = "x"\n[lexicon.system]\npsoas = "y"\n[lexicon]\npsoas = "z"'
    assert [(entry.said, entry.source.line) for entry in read(tmp_path, toml)] == [("x", 2), ("y", 4), ("z", 6)]


@pytest.mark.parametrize("toml", ["", "[lexicon]", "[lexicon.natural]", "[lexicon]\nnatural = {}"])
def test_empty_tables_are_an_empty_lexicon(tmp_path: Path, toml: str) -> None:
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
def test_an_entry_that_is_not_text_is_refused_at_its_line(tmp_path: Path, toml: str, line: int, words: str) -> None:
    with pytest.raises(ScriptError) as caught:
        read(tmp_path, toml)
    assert str(caught.value).startswith(f"mine.toml:{line}: ")
    assert words in str(caught.value)


# --- which entry counts ---


def chosen(engine: str, *lexicons: Lexicon) -> dict[str, str]:
    return {word: entry.said for word, entry in entries_for(engine, lexicons).items()}


@pytest.mark.parametrize("natural_first", [True, False])
def test_an_entry_for_an_engine_overrides_one_for_all_in_any_order(natural_first: bool) -> None:
    parts = [lexicon({"psoas": "/sˈOəs/"}, "natural"), lexicon({"psoas": "so as", "floor": "flaw"})]
    both = parts[0] + parts[1] if natural_first else parts[1] + parts[0]
    assert chosen("natural", both) == {"psoas": "/sˈOəs/", "floor": "flaw"}
    assert chosen("system", both) == {"psoas": "so as", "floor": "flaw"}


def test_an_entry_for_another_engine_is_ignored() -> None:
    assert chosen("system", lexicon({"psoas": "/sˈOəs/"}, "natural")) == {}


@pytest.mark.parametrize("engine", ["", "natural"])
def test_a_practices_entry_overrides_any_of_the_voice(engine: str) -> None:
    practice, voice = lexicon({"psoas": "SOH-as"}), lexicon({"psoas": "so as", "floor": "flaw"}, engine)
    assert chosen("natural", practice, voice) == {"psoas": "SOH-as", "floor": "flaw"}


def test_a_word_is_the_same_word_in_capitals() -> None:
    assert chosen("natural", lexicon({"PSOAS": "SOH-as"}), lexicon({"psoas": "so as"})) == {"psoas": "SOH-as"}


# --- what an engine cannot read ---

PHONEMES = {"hip": "hip", "psoas": "/sˈOəs/"}


@pytest.mark.parametrize("engine", ["fake", "system"])
@pytest.mark.parametrize("file", ["mine/practice.toml", "voices/hum.toml"])
def test_phonemes_are_refused_at_their_line_if_the_engine_cannot_read_them(
    store: Store, engine: str, file: str
) -> None:
    words = lexicon(PHONEMES, file=file)
    of_practice, of_voice = (words, ()) if file.startswith("mine") else ((), words)
    with pytest.raises(ScriptError) as caught:
        Speaker(voice_of(engine, lexicon=of_voice), store, of_practice)
    assert str(caught.value).startswith(
        f"{file}:3: psoas = '/sˈOəs/' are phonemes, which engine {engine!r} does not accept"
    )
    assert "[lexicon.ENGINE]" in str(caught.value)


def test_an_engine_that_does_not_declare_reads_phonemes_reads_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_engine(monkeypatch, Plain())
    with pytest.raises(ScriptError, match=r"^voices/hum\.toml:3: psoas = .* are phonemes"):
        Speaker(voice_of("fake", lexicon=lexicon(PHONEMES)), store)


def test_phonemes_for_one_engine_do_not_affect_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    words = lexicon({"psoas": "so as"}) + lexicon(PHONEMES, "natural")
    with Speaker(voice_of("fake"), store, words) as speaking:
        speaking.clip(phrase("Your psoas."))
    assert engine.texts == ["Your so as."]


def test_phonemes_that_the_practice_overrides_are_not_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", lexicon=lexicon(PHONEMES)), store, lexicon({"psoas": "so as"})) as speaking:
        speaking.clip(phrase("Your psoas."))
    assert engine.texts == ["Your so as."]


def test_an_engine_that_reads_phonemes_receives_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ReadingPhonemes()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", lexicon=lexicon(PHONEMES)), store) as speaking:
        speaking.clip(phrase("Your Psoas."))
    assert engine.texts == ["Your [Psoas](/sˈOəs/)."]


@pytest.mark.parametrize(
    ("language", "said", "sign"),
    [("en", "so 🙂", "🙂"), ("en", "sˈOəs", "ˈ"), ("en", "ψόας", "ψ"), ("de", "псоас", "п")],
)
def test_a_respelling_that_cannot_be_read_is_refused_at_its_line(
    store: Store, language: str, said: str, sign: str
) -> None:
    words = lexicon({"hip": "hip", "psoas": said}, file="mine/practice.toml")
    with pytest.raises(ScriptError) as caught:
        Speaker(voice_of("fake", language=language), store, words)
    assert str(caught.value).startswith(f"mine/practice.toml:3: the lexicon says psoas = {said!r}, but {sign!r}")


def test_a_respelling_in_the_letters_of_its_language_is_read(store: Store) -> None:
    with Speaker(voice_of("fake", language="el"), store, lexicon({"psoas": "ψόας"})) as speaking:
        assert speaking.clip(phrase("psoas")).samples


def test_a_respelling_for_another_engine_is_not_checked(store: Store) -> None:
    with Speaker(voice_of("fake"), store, lexicon({"psoas": "ψόας"}, "natural")) as speaking:
        assert speaking.clip(phrase("Your psoas.")).samples
