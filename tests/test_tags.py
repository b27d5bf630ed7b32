import io
import itertools
from pathlib import Path

import pytest
from helpers import sine, splice
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import CHAP, ID3, PRIV, TIT2, CTOCFlags
from mutagen.mp3 import MP3

from audioguide.clock import FRAME_MS, RATE_HZ
from audioguide.model import Placed
from audioguide.mp3 import stream_frames
from audioguide.tags import About, id3, private_frame, read_chapters, read_frames, tag_size

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


# --- what was written is read back ---

DATA = bytes(range(256)) * 40


def tag_with(data: bytes, titles: tuple[str, ...] = ("One", "Zwei für zwei", "静")) -> bytes:
    return id3(ABOUT, [Placed(500 * number, title) for number, title in enumerate(titles)], TOTAL, ("audioguide", data))


@pytest.mark.parametrize("data", [b"", b"{}", DATA, '{"title":"静"}'.encode()], ids=len)
def test_a_private_frame_reads_back_here_and_in_other_readers(data: bytes) -> None:
    tag = tag_with(data)
    assert private_frame(tag, "audioguide") == data
    [private] = ID3(io.BytesIO(tag)).getall("PRIV")
    assert (private.owner, private.data) == ("audioguide", data)


def test_a_private_frame_of_another_owner_is_none_of_ours() -> None:
    assert private_frame(tag_with(DATA), "audio") is None
    assert private_frame(id3(ABOUT, [], TOTAL), "audioguide") is None


def test_a_private_frame_changes_no_other_frame() -> None:
    with_it, without = tag_with(DATA), id3(ABOUT, [Placed(0, "One")], TOTAL)
    names = [name for name, _ in read_frames(with_it)]
    assert names.count("PRIV") == 1
    assert [name for name in names if name not in ("PRIV", "CHAP")] == [
        name for name, _ in read_frames(without) if name != "CHAP"
    ]


def test_the_size_of_a_tag_is_that_of_all_its_bytes() -> None:
    for tag in (tag_with(DATA), id3(ABOUT, [], TOTAL)):
        assert tag_size(tag + b"sound") == tag_size(tag[:10]) == len(tag)


@pytest.mark.parametrize(
    "head", [b"", b"ID3", b"ID3\x03\0\0\0\0\0", b"TAG\x03\0\0\0\0\0\x10", b"ID3\x03\0\0\0\0\0\x80"]
)
def test_what_is_no_tag_has_no_size(head: bytes) -> None:
    assert tag_size(head) == 0


def test_chapters_read_back_in_milliseconds() -> None:
    step = 500 * FRAME_MS
    assert read_chapters(tag_with(b"")) == [
        (0, step, "One"),
        (step, 2 * step, "Zwei für zwei"),
        (2 * step, 300_000, "静"),
    ]
    assert read_chapters(id3(ABOUT, [], TOTAL)) == []


@pytest.mark.parametrize("version", [3, 4])
def test_tags_of_another_writer_are_read_too(tmp_path: Path, version: int) -> None:
    tags = ID3()
    tags.add(PRIV(owner="audioguide", data=DATA))
    tags.add(CHAP(element_id="a", start_time=5, end_time=70_000, sub_frames=[TIT2(encoding=3, text="Ruhe für 静")]))
    path = tmp_path / "a.mp3"
    tags.save(path, v2_version=version)
    data = path.read_bytes()
    assert private_frame(data, "audioguide") == DATA
    assert read_chapters(data) == [(5, 70_000, "Ruhe für 静")]
    assert tag_size(data) == len(data)


@given(cut=st.integers(10, 300), flip=st.integers(6, 299), value=st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_damaged_tag_is_read_without_a_fault(cut: int, flip: int, value: int) -> None:
    tag = bytearray(tag_with(DATA))
    tag[flip] = value
    damaged = bytes(tag[:cut])
    assert tag_size(damaged) >= 0
    assert all(len(chapter) == 3 for chapter in read_chapters(damaged))
    assert (private_frame(damaged, "audioguide") or b"") in DATA
