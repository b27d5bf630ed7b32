"""The grounding and the closing that go with a session on the phone."""

from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.scripts import write_practice

from audioguide.core.clock import FRAME, RATE_HZ, seconds
from audioguide.core.errors import InputError
from audioguide.core.model import Bell, Phrase, Sound
from audioguide.core.request import Request
from audioguide.phone.companion import companion_request, edges
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import APART_S
from audioguide.practice.script_language import LAST_WORDS
from audioguide.session.build import Session, plan, render, write
from audioguide.session.manifest import Manifest
from audioguide.storage.store import Store

HERE = Path(__file__).parents[1] / "support"
TOML = 'title = "Small"\nsteps = ["a", "b"]\n[interlude.grounding]\nafter = "a"\n'
SCRIPTS = {"a": "Hello.\n[rest]\n", "b": "Bye, {{ name }}.\n", "grounding": "One.\n[pause 30s]\n# Two\nTwo.\n[rest]\n"}


def made_for(manifest: Manifest, store: Store, near: Path = HERE) -> Session:
    return plan(companion_request(manifest, near), store)


def said(sounds: tuple[Sound, ...]) -> list[str]:
    return [sound.cue.text for sound in sounds if isinstance(sound.cue, Phrase)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the fake voice in it."""
    (tmp_path / "fake.toml").write_bytes(Path(FAKE_VOICE).read_bytes())
    return tmp_path


def session_of(practice: str, store: Store, minutes: int = 5, **more: object) -> Manifest:
    request = Request(minutes * 60 * RATE_HZ, practice=practice, voice=FAKE_VOICE, **more)  # type: ignore[arg-type]  # whatever is asked
    return plan(request, store).manifest


def test_the_grounding_by_itself_ends_by_saying_that_nothing_more_plays(shared_store: Store) -> None:
    alone = Request(None, voice=FAKE_VOICE, only="grounding")

    assert said(plan(alone, shared_store).timeline.sounds)[-1] == LAST_WORDS["en"]
    assert LAST_WORDS["en"] not in render(Request(1200 * RATE_HZ, grounding=True))


def test_a_companion_is_the_grounding_then_a_silence_then_the_closing(shared_store: Store) -> None:
    made = made_for(session_of("psoas-release", shared_store, 20), shared_store)
    end, start = edges(made.manifest)
    sounds = made.timeline.sounds

    assert said(tuple(sound for sound in sounds if sound.end <= end))[-1] == LAST_WORDS["en"]
    assert said(tuple(sound for sound in sounds if sound.start >= start))[0].startswith("It is time to come back")
    assert not [sound for sound in sounds if end < sound.end and sound.start < start]
    assert seconds(start - end) >= APART_S - 2


@pytest.mark.parametrize(("minutes", "words"), [(5, "If you have time, stay on."), (60, "It is time to come back")])
def test_the_closing_is_that_of_a_session_of_this_length(minutes: int, words: str, shared_store: Store) -> None:
    asked = session_of("psoas-release", shared_store, minutes)
    made = made_for(asked, shared_store)
    closing = said(tuple(sound for sound in made.timeline.sounds if sound.start >= edges(made.manifest)[1]))
    assert closing[0].startswith(words)
    assert closing == said(asked.timeline.sounds)[-len(closing) :]


@pytest.mark.parametrize("ending", ["wake", "sleep"])
def test_it_keeps_what_was_asked_for_the_session(ending: str, shared_store: Store, place: Path) -> None:
    folder = write_practice(place / "small", TOML, SCRIPTS)
    asked = session_of(str(folder), shared_store, settings={"name": "Ada"}, ending=ending, pace_wpm=150)

    request = companion_request(asked, place)
    kept = (request.settings, request.ending, request.pace_wpm, Path(request.practice), Path(request.voice).name)
    assert kept == ({"name": "Ada"}, ending, 150, folder, "fake.toml")
    assert said(made_for(asked, shared_store, place).timeline.sounds) == [
        "One.",
        "Two.",
        LAST_WORDS["en"],
        "Bye, Ada.",
    ]


def test_chapters_and_long_pauses_of_the_grounding_are_not_taken_for_its_end(shared_store: Store, place: Path) -> None:
    folder = write_practice(place / "small", TOML, SCRIPTS | {"b": "Bye."})
    made = made_for(session_of(str(folder), shared_store), shared_store, place)
    end, start = edges(made.manifest)
    assert said(tuple(sound for sound in made.timeline.sounds if sound.end <= end)) == [
        "One.",
        "Two.",
        LAST_WORDS["en"],
    ]
    assert start > end


def test_a_practice_of_one_step_closes_with_a_bell(shared_store: Store, place: Path) -> None:
    folder = write_practice(place / "small", TOML.replace('"a", "b"', '"a"'), SCRIPTS)
    made = made_for(session_of(str(folder), shared_store), shared_store, place)
    assert isinstance(made.timeline.sounds[-1].cue, Bell)


def test_a_writer_chooses_the_last_words(tmp_path: Path) -> None:
    toml = TOML + 'last_words = "Stay, or press something. [pause 2s] That is all."\n'
    folder = write_practice(tmp_path / "small", toml, SCRIPTS)
    text = render(Request(None, practice=str(folder), only="grounding"))
    assert text.endswith("Stay, or press something. [pause 2s] That is all.\n")


def test_a_language_without_last_words_ends_without_them(tmp_path: Path) -> None:
    folder = write_practice(tmp_path / "small", 'language = "fi"\n' + TOML, SCRIPTS)
    assert render(Request(None, practice=str(folder), only="grounding")).endswith("Two.\n[rest]\n")


def test_mistakes_in_the_last_words_are_told_where_they_stand(tmp_path: Path, shared_store: Store) -> None:
    folder = write_practice(tmp_path / "small", TOML + 'last_words = "Stay [here]."\n', SCRIPTS)
    with pytest.raises(Exception, match=r"practice.toml:5: unknown mark \[here\]"):
        plan(Request(None, practice=str(folder), voice=FAKE_VOICE, only="grounding"), shared_store)


def test_what_is_not_here_is_told_with_what_to_do(shared_store: Store, tmp_path: Path) -> None:
    folder = write_practice(tmp_path / "elsewhere" / "small", TOML, SCRIPTS)
    asked = session_of(str(folder), shared_store, settings={"name": "Ada"})
    with pytest.raises(InputError, match="needs its practice 'small', which is not here; put small beside"):
        companion_request(asked, tmp_path)
    with pytest.raises(InputError, match=r"needs its voice 'fake', which is not here; put fake\.toml beside"):
        companion_request(session_of("psoas-release", shared_store), tmp_path)


def test_a_practice_without_grounding_has_no_companion(shared_store: Store, place: Path) -> None:
    folder = write_practice(place / "small", 'title = "S"\nsteps = ["a"]\n', {"a": "Hello.\n[rest]\n"})
    with pytest.raises(InputError, match=r"has no grounding; write \[interlude.grounding\]"):
        companion_request(session_of(str(folder), shared_store), place)


def test_an_ordinary_session_is_no_companion(shared_store: Store) -> None:
    with pytest.raises(InputError, match="has no closing"):
        edges(session_of("psoas-release", shared_store))


def test_a_companion_is_a_file_like_any_other(shared_store: Store, tmp_path: Path) -> None:
    request = companion_request(session_of("psoas-release", shared_store), HERE)
    made = write(request, tmp_path / "a.mp3", shared_store)
    assert made.about.title.startswith("Psoas release, grounding and closing")
    assert (tmp_path / "a.mp3").stat().st_size > made.timeline.total // FRAME * 192
    assert find_practice("psoas-release").closing is not None
