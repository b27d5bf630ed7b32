"""The manifest: the same bytes everywhere, no traces of the machine, and reading of arbitrary bytes."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.profiles import examples
from support.sessions import HUM, SHORT

from audioguide import build
from audioguide.audio.id3 import MOST_CHAPTERS, About, id3, private_frame, read_chapters, read_frames, tag_size
from audioguide.core.clock import FRAME
from audioguide.core.model import Bell, Manner, Phrase, Placed, Sound, Sounding, Source, Timeline
from audioguide.core.request import Request
from audioguide.session.build import plan, write
from audioguide.session.manifest import FORMAT, OWNER, Manifest, from_bytes, to_bytes
from audioguide.storage.store import Store

NOWHERE = Source("session", 1)
TIMELINE = Timeline(
    (
        Sound(85, 100, Phrase("Hello — “there”.", NOWHERE)),
        Sound(300, 292, Bell(2, NOWHERE)),
        Sound(900, 50, Phrase("Softly.", NOWHERE, Manner(0.9, -3.0)), announced=True),
    ),
    (Placed(0, "Beginning"), Placed(700, "静")),
    1200 * FRAME - 13,
    1200,
    209,
)
MANIFEST = Manifest(
    "A title",
    "small",
    "en",
    {"name": "hum", "engine": "fake", "pace_wpm": 110.0},
    {"length_samples": None, "settings": {"name": "Zoë"}},
    {"audioguide": "0.1.0"},
    TIMELINE,
)
BODY: dict[str, Any] = json.loads(to_bytes(MANIFEST))


def from_body(**changes: object) -> Manifest | None:
    return from_bytes(json.dumps(BODY | changes).encode())


# --- writing and reading ---


def test_a_manifest_reads_back_equal() -> None:
    assert from_bytes(to_bytes(MANIFEST)) == MANIFEST


_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    at, sounds = 0, []
    for _ in range(draw(st.integers(0, 5))):
        start, length = at + draw(st.integers(0, 5000)), draw(st.integers(1, 5000))
        manner = Manner(draw(st.floats(0.5, 2)), draw(st.floats(-12, 6)))
        cue: Sounding = Bell(draw(st.integers(1, 3)), NOWHERE)
        announced = False
        if draw(st.booleans()):
            announced = draw(st.booleans())
            cue = Phrase(draw(_TEXT), NOWHERE, manner)
        sounds.append(Sound(start, length, cue, announced))
        at = start + length
    count = at + draw(st.integers(1, 5000))
    starts = sorted(draw(st.lists(st.integers(0, count), min_size=1, max_size=4)))
    marks = tuple(Placed(start, draw(_TEXT)) for start in starts)
    return Timeline(
        tuple(sounds), marks, count * FRAME - draw(st.integers(0, FRAME - 1)), count, draw(st.integers(0, at))
    )


@given(timelines(), _TEXT, st.dictionaries(_TEXT, _TEXT | st.none() | st.booleans()))
def test_any_manifest_reads_back_equal(timeline: Timeline, title: str, options: dict[str, object]) -> None:
    one = replace(MANIFEST, timeline=timeline, title=title, options=options)
    assert from_bytes(to_bytes(one)) == one


def test_keys_are_sorted_and_there_is_no_white_space() -> None:
    data = to_bytes(MANIFEST)
    expected = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert data == expected and b'"Hello \xe2\x80\x94' in data


def test_the_digest_does_not_change_the_size() -> None:
    assert len(to_bytes(replace(MANIFEST, sha256="a" * 64))) == len(to_bytes(MANIFEST))


# --- the same everywhere, no traces of the machine ---


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders, each with the same practice and voice."""
    both = tmp_path / "alpha" / "deep", tmp_path / "omega"
    for folder in both:
        (folder / "small").mkdir(parents=True)
        (folder / "small" / "practice.toml").write_text('title = "Small"\nsteps = ["a"]\n')
        (folder / "small" / "a.md.j2").write_text(SHORT)
        (folder / "hum.toml").write_text(HUM)
    return both


def test_a_session_is_the_same_bytes_in_every_folder_process_and_cache(folders: tuple[Path, Path]) -> None:
    here, there = folders
    build("50s", practice=here / "small", voice=here / "hum.toml", out=here / "one.mp3", cache=here / "cache")
    arguments = "build 50s --practice small --voice ./hum.toml --out renamed.mp3 --cache another"
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(there)}
    command = [sys.executable, "-m", "audioguide", *arguments.split()]
    subprocess.run(command, cwd=there, env=environment, check=True, capture_output=True)

    assert (here / "one.mp3").read_bytes() == (there / "renamed.mp3").read_bytes()


def test_a_session_contains_no_path_date_or_host_name(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = folders
    monkeypatch.setattr(socket, "gethostname", lambda: "secret-host")
    monkeypatch.setenv("USER", "secret-user")
    path = build("50s", practice=here / "small", voice=here / "hum.toml", out=here / "one.mp3", cache=here / "cache")
    data = path.read_bytes()
    tag = data[: tag_size(data)]
    manifest = json.loads(private_frame(tag, OWNER) or b"")
    manifest["versions"]["encoder"] = manifest["versions"]["encoder"].replace("kb/s", "")
    text = json.dumps(manifest | {"sha256": ""}).lower()
    now = time.localtime()
    for secret in ("alpha", "deep", "one.mp3", "hum.toml", "cache", "secret", str(Path.home()), "/", "\\"):
        assert secret.lower() not in text, secret
    for moment in (f"{now.tm_year}", f"{now.tm_year}".encode().hex(), str(int(time.time()))[:7]):
        assert moment not in text, moment
    for part in (*here.parts[1:-2], "secret", str(now.tm_year)):
        assert part.encode() not in tag.replace(manifest["sha256"].encode(), b""), part


def test_a_session_contains_its_options_versions_and_timeline(folders: tuple[Path, Path], tmp_path: Path) -> None:
    here, _ = folders
    request = Request(
        90 * 24_000, practice=str(here / "small"), voice=str(here / "hum.toml"), ending="sleep", pace_wpm=130
    )
    session = write(request, tmp_path / "s.mp3", Store(tmp_path / "store"))
    data = (tmp_path / "s.mp3").read_bytes()
    made_of = from_bytes(private_frame(data[: tag_size(data)], OWNER) or b"")

    assert made_of and (made_of.practice, made_of.language) == ("small", "en")
    assert made_of.voice == {"name": "hum", "engine": "fake", "pace_wpm": 130}
    assert (made_of.options["ending"], made_of.options["length_samples"]) == ("sleep", 90 * 24_000)
    assert {"audioguide", "engine", "encoder"} <= set(made_of.versions)
    assert [(sound.start, sound.length) for sound in made_of.timeline.sounds] == [
        (sound.start, sound.length) for sound in session.timeline.sounds
    ]
    assert made_of.timeline.chapters == session.timeline.chapters


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="these systems refuse such names")
@pytest.mark.parametrize("where", ["practice", "voice"])
def test_a_build_with_a_name_that_is_not_valid_unicode(folders: tuple[Path, Path], tmp_path: Path, where: str) -> None:
    here, _ = folders
    odd = os.fsdecode(b"odd\xff")
    (here / "small").rename(here / odd)
    (here / "hum.toml").rename(here / f"{odd}.toml")
    (here / "small").symlink_to(here / odd)  # a link is followed to the folder's own name
    (here / "hum.toml").write_text(HUM)
    practice = here / (odd if where == "practice" else "small")
    voice = here / (f"{odd}.toml" if where == "voice" else "hum.toml")
    path = build("50s", practice=practice, voice=voice, out=tmp_path / "s.mp3", cache=tmp_path / "cache")
    data = path.read_bytes()
    assert from_bytes(private_frame(data[: tag_size(data)], OWNER) or b"")


def test_the_manifests_of_plan_and_write_are_equal(shared_store: Store, tmp_path: Path) -> None:
    (tmp_path / "hum.toml").write_text(HUM)
    request = Request(300 * 24_000, voice=str(tmp_path / "hum.toml"))
    planned = plan(request, shared_store).manifest
    written = write(request, tmp_path / "s.mp3", shared_store).manifest
    assert planned == written


# --- arbitrary bytes ---


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(data: bytes) -> None:
    assert from_bytes(data) is None


_HUGE = st.sampled_from([10**12, 10**400, -1, 2**63, 1e308, float("nan"), float("inf"), -0.0, True])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _HUGE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(_JSON)
def test_any_json_can_be_read(value: object) -> None:
    assert from_bytes(json.dumps(value).encode()) is None


def _places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the paths of all values in JSON, as sequences of keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in _places(value[key], (*path, key)))]  # type: ignore[index]


@given(st.data())
@examples(500)
def test_a_manifest_with_any_values_replaced_can_be_read(data: st.DataObject) -> None:
    body = json.loads(json.dumps(BODY))
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from([place for place in _places(body) if place]))
        inner = body
        for key in way:
            inner = inner[key]
        if data.draw(st.booleans()):
            inner[last] = data.draw(_JSON)
        else:
            del inner[last]
    made_of = from_bytes(json.dumps(body).encode())
    if made_of:
        edges = [edge for sound in made_of.timeline.sounds for edge in (sound.start, sound.end)]
        assert edges == sorted(edges) and (made_of.timeline.frames - 1) * FRAME < made_of.timeline.total


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_manifest_with_any_byte_changed_can_be_read(at: int, byte: int) -> None:
    data = bytearray(to_bytes(MANIFEST))
    data[at % len(data)] = byte
    from_bytes(bytes(data))


@pytest.mark.parametrize("deep", ["[" * 200_000, '{"a":' * 200_000, "[" * 500 + "]" * 500, '"' + "\\" * 99_999])
def test_deep_nesting_can_be_read(deep: str) -> None:
    assert from_bytes(deep.encode()) is None
    assert from_bytes(to_bytes(MANIFEST).replace(b'"A title"', deep.encode())) in (None, replace(MANIFEST, title=deep))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": FORMAT + 1},
        {"format": None},
        {"frames": 10**12, "samples": 5},
        {"frames": -1},
        {"frames": 1200.0},
        {"samples": "691187"},
        {"closing": -5},
        {"samples": 0, "frames": 0},
        {"chapters": [["a", 0]]},
        {"chapters": None},
        {"sounds": [{"at": 100, "for": 2000, "say": "beyond the end"}]},
        {"sounds": [{"at": 100, "for": 50, "say": "a"}, {"at": 120, "for": 50, "say": "over the first"}]},
        {"sounds": [{"at": 500, "for": 50, "say": "a"}, {"at": 100, "for": 50, "say": "backwards"}]},
        {"sounds": [{"at": 100, "for": 50}]},
        {"sounds": [{"at": 100, "for": 50, "say": "a", "level_db": "loud"}]},
        {"sounds": [{"at": 100, "for": 50, "say": "a", "level_db": 10**400}]},
        {"sounds": [{"at": 100, "for": 50, "bell": -1}]},
        {"versions": ["0.1.0"]},
        {"voice": "calm"},
        {"options": 5},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_values_that_no_session_has_are_not_a_manifest(changes: dict[str, object]) -> None:
    assert from_body() == MANIFEST
    assert from_body(**changes) is None


# --- tags ---


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"ID3\x03\0\0", b"ID3\x04\0\0", b"ID3\x04\0\x10", b"ID3\xff\0\xff"])
)
def test_any_bytes_can_be_read_as_a_tag(data: bytes, head: bytes) -> None:
    tag = head + data
    assert 0 <= tag_size(tag) < 1 << 29
    assert tag_size(tag[:10]) == tag_size(tag)
    assert all(len(name) == 4 and len(body) <= len(tag) for name, body in read_frames(tag))
    private_frame(tag, OWNER)
    assert all(0 <= start < 1 << 32 and 0 <= end < 1 << 32 for start, end, _ in read_chapters(tag))


@given(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 10**6))
def test_a_tag_with_any_byte_changed_and_cut_anywhere_can_be_read(at: int, byte: int, cut: int) -> None:
    tag = bytearray(id3(About("t", "a", "en"), TIMELINE.chapters, TIMELINE.total, (OWNER, to_bytes(MANIFEST))))
    tag[at % len(tag)] = byte
    del tag[cut % len(tag) + 1 :]
    private_frame(bytes(tag), OWNER)
    read_chapters(bytes(tag))
    assert len(list(read_frames(bytes(tag)))) <= len(tag) // 10


@pytest.mark.parametrize("version", [3, 4])
def test_a_tag_full_of_empty_frames_is_read_in_linear_time(version: int) -> None:
    tag = b"ID3" + bytes([version, 0, 0, 0x7F, 0x7F, 0x7F, 0x7F]) + (b"PRIV" + bytes(6)) * 300_000
    start_s = time.process_time()
    assert len(list(read_frames(tag))) == 300_000 and time.process_time() - start_s < 5


def test_a_tag_reads_back_equal() -> None:
    marks = [
        Placed(100 * index, f"Part {index} 静" if index % 2 else f"Part {index}") for index in range(MOST_CHAPTERS)
    ]
    tag = id3(About("t", "a", "en"), marks, 30_000 * FRAME, (OWNER, b"\0\1\xff" * 100))
    assert tag_size(tag) == len(tag)
    assert private_frame(tag, OWNER) == b"\0\1\xff" * 100 and private_frame(tag, "another") is None
    ends = [mark.start * 24 for mark in marks[1:]] + [30_000 * 24]
    assert read_chapters(tag) == [(mark.start * 24, end, mark.title) for mark, end in zip(marks, ends, strict=True)]


def test_tag_size_of_anything_else_is_zero() -> None:
    assert [tag_size(data) for data in (b"", b"ID3", b"\xff\xf3\x84\xc4" * 10, b"ID3\3\0\0\xff\0\0\0")] == [0] * 4
    assert tag_size(b"ID3\4\0\x10\0\0\1\0") == 10 + 128 + 10
