"""The cover: content, size, reproducibility, and when it is drawn."""

import io
import math
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
from support.scripts import cues

from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.model import Bell, Phrase, Timeline
from audioguide.session import cover
from audioguide.session.cover import SIDE, CoverData, cached_cover, cover_data, draw
from audioguide.storage.store import Store
from audioguide.timeline.plan import lay_out

SOFA = "Sofa" * 40
DATA = CoverData("Psoas release", "20", "min", (16, 0, 8, *[0] * 30, 4, 0, 16), (0, 20, 35))
TITLE_BOX, BARS_BOX, LENGTH_BOX = (0, 0, SIDE, 530), (0, 530, SIDE, 940), (0, 1000, SIDE, SIDE)


def timeline(text: str = "# A\nLie down.\n[rest]\n[bell]\n[rest]\nBye.\n", seconds: float = 240) -> Timeline:
    parsed = cues(text)
    lengths = [frames(6) for cue in parsed if isinstance(cue, Phrase | Bell)]
    return lay_out(parsed, lengths, round(seconds * RATE_HZ))


def picture(data: CoverData) -> Image.Image:
    return Image.open(io.BytesIO(draw(data))).convert("RGB")


def brightest(image: Image.Image, box: tuple[int, int, int, int]) -> float:
    return max(ImageStat.Stat(image.crop(box).convert("L")).extrema[0])


def test_a_cover_is_a_baseline_jpeg_of_1400_pixels() -> None:
    jpeg = draw(DATA)
    image = Image.open(io.BytesIO(jpeg))
    assert (image.format, image.size, image.mode) == ("JPEG", (1400, 1400), "RGB")
    assert not image.info.get("progressive") and b"\xff\xc0" in jpeg and b"\xff\xc2" not in jpeg


@pytest.mark.parametrize(
    "title", ["A", "Psoas release", "Ruhe für müde Füße am Abend, ganz ohne Eile", "W" * 200, "Ω" * 30]
)
@pytest.mark.parametrize("columns", [(0,) * 36, (16,) * 36, (0, 16) * 18])
def test_a_cover_has_at_most_200_kb(title: str, columns: tuple[int, ...]) -> None:
    assert len(draw(CoverData(title, "1439:59", "min", columns, tuple(range(0, 36, 2))))) <= 200_000


def test_the_same_session_has_the_same_cover_in_every_process() -> None:
    code = f"from audioguide.session.cover import *; import hashlib; print(hashlib.sha256(draw({DATA!r})).hexdigest())"
    once, twice = (subprocess.check_output([sys.executable, "-c", code]) for _ in range(2))
    assert once == twice


def test_drawing_a_cover_takes_little_cpu_time() -> None:
    def cpu_s(nth: int) -> float:
        start_s = time.process_time()
        draw(replace(DATA, title=f"Psoas release {nth}"))
        return time.process_time() - start_s

    assert min(cpu_s(nth) for nth in range(5)) < 0.15


def test_speech_has_tall_bars_silence_has_dots_and_bells_are_gold() -> None:
    image = np.asarray(picture(DATA), dtype=int)
    step = (SIDE - 2 * cover._MARGIN - cover._BAR) / 35
    middles = [round(cover._MARGIN + part * step) + cover._BAR // 2 for part in range(36)]
    gold, blue = np.array(cover._BELL), np.array(cover._SPEECH)

    def height(part: int, colour: "np.ndarray[tuple[int], np.dtype[np.int_]]") -> int:
        column = image[530:940, middles[part]]
        return int((np.abs(column - colour).max(axis=1) < 40).sum())

    assert height(0, blue) > 1.8 * height(2, blue) > 2 * height(33, blue) > 0 == height(20, blue)
    assert [part for part in range(36) if height(part, gold) > cover._BELL_SIZE // 2] == [0, 20, 35]


def test_title_bars_and_length_are_visible_at_60_pixels() -> None:
    """The contrast of letters, bars and figures against the background is at least 4.5 to 1."""
    small = picture(DATA).resize((60, 60), Image.Resampling.LANCZOS)

    def luminance(value: float) -> float:
        return math.pow((value / 255 + 0.055) / 1.055, 2.4)

    for box in (TITLE_BOX, BARS_BOX, LENGTH_BOX):
        left, top, right, bottom = (round(edge * 60 / SIDE) for edge in box)
        light = brightest(small, (left, top, right, bottom))
        assert (luminance(light) + 0.05) / (luminance(32) + 0.05) > 4.5


@pytest.mark.parametrize(
    "title", ["Ruhe für fünf Füße", "Ηρεμία και σιωπή", "Тишина", "Lặng yên", "“Rest” – a while…", "Zoë"]
)
def test_a_title_in_letters_of_the_font_is_on_the_cover(title: str) -> None:
    assert brightest(picture(replace(DATA, title=title)), TITLE_BOX) > 200


@pytest.mark.parametrize(
    "title", ["静かな休息", "هدوء", "שקט", "शांति", "Rest 🌙", "Rest 静", "x\u0323\u0301", "", "\x00", "a\u200b"]
)
def test_a_title_with_letters_that_the_font_lacks_is_left_out(title: str) -> None:
    without = draw(replace(DATA, title=""))
    assert draw(replace(DATA, title=title)) == without
    image = Image.open(io.BytesIO(without)).convert("RGB")
    assert brightest(image, LENGTH_BOX) > 200 and brightest(image, (0, 200, SIDE, 760)) > 150


@pytest.mark.parametrize(
    "title", ["Psoas", "Psoas release", "A rest for tired feet late in the evening", "word " * 90, SOFA, SOFA + " b"]
)
def test_every_title_stays_in_its_box(title: str) -> None:
    font, lines = cover._title(title)
    assert 1 <= len(lines) <= 3
    assert all(font.getlength(line) <= SIDE - 2 * cover._MARGIN for line in lines)
    image = picture(replace(DATA, title=title))
    reference = picture(replace(DATA, title="."))
    for box in ((0, 0, SIDE, 80), (0, 0, 80, SIDE), (SIDE - 80, 0, SIDE, SIDE), (0, 552, SIDE, 590)):
        difference = np.abs(np.asarray(image.crop(box), int) - np.asarray(reference.crop(box), int))
        assert difference.max() < 30


def test_a_shortened_title_ends_in_an_ellipsis() -> None:
    assert cover._title(SOFA)[1][-1].endswith("…") and "…" not in cover._title("Psoas release")[1][-1]


def test_a_title_that_fits_is_complete() -> None:
    title = "A rest for tired feet late in the evening"
    assert " ".join(cover._title(title)[1]) == title


def test_similar_sessions_share_a_cover() -> None:
    one, two = timeline(seconds=240), timeline(seconds=240.4)
    assert one != two and cover_data(" T\n t ", one) == cover_data("T t", two)
    assert cover_data("T", one) != cover_data("T", timeline(seconds=300))
    assert {part for part, level in enumerate(cover_data("T", one).levels) if level} >= {0, 34}


def test_a_little_speech_still_has_a_bar() -> None:
    one = timeline("Hi.\n[rest]\nBye.\n", 300)
    assert min(level for level in cover_data("T", one).levels if level) >= 1
    assert max(cover_data("T", one).levels) <= cover._LEVELS


# --- cached ---


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[CoverData]]:
    """The data of each cover that is drawn, in order."""
    drawn: list[CoverData] = []

    def noted(data: CoverData) -> bytes:
        drawn.append(data)
        return draw(data)

    monkeypatch.setattr(cover, "draw", noted)
    yield drawn


def test_a_cover_is_drawn_once(tmp_path: Path, drawn: list[CoverData]) -> None:
    store = Store(tmp_path)
    assert cached_cover(store, DATA) == cached_cover(store, DATA) == draw(DATA)
    assert drawn == [DATA]


@pytest.mark.parametrize(
    "change", [{"title": "Rest"}, {"length": "21"}, {"unit": "s"}, {"levels": (1,) * 36}, {"bells": ()}], ids=str
)
def test_a_change_of_any_field_draws_another_cover(
    tmp_path: Path, drawn: list[CoverData], change: dict[str, object]
) -> None:
    store, other = Store(tmp_path), replace(DATA, **change)  # type: ignore[arg-type]
    assert cached_cover(store, DATA) != cached_cover(store, other)
    assert drawn == [DATA, other]


def test_a_new_format_is_drawn_again(tmp_path: Path, drawn: list[CoverData], monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    cached_cover(store, DATA)
    monkeypatch.setattr(cover, "FORMAT", cover.FORMAT + 1)
    cached_cover(store, DATA)
    assert drawn == [DATA, DATA]


def test_a_damaged_cover_is_drawn_again(tmp_path: Path, drawn: list[CoverData]) -> None:
    store = Store(tmp_path)
    whole = cached_cover(store, DATA)
    [path] = [path for path in (tmp_path / "covers").rglob("*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    assert cached_cover(store, DATA) == whole and len(drawn) == 2


def test_a_build_from_the_cache_imports_no_heavy_package(shared_store: Store, tmp_path: Path) -> None:
    code = (
        "import sys; from audioguide import build\n"
        f"build(5, voice={FAKE_VOICE!r}, cache={str(shared_store.folder)!r}, out={str(tmp_path / 's.mp3')!r})\n"
        "print(sorted({'numpy', 'PIL', 'pydub', 'lameenc', 'font_manrope'} & set(sys.modules)))"
    )
    cold, warm = (subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(2))
    assert warm.stdout == "[]\n", cold.stderr + warm.stderr
