"""The cover: what is on it, that it is small, quick and the same every time, and when it is drawn at all."""

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import FAKE_VOICE
from PIL import Image, ImageStat
from support.helpers import cues

from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.model import Bell, Phrase, Timeline
from audioguide.session import cover
from audioguide.session.cover import SIDE, Face, draw, face, kept_cover
from audioguide.storage.store import Store
from audioguide.timeline.plan import lay_out

SOFA = "Sofa" * 40
SHOWN = Face("Psoas release", "20", "min", (16, 0, 8, *[0] * 30, 4, 0, 16), (0, 20, 35))
TITLE_BOX, COURSE_BOX, LENGTH_BOX = (0, 0, SIDE, 530), (0, 530, SIDE, 940), (0, 1000, SIDE, SIDE)


def timeline(text: str = "# A\nLie down.\n[rest]\n[bell]\n[rest]\nBye.\n", seconds: float = 240) -> Timeline:
    found = cues(text)
    lengths = [frames(6) for cue in found if isinstance(cue, Phrase | Bell)]
    return lay_out(found, lengths, round(seconds * RATE_HZ))


def picture(shown: Face) -> Image.Image:
    return Image.open(io.BytesIO(draw(shown))).convert("RGB")


def brightest(image: Image.Image, box: tuple[int, int, int, int]) -> float:
    return max(ImageStat.Stat(image.crop(box).convert("L")).extrema[0])


def test_a_cover_is_a_baseline_jpeg_of_the_size_that_players_ask_for() -> None:
    data = draw(SHOWN)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.mode) == ("JPEG", (1400, 1400), "RGB")
    assert not image.info.get("progressive") and b"\xff\xc0" in data and b"\xff\xc2" not in data


@pytest.mark.parametrize(
    "title", ["A", "Psoas release", "Ruhe für müde Füße am Abend, ganz ohne Eile", "W" * 200, "Ω" * 30]
)
@pytest.mark.parametrize("columns", [(0,) * 36, (16,) * 36, (0, 16) * 18])
def test_a_cover_is_never_larger_than_200_kb(title: str, columns: tuple[int, ...]) -> None:
    assert len(draw(Face(title, "1439:59", "min", columns, tuple(range(0, 36, 2))))) <= 200_000


def test_the_same_session_has_the_same_cover_in_every_process() -> None:
    code = f"from audioguide.session.cover import *; import hashlib; print(hashlib.sha256(draw({SHOWN!r})).hexdigest())"
    once, twice = (subprocess.check_output([sys.executable, "-c", code]) for _ in range(2))
    assert once == twice


def test_a_cover_is_drawn_in_no_time() -> None:
    def took(nth: int) -> float:
        begun = time.perf_counter()
        draw(replace(SHOWN, title=f"Psoas release {nth}"))
        return time.perf_counter() - begun

    assert min(took(nth) for nth in range(5)) < 0.15


def test_speech_is_high_silence_low_and_bells_are_gold() -> None:
    image = np.asarray(picture(SHOWN), dtype=int)
    step = (SIDE - 2 * cover._MARGIN - cover._BAR) / 35
    middles = [round(cover._MARGIN + part * step) + cover._BAR // 2 for part in range(36)]
    gold, blue = np.array(cover._BELL), np.array(cover._SPEECH)

    def height(part: int, colour: "np.ndarray[tuple[int], np.dtype[np.int_]]") -> int:
        column = image[530:940, middles[part]]
        return int((np.abs(column - colour).max(axis=1) < 40).sum())

    assert height(0, blue) > 1.8 * height(2, blue) > 2 * height(33, blue) > 0 == height(20, blue)
    assert [part for part in range(36) if height(part, gold) > cover._BELL_SIZE // 2] == [0, 20, 35]


def test_title_course_and_length_are_told_apart_at_60_pixels() -> None:
    """The title's letters, the bars and the figures still stand out of the ground by 4.5 to 1."""
    small = picture(SHOWN).resize((60, 60), Image.Resampling.LANCZOS)

    def luminance(value: float) -> float:
        return ((value / 255 + 0.055) / 1.055) ** 2.4

    for box in (TITLE_BOX, COURSE_BOX, LENGTH_BOX):
        left, top, right, bottom = (round(edge * 60 / SIDE) for edge in box)
        light = brightest(small, (left, top, right, bottom))
        assert (luminance(light) + 0.05) / (luminance(32) + 0.05) > 4.5


@pytest.mark.parametrize(
    "title", ["Ruhe für fünf Füße", "Ηρεμία και σιωπή", "Тишина", "Lặng yên", "“Rest” – a while…", "Zoë"]
)
def test_a_title_that_the_font_can_write_is_on_the_cover(title: str) -> None:
    assert brightest(picture(replace(SHOWN, title=title)), TITLE_BOX) > 200


@pytest.mark.parametrize(
    "title", ["静かな休息", "هدوء", "שקט", "शांति", "Rest 🌙", "Rest 静", "x\u0323\u0301", "", "\x00", "a\u200b"]
)
def test_a_title_with_letters_that_the_font_lacks_is_left_out_and_the_rest_takes_its_place(title: str) -> None:
    without = draw(replace(SHOWN, title=""))
    assert draw(replace(SHOWN, title=title)) == without
    image = Image.open(io.BytesIO(without)).convert("RGB")
    assert brightest(image, LENGTH_BOX) > 200 and brightest(image, (0, 200, SIDE, 760)) > 150


@pytest.mark.parametrize(
    "title", ["Psoas", "Psoas release", "A rest for tired feet late in the evening", "word " * 90, SOFA, SOFA + " b"]
)
def test_no_title_leaves_its_place(title: str) -> None:
    font, lines = cover._title(title)
    assert 1 <= len(lines) <= 3
    assert all(font.getlength(line) <= SIDE - 2 * cover._MARGIN for line in lines)
    image = picture(replace(SHOWN, title=title))
    ground = picture(replace(SHOWN, title="."))
    for box in ((0, 0, SIDE, 80), (0, 0, 80, SIDE), (SIDE - 80, 0, SIDE, SIDE), (0, 552, SIDE, 590)):
        difference = np.abs(np.asarray(image.crop(box), int) - np.asarray(ground.crop(box), int))
        assert difference.max() < 30


def test_a_title_that_is_cut_says_so() -> None:
    assert cover._title(SOFA)[1][-1].endswith("…") and "…" not in cover._title("Psoas release")[1][-1]


def test_the_words_of_a_title_are_all_there_where_they_fit() -> None:
    title = "A rest for tired feet late in the evening"
    assert " ".join(cover._title(title)[1]) == title


def test_a_face_is_coarse_so_that_nothing_unseen_makes_another_cover() -> None:
    one, two = timeline(seconds=240), timeline(seconds=240.4)
    assert one != two and face(" T\n t ", one) == face("T t", two)
    assert face("T", one) != face("T", timeline(seconds=300))
    assert {part for part, level in enumerate(face("T", one).levels) if level} >= {0, 34}


def test_a_whisper_of_speech_is_seen() -> None:
    one = timeline("Hi.\n[rest]\nBye.\n", 300)
    assert min(level for level in face("T", one).levels if level) >= 1
    assert max(face("T", one).levels) <= cover._LEVELS


# --- kept ---


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Face]]:
    """The faces that are drawn, in order."""
    faces: list[Face] = []
    monkeypatch.setattr(cover, "draw", lambda shown: faces.append(shown) or draw(shown))
    yield faces


def test_a_cover_is_drawn_once(tmp_path: Path, drawn: list[Face]) -> None:
    store = Store(tmp_path)
    assert kept_cover(store, SHOWN) == kept_cover(store, SHOWN) == draw(SHOWN)
    assert drawn == [SHOWN]


@pytest.mark.parametrize(
    "change", [{"title": "Rest"}, {"length": "21"}, {"unit": "s"}, {"levels": (1,) * 36}, {"bells": ()}], ids=str
)
def test_whatever_is_seen_makes_another_cover(tmp_path: Path, drawn: list[Face], change: dict[str, object]) -> None:
    store, other = Store(tmp_path), replace(SHOWN, **change)  # type: ignore[arg-type]
    assert kept_cover(store, SHOWN) != kept_cover(store, other)
    assert drawn == [SHOWN, other]


def test_a_new_format_is_drawn_anew(tmp_path: Path, drawn: list[Face], monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    kept_cover(store, SHOWN)
    monkeypatch.setattr(cover, "FORMAT", cover.FORMAT + 1)
    kept_cover(store, SHOWN)
    assert drawn == [SHOWN, SHOWN]


def test_a_damaged_cover_is_drawn_anew(tmp_path: Path, drawn: list[Face]) -> None:
    store = Store(tmp_path)
    whole = kept_cover(store, SHOWN)
    [path] = [path for path in (tmp_path / "covers").rglob("*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    assert kept_cover(store, SHOWN) == whole and len(drawn) == 2


def test_a_warm_build_loads_nothing_heavy(shared_store: Store, tmp_path: Path) -> None:
    code = (
        "import sys; from audioguide import build\n"
        f"build(5, voice={FAKE_VOICE!r}, cache={str(shared_store.folder)!r}, out={str(tmp_path / 's.mp3')!r})\n"
        "print(sorted({'numpy', 'PIL', 'pydub', 'lameenc', 'font_manrope'} & set(sys.modules)))"
    )
    cold, warm = (subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(2))
    assert warm.stdout == "[]\n", cold.stderr + warm.stderr
