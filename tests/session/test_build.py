"""Complete builds with the fake voice."""

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from conftest import FAKE_VOICE
from support.audio import decode, decode_with_ffmpeg
from support.scripts import write_practice

import audioguide
from audioguide import build
from audioguide.audio.id3 import private_frame, tag_size
from audioguide.core.clock import FRAME, RATE_HZ, frames
from audioguide.core.errors import AudioguideError, InputError, LengthError, OutputError, ScriptError
from audioguide.core.model import Phrase, Sound
from audioguide.core.request import Request, default_out, differences
from audioguide.session.build import plan, render, say, write
from audioguide.session.manifest import OWNER, Manifest, from_bytes
from audioguide.speech.voices import find_voice
from audioguide.storage.store import Store
from audioguide.timeline import timetable
from audioguide.timeline.plan import CLOSING, SLEEP_CLOSING

GOLDEN = Path(__file__).parent / "golden"


def _request(seconds: float, **options: object) -> Request:
    return Request(round(seconds * RATE_HZ), voice=FAKE_VOICE, **options)  # type: ignore[arg-type]


def _manifest(path: Path) -> Manifest:
    manifest = from_bytes(private_frame(path.read_bytes(), OWNER) or b"")
    assert manifest
    return manifest


@pytest.mark.parametrize("minutes", [5, 20, 60])
def test_the_timetable_equals_the_golden_file(shared_store: Store, minutes: int) -> None:
    timeline = plan(_request(minutes * 60), shared_store).timeline
    text = "\n".join([timetable.bar(timeline), timetable.summary(timeline), *timetable.table(timeline)]) + "\n"
    golden = GOLDEN / f"psoas-release-{minutes}m.txt"
    if os.environ.get("AUDIOGUIDE_WRITE_GOLDEN"):  # after a change of wording: write, review the diff, commit
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("seconds", [300, 301, 307.013, 450])
def test_two_decoders_return_the_exact_length(shared_store: Store, tmp_path: Path, seconds: float) -> None:
    out = tmp_path / "session.mp3"
    write(_request(seconds), out, shared_store)

    assert len(decode(out.read_bytes())) == round(seconds * RATE_HZ)
    assert len(decode_with_ffmpeg(out.read_bytes())) == round(seconds * RATE_HZ)


def test_every_sound_is_at_its_position_in_the_timeline(shared_store: Store, tmp_path: Path) -> None:
    import numpy as np

    out = tmp_path / "session.mp3"
    timeline = write(_request(300), out, shared_store).timeline
    signal = np.abs(decode(out.read_bytes()))

    for sound in timeline.sounds:
        before, inside = signal[: sound.start * FRAME][-6000:], signal[sound.start * FRAME :][: 2 * FRAME]
        assert before.max() < 0.02 < inside.max(), sound


def test_a_second_build_speaks_nothing_and_gives_the_same_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = write(_request(300), tmp_path / "first.mp3", store)
    second = write(_request(300), tmp_path / "second.mp3", store)

    assert first.spoken == len(first.clips) > 0 == second.spoken
    assert (tmp_path / "first.mp3").read_bytes() == (tmp_path / "second.mp3").read_bytes()


def test_build_from_python(workplace: Path) -> None:
    path = build(5, voice=FAKE_VOICE, cache=workplace / "cache", out=workplace / "mine.mp3")

    assert path.read_bytes()[:3] == b"ID3"
    with pytest.raises(InputError, match="is not a length"):
        build("soon", voice=FAKE_VOICE)


def test_the_error_for_an_impossible_length_has_the_range_the_nearest_length_and_advice(shared_store: Store) -> None:
    with pytest.raises(LengthError) as caught:
        plan(_request(60), shared_store)
    message = str(caught.value)

    assert message.startswith("1:00 is not possible: with voice fake, this wording takes ")
    nearest = message.split("the nearest length that builds is ")[1].split(";")[0]
    minutes, seconds = map(int, nearest.split(":"))
    assert plan(_request(minutes * 60 + seconds), shared_store).timeline.total
    with pytest.raises(LengthError):
        plan(_request(minutes * 60 + seconds - 1), shared_store)
    assert "--guidance brief" in message and "--no-grounding" not in message and "\n" not in message


def test_no_grounding_is_suggested_where_it_would_help(shared_store: Store) -> None:
    with pytest.raises(LengthError, match="try --no-grounding, --guidance brief, a faster --pace"):
        plan(_request(240, grounding=True), shared_store)


def test_a_duration_stated_before_a_rest_must_be_correct(shared_store: Store, tmp_path: Path) -> None:
    toml = 'title = "T"\nsteps = ["a"]\n'
    folder = write_practice(tmp_path / "p", toml, {"a": "Hello.\n\nTwo minutes of quiet.\n[rest]\nBye.\n"})

    with pytest.raises(ScriptError, match=r'a\.md\.j2:3: "Two minutes" is announced here'):
        plan(_request(240, practice=str(folder)), shared_store)
    assert plan(_request(140, practice=str(folder)), shared_store)


def test_a_single_step_has_its_natural_length(shared_store: Store, tmp_path: Path) -> None:
    timeline = plan(Request(None, voice=FAKE_VOICE, only="first-check"), shared_store).timeline
    assert [mark.title for mark in timeline.chapters] == ["A first look"]
    assert 20 * RATE_HZ < timeline.total < 120 * RATE_HZ
    with pytest.raises(LengthError, match="leave the length out, and the step takes its natural one"):
        plan(_request(3600, only="first-check"), shared_store)
    with pytest.raises(InputError, match="did you mean bolster"):
        plan(Request(None, voice=FAKE_VOICE, only="boltser"), shared_store)


def test_an_unused_setting_is_refused_with_a_suggestion(tmp_path: Path, shared_store: Store) -> None:
    toml = 'title = "T"\nsteps = ["a"]\n'
    folder = write_practice(tmp_path / "p", toml, {"a": "Hello {{ name }}.\n[rest]\nBye."})

    with pytest.raises(InputError, match=r"--set nmae: no script of p uses nmae; did you mean name\?"):
        render(_request(60, practice=str(folder), settings={"nmae": "Ada"}))
    assert "Hello Ada." in render(_request(60, practice=str(folder), settings={"name": "Ada"}))


def test_a_word_of_say_that_does_not_occur_is_refused_with_a_suggestion(tmp_path: Path, shared_store: Store) -> None:
    toml = 'title = "T"\nsteps = ["a", "b"]\n'
    folder = write_practice(tmp_path / "p", toml, {"a": "Hello {{ name }}.\n[rest]\n", "b": "Bye now.\n"})
    request = _request(60, practice=str(folder), settings={"name": "Siobhan"})

    with pytest.raises(InputError) as caught:
        plan(replace(request, said={"Sioban": "shi-VAWN"}), shared_store)
    assert str(caught.value) == "--say Sioban: nothing in this session says Sioban; did you mean Siobhan?"
    with pytest.raises(InputError, match=r"nothing in this session says sofa$"):
        plan(replace(request, said={"sofa": "shi-VAWN"}), shared_store)
    assert plan(replace(request, said={"siobhan": "shi-VAWN", "bye now": "bye"}), shared_store)
    assert plan(replace(request, said={"Bye": "Bye"}, rehearsal=True), shared_store)
    assert plan(replace(request, said={"sofa": "SO-fah"}, samples=None, only="b"), shared_store)


def test_a_word_of_a_setting_need_not_occur_at_every_length(tmp_path: Path, shared_store: Store) -> None:
    script = {"a": "Hi{{ ' ' ~ name if minutes > 9 }}.\n[rest]\nBye.\n"}
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', script)
    request = _request(60, practice=str(folder), settings={"name": "Siobhan"}, said={"Siobhan": "shi-VAWN"})

    assert plan(request, shared_store)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{# only a remark #}\n", "a.md.j2:1: this step is empty in this session"),
        ("# Title\n\n", "a.md.j2:1: this step is empty in this session"),
        ("[pause 6s]\n", "nothing is spoken in this session"),
        ("Hi.\n[pause 6m]\nBye.\n", r"a.md.j2:2: the silence here is at least 6:00, but longest_silence is 5:00"),
    ],
)
def test_a_session_without_speech_is_refused(tmp_path: Path, shared_store: Store, text: str, message: str) -> None:
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', {"a": text})

    with pytest.raises(ScriptError, match=message):
        plan(_request(1200, practice=str(folder)), shared_store)


def test_a_failed_build_keeps_the_old_file(tmp_path: Path, shared_store: Store) -> None:
    out = tmp_path / "session.mp3"
    write(_request(300), out, shared_store)
    old = out.read_bytes()

    with pytest.raises(LengthError):
        write(_request(3), out, shared_store)
    assert out.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["session.mp3"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "psoas-release-20m"),
        ({"voice": "system"}, "psoas-release-20m-system"),
        ({"grounding": False}, "psoas-release-20m-no-grounding"),
        ({"ending": "sleep", "guidance": "brief"}, "psoas-release-20m-brief-sleep"),
        ({"pace_wpm": 100.0, "bell": False}, "psoas-release-20m-100wpm-no-bell"),
        ({"grounding": True}, "psoas-release-20m-grounding"),
        ({"only": "grounding"}, "psoas-release-20m-only-grounding"),
        ({"settings": {"name": "Zoë B/../x"}}, "psoas-release-20m-name-Zoë-B-x-61837e"),
    ],
)
def test_the_file_name_contains_what_differs_from_the_defaults(options: dict[str, object], name: str) -> None:
    request = Request(1200 * RATE_HZ, **options)  # type: ignore[arg-type]

    assert default_out(request) == Path("output") / f"{name}.mp3"


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ({}, "T, one minute, voice fake"),
        ({"settings": {"name": " Ada\nLovelace "}}, "T, one minute, for Ada Lovelace, voice fake"),
        ({"guidance": "brief", "ending": "sleep"}, "T, one minute, brief, into sleep, voice fake"),
        ({"guidance": "bells", "grounding": True}, "T, one minute, bells, with grounding, voice fake"),
        ({"grounding": False, "bell": False}, "T, one minute, without grounding, voice fake, without bells"),
        ({"pace_wpm": 100.0}, "T, one minute, voice fake, at 100 words a minute"),
        ({"only": "a", "ending": "sleep"}, "T, a, one minute, into sleep, voice fake"),
        ({"rehearsal": True, "ending": "sleep"}, "T, one minute, into sleep, voice fake (rehearsal)"),
    ],
)
def test_the_title_contains_what_differs_from_the_defaults(
    tmp_path: Path, shared_store: Store, options: dict[str, object], title: str
) -> None:
    toml = 'title = "T"\nsteps = ["a"]\n[interlude.grounding]\nafter = "a"\nfrom = "20m"\n'
    scripts = {"a": "{{ name if name is defined }}{{ bells }}\nHi.\n[rest]\nBye.\n", "grounding": "Here.\n"}
    folder = write_practice(tmp_path / "p", toml, scripts)

    assert plan(_request(60, practice=str(folder), **options), shared_store).about.title == title


def test_the_title_does_not_contain_the_default_voice() -> None:
    assert differences(Request(1200 * RATE_HZ)) == []
    assert differences(Request(1200 * RATE_HZ, voice="system")) == ["voice system"]


def test_the_opening_and_the_closing_fade(shared_store: Store, tmp_path: Path) -> None:
    import numpy as np

    out = tmp_path / "session.mp3"
    write(_request(300), out, shared_store)
    signal = decode(out.read_bytes())

    def level(start_s: float, length_s: float) -> float:
        part = signal[round(start_s * RATE_HZ) :][: round(length_s * RATE_HZ)]
        return float(20 * np.log10(np.sqrt((part**2).mean()) + 1e-9))

    assert level(0, 0.1) < -75 < level(1.5, 0.3)
    assert level(299.8, 0.2) < -80 and level(295, 0.5) > -66
    assert frames(2) * FRAME <= 2 * RATE_HZ


@pytest.mark.parametrize(
    ("text", "minutes", "nearest"),
    [
        ("{% if minutes < 4 %}Hi.[rest]Bye.{% else %}" + "A long one.[pause 1m]" * 9 + "Bye.{% endif %}", 4, "3:59"),
        ("Hi.[rest]\nBye.", 10, "5:"),
        ("Three minutes of quiet.\n[rest]\nBye.", 10, None),
        ("Hello. [pause 6s] There. [pause 3s]", 5, "0:1"),
        ("Hello. [pause 6s] There. [pause 3s]", 0.1, "0:1"),
    ],
)
def test_the_nearest_length_is_one_that_builds(
    tmp_path: Path, shared_store: Store, text: str, minutes: float, nearest: str | None
) -> None:
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', {"a": text})
    with pytest.raises(LengthError) as caught:
        plan(_request(minutes * 60, practice=str(folder)), shared_store)
    suggested = str(caught.value).partition("the nearest length that builds is ")[2].split(";")[0]

    assert suggested.startswith(nearest) if nearest else not suggested
    if suggested:
        from audioguide.core.clock import parse_length

        assert plan(_request(parse_length(suggested) / RATE_HZ, practice=str(folder)), shared_store)


def test_a_voice_of_another_language_is_refused(tmp_path: Path, shared_store: Store) -> None:
    folder = write_practice(tmp_path / "p", 'title = "T"\nlanguage = "de"\nsteps = ["a"]\n', {"a": "Hallo.[rest]Na."})

    with pytest.raises(ScriptError, match=r"practice.toml:1: the practice is in 'de', but voice fake speaks 'en'"):
        plan(_request(60, practice=str(folder)), shared_store)


def test_more_chapters_than_an_mp3_can_have_are_refused(tmp_path: Path, shared_store: Store) -> None:
    text = "# C\nHi.\n" * 256
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', {"a": text})

    with pytest.raises(InputError, match="256 chapters, but an MP3 can have 255"):
        plan(Request(None, voice=FAKE_VOICE, practice=str(folder), only="a"), shared_store)


def test_the_error_for_an_unusable_voice_suggests_another(
    tmp_path: Path, shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audioguide.core.errors import EngineError
    from audioguide.speech.engines.hibari import Hibari

    def gone(self: Hibari) -> object:
        raise ImportError("no onnxruntime for this machine")

    monkeypatch.setattr(Hibari, "_load", gone)

    with pytest.raises(EngineError, match=r"^voice calm cannot be used here: .*; try --voice system$"):
        plan(Request(300 * RATE_HZ), Store(tmp_path / "empty"))


def test_several_damaged_clips_are_spoken_again_in_one_build(tmp_path: Path) -> None:
    import shutil

    store = Store(tmp_path / "store")
    write(_request(300), tmp_path / "a.mp3", store)
    shutil.rmtree(store.folder / "pieces")
    for clip in (store.folder / "clips").rglob("*"):
        if clip.is_file():
            clip.write_bytes(clip.read_bytes()[:-1] + b"\x7f")
    write(_request(300), tmp_path / "b.mp3", store)

    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()


@pytest.mark.parametrize("minutes", [0, -3, float("nan"), float("inf"), None, 2000])
def test_build_refuses_minutes_that_are_not_a_length(workplace: Path, minutes: float) -> None:
    with pytest.raises(InputError, match=r"must be above zero|is not a length|longer than a day|a length is missing"):
        build(minutes, voice=FAKE_VOICE, cache=workplace / "cache")
    assert not list(workplace.iterdir())


def test_build_accepts_paths_and_numbers(workplace: Path) -> None:
    folder = write_practice(workplace / "p", 'title = "T"\nsteps = ["a"]\n', {"a": "Hi {{ n }}.[rest]Bye."})
    out = build(10 / 3, practice=folder, voice=Path(FAKE_VOICE), settings={"n": 3}, cache="c")  # type: ignore[dict-item]

    assert len(decode(out.read_bytes())) == 200 * RATE_HZ


def test_build_accepts_a_single_step_and_pronunciations(workplace: Path) -> None:
    script = {"a": "Hello Siobhan.\n[rest]\n", "b": "Bye.\n"}
    folder = write_practice(workplace / "p", 'title = "T"\nsteps = ["a", "b"]\n', script)
    asked: dict[str, Any] = {"practice": folder, "voice": FAKE_VOICE, "cache": workplace / "cache"}
    plain, said, alone = (
        build(1, **asked, out="plain.mp3"),
        build(1, **asked, said={"Siobhan": "she von Smith"}, out="said.mp3"),
        build(only="b", **asked),
    )

    assert alone == Path("output") / "p-only-b-fake.mp3" and len(decode(alone.read_bytes())) < 20 * RATE_HZ
    assert _manifest(plain).options["said"] == {} and _manifest(said).options["said"] == {"Siobhan": "she von Smith"}
    assert _manifest(plain).sound != _manifest(said).sound
    for wrong in ({"Siobhan": " "}, {"": "she von Smith"}):
        with pytest.raises(InputError, match="write it as WORD=SAID"):
            build(1, **asked, said=wrong)


def test_the_package_exports_the_base_class_of_all_errors(workplace: Path) -> None:
    assert audioguide.AudioguideError is AudioguideError
    with pytest.raises(audioguide.AudioguideError, match="a length is missing"):
        audioguide.build()
    with pytest.raises(AttributeError, match="no attribute 'bulid'"):
        _ = audioguide.bulid  # misspelt on purpose


def test_the_output_must_be_an_mp3(tmp_path: Path, shared_store: Store) -> None:
    script = tmp_path / "arrive.md.j2"
    script.write_text("mine")
    with pytest.raises(OutputError, match=r"the name must end in \.mp3; write .*arrive\.md\.mp3"):
        write(_request(300), script, shared_store)
    assert script.read_text() == "mine"


def test_a_failed_build_removes_the_folder_that_it_created(workplace: Path, shared_store: Store) -> None:
    with pytest.raises(LengthError):
        write(_request(3), Path("output") / "s.mp3", shared_store)
    assert not list(workplace.iterdir())


# --- the manifest ---


def test_the_tag_contains_the_manifest_with_a_digest_of_all_bytes_after_it(shared_store: Store, tmp_path: Path) -> None:
    from audioguide.session.manifest import to_bytes

    out = tmp_path / "session.mp3"
    session = write(_request(300, settings={}), out, shared_store)
    data = out.read_bytes()
    stored = private_frame(data, OWNER)
    digest = sha256(data[tag_size(data) :]).hexdigest()

    assert stored == to_bytes(replace(session.manifest, sha256=digest))
    manifest = from_bytes(stored)
    assert manifest and (manifest.title, manifest.practice) == (
        "Psoas release, five minutes, voice fake",
        "psoas-release",
    )
    assert manifest.voice == {"name": "fake", "engine": "fake", "pace_wpm": 110.0}
    assert manifest.timeline.total == 300 * RATE_HZ
    assert manifest.options["length_samples"] == 300 * RATE_HZ
    assert [path for path in (str(tmp_path), FAKE_VOICE, str(shared_store.folder)) if path.encode() in data] == []


def test_the_file_of_say_contains_a_manifest(shared_store: Store, tmp_path: Path) -> None:
    say("Hello from the floor.", find_voice(FAKE_VOICE), tmp_path / "a.mp3", shared_store)
    manifest = from_bytes(private_frame((tmp_path / "a.mp3").read_bytes(), OWNER) or b"")
    assert manifest and manifest.title == "Hello from the floor."
    assert [sound.cue.text for sound in manifest.timeline.sounds if isinstance(sound.cue, Phrase)] == [manifest.title]


# --- manner, announcement and fade ---

ARC = 'title = "T"\nsteps = ["a", {script = "b", pace = 0.85, level = -3}]\n'
SAME = "Let the floor hold you, and take your time."
LEAVE = "You may stop whenever you like, and that is fine."


def _arc(folder: Path) -> Path:
    text = f"{SAME}\n[pause 2s]\n{LEAVE}\n[rest]\n"
    return write_practice(folder, ARC, {"a": text, "b": text + "Bye.\n"})


def test_a_step_is_slower_and_softer_but_not_its_permissions(shared_store: Store, tmp_path: Path) -> None:
    import numpy as np

    out = tmp_path / "session.mp3"
    session = write(_request(120, practice=str(_arc(tmp_path / "p"))), out, shared_store)
    signal = decode(out.read_bytes())
    same, leave, slow, leave_again, _ = session.timeline.sounds

    def level(sound: Sound) -> float:
        inside = signal[(sound.start + 30) * FRAME : (sound.end - 6) * FRAME]
        return float(10 * np.log10((inside**2).mean()))

    assert slow.length / same.length == pytest.approx(1 / 0.85, rel=0.02)
    assert level(same) - level(slow) == pytest.approx(3, abs=0.1)
    assert leave_again.length == leave.length
    assert level(leave_again) == pytest.approx(level(leave), abs=0.1)


def test_the_same_words_in_two_steps_of_one_manner_are_spoken_once(tmp_path: Path) -> None:
    toml = ARC.replace("pace = 0.85, ", "")
    folder = write_practice(tmp_path / "p", toml, {"a": f"{SAME}\n[rest]\n", "b": f"{SAME}\n[rest]\nBye.\n"})
    session = plan(_request(120, practice=str(folder)), Store(tmp_path / "store"))
    assert (session.spoken, len(session.clips)) == (2, 3)


def test_a_phrase_after_a_long_rest_is_announced(shared_store: Store, tmp_path: Path) -> None:
    session = plan(_request(120, practice=str(_arc(tmp_path / "p"))), shared_store)
    assert [sound.announced for sound in session.timeline.sounds] == [False, False, True, False, True]


@pytest.mark.parametrize(
    ("ending", "longest", "seconds"),
    [("wake", "5m", 5), ("sleep", "5m", 30), ("sleep", "1m", 30), ("sleep", "30s", 15)],
)
def test_a_session_that_ends_in_sleep_has_a_long_fade_limited_by_the_longest_silence(
    shared_store: Store, tmp_path: Path, ending: str, longest: str, seconds: float
) -> None:
    toml = f'title = "T"\nlongest_silence = "{longest}"\nsteps = ["a"]\n'
    text = "Hello.\n" + "[rest]\nStill here.\n" * 6 + "[pause 2s..20s]\n"
    folder = write_practice(tmp_path / "p", toml, {"a": text})
    timeline = plan(_request(100, practice=str(folder), ending=ending), shared_store).timeline
    assert timeline.closing * FRAME / RATE_HZ == pytest.approx(seconds, abs=0.03)
    assert timeline.frames - timeline.sounds[-1].end >= timeline.closing


def test_a_single_step_that_ends_in_sleep_has_its_natural_length_and_the_long_fade(shared_store: Store) -> None:
    wake, sleep = (
        plan(Request(None, voice=FAKE_VOICE, only="bolster", ending=ending), shared_store).timeline
        for ending in ("wake", "sleep")
    )
    assert sleep.closing - wake.closing == sleep.frames - wake.frames == SLEEP_CLOSING - CLOSING
