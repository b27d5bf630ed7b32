"""The timetable as SVG, and the command that draws it."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from hypothesis import given
from hypothesis import strategies as st
from support.audio import sine, splice
from support.scripts import cues

from audioguide.audio.id3 import About, cover, id3, read_tag
from audioguide.audio.mp3 import stream_frames
from audioguide.cli.main import run
from audioguide.core.clock import FRAME, RATE_HZ, clock, frames
from audioguide.core.model import Bell, Phrase, Placed, Timeline
from audioguide.storage.store import Store
from audioguide.timeline.plan import lay_out
from audioguide.timeline.svg import _GROUND, _INK, _LEFT, _RIGHT, _RUNG, _SILENCE, _SOFT_INK, _SPEECH, WIDTH, svg

SVG = "{http://www.w3.org/2000/svg}"
TEXT = "# Arrive & rest\nLie down.\n[rest]\n# Rest\nNothing to do.\n[bell 2]\n[rest 2]\nCome back\n"


def timeline(text: str = TEXT, seconds: float = 120) -> Timeline:
    all_cues = cues(text)
    lengths = [frames(6) for cue in all_cues if isinstance(cue, Phrase | Bell)]
    return lay_out(all_cues, lengths, round(seconds * RATE_HZ))


def texts(document: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(document).iter(f"{SVG}text")]


def spans(document: str) -> list[tuple[float, float]]:
    """Return where speech is drawn, as shares of the session."""
    paths = [path.get("d", "") for path in ET.fromstring(document).iter(f"{SVG}path") if path.get("fill") == _SPEECH]
    blocks = [block for path in paths[:-1] for block in re.findall(r"M([\d.]+) \d+h([\d.]+)v", path)]
    return [((float(left) - _LEFT) / (_RIGHT - _LEFT), float(width) / (_RIGHT - _LEFT)) for left, width in blocks]


def test_speech_and_bells_are_drawn_at_their_times() -> None:
    plan = timeline()
    phrases = [sound for sound in plan.sounds if isinstance(sound.cue, Phrase)]
    expected = [(sound.start / plan.frames, sound.length / plan.frames) for sound in phrases]
    assert spans(svg(plan, "T")) == [pytest.approx(span, abs=1 / (_RIGHT - _LEFT)) for span in expected]
    rung, _ = list(ET.fromstring(svg(plan, "T")).iter(f"{SVG}circle"))
    [bell] = [sound for sound in plan.sounds if isinstance(sound.cue, Bell)]
    at = (float(rung.get("cx", "")) - _LEFT) / (_RIGHT - _LEFT)
    assert at == pytest.approx(bell.start / plan.frames, abs=0.001)


def test_each_chapter_has_a_row_with_its_time_title_and_line() -> None:
    plan = timeline()
    words = texts(svg(plan, "T"))
    assert [
        word for word in ("Arrive & rest", "Rest", clock(plan.chapters[1].start * FRAME)) if word not in words
    ] == []
    lines = [rect for rect in ET.fromstring(svg(plan, "T")).iter(f"{SVG}rect") if rect.get("fill") == _SILENCE][:-1]
    lefts = [float(rect.get("x", "")) for rect in lines]
    rights = [left + float(rect.get("width", "")) for left, rect in zip(lefts, lines, strict=True)]
    assert (lefts[0], rights[-1]) == (_LEFT, _RIGHT) and lefts[1] == pytest.approx(rights[0], abs=0.11)


def test_the_picture_has_a_text_alternative() -> None:
    root = ET.fromstring(svg(timeline(), "A & B"))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and desc is not None and title.text == "A & B"
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    assert desc.text is not None
    assert desc.text.startswith("Length 2:00; speech 0:24, silence 1:36, longest silence ")
    assert ". Chapters: 0:00 Arrive & rest, 0:" in desc.text and ". Bells: 0:" in desc.text


def test_the_picture_is_readable_on_any_background() -> None:
    root = ET.fromstring(svg(timeline(), "T"))
    ground = next(rect for rect in root.findall(f"{SVG}rect"))
    assert (ground.get("fill"), ground.get("width")) == (_GROUND, str(WIDTH))
    sizes = [float(text.get("font-size", root.get("font-size", ""))) for text in root.iter(f"{SVG}text")]
    assert min(sizes) >= 15
    for colour, least in ((_INK, 4.5), (_SOFT_INK, 4.5), (_SPEECH, 3), (_SILENCE, 3), (_RUNG, 3)):
        assert (_luminance(colour) + 0.05) / (_luminance(_GROUND) + 0.05) >= least, colour


def _luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@given(st.text(), st.text(), st.integers(500, 7000))
def test_any_titles_give_well_formed_xml(title: str, chapter: str, seconds: int) -> None:
    plan = timeline("Lie.\n[rest]\nStay. [bell]\n[rest]\n[rest]\nGo.\n[rest]\nBye." * 8, seconds)
    plan = replace(plan, chapters=(Placed(100, chapter), Placed(900, "]]>&amp;")))
    ET.fromstring(svg(plan, title).encode())


def test_a_session_without_chapters_is_one_row() -> None:
    rects = list(ET.fromstring(svg(timeline("Hi.\n[rest]\nBye."), "T")).iter(f"{SVG}rect"))
    assert len([rect for rect in rects if rect.get("fill") == _SILENCE]) == 1 + 1


@pytest.mark.parametrize(("seconds", "marks"), [(30, 7), (120, 5), (300, 6), (1200, 5), (3600, 7), (36_000, 6)])
def test_grid_lines_are_at_a_few_round_times(seconds: int, marks: int) -> None:
    plan = replace(timeline(), total=seconds * RATE_HZ, frames=seconds * RATE_HZ // FRAME)
    ticks = [text for text in ET.fromstring(svg(plan, "T")).iter(f"{SVG}text") if text.get("text-anchor") == "middle"]
    assert len(ticks) == marks and ticks[0].text == "0:00"


def test_a_long_title_is_shortened_only_where_it_is_drawn() -> None:
    long = "A chapter with a title that goes on " * 4
    document = svg(replace(timeline(), chapters=(Placed(0, long.strip()),)), "T")
    assert "A chapter with a title tha…" not in document and long.strip() in document
    assert any(word.endswith("…") and len(word) <= 26 for word in texts(document))


# --- the command ---


@pytest.fixture
def built(workplace: Path, shared_store: Store) -> Path:
    assert run(["build", "5", "--voice", FAKE_VOICE, "--cache", str(shared_store.folder), "--out", "s.mp3"]) == 0
    return workplace / "s.mp3"


def test_a_finished_file_and_its_request_give_the_same_picture(
    built: Path, shared_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["picture", "s.mp3"]) == 0
    asked = ["--voice", FAKE_VOICE, "--cache", str(shared_store.folder)]
    assert run(["picture", "5", *asked]) == 0
    assert run(["picture", "5", *asked, "--out", "x.jpg"]) == 0
    assert run(["picture", "s.mp3", "--out", "y.jpg"]) == 0
    usual = Path("output") / "psoas-release-5m-fake.svg"
    assert capsys.readouterr().out == f"s.svg\n{usual}\nx.jpg\ny.jpg\n"
    assert Path("s.svg").read_bytes() == usual.read_bytes()
    assert Path("x.jpg").read_bytes() == Path("y.jpg").read_bytes() == cover(read_tag(built))
    assert "Psoas release, five minutes, voice fake" in texts(Path("s.svg").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("stranger.mp3", "stranger.mp3 has no audioguide plan; give a session of audioguide, or a length"),
        ("empty.mp3", "empty.mp3 has no audioguide plan"),
        ("nowhere.mp3", "nowhere.mp3 cannot be read: No such file"),
        ("stranger.mp3 --out x.png", "x.png: a picture ends in .svg or .jpg; name it x.svg"),
        ("5 --out folder", "folder: a picture ends in .svg or .jpg; name it folder.svg"),
        ("stranger.mp3 --voice calm --ending sleep", "stranger.mp3 is finished, so --ending has no effect"),
        ("stranger.mp3 --set a=b", "stranger.mp3 is finished, so --set has no effect"),
        ("stranger.mp3 --no-bell", "stranger.mp3 is finished, so --no-bell has no effect"),
        ("stranger.wav", "'stranger.wav' is not a length"),
        ("", "a length is missing"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_of_one_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: str, words: str
) -> None:
    total = 30 * 576
    (workplace / "stranger.mp3").write_bytes(
        id3(About("T", "A", "en"), [], total) + splice([sine(440, stream_frames(total))], total)
    )
    (workplace / "empty.mp3").write_bytes(b"")
    assert run(["picture", *arguments.split()]) == 1
    out, err = capsys.readouterr()
    assert not out and words in err and err.count("\n") == 1
    assert sorted(path.name for path in workplace.iterdir()) == ["empty.mp3", "stranger.mp3"]


def test_a_session_without_a_cover_is_an_error(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = built.read_bytes().replace(b"APIC", b"XPIC", 1)
    built.write_bytes(data)
    assert run(["picture", "s.mp3", "--out", "x.jpg"]) == 1
    assert "s.mp3 has no cover; build it again" in capsys.readouterr().err
