"""Publishing into a folder: complete files, only its own files, and clear errors."""

import json
import re
from pathlib import Path

import feedparser
import pytest
from support import feed_rules
from support.phone import add, with_cover

from audioguide.cli.main import run
from audioguide.core.errors import InputError
from audioguide.phone.publish import LIST, Published, publish, read_base_url
from audioguide.storage.store import Store

BASE = "https://example.org/calm/"


@pytest.fixture
def folder(tmp_path: Path, shared_store: Store) -> Path:
    folder = tmp_path / "sessions"
    folder.mkdir()
    with_cover(add(folder, "b.mp3", 40, shared_store))
    add(folder, "a.mp3", 60, shared_store)
    return folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "site"


def published(folder: Path, to: Path, store: Store, base_url: str = BASE) -> Published:
    warnings: list[str] = []
    done = publish(folder, to, base_url, store, warnings.append)
    assert warnings == []
    return done


def names(to: Path) -> set[str]:
    return {path.name for path in to.iterdir()}


def test_the_whole_site_is_written_and_the_feed_matches_the_files(folder: Path, to: Path, shared_store: Store) -> None:
    done = published(folder, to, shared_store)
    text = (to / "feed.xml").read_text(encoding="utf-8")
    feed = feedparser.parse(text)

    assert (done.sessions, done.has_feed, done.removed) == (2, True, 0)
    assert done.files == done.written == len(names(to) - {LIST})
    assert feed_rules.violations(text) == []
    assert [entry.title for entry in feed.entries] == [
        "Small, forty seconds, voice hum",
        "Small, one minute, voice hum",
    ]
    for entry, session in zip(feed.entries, ("b.mp3", "a.mp3"), strict=True):
        link = entry.enclosures[0]
        written = to / link.href.removeprefix(BASE)
        assert written.read_bytes() == (folder / session).read_bytes()
        assert int(link.length) == written.stat().st_size
        assert (to / entry.podcast_chapters["url"].removeprefix(BASE)).is_file()
        assert (to / entry.podcast_transcript["url"].removeprefix(BASE)).read_text().startswith("WEBVTT")


def test_the_page_contains_relative_urls_only(folder: Path, to: Path, shared_store: Store) -> None:
    published(folder, to, shared_store, base_url="")
    page = (to / "index.html").read_text(encoding="utf-8")

    assert "feed.xml" not in names(to)
    named = set(re.findall(r"[a-z0-9-]+-[0-9a-f]{8}[.](?:mp3|jpg|vtt)", page))
    assert len([name for name in named if name.endswith(".mp3")]) == 3 and named <= names(to)
    assert str(folder) not in page and "://" not in re.sub(r"http://www\.w3\.org/\S+", "", page)


def test_a_second_time_it_removes_only_files_that_it_wrote(folder: Path, to: Path, shared_store: Store) -> None:
    published(folder, to, shared_store)
    (to / "CNAME").write_text("example.org")
    (to / "photos").mkdir()
    (to / "mine-01234567.mp3").write_bytes(b"mine")
    before = names(to)
    immutable = {path: path.stat().st_mtime_ns for path in to.glob("*-*.mp3")}

    assert published(folder, to, shared_store).removed == 0
    assert {path: path.stat().st_mtime_ns for path in immutable} == immutable

    (folder / "a.mp3").unlink()
    add(folder, "b.mp3", 41, shared_store)
    done = published(folder, to, shared_store)
    gone = {name for name in before if re.match("[ab]-[0-9a-f]{8}", name)}

    assert done.removed == len(gone) >= 7
    assert names(to) >= {"CNAME", "photos", "mine-01234567.mp3"} and not names(to) & gone


def test_if_nothing_has_changed_it_writes_nothing(folder: Path, to: Path, shared_store: Store) -> None:
    first = published(folder, to, shared_store)
    before = {path: path.stat().st_mtime_ns for path in to.iterdir()}
    second = published(folder, to, shared_store)

    assert (first.written, second.written, second.removed) == (first.files, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in to.iterdir()} == before
    (to / "page.css").write_bytes(bytes((to / "page.css").stat().st_size))  # same size, other bytes
    assert published(folder, to, shared_store).written == 1


def test_a_file_that_publish_did_not_write_stops_it_before_any_change(
    folder: Path, to: Path, shared_store: Store
) -> None:
    to.mkdir()
    (to / "index.html").write_text("my page")
    with pytest.raises(InputError, match=r"index\.html exists, but publish did not write it"):
        published(folder, to, shared_store)
    assert names(to) == {"index.html"} and (to / "index.html").read_text() == "my page"


def test_a_manipulated_list_removes_nothing_elsewhere(folder: Path, to: Path, shared_store: Store) -> None:
    published(folder, to, shared_store)
    outside = folder.parent / "outside.txt"
    outside.write_text("mine")
    (to / "kept").mkdir()
    body = json.loads((to / LIST).read_text())
    for name in ("../outside.txt", str(outside), "..", ".", "kept", "kept/../../outside.txt", "", LIST, "a\0b.mp3"):
        body["files"].append(name)
    (to / LIST).write_text(json.dumps(body))

    published(folder, to, shared_store)
    assert outside.read_text() == "mine" and (to / "kept").is_dir()


def test_a_link_in_the_place_of_its_own_file_is_not_followed(folder: Path, to: Path, shared_store: Store) -> None:
    published(folder, to, shared_store)
    outside = folder.parent / "outside.html"
    outside.write_text("mine")
    (to / "index.html").unlink()
    (to / "index.html").symlink_to(outside)
    with pytest.raises(InputError, match="publish did not write it"):
        published(folder, to, shared_store)
    assert outside.read_text() == "mine"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 5}', "\xff", "[" * 100_000])
def test_a_damaged_list_is_an_error(folder: Path, to: Path, shared_store: Store, text: str) -> None:
    to.mkdir()
    (to / LIST).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="the list of files that publish wrote, cannot be read"):
        published(folder, to, shared_store)
    assert names(to) == {LIST}


def test_an_interrupted_publish_is_completed_by_the_next(folder: Path, to: Path, shared_store: Store) -> None:
    published(folder, to, shared_store)
    complete = {path.name: path.read_bytes() for path in to.iterdir()}
    (to / "index.html").unlink()
    audio = next(to.glob("a-*.mp3"))
    audio.write_bytes(b"half")
    published(folder, to, shared_store)

    assert {path.name: path.read_bytes() for path in to.iterdir()} == complete
    assert not list(to.glob(".*.part"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sessions --to sessions", "overlap; choose a separate folder"),
        ("sessions --to sessions/site", "overlap; choose a separate folder"),
        ("sessions --to .", "overlap; choose a separate folder"),
        ("sessions --to sessions/../sessions/", "overlap; choose a separate folder"),
        ("sessions --to a-file", "is not a folder"),
        ("sessions --to no/where", "there is no folder no; create it first"),
        ("nowhere --to site", "there is no folder nowhere; name the folder where your sessions are"),
        ("empty --to site", "where your sessions are, or build one there: audioguide build 20 --out empty"),
        ("a-file --to site", "a-file is not a folder; name the folder where your sessions are\n"),
        ("sessions --to site --base-url example.org", "is not the URL of a folder; write it like https://"),
    ],
)
def test_what_cannot_be_published_is_reported_in_one_line(
    workplace: Path, folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    (workplace / "a-file").write_text("")
    (workplace / "empty").mkdir()
    before = sorted(workplace.rglob("*"))

    assert run(["publish", *arguments.split()]) == 1
    out, err = capsys.readouterr()
    assert out == "" and message in err and len(err.splitlines()) == 1
    assert sorted(workplace.rglob("*")) == before


def test_a_file_that_cannot_be_written_is_named(
    workplace: Path, folder: Path, shared_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    published(folder, workplace / "site", shared_store)
    (workplace / "site" / "index.html").unlink()
    (workplace / "site" / "index.html").mkdir()
    assert run(["publish", "sessions", "--to", "site", "--cache", str(shared_store.folder)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "index.html cannot be written" in err and "--to SITE" in err and "--out" not in err


def test_the_command_reports_what_it_wrote_and_that_a_feed_needs_a_url(
    workplace: Path, folder: Path, shared_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = ["--cache", str(shared_store.folder)]
    assert run(["publish", "sessions", "--to", "site", *cache]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"site  2 sessions, \d+ files, \d+\.\d MB\n", out) and "no feed: it needs --base-url URL" in err

    assert run(["publish", "sessions", "--to", "site", "--base-url", "https://example.org/x", *cache]) == 0
    assert "no feed" not in capsys.readouterr().err
    assert (workplace / "site" / "feed.xml").is_file()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org", "https://example.org/"),
        ("http://192.168.1.2:8000/a/b/", "http://192.168.1.2:8000/a/b/"),
        ("https://example.org/~me/%20x", "https://example.org/~me/%20x/"),
    ],
)
def test_a_base_url_ends_in_a_slash(text: str, url: str) -> None:
    assert read_base_url(text) == url


INVALID_URLS = (
    "example.org", "ftp://example.org", "https://", "https:///x", "https://example.org/?x", "https://example.org/#x",
    "https://me:secret@example.org", "https://example.org:99999", "https://example.org:x", "https://exa mple.org",
    "javascript:alert(1)", 'https://example.org/"', "https://example.org/<x>", "https://münchen.de", "https://[::1",
    "https://example.org/\n", "//example.org", " https://example.org",
)  # fmt: skip


@pytest.mark.parametrize("text", INVALID_URLS)
def test_other_urls_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not the URL of a folder"):
        read_base_url(text)
