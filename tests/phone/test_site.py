"""The table of the site's files."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.phone import JPEG, add, with_cover

from audioguide.audio.id3 import About, id3, private_frame, tag_size
from audioguide.core.model import Placed
from audioguide.phone import index_page
from audioguide.phone.catalogue import Catalogue
from audioguide.phone.grounding import Groundings
from audioguide.phone.site import CHAPTERS, FEED, MP3, PAGE, VTT, site, slug
from audioguide.session.manifest import OWNER, from_bytes, to_bytes
from audioguide.storage.store import Store
from audioguide.web.resource import FileSlice, Resource

BASE = "https://example.org/calm/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Path:
    """A folder with three sessions; one has a cover, the practice of another one is missing."""
    folder = tmp_path_factory.mktemp("sessions")
    with_cover(add(folder, "Für Zoë.mp3", 60, shared_store))
    with_cover(add(folder, "b.mp3", 40, shared_store), None)
    other = tmp_path_factory.mktemp("other")
    with_cover(add(other, "gone.mp3", 50, shared_store), None).rename(folder / "gone.mp3")
    return folder


def table(folder: Path, store: Store, built: Path, base_url: str = BASE) -> dict[str, Resource]:
    session_files = Catalogue(folder).scan()
    groundings = Groundings(built, store, folder, lambda message: None)
    groundings.build(session_files)
    return site(session_files, groundings.tracks, base_url)


def test_each_session_has_its_files_and_each_grounding_appears_once(
    folder: Path, shared_store: Store, tmp_path: Path
) -> None:
    items = table(folder, shared_store, tmp_path)
    kinds = sorted(re.sub("-[0-9a-f]{8}[.]", ".", name) for name in items.keys() - index_page.ASSETS.keys())

    assert [name for name in kinds if name not in (PAGE, FEED)] == sorted(
        [f"{stem}.{kind}" for stem in ("b", "fur-zoe", "gone") for kind in ("mp3", "vtt", "chapters.json")]
        + ["fur-zoe.jpg", "grounding.mp3"]
    )
    assert {PAGE, FEED} <= items.keys()


def test_page_and_feed_name_exactly_the_files_of_the_table(folder: Path, shared_store: Store, tmp_path: Path) -> None:
    items = table(folder, shared_store, tmp_path)
    texts = {name: item.body.decode() for name, item in items.items() if isinstance(item.body, bytes)}
    named = re.findall(r"[a-z0-9-]+-[0-9a-f]{8}[.](?:mp3|vtt|jpg|chapters[.]json)", texts[PAGE] + texts[FEED])

    assert set(named) == {name for name in items if re.search(r"-[0-9a-f]{8}[.]", name)}


def test_files_have_the_right_media_types_and_contents(folder: Path, shared_store: Store, tmp_path: Path) -> None:
    items = table(folder, shared_store, tmp_path)
    named = {re.sub("-[0-9a-f]{8}[.]", ".", name): item for name, item in items.items()}
    chapters, captions = named["b.chapters.json"], named["b.vtt"]
    assert isinstance(chapters.body, bytes) and isinstance(captions.body, bytes)

    assert (named["b.mp3"].media_type, captions.media_type, chapters.media_type) == (MP3, VTT, CHAPTERS)
    assert captions.body.startswith(b"WEBVTT - Small, forty seconds, voice hum\n\n")
    marks = json.loads(chapters.body)
    assert marks["version"] == "1.2.0" and [mark["title"] for mark in marks["chapters"]] == ["Beginning", "End"]
    assert marks["chapters"][0]["startTime"] == 0
    cover = named["fur-zoe.jpg"].body
    assert isinstance(cover, FileSlice) and cover.length == len(JPEG)


def test_only_files_whose_name_changes_with_every_byte_are_immutable(
    folder: Path, shared_store: Store, tmp_path: Path
) -> None:
    items = table(folder, shared_store, tmp_path)
    assert {name.rpartition(".")[2] for name, item in items.items() if item.immutable} == {"mp3", "jpg"}
    assert len({item.etag for item in items.values()}) == len(items)
    assert all(re.fullmatch('"[!#-~]+"', item.etag) for item in items.values())


def test_a_rebuilt_session_has_other_names(shared_store: Store, tmp_path: Path) -> None:
    add(tmp_path, "a.mp3", 40, shared_store)
    before = table(tmp_path, shared_store, tmp_path / "built")
    add(tmp_path, "a.mp3", 41, shared_store)
    after = table(tmp_path, shared_store, tmp_path / "built")

    assert {name for name in before.keys() & after.keys() if name.startswith("a-")} == set()


def test_without_a_base_url_there_is_no_feed(folder: Path, shared_store: Store, tmp_path: Path) -> None:
    assert FEED not in table(folder, shared_store, tmp_path, base_url="")


def test_why_a_grounding_is_missing_is_reported_once(folder: Path, shared_store: Store, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in ("b.mp3", "gone.mp3"):
        (tmp_path / "elsewhere" / name).write_bytes((folder / name).read_bytes())
    warnings: list[str] = []
    groundings = Groundings(tmp_path, shared_store, tmp_path / "elsewhere", warnings.append)
    for _ in range(2):
        groundings.build(Catalogue(tmp_path / "elsewhere").scan())

    assert len(warnings) >= 1 and len(set(warnings)) == len(warnings)
    assert all("the page offers no grounding" in warning for warning in warnings)
    assert list(groundings.tracks.values()) == [None, None]


@pytest.mark.parametrize("error", [RuntimeError("no such phoneme"), AssertionError("odd")])
def test_an_unexpected_error_of_a_grounding_is_reported_once_and_not_retried(
    folder: Path, shared_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried: list[object] = []

    def fail(*arguments: object) -> None:
        tried.append(arguments)
        raise error

    monkeypatch.setattr("audioguide.session.build.write", fail)
    warnings: list[str] = []
    groundings = Groundings(tmp_path, shared_store, folder, warnings.append)
    session_files = Catalogue(folder).scan()
    for _ in range(2):
        groundings.build(session_files)

    assert set(groundings.tracks.values()) == {None} and len(groundings.tracks) == len(tried) == len(session_files)
    (warning,) = [warning for warning in warnings if type(error).__name__ in warning]
    assert str(error) in warning and "the page offers no grounding" in warning


@pytest.mark.parametrize("name", ["a\0b", "../small", "/etc", "hum", "\ud800", "x" * 5000])
def test_page_and_feed_can_be_made_for_every_manifest(tmp_path: Path, shared_store: Store, name: str) -> None:
    path = add(tmp_path, "a.mp3", 40, shared_store)
    data = path.read_bytes()
    size = tag_size(data)
    manifest = from_bytes(private_frame(data[:size], OWNER) or b"")
    assert manifest
    odd = replace(
        manifest,
        title=f"</script>{name}\n\n-->",
        practice=name,
        voice={"name": name},
        language=f"<{name}>",
        options={"settings": {name: name}, "pace_wpm": float("inf"), "ending": name},
        timeline=replace(manifest.timeline, chapters=(Placed(5, name), Placed(1, "]]>"), Placed(1 << 30, "late"))),
    )
    tag = id3(About("t", "a", "en"), (), manifest.timeline.total, (OWNER, to_bytes(odd)))
    path.write_bytes(tag + data[size:])
    items = table(tmp_path, shared_store, tmp_path)

    feed, page = items[FEED].body, items[PAGE].body
    assert isinstance(feed, bytes) and isinstance(page, bytes)
    assert len(fromstring(feed).findall("channel/item")) == 1
    assert b"</script>" + name.encode(errors="replace")[:5] not in page


@given(st.text(max_size=100))
def test_a_slug_needs_no_escape_and_contains_no_path(stem: str) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug(stem)) and len(slug(stem)) <= 60
