"""The grounding tracks: which request they are built from, and what is in them."""

from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.scripts import write_practice

from audioguide.core.clock import FRAME, RATE_HZ, seconds
from audioguide.core.errors import InputError
from audioguide.core.model import Bell, Phrase, Sound
from audioguide.core.request import Request
from audioguide.phone.grounding import grounding_request, silence_bounds
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import APART_S
from audioguide.practice.script_language import LAST_WORDS
from audioguide.session.build import Session, plan, render, write
from audioguide.session.manifest import Manifest
from audioguide.storage.store import Store

SUPPORT = Path(__file__).parents[1] / "support"
TOML = 'title = "Small"\nsteps = ["a", "b"]\n[interlude.grounding]\nafter = "a"\n'
SCRIPTS = {"a": "Hello.\n[rest]\n", "b": "Bye, {{ name }}.\n", "grounding": "One.\n[pause 30s]\n# Two\nTwo.\n[rest]\n"}


def planned_track(manifest: Manifest, store: Store, folder: Path = SUPPORT) -> Session:
    return plan(grounding_request(manifest, folder), store)


def said(sounds: tuple[Sound, ...]) -> list[str]:
    return [sound.cue.text for sound in sounds if isinstance(sound.cue, Phrase)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the fake voice in it."""
    (tmp_path / "fake.toml").write_bytes(Path(FAKE_VOICE).read_bytes())
    return tmp_path


def session_of(practice: str, store: Store, minutes: int = 5, **options: object) -> Manifest:
    request = Request(minutes * 60 * RATE_HZ, practice=practice, voice=FAKE_VOICE, **options)  # type: ignore[arg-type]  # any option
    return plan(request, store).manifest


def test_a_grounding_alone_ends_by_saying_that_nothing_more_plays(shared_store: Store) -> None:
    alone = Request(None, voice=FAKE_VOICE, only="grounding")

    assert said(plan(alone, shared_store).timeline.sounds)[-1] == LAST_WORDS["en"]
    assert LAST_WORDS["en"] not in render(Request(1200 * RATE_HZ, grounding=True))


def test_a_track_is_grounding_then_silence_then_closing(shared_store: Store) -> None:
    track = planned_track(session_of("psoas-release", shared_store, 20), shared_store)
    end, start = silence_bounds(track.manifest)
    sounds = track.timeline.sounds

    assert said(tuple(sound for sound in sounds if sound.end <= end))[-1] == LAST_WORDS["en"]
    assert said(tuple(sound for sound in sounds if sound.start >= start))[0].startswith("It is time to come back")
    assert not [sound for sound in sounds if end < sound.end and sound.start < start]
    assert seconds(start - end) >= APART_S - 2


@pytest.mark.parametrize(("minutes", "words"), [(5, "If you have time, stay on."), (60, "It is time to come back")])
def test_the_closing_is_that_of_a_session_of_this_length(minutes: int, words: str, shared_store: Store) -> None:
    session = session_of("psoas-release", shared_store, minutes)
    track = planned_track(session, shared_store)
    start = silence_bounds(track.manifest)[1]
    closing = said(tuple(sound for sound in track.timeline.sounds if sound.start >= start))
    assert closing[0].startswith(words)
    assert closing == said(session.timeline.sounds)[-len(closing) :]


@pytest.mark.parametrize("ending", ["wake", "sleep"])
def test_a_track_has_the_options_of_its_session(ending: str, shared_store: Store, folder: Path) -> None:
    practice = write_practice(folder / "small", TOML, SCRIPTS)
    session = session_of(str(practice), shared_store, settings={"name": "Ada"}, ending=ending, pace_wpm=150)

    request = grounding_request(session, folder)
    options = (request.settings, request.ending, request.pace_wpm, Path(request.practice), Path(request.voice).name)
    assert options == ({"name": "Ada"}, ending, 150, practice, "fake.toml")
    track = planned_track(session, shared_store, folder)
    assert said(track.timeline.sounds) == ["One.", "Two.", LAST_WORDS["en"], "Bye, Ada."]


def test_chapters_and_long_pauses_inside_the_grounding_do_not_end_it(shared_store: Store, folder: Path) -> None:
    practice = write_practice(folder / "small", TOML, SCRIPTS | {"b": "Bye."})
    track = planned_track(session_of(str(practice), shared_store), shared_store, folder)
    end, start = silence_bounds(track.manifest)
    grounding = said(tuple(sound for sound in track.timeline.sounds if sound.end <= end))
    assert grounding == ["One.", "Two.", LAST_WORDS["en"]]
    assert start > end


def test_a_practice_of_one_step_closes_with_a_bell(shared_store: Store, folder: Path) -> None:
    practice = write_practice(folder / "small", TOML.replace('"a", "b"', '"a"'), SCRIPTS)
    track = planned_track(session_of(str(practice), shared_store), shared_store, folder)
    assert isinstance(track.timeline.sounds[-1].cue, Bell)


def test_a_practice_may_have_its_own_last_words(tmp_path: Path) -> None:
    toml = TOML + 'last_words = "Stay, or press something. [pause 2s] That is all."\n'
    practice = write_practice(tmp_path / "small", toml, SCRIPTS)
    text = render(Request(None, practice=str(practice), only="grounding"))
    assert text.endswith("Stay, or press something. [pause 2s] That is all.\n")


def test_a_language_without_last_words_ends_without_them(tmp_path: Path) -> None:
    practice = write_practice(tmp_path / "small", 'language = "fi"\n' + TOML, SCRIPTS)
    assert render(Request(None, practice=str(practice), only="grounding")).endswith("Two.\n[rest]\n")


def test_an_error_in_the_last_words_names_file_and_line(tmp_path: Path, shared_store: Store) -> None:
    practice = write_practice(tmp_path / "small", TOML + 'last_words = "Stay [here]."\n', SCRIPTS)
    with pytest.raises(Exception, match=r"practice.toml:5: unknown mark \[here\]"):
        plan(Request(None, practice=str(practice), voice=FAKE_VOICE, only="grounding"), shared_store)


def test_a_missing_practice_or_voice_is_named_with_what_to_do(shared_store: Store, tmp_path: Path) -> None:
    practice = write_practice(tmp_path / "elsewhere" / "small", TOML, SCRIPTS)
    session = session_of(str(practice), shared_store, settings={"name": "Ada"})
    with pytest.raises(InputError, match="needs practice 'small', which was not found; put small next to the sess"):
        grounding_request(session, tmp_path)
    with pytest.raises(InputError, match=r"needs voice 'fake', which was not found; put fake\.toml next to the sess"):
        grounding_request(session_of("psoas-release", shared_store), tmp_path)


def test_a_practice_without_grounding_has_no_track(shared_store: Store, folder: Path) -> None:
    practice = write_practice(folder / "small", 'title = "S"\nsteps = ["a"]\n', {"a": "Hello.\n[rest]\n"})
    with pytest.raises(InputError, match=r"has no grounding; write \[interlude.grounding\]"):
        grounding_request(session_of(str(practice), shared_store), folder)


def test_an_ordinary_session_is_not_a_track(shared_store: Store) -> None:
    with pytest.raises(InputError, match="has no closing after its grounding"):
        silence_bounds(session_of("psoas-release", shared_store))


def test_a_track_is_written_like_any_other_session(shared_store: Store, tmp_path: Path) -> None:
    request = grounding_request(session_of("psoas-release", shared_store), SUPPORT)
    track = write(request, tmp_path / "a.mp3", shared_store)
    assert track.about.title.startswith("Psoas release, grounding and closing")
    assert (tmp_path / "a.mp3").stat().st_size > track.timeline.total // FRAME * 192
    assert find_practice("psoas-release").closing is not None
