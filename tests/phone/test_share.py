"""`audioguide share`: the files of a folder, what changes in it, and the command from start to end."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.phone import JPEG, Shared, add, share_command, sharing, with_cover
from support.web import PATIENCE_S, TOKEN, Running, wait_for

from audioguide.cli.main import run
from audioguide.phone.qr_code import qr_code
from audioguide.storage.store import Store

HOUR_S = 3600


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    with_cover(add(folder, "a.mp3", 60, shared_store), None)
    with_cover(add(folder, "b.mp3", 40, shared_store))
    with_cover(add(folder, "long.mp3", HOUR_S, shared_store), None)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path, shared_store: Store) -> Iterator[Shared]:
    with sharing(folder, shared_store) as server:
        server.get()
        yield server


def names(server: Running) -> list[str]:
    """Return the page, the feed, and the names in the feed."""
    feed = server.get("feed.xml").body.decode()
    found = re.findall(rf'"http://{re.escape(server.host)}/{server.token}/([^"]+)"', feed)
    return ["", "feed.xml", *sorted(set(found) - {"feed.xml"})]


def audio(server: Running, stem: str = "a") -> str:
    return next(name for name in names(server) if name.startswith(f"{stem}-") and name.endswith(".mp3"))


# --- the files ---


def test_files_are_served_byte_for_byte(server: Shared, folder: Path) -> None:
    assert server.get(audio(server)).body == (folder / "a.mp3").read_bytes()
    cover = server.get(next(name for name in names(server) if name.endswith(".jpg")))
    assert (cover.body, cover.headers["content-type"]) == (JPEG, "image/jpeg")
    assert server.get("index.html").body == server.get().body
    assert server.get("feed.xml").headers["content-type"].startswith("application/rss+xml")


def test_head_is_get_without_a_body(server: Shared) -> None:
    for name in names(server):
        get, head = server.get(name), server.get(name, method="HEAD")
        assert head.body == b"" and head.status == get.status == 200
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_only_sessions_and_covers_may_be_kept_without_asking(server: Shared) -> None:
    for name in names(server):
        first = server.get(name)
        assert server.get(name, {"If-None-Match": first.headers["etag"]}).status == 304
        assert ("immutable" in first.headers["cache-control"]) == name.endswith((".mp3", ".jpg"))
        assert ("no-cache" in first.headers["cache-control"]) != name.endswith((".mp3", ".jpg"))


# --- what changes in the folder ---


def test_a_new_session_appears_at_the_next_load_and_its_grounding_later(tmp_path: Path, shared_store: Store) -> None:
    add(tmp_path, "a.mp3", 60, shared_store)
    with sharing(tmp_path, shared_store) as server:
        assert b"evening.mp3" not in server.get().body
        add(tmp_path, "evening.mp3", 70, shared_store, ending="sleep")
        assert b"evening.mp3" in server.get().body
        wait_for(lambda: server.get().body.count(b"grounding-") == 2, "the new grounding is on the page")
        found = re.findall(rb"grounding-[0-9a-f]{8}[.]mp3", server.get().body)
        assert len(set(found)) == 2
        assert all(server.get(name.decode()).status == 200 for name in found)
        assert server.warnings == []


def test_a_session_that_was_rebuilt_has_another_name(tmp_path: Path, shared_store: Store) -> None:
    add(tmp_path, "a.mp3", 60, shared_store)
    with sharing(tmp_path, shared_store) as server:
        old, first = audio(server), server.get(audio(server))
        add(tmp_path, "a.mp3", 70, shared_store)
        for headers in ({}, {"Range": "bytes=1000-"}, {"Range": "bytes=1000-", "If-Range": first.headers["etag"]}):
            assert server.get(old, headers).status == 404
        server.get()
        assert server.get(old).status == 404
        assert server.get(audio(server)).body == (tmp_path / "a.mp3").read_bytes()


def test_a_folder_may_go_away_and_come_back(tmp_path: Path, shared_store: Store) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    add(folder, "a.mp3", 60, shared_store)
    with sharing(folder, shared_store) as server:
        name = audio(server)
        folder.rename(tmp_path / "away")
        assert server.get().status == 200 and server.get(name).status == 404
        (tmp_path / "away").rename(folder)
        server.get()
        assert server.get(name).status == 200


# --- the command ---


def start(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def started(command: "subprocess.Popen[str]") -> Running:
    """Return the server of a command that has printed its URL."""
    assert command.stdout
    _, _, host, token, _ = command.stdout.readline().split("/")
    return Running(host, token)


@pytest.fixture
def command(folder: Path, tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """`audioguide share` on loopback in a process of its own."""
    process = start(share_command(folder, tmp_path, "--local"))
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_though_phones_are_streaming(command: "subprocess.Popen[str]") -> None:
    """It does not wait for the phones, which accept nothing: that would take longer than communicate() waits."""
    server = started(command)
    request = server.request(audio(server, "long"))
    with server.crowd(12) as clients:
        for client in clients:
            client.sendall(request)
            client.recv(1000)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=PATIENCE_S)

    assert command.returncode == 0
    assert out == "" and err.splitlines()[-1] == "stopped; nothing is shared any more"
    assert server.token not in err and "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_where_ctrl_c_is_ignored_the_signal_ends_it_too(folder: Path, tmp_path: Path) -> None:
    with start(share_command(folder, tmp_path, "--local", handler="SIG_IGN")) as process:  # as after "&" in a script
        assert started(process).get().status == 200  # it serves, so uvicorn handles signals
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0 and "no request" not in err
    assert err.splitlines()[-1] == "stopped; nothing is shared any more"


def test_each_run_has_a_new_token_of_128_bits(
    command: "subprocess.Popen[str]", folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = started(command).token
    assert run(["share", str(folder), "--local", "--idle", "0.5s", "--cache", str(tmp_path)]) == 0
    out, err = capsys.readouterr()

    tokens = [first, out.strip().split("/")[3]]
    assert len(set(tokens)) == 2 and all(re.fullmatch("[A-Za-z0-9_-]{22}", token) for token in tokens)
    assert "no requests for 0.5s" in err and "\033" not in out + err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("no_colour", ["", "1"])
def test_a_terminal_shows_a_qr_code_of_the_url(folder: Path, shared_store: Store, no_colour: str) -> None:
    import pty

    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"this computer has no pseudo-terminals: {error}")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": no_colour}
    if not no_colour:
        del environment["NO_COLOR"]
    command = share_command(folder, shared_store.folder, "--idle", "0.2s")
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stderr
        err = process.stderr.read().decode()
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(1 << 20).decode().replace("\r\n", "\n")
    if "not connected to a network" in err or "is not private" in err:
        assert process.returncode == 1 and shown == ""
        return
    url, _, code = shown.partition("\n")
    assert code.strip("\n") == qr_code(url, coloured=not no_colour)
    assert "guest" in err and "firewall" in err and "Do Not Disturb" in err and "trim silence" in err


def test_the_qr_code_is_drawn_in_half_blocks_with_or_without_colours() -> None:
    url = f"http://192.168.178.123:54321/{TOKEN}/"
    plain, coloured = qr_code(url, coloured=False), qr_code(url, coloured=True)
    assert set(plain) <= set("█▀▄ \n") and len(plain.splitlines()[0]) <= 40
    assert re.sub("\033\\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("share nowhere --local", "there is no folder nowhere; name the folder where your sessions are, or build one"),
        ("share --local", "there is no folder output; build a session first: audioguide build 20"),
        ("share a-file --local", "a-file is not a folder; name the folder where your sessions are\n"),
        ("share --local --idle soon", "'soon' is not a length"),
    ],
)
def test_what_cannot_be_shared_is_reported_in_one_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    (workplace / "a-file").write_text("")
    assert run(arguments.split()) == 1
    out, err = capsys.readouterr()
    assert out == "" and message in err and len(err.splitlines()) == 1
