import io
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import APIC, CHAP, ID3, PRIV, TIT2, CTOCFlags
from mutagen.mp3 import MP3
from support.audio import sine, splice
from support.profiles import examples

from audioguide.audio.id3 import (
    About,
    Lyrics,
    cover,
    id3,
    private_frame,
    read_chapters,
    read_frames,
    read_tag,
    tag_size,
    track,
)
from audioguide.audio.mp3 import stream_frames
from audioguide.core.clock import FRAME_MS, RATE_HZ
from audioguide.core.errors import InputError
from audioguide.core.model import Placed
from audioguide.session.cover import CoverData, draw

ABOUT = About("Psoas release, five minutes", "Psoas release", "en-GB")
TOTAL = 300 * RATE_HZ + 13


def read(about: About, chapters: list[Placed], total: int = TOTAL) -> ID3:
    return ID3(io.BytesIO(id3(about, chapters, total)))


def test_another_reader_finds_the_text_frames() -> None:
    tag = read(ABOUT, [])
    texts = {name: str(tag[name]) for name in ("TIT2", "TPE1", "TALB", "TRCK", "TLAN", "TLEN")}
    assert texts == {
        "TIT2": ABOUT.title,
        "TPE1": "audioguide",
        "TALB": "Psoas release",
        "TRCK": "5",
        "TLAN": "eng",
        "TLEN": "300000",
    }
    assert not tag.getall("CTOC") and not tag.getall("CHAP")


@pytest.mark.parametrize(
    "title", ["Ruhe für fünf Minuten", "Ηρεμία", "心を静める", "هدوء", "Rest 🌙", "“Quiet” – a while…", "a" * 2000]
)
def test_titles_in_any_script_read_back(title: str) -> None:
    tag = read(About(title, title, "el"), [Placed(0, title)])
    assert str(tag["TIT2"]) == str(tag["TALB"]) == str(tag["CHAP:chp0"].sub_frames["TIT2"]) == title


@pytest.mark.parametrize(("language", "code"), [("en", "eng"), ("de-AT", "deu"), ("DE", "deu"), ("tlh", "und")])
def test_the_language_is_written_as_an_iso_639_2_code(language: str, code: str) -> None:
    assert str(read(About("a", "b", language), [])["TLAN"]) == code


def test_chapters_are_in_order_and_cover_the_session_without_gaps() -> None:
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


def test_the_table_of_contents_comes_before_the_chapters_which_are_in_time_order() -> None:
    data = id3(ABOUT, [Placed(0, "a much longer title"), Placed(500, "b"), Placed(1000, "ccc")], TOTAL)
    order = [data.index(name) for name in (b"CTOC", b"CHAP\0\0", b"a much", b"\0b", b"\0ccc")]
    assert order == sorted(order)
    assert [data.index(b"chp" + digit, data.index(b"CHAP")) for digit in (b"0", b"1", b"2")] == sorted(
        data.index(b"chp" + digit, data.index(b"CHAP")) for digit in (b"0", b"1", b"2")
    )


def test_255_chapters_read_back() -> None:
    tag = read(ABOUT, [Placed(number, f"Part {number}") for number in range(255)])
    assert len(tag.getall("CTOC")[0].child_element_ids) == len(tag.getall("CHAP")) == 255


def test_other_readers_find_the_audio_after_the_tag(tmp_path: Path) -> None:
    total = 50_000
    path = tmp_path / "a.mp3"
    path.write_bytes(id3(ABOUT, [Placed(0, "静")], total) + splice([sine(440, stream_frames(total))], total))
    info = MP3(path).info
    assert info
    assert (info.sample_rate, info.channels, info.bitrate) == (RATE_HZ, 1, 64_000)
    assert info.length == pytest.approx(total / RATE_HZ, abs=0.001)


# --- reading our own tags ---

DATA = bytes(range(256)) * 40


def tag_with(data: bytes, titles: tuple[str, ...] = ("One", "Zwei für zwei", "静")) -> bytes:
    return id3(ABOUT, [Placed(500 * number, title) for number, title in enumerate(titles)], TOTAL, ("audioguide", data))


@pytest.mark.parametrize("data", [b"", b"{}", DATA, '{"title":"静"}'.encode()], ids=len)
def test_a_private_frame_reads_back_here_and_elsewhere(data: bytes) -> None:
    tag = tag_with(data)
    assert private_frame(tag, "audioguide") == data
    [private] = ID3(io.BytesIO(tag)).getall("PRIV")
    assert (private.owner, private.data) == ("audioguide", data)


def test_private_frames_of_other_owners_are_ignored() -> None:
    assert private_frame(tag_with(DATA), "audio") is None
    assert private_frame(id3(ABOUT, [], TOTAL), "audioguide") is None


def test_a_private_frame_does_not_change_other_frames() -> None:
    with_private, without = tag_with(DATA), id3(ABOUT, [Placed(0, "One")], TOTAL)
    names = [name for name, _ in read_frames(with_private)]
    assert names.count("PRIV") == 1
    assert [name for name in names if name not in ("PRIV", "CHAP")] == [
        name for name, _ in read_frames(without) if name != "CHAP"
    ]


def test_tag_size_is_the_length_of_the_tag() -> None:
    for tag in (tag_with(DATA), id3(ABOUT, [], TOTAL)):
        assert tag_size(tag + b"sound") == tag_size(tag[:10]) == len(tag)


@pytest.mark.parametrize(
    "head", [b"", b"ID3", b"ID3\x03\0\0\0\0\0", b"TAG\x03\0\0\0\0\0\x10", b"ID3\x03\0\0\0\0\0\x80"]
)
def test_tag_size_is_zero_without_a_tag(head: bytes) -> None:
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
def test_tags_of_another_writer_can_be_read(tmp_path: Path, version: int) -> None:
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
@examples(300)
def test_reading_a_damaged_tag_does_not_fail(cut: int, flip: int, value: int) -> None:
    tag = bytearray(tag_with(DATA))
    tag[flip] = value
    damaged = bytes(tag[:cut])
    assert tag_size(damaged) >= 0
    assert all(len(chapter) == 3 for chapter in read_chapters(damaged))
    assert (private_frame(damaged, "audioguide") or b"") in DATA


# --- cover, lyrics and track in other readers ---

PICTURE = draw(CoverData("Rest", "5", "min", (0, 9, 16), (1,)))
TEXTS = {
    "latin": ("Rest & be", "Ruhe für fünf", ("Lie down.", "Nichts muss ›sein‹, naïve Zoë.", "Bye.")),
    "wide": ("Ησυχία – 静かに", "Ἄρχη … 始まり", ("横になって。", "Τίποτα “δεν” χρειάζεται 🌙.", "هدوء")),
}


def tag_contents(texts: tuple[str, str, tuple[str, ...]]) -> tuple[str, str, tuple[tuple[int, str], ...], list[Placed]]:
    """Return (title, text, timed lines, chapters)."""
    title, chapter, lines = texts
    timed = tuple((2_400 * nth + 120, line) for nth, line in enumerate(lines))
    return title, "\n".join([title, "", chapter, "", *lines]), timed, [Placed(0, chapter), Placed(150, title)]


@pytest.fixture(params=TEXTS, scope="module")
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    title, text, timed, chapters = tag_contents(TEXTS[request.param])
    about, total = About(title, f"{title}!", "de"), 300 * 576
    tag = id3(about, chapters, total, ("audioguide", DATA), lyrics=Lyrics(text, timed), picture=PICTURE)
    path = tmp_path_factory.mktemp("tags") / f"{request.param}.mp3"
    path.write_bytes(tag + splice([sine(440, stream_frames(total))], total))
    return path


def by_mutagen(path: Path) -> dict[str, object]:
    tag: Any = ID3(path)
    [picture], [plain], [timed] = tag.getall("APIC"), tag.getall("USLT"), tag.getall("SYLT")
    assert (picture.mime, picture.type, timed.format, timed.type) == ("image/jpeg", 3, 2, 1)
    assert plain.lang == timed.lang == "deu" and list(tag)[-1].startswith("PRIV")
    return {
        "title": str(tag["TIT2"]),
        "album": str(tag["TALB"]),
        "track": int(str(tag["TRCK"])),
        "text": plain.text,
        "lines": [(ms, words.removeprefix("\n")) for words, ms in timed.text],
        "chapters": [(mark.start_time, str(mark.sub_frames["TIT2"])) for mark in tag.getall("CHAP")],
        "picture": picture.data,
    }


def by_tinytag(path: Path) -> dict[str, object]:
    from tinytag import TinyTag

    tag = TinyTag.get(path, image=True)
    text, lrc = tag.other["lyrics"]
    lines = [(line[1:9], line[10:]) for line in lrc.split("\n")]
    assert tag.images.front_cover and tag.images.front_cover.mime_type == "image/jpeg"
    return {
        "title": tag.title,
        "album": tag.album,
        "track": tag.track,
        "text": text,
        "lines": [(int(at[:2]) * 60_000 + round(float(at[3:]) * 1000), words) for at, words in lines],
        "picture": tag.images.front_cover.data,
    }


def by_eyed3(path: Path) -> dict[str, object]:
    import eyed3

    tag: Any = eyed3.load(path).tag
    [picture], [plain] = tag.images, tag.lyrics
    assert (picture.mime_type, picture.picture_type, plain.lang) == ("image/jpeg", 3, b"deu")
    [contents] = tag.table_of_contents
    marks = {mark.element_id: mark for mark in tag.chapters}
    return {
        "title": tag.title,
        "album": tag.album,
        "track": tag.track_num[0],
        "text": plain.text,
        "chapters": [(marks[name].times[0], marks[name].title) for name in contents.child_ids],
        "picture": picture.image_data,
    }


def by_ffmpeg(path: Path) -> dict[str, object]:
    """Return metadata as written by ffmpeg in its own format, and the picture as extracted by it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-copyts", "-i", str(path)]
    metadata = subprocess.run([*command, "-f", "ffmetadata", "-"], capture_output=True, check=True)
    picture = subprocess.run([*command, "-map", "0:v", "-c", "copy", "-f", "image2pipe", "-"], capture_output=True)
    assert not metadata.stderr + picture.stderr
    parts = metadata.stdout.decode().replace("\\\n", "\r").split("[CHAPTER]")  # a line end in a value is escaped
    head, *marks = [dict(line.split("=", 1) for line in part.split("\n") if "=" in line) for part in parts]
    return {
        "title": head["title"],
        "album": head["album"],
        "track": int(head["track"]),
        "text": head["lyrics-deu"].replace("\r", "\n"),
        "chapters": [(int(mark["START"]), mark["title"]) for mark in marks],
        "picture": picture.stdout,
    }


def by_ffprobe(path: Path) -> dict[str, object]:
    if not (ffprobe := shutil.which("ffprobe")):
        pytest.skip("ffprobe is not installed; ffmpeg itself is tested above")
    command = [ffprobe, "-v", "error", "-of", "json", "-show_format", "-show_chapters", "-show_streams", str(path)]
    report = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    head, [_, picture] = report["format"]["tags"], report["streams"]
    assert (picture["codec_name"], picture["width"], picture["disposition"]["attached_pic"]) == ("mjpeg", 1400, 1)
    return {
        "title": head["title"],
        "album": head["album"],
        "track": int(head["track"]),
        "text": head["lyrics-deu"],
        "chapters": [(mark["start"], mark["tags"]["title"]) for mark in report["chapters"]],
    }


@pytest.mark.parametrize("reader", [by_mutagen, by_tinytag, by_eyed3, by_ffmpeg, by_ffprobe])
def test_other_readers_find_title_track_cover_lyrics_and_chapters(
    session: Path, reader: Callable[[Path], dict[str, object]]
) -> None:
    title, text, timed, chapters = tag_contents(TEXTS[session.stem])
    written = {
        "title": title,
        "album": f"{title}!",
        "track": 1,
        "text": text,
        "lines": list(timed),
        "chapters": [(mark.start * FRAME_MS, mark.title) for mark in chapters],
        "picture": PICTURE,
    }
    read_back = reader(session)
    assert read_back == {name: written[name] for name in read_back}


def test_cover_and_tag_read_back(session: Path) -> None:
    tag = read_tag(session)
    assert len(tag) == tag_size(session.read_bytes()) and session.read_bytes().startswith(tag)
    assert cover(tag) == PICTURE
    names = [name for name, _ in read_frames(tag)]
    assert names[-4:] == ["APIC", "USLT", "SYLT", "PRIV"]
    assert private_frame(tag, "audioguide") == DATA


def test_a_tag_without_a_picture_has_no_cover(tmp_path: Path) -> None:
    assert cover(id3(ABOUT, [], TOTAL)) is None
    (tmp_path / "a.mp3").write_bytes(b"no tag")
    assert read_tag(tmp_path / "a.mp3") == b"" and cover(b"") is None
    with pytest.raises(InputError, match=r"b\.mp3 cannot be read: No such file"):
        read_tag(tmp_path / "b.mp3")


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(("encoding", "words"), [(0, ""), (0, "Vorn"), (1, ""), (1, "静か"), (1, "Āā"), (3, "静")])
def test_the_front_cover_is_found_among_the_pictures_of_another_writer(
    tmp_path: Path, version: int, encoding: int, words: str
) -> None:
    tags = ID3()
    tags.add(APIC(encoding=encoding, mime="image/png", type=4, desc="back", data=b"\0back\0"))
    tags.add(APIC(encoding=encoding, mime="image/jpeg", type=3, desc=words, data=PICTURE))
    tags.save(tmp_path / "a.mp3", v2_version=version)
    assert cover(read_tag(tmp_path / "a.mp3")) == PICTURE


def test_a_session_without_speech_has_no_timed_lyrics() -> None:
    tag = id3(ABOUT, [], TOTAL, lyrics=Lyrics("Bells", ()))
    assert [name for name, _ in read_frames(tag)][-1] == "USLT"


@given(st.lists(st.integers(1, 24 * 3600 * RATE_HZ), min_size=2))
def test_track_numbers_sort_sessions_by_length(totals: list[int]) -> None:
    numbers = [track(total) for total in sorted(totals)]
    assert numbers == sorted(numbers) and numbers[0] >= 1


@given(cut=st.integers(10, 400), flip=st.integers(6, 399), value=st.integers(0, 255))
@examples(300)
def test_reading_a_damaged_picture_does_not_fail(cut: int, flip: int, value: int) -> None:
    tag = bytearray(id3(ABOUT, [], TOTAL, picture=bytes(range(256))))
    tag[flip % len(tag)] = value
    assert len(cover(bytes(tag[:cut])) or b"") <= 400
