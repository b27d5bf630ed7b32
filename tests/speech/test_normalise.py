import re
from collections.abc import Callable, Iterator
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audioguide.speech.engines.hibari import Hibari
from audioguide.speech.engines.system import System
from audioguide.speech.normalise import _READABLE_SIGNS, apply_lexicon, normalise, unreadable
from audioguide.speech.voices import find_voice

Phonemes = Callable[[str], str]


def says(text: str) -> str:
    return normalise(text, "en-US")


# --- dashes, quotes, what cannot be seen ---


@pytest.mark.parametrize("dash", [" — ", "—", " – ", "–", " - ", " -- ", "--", " ― ", " · ", " — – "])
def test_a_dash_between_words_is_a_short_pause(dash: str) -> None:
    assert says(f"Rest{dash}and wait.") == "Rest, and wait."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rest. – Wait.", "Rest. Wait."),
        ("rest, — wait", "rest, wait"),
        ("– rest –", "rest"),
        ("a well-being, a well‑being", "a well-being, a well-being"),
        ("two- or three-fold", "two- or three-fold"),
    ],
)
def test_a_dash_adds_no_second_pause_and_hyphens_are_kept(text: str, words: str) -> None:
    assert says(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("“Rest,” she said.", "Rest, she said."),
        ("the word ‘rest’ and 'wait'", "the word rest and wait"),
        ("don’t, it’s, don't", "don't, it's, don't"),
        ("the muscles’ length, the muscles' length", "the muscles' length, the muscles' length"),
        ("‘Don’t,’ she said", "Don't, she said"),
        ("«rest» „wait“", "rest wait"),
        ("tell ’em", "tell them"),
    ],
)
def test_quotes_are_removed_and_apostrophes_kept(text: str, words: str) -> None:
    assert says(text) == words


def test_invisible_characters_are_removed() -> None:
    assert says("psy\u00adcho\u200dlogy\u200e a\u00a0b\u202fc wait...") == "psychology a b c wait…"


# --- capitals ---


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Let your HIP and RIB rest NOW.", "Let your hip and rib rest now."),
        ("DON'T try. LET it be.", "Don't try. Let it be."),
        ("LET IT GO NOW.", "Let it go now."),
        ("The IT band, the USA, a TV, TENS, an MRI.", "The IT band, the USA, a TV, TENS, an MRI."),
    ],
)
def test_shouted_words_become_lower_case_and_initials_are_kept(text: str, words: str) -> None:
    assert says(text) == words


@pytest.mark.parametrize(
    ("said", "expected"),
    [("SOH-as", "Soh-as"), ("il-ee-AK-us", "Il-ee-ak-us"), ("SOH-AS", "Soh-as"), ("so as", "so as"), ("TV", "TV")],
)
def test_capitals_for_stress_are_removed_from_a_respelling(said: str, expected: str) -> None:
    assert apply_lexicon("Your psoas.", {"psoas": said}) == f"Your {expected}."


# --- promises ---


def test_phonemes_of_the_lexicon_are_not_changed() -> None:
    text = apply_lexicon("“Psoas”—5 psoas/psoas, don’t.", {"psoas": "/sˈOəs/"})
    link = "[psoas](/sˈOəs/)"
    assert says(text) == f"[Psoas](/sˈOəs/), five {link} or {link}, don't."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("« Repose – toi » 5–10 minutes, 9:30", "Repose, toi 5–10 minutes, 9:30"),
        ("„Halt’s“ 50 % — jetzt", "Halt's 50 %, jetzt"),
        ("Ça va, Łódź, ŵ", "Ça va, Łódź, ŵ"),
    ],
)
def test_other_languages_are_tidied_only(text: str, said: str) -> None:
    assert normalise(text, "fr") == said


WORDS = st.from_regex(r"[a-z]{2,9}(?:'t|-[a-z]{2,5})?", fullmatch=True).filter(
    lambda word: not re.search(r"^(?:mm+|shh+|em|etc|vs)\b", word)
)


@given(st.lists(WORDS, min_size=1), st.sampled_from([" ", ", ", "; "]), st.sampled_from(".?!…"))
def test_text_with_nothing_to_normalise_is_not_changed(words: list[str], glue: str, end: str) -> None:
    text = glue.join(words) + end
    assert says(text) == normalise(text, "de") == text


TOKENS = (
    *("5", "20", "1,000", "2.5", "9:30", "9:30 p.m.", "10 am", "5–10", "5-10", "50%", "90°", "$5", "£2.50", "20 €"),
    *("2026", "1/2", "1½", "Dr. Lee", "e.g.", "etc.", "vs.", "5 min.", "no. 5", "—", "–", "-", "&", "/", "…", "..."),
    *("“", "”", "‘", "’", "(", ")", ",", ".", "?", "’90s", "4-7-8", "\u00ad", "\u00a0", "it’s", "NOW", "HIP", "·", "×"),
)


@given(st.lists(st.one_of(WORDS, st.sampled_from(TOKENS)), min_size=1, max_size=12))
def test_no_word_is_lost_and_normalising_twice_changes_nothing(tokens: list[str]) -> None:
    said = says(" ".join(tokens))
    left = iter(re.findall(r"[a-z]+(?:['-][a-z]+)*", said.lower()))
    kept = [token for token in tokens if re.fullmatch("[a-z'-]+", token)]
    assert all(any(word == heard for heard in left) for word in kept if word[0].isalpha()), said
    assert says(said) == said
    assert not re.search(r"\d", said)


@given(st.text(st.sampled_from(sorted(_READABLE_SIGNS | set("abzAIT059éßŁ"))), max_size=30))
@example("5,000,0")
def test_readable_text_stays_readable_and_keeps_no_sign(text: str) -> None:
    said = says(text)
    assert unreadable(said) == ""
    assert not set(said) & set("%&$£€°½¼·×−/“”‘’–—")


# --- what cannot be read ---


@pytest.mark.parametrize("sign", "🙂Ωя中=+*<>#@§™→√∑ªº²①ə‰\u20e3\ufe0f\u200b\u0591")
def test_a_character_that_an_english_voice_cannot_read_is_found(sign: str) -> None:
    assert unreadable(f"Rest {sign} now.") == sign


@pytest.mark.parametrize(
    "text", ["Ça va, naïve, Zoë – “yes”… 90° ½ × 5%", "“don’t” ¿Qué? Łódź", normalize("NFD", "Zoë")]
)
def test_readable_text_passes(text: str) -> None:
    assert unreadable(text) == ""


def test_a_language_reads_its_own_alphabet() -> None:
    assert unreadable("Отдых, rest", "ru-RU") == unreadable("Ηρεμία", "el") == unreadable("Bakı, gəl", "az") == ""
    assert unreadable("Ηρεμία", "ru") == "Η"


# --- the engines ---


@pytest.fixture(scope="module")
def phonemes() -> Phonemes:
    engine = Hibari()._load()
    return lambda text: "".join(engine.phonemize(text))


@pytest.mark.speech
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9:30 p.m.", "nine thirty p.m."),
        ("20 minutes", "twenty minutes"),
        ("5–10 minutes", "five to ten minutes"),
        ("in 2026", "in twenty twenty-six"),
        ("$5.50", "five dollars and fifty cents"),
        ("don’t “rest”", "don't rest"),
        ("psy\u00adcho", "psycho"),
        ("HIP", "hip"),
    ],
)
def test_the_natural_voice_gets_the_phonemes_of_the_words(phonemes: Phonemes, text: str, words: str) -> None:
    assert phonemes(says(text)).rstrip(".") == phonemes(words).rstrip(".")


@pytest.mark.speech
@pytest.mark.parametrize("sign", sorted(_READABLE_SIGNS - set(".,;:?!¿¡…'\"‘’‚‛“”„«»‹›()-–—―‒‐‑· \u00ad")))
def test_no_sign_with_a_meaning_is_dropped_by_the_natural_voice(phonemes: Phonemes, sign: str) -> None:
    without = phonemes("five seven")
    invisible = sign.isspace() or normalize("NFKC", sign) == " " or not sign.isprintable()
    assert (phonemes(says(f"5 {sign} 7")) == without) is invisible


def accented() -> Iterator[str]:
    return (chr(code) for code in range(0xC0, 0x250) if chr(code).isalpha() and not unreadable(chr(code)))


@pytest.mark.speech
def test_no_letter_that_passes_is_dropped_by_the_natural_voice(phonemes: Phonemes) -> None:
    assert [letter for letter in accented() if phonemes(says(f"Zab{letter}in")) in (phonemes("Zabin"), "")] == []


@pytest.mark.speech
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wake at 9:30 p.m. Rest for 5–10 min.", "Wake at nine thirty p.m. Rest for five to ten minutes."),
        ("Your HIP may rest.", "Your hip may rest."),
        ("Half, ½, and 1/2.", "Half, one half, and one half."),
    ],
)
def test_in_the_system_voice_normalised_text_lasts_as_long_as_the_words(text: str, words: str) -> None:
    engine, voice = System(), find_voice("system")
    lengths = [len(engine.speak(line, voice).pcm) for line in (says(text), words)]
    engine.close()
    assert lengths[0] == pytest.approx(lengths[1], rel=0.02)


@pytest.mark.speech
def test_a_respelling_is_one_word_to_both_engines(phonemes: Phonemes) -> None:
    assert "—" not in phonemes(says(apply_lexicon("Your psoas may rest.", {"psoas": "SOH-as"})))
    engine, voice = System(), find_voice("system")
    respelled = engine.speak(says(apply_lexicon("Your psoas may rest.", {"psoas": "SOH-as"})), voice)
    word = engine.speak("Your so as may rest.", voice)
    engine.close()
    assert len(respelled.pcm) == pytest.approx(len(word.pcm), rel=0.1)
