"""Practices in any language: parsed unchanged, and spoken only by a voice of that language."""

from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.scripts import spoken, write_practice

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import ScriptError
from audioguide.core.request import Request
from audioguide.practice.permission_phrases import is_permission_or_warning
from audioguide.session.build import plan
from audioguide.storage.store import Store


@pytest.mark.parametrize(
    "text",
    [
        "Ξάπλωσε στο πάτωμα, όπως θέλεις.",
        "استلقِ على الأرض، كما تحب.",
        "床に横になってもかまいません。",
        "Ляг на пол, если хочешь.",
        "फर्श पर लेट जाओ।",
        "Leg dich hin, wenn du magst; müde oder nicht.",
        "Étends-toi, si tu veux\u202f!",
        "שכב על הרצפה, אם תרצה.",
        "می\u200cتوانی دراز بکشی.",
    ],
)
def test_the_parser_leaves_text_in_any_script_unchanged(text: str) -> None:
    assert spoken(text + "\n[breath]\n" + text) == [" ".join(text.split())] * 2


def german(folder: Path) -> str:
    toml = 'title = "Pause"\nlanguage = "de"\nsteps = ["a"]\n'
    return str(write_practice(folder, toml, {"a": "Leg dich hin.\n[rest]\nDas war alles.\n"}))


def test_a_voice_of_another_language_is_an_error_that_names_the_language(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"the practice is in 'de', but voice calm speaks 'en-US'.*language = 'de'"):
        plan(Request(60 * RATE_HZ, practice=german(tmp_path / "p")), Store(tmp_path / "store"))


def test_a_voice_of_the_same_language_speaks_the_practice(tmp_path: Path) -> None:
    voice = tmp_path / "anna.toml"
    voice.write_text(Path(FAKE_VOICE).read_text(encoding="utf-8").replace('"en"', '"de-DE"'), encoding="utf-8")

    session = plan(Request(60 * RATE_HZ, practice=german(tmp_path / "p"), voice=str(voice)), Store(tmp_path / "store"))
    assert session.about.language == "de" and len(session.timeline.sounds) == 2


@pytest.mark.speech
def test_the_system_voice_speaks_other_languages_than_english(tmp_path: Path) -> None:
    voice = tmp_path / "anna.toml"
    voice.write_text('engine = "system"\nlanguage = "de"\ngain_db = 0\n', encoding="utf-8")

    session = plan(Request(60 * RATE_HZ, practice=german(tmp_path / "p"), voice=str(voice)), Store(tmp_path / "store"))
    assert len(session.timeline.sounds) == 2


def test_permissions_are_recognised_only_in_languages_with_a_pattern() -> None:
    assert is_permission_or_warning("You may stop.", "en-GB")
    assert not is_permission_or_warning("Du darfst aufhören.", "de")
