import io
import itertools
from pathlib import Path

import pytest
from helpers import sine, splice
from mutagen.id3 import ID3, CTOCFlags
from mutagen.mp3 import MP3

from audioguide.clock import FRAME_MS, RATE_HZ
from audioguide.model import Placed
from audioguide.mp3 import stream_frames
from audioguide.tags import About, id3

ABOUT = About("Psoas release, five minutes", "Psoas release", "en-GB")
TOTAL = 300 * RATE_HZ + 13


def read(about: About, chapters: list[Placed], total: int = TOTAL) -> ID3:
    return ID3(io.BytesIO(id3(about, chapters, total)))


def test_a_player_reads_back_what_the_tag_says() -> None:
    tag = read(ABOUT, [])
    texts = {name: str(tag[name]) for name in ("TIT2", "TPE1", "TALB", "TLAN", "TLEN")}
    assert texts == {
        "TIT2": ABOUT.title,
        "TPE1": "audioguide",
        "TALB": "Psoas release",
        "TLAN": "eng",
        "TLEN": "300000",
    }
    assert not tag.getall("CTOC") and not tag.getall("CHAP")


@pytest.mark.parametrize(
    "title", ["Ruhe für fünf Minuten", "Ηρεμία", "心を静める", "هدوء", "Rest 🌙", "“Quiet” – a while…", "a" * 2000]
)
def test_a_title_of_any_script_reads_back(title: str) -> None:
    tag = read(About(title, title, "el"), [Placed(0, title)])
    assert str(tag["TIT2"]) == str(tag["TALB"]) == str(tag["CHAP:chp0"].sub_frames["TIT2"]) == title


@pytest.mark.parametrize(("language", "told"), [("en", "eng"), ("de-AT", "deu"), ("DE", "deu"), ("tlh", "und")])
def test_a_language_is_told_in_three_letters(language: str, told: str) -> None:
    assert str(read(About("a", "b", language), [])["TLAN"]) == told


def test_chapters_are_listed_in_order_and_run_without_a_gap_from_zero_to_the_end() -> None:
    titles = [f"Part {number}" + "!" * (40 - number) for number in range(12)]
    tag = read(ABOUT, [Placed(number * 500, title) for number, title in enumerate(titles)])
    [contents] = tag.getall("CTOC")
    assert contents.flags == CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
    marks = [tag[f"CHAP:{name}"] for name in contents.child_element_ids]
    assert [str(mark.sub_frames["TIT2"]) for mark in marks] == titles
    assert [mark.start_time for mark in marks] == [number * 500 * FRAME_MS for number in range(12)]
    assert all(one.end_time == two.start_time for one, two in itertools.pairwise(marks))
    assert marks[-1].end_time == 300_000
    assert {(mark.start_offset, mark.end_offset) for mark in marks} == {(0xFFFFFFFF, 0xFFFFFFFF)}


def test_the_contents_stand_in_the_file_before_the_chapters_and_those_in_time_order() -> None:
    data = id3(ABOUT, [Placed(0, "a much longer title"), Placed(500, "b"), Placed(1000, "ccc")], TOTAL)
    order = [data.index(name) for name in (b"CTOC", b"CHAP\0\0", b"a much", b"\0b", b"\0ccc")]
    assert order == sorted(order)
    assert [data.index(b"chp" + digit, data.index(b"CHAP")) for digit in (b"0", b"1", b"2")] == sorted(
        data.index(b"chp" + digit, data.index(b"CHAP")) for digit in (b"0", b"1", b"2")
    )


def test_as_many_chapters_as_one_byte_counts_read_back() -> None:
    tag = read(ABOUT, [Placed(number, f"Part {number}") for number in range(255)])
    assert len(tag.getall("CTOC")[0].child_element_ids) == len(tag.getall("CHAP")) == 255


def test_a_tag_hides_no_sound(tmp_path: Path) -> None:
    total = 50_000
    path = tmp_path / "a.mp3"
    path.write_bytes(id3(ABOUT, [Placed(0, "静")], total) + splice([sine(440, stream_frames(total))], total))
    info = MP3(path).info
    assert (info.sample_rate, info.channels, info.bitrate) == (RATE_HZ, 1, 64_000)
    assert info.length == pytest.approx(total / RATE_HZ, abs=0.001)
