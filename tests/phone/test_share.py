"""The server with a friendly phone: headers, parts of files, what changes in the folder, and its end."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest
from support.phone import JPEG, TOKEN, InThread, Running, add, everything, running, with_cover

from audioguide.cli.main import run
from audioguide.core.errors import InputError
from audioguide.phone.address import LOOPBACK, Place, listen, outgoing, private_address, qr
from audioguide.phone.catalogue import Slice
from audioguide.phone.connection import Connection, Limits
from audioguide.phone.server import HEADERS, ON_LOOPBACK, PhoneApp, _modified
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.store import Store

PATIENCE_S = 20
HOUR_S = 3600
YEAR_10000 = 253_402_300_800


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Path:
    place = tmp_path_factory.mktemp("sessions")
    with_cover(add(place, "a.mp3", 60, shared_store), None)
    with_cover(add(place, "b.mp3", 40, shared_store))
    with_cover(add(place, "long.mp3", HOUR_S, shared_store), None)
    return place


@pytest.fixture(scope="module")
def phone(folder: Path, shared_store: Store) -> Iterator[InThread]:
    with running(folder, shared_store) as server:
        server.ask()
        yield server


def names(phone: Running) -> list[str]:
    """Return the relative addresses in the feed, and those that every page has."""
    found = re.findall(rf'"http://{re.escape(phone.host)}/{phone.token}/([^"]+)"', phone.ask("feed.xml").body.decode())
    return ["", "feed.xml", *sorted(set(found) - {"feed.xml"})]


def audio(phone: Running, stem: str = "a") -> str:
    return next(name for name in names(phone) if name.startswith(f"{stem}-") and name.endswith(".mp3"))


# --- what is answered ---


def test_every_answer_has_the_headers_that_keep_it_apart(phone: InThread) -> None:
    answers = [phone.ask(name) for name in names(phone)]
    answers += [phone.ask("nothing"), phone.ask(method="POST"), phone.ask(headers={"Host": "evil.example"})]
    answers += [phone.ask(audio(phone), {"Range": range_}) for range_ in ("bytes=0-1", "bytes=99999999-")]
    answers += [phone.ask(audio(phone), {"If-None-Match": "*"}), phone.ask(headers={"Transfer-Encoding": "chunked"})]

    assert {answer.status for answer in answers} == {200, 206, 304, 400, 404, 405, 416, 421}
    everywhere = HEADERS | ON_LOOPBACK
    for answer in answers:
        assert {key: answer.headers.get(key.lower()) for key in everywhere} == everywhere
        assert "server" not in answer.headers and "cache-control" in answer.headers
    raw = phone.raw(b"nonsense\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 400 ") and b"content-security-policy: default-src 'none'" in raw.lower()


def test_on_a_home_network_no_header_is_sent_that_browsers_only_complain_of() -> None:
    app = PhoneApp(TOKEN, Place(ip_address("192.168.1.9"), 8000), dict)
    assert app.headers == HEADERS and "Cross-Origin-Opener-Policy" not in HEADERS


def test_what_stands_there_is_the_very_files(phone: Running, folder: Path) -> None:
    assert phone.ask(audio(phone)).body == (folder / "a.mp3").read_bytes()
    cover = phone.ask(next(name for name in names(phone) if name.endswith(".jpg")))
    assert (cover.body, cover.headers["content-type"]) == (JPEG, "image/jpeg")
    assert phone.ask("index.html").body == phone.ask().body
    assert phone.ask("feed.xml").headers["content-type"].startswith("application/rss+xml")


def test_head_is_get_without_a_body(phone: InThread) -> None:
    for name in [*names(phone), "nothing"]:
        get, head = phone.ask(name), phone.ask(name, method="HEAD")
        assert head.body == b"" and head.status == get.status
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
        assert int(get.headers["content-length"]) == len(get.body)
    assert phone.ask(audio(phone), {"Range": "bytes=0-1"}, "HEAD").status == 200


def test_parts_are_answered_as_players_need_them(phone: Running, folder: Path) -> None:
    whole, name = (folder / "a.mp3").read_bytes(), audio(phone)
    size = len(whole)
    for asked, start, end in (("0-1", 0, 2), (f"{size - 1}-", size - 1, size), ("-500", size - 500, size)):
        answer = phone.ask(name, {"Range": f"bytes={asked}"})
        assert (answer.status, answer.body) == (206, whole[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer.headers["content-type"] == "audio/mpeg"
    beyond = phone.ask(name, {"Range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["content-range"], beyond.body) == (416, f"bytes */{size}", b"")


def test_what_a_phone_has_is_not_sent_again(phone: InThread) -> None:
    for name in names(phone):
        first = phone.ask(name)
        again = phone.ask(name, {"If-None-Match": first.headers["etag"]})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
        lasting = "immutable" in first.headers["cache-control"]
        assert lasting == name.endswith((".mp3", ".jpg")) and lasting != ("no-cache" in first.headers["cache-control"])
    first = phone.ask(audio(phone))
    assert phone.ask(audio(phone), {"If-Modified-Since": first.headers["last-modified"]}).status == 304
    part = {"Range": "bytes=5-9"}
    for condition, status in ((first.headers["etag"], 206), (first.headers["last-modified"], 206), ('"other"', 200)):
        assert phone.ask(audio(phone), {**part, "If-Range": condition}).status == status


def test_a_file_of_a_time_that_no_calendar_holds_is_sent_without_that_time(tmp_path: Path, shared_store: Store) -> None:
    path = add(tmp_path, "a.mp3", 40, shared_store)
    with suppress(OSError, OverflowError):
        os.utime(path, (YEAR_10000, YEAR_10000))
    if path.stat().st_mtime < YEAR_10000:
        pytest.skip("the files of this computer know no such time")
    with running(tmp_path, shared_store) as phone:
        answer = phone.ask(audio(phone))
        again = phone.ask(audio(phone), {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"})
    assert (answer.status, again.status) == (200, 200)
    assert "last-modified" not in answer.headers and answer.body == path.read_bytes()


@pytest.mark.parametrize("mtime_s", [YEAR_10000, -(10**12), 10**20, -(10**20)])
def test_no_time_of_a_file_is_a_reason_to_fail(mtime_s: int) -> None:
    assert _modified(Slice(Path("a.mp3"), FileStamp(1, mtime_s * 10**9, 1), 0, 1)) is None


def test_small_answers_are_not_held_back(phone: InThread) -> None:
    name, begun = audio(phone), time.monotonic()
    connection = http.client.HTTPConnection(phone.host, timeout=PATIENCE_S)
    for _ in range(50):  # with Nagle's algorithm each would wait 40 ms for the other side's acknowledgement
        connection.request("GET", f"/{TOKEN}/{name}", headers={"Range": "bytes=0-1"})
        assert connection.getresponse().read() == b"ID"
    connection.close()
    assert time.monotonic() - begun < 1


def test_a_forgotten_slash_leads_to_the_page(phone: InThread) -> None:
    answer = phone.raw(f"GET /{TOKEN} HTTP/1.1\r\nHost: {phone.host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 308 ") and f"location: /{TOKEN}/\r\n".encode() in answer


# --- what changes in the folder ---


def test_a_new_session_appears_at_the_next_load_and_its_grounding_soon_after(
    tmp_path: Path, shared_store: Store
) -> None:
    add(tmp_path, "a.mp3", 60, shared_store)
    with running(tmp_path, shared_store) as phone:
        assert b"evening.mp3" not in phone.ask().body
        add(tmp_path, "evening.mp3", 70, shared_store, ending="sleep")
        assert b"evening.mp3" in phone.ask().body
        deadline = time.monotonic() + PATIENCE_S
        while phone.ask().body.count(b"grounding-") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        found = re.findall(rb"grounding-[0-9a-f]{8}[.]mp3", phone.ask().body)
        assert len(set(found)) == 2
        assert all(phone.ask(name.decode()).status == 200 for name in found)
        assert phone.told == []


def test_of_a_session_that_was_built_again_no_phone_gets_a_mixture(tmp_path: Path, shared_store: Store) -> None:
    add(tmp_path, "a.mp3", 60, shared_store)
    with running(tmp_path, shared_store) as phone:
        old, first = audio(phone), phone.ask(audio(phone))
        add(tmp_path, "a.mp3", 70, shared_store)
        for headers in ({}, {"Range": "bytes=1000-"}, {"Range": "bytes=1000-", "If-Range": first.headers["etag"]}):
            assert phone.ask(old, headers).status == 404
        phone.ask()
        assert phone.ask(old).status == 404
        assert phone.ask(audio(phone)).body == (tmp_path / "a.mp3").read_bytes()


def test_an_answer_goes_on_with_the_file_with_which_it_began(tmp_path: Path, shared_store: Store) -> None:
    whole = add(tmp_path, "long.mp3", HOUR_S, shared_store).read_bytes()
    with running(tmp_path, shared_store) as phone:
        name = audio(phone, "long")
        request = f"GET /{TOKEN}/{name} HTTP/1.1\r\nHost: {phone.host}\r\nConnection: close\r\n\r\n".encode()
        with phone.connect() as client:
            client.sendall(request)
            begun = client.recv(1000)
            (tmp_path / "new").write_bytes(bytes(len(whole)))
            (tmp_path / "new").replace(tmp_path / "long.mp3")
            body = (begun + everything(client)).partition(b"\r\n\r\n")[2]
        assert body == whole


def test_a_file_that_is_written_over_in_its_place_ends_the_answer(tmp_path: Path, shared_store: Store) -> None:
    size = add(tmp_path, "long.mp3", HOUR_S, shared_store).stat().st_size
    with running(tmp_path, shared_store) as phone:
        name = audio(phone, "long")
        with phone.connect() as client:
            client.sendall(f"GET /{TOKEN}/{name} HTTP/1.1\r\nHost: {phone.host}\r\n\r\n".encode())
            client.recv(1000)
            with (tmp_path / "long.mp3").open("r+b") as file:
                file.seek(size // 2)
                file.write(bytes([1]) * (size - size // 2))
            rest = everything(client)
        assert len(rest) < size and bytes([1]) * 1000 not in rest


def test_a_folder_that_goes_and_comes_is_no_reason_to_stop(tmp_path: Path, shared_store: Store) -> None:
    place = tmp_path / "sessions"
    place.mkdir()
    add(place, "a.mp3", 60, shared_store)
    with running(place, shared_store) as phone:
        name = audio(phone)
        place.rename(tmp_path / "away")
        assert phone.ask().status == 200 and phone.ask(name).status == 404
        (tmp_path / "away").rename(place)
        phone.ask()
        assert phone.ask(name).status == 200


# --- where it listens ---


def has_ipv6() -> bool:
    try:
        listen(ip_address("::1"), 0)[0].close()
    except (InputError, OSError):
        return False
    return True


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        (["192.168.1.9", "fd00::1"], "192.168.1.9"),
        (["10.1.2.3"], "10.1.2.3"),
        (["172.31.0.1"], "172.31.0.1"),
        (["93.184.216.34", "fd12:3456::1"], "fd12:3456::1"),
    ],
)
def test_the_first_private_address_is_taken(found: list[str], chosen: str) -> None:
    assert str(private_address(map(ip_address, found))) == chosen


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (["93.184.216.34", "2606:2800:220:1::1"], "open on the Internet .93.184.216.34."),
        (["100.64.0.1"], "open on the Internet"),
        (["127.0.0.1"], "open on the Internet|on no network"),
        ([], "on no network"),
    ],
)
def test_a_public_address_is_refused(found: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        private_address(map(ip_address, found))


def test_a_place_has_one_host_and_on_loopback_a_name() -> None:
    assert Place(ip_address("192.168.1.9"), 8000).hosts() == {"192.168.1.9:8000"}
    assert Place(ip_address("fd00::2"), 8000).hosts() == {"[fd00::2]:8000"}
    assert Place(ip_address("10.0.0.1"), 80).hosts() == {"10.0.0.1"}
    assert Place(LOOPBACK, 8000).hosts() == {"127.0.0.1:8000", "localhost:8000"}


def test_it_listens_at_one_address_only(phone: InThread) -> None:
    elsewhere = [address for address in outgoing() if not address.is_loopback]
    for address in [*elsewhere, ip_address("127.0.0.2")]:
        with pytest.raises(OSError):
            http.client.HTTPConnection(str(address), phone.port, timeout=2).connect()


@pytest.mark.skipif(not has_ipv6(), reason="this computer has no IPv6")
def test_it_listens_on_ipv6_too(folder: Path, shared_store: Store) -> None:
    with running(folder, shared_store, address=ip_address("::1")) as phone:
        assert phone.host == f"[::1]:{phone.port}" and phone.ask().status == 200
        assert phone.ask(headers={"Host": f"127.0.0.1:{phone.port}"}).status == 421


def test_a_port_that_is_taken_is_told() -> None:
    listener, place = listen(LOOPBACK, 0)
    with listener, pytest.raises(InputError, match=f"port {place.port} of 127.0.0.1 cannot be used"):
        listen(LOOPBACK, place.port)


def test_the_code_is_drawn_in_half_blocks_and_colours_only_where_they_may_be() -> None:
    url = f"http://192.168.178.123:54321/{TOKEN}/"
    plain, coloured = qr(url, coloured=False), qr(url, coloured=True)
    assert set(plain) <= set("█▀▄ \n") and len(plain.splitlines()[0]) <= 40
    assert re.sub("\033\\[[0-9;]*m", "", coloured) == plain


# --- its end ---


def test_it_ends_by_itself_when_nobody_asks_and_not_while_somebody_does(tmp_path: Path, shared_store: Store) -> None:
    with running(tmp_path, shared_store, idle_s=1.0) as phone:
        for _ in range(4):
            time.sleep(0.4)
            assert phone.ask().status == 200
        begun = time.monotonic()
        phone.thread.join(PATIENCE_S)
        assert 0.7 < time.monotonic() - begun < 3


@pytest.fixture
def command(folder: Path, tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """`audioguide share` on loopback in a process of its own."""
    words = [sys.executable, "-m", "audioguide.cli.main", "share", str(folder), "--local", "--cache", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_within_a_second_though_phones_are_streaming(command: "subprocess.Popen[str]") -> None:
    assert command.stdout
    url = command.stdout.readline().strip()
    _, _, host, token, _ = url.split("/")
    phone = Running(host, token)
    name = audio(phone, "long")
    with phone.crowd(12) as clients:
        for client in clients:
            client.sendall(f"GET /{token}/{name} HTTP/1.1\r\nHost: {phone.host}\r\n\r\n".encode())
            client.recv(1000)
        begun = time.monotonic()
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=PATIENCE_S)
        took_s = time.monotonic() - begun

    assert command.returncode == 0 and took_s < 1
    assert out == "" and err.splitlines()[-1] == "ended; nothing is shared any more"
    assert token not in err and "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ended_where_ctrl_c_is_ignored_it_does_not_say_that_nobody_asked(folder: Path, tmp_path: Path) -> None:
    ignoring = "import signal, runpy; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    ignoring += "runpy.run_module('audioguide.cli.main', run_name='__main__', alter_sys=True)"  # as a script's "&" does
    words = [sys.executable, "-c", ignoring, "share", str(folder), "--local", "--cache", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        _, _, host, token, _ = url.split("/")
        assert Running(host, token).ask().status == 200  # it serves, so uvicorn listens to signals
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0 and "nobody asked" not in err
    assert err.splitlines()[-1] == "ended; nothing is shared any more"


def test_two_runs_have_two_tokens_of_128_bits(
    command: "subprocess.Popen[str]", folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.stdout
    one = command.stdout.readline().strip()
    assert run(["share", str(folder), "--local", "--idle", "0.5s", "--cache", str(tmp_path)]) == 0
    out, err = capsys.readouterr()

    tokens = [url.split("/")[3] for url in (one, out.strip())]
    assert len(set(tokens)) == 2 and all(re.fullmatch("[A-Za-z0-9_-]{22}", token) for token in tokens)
    assert "nobody asked for anything for 0.5s" in err and "\033" not in out + err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("colour", ["", "1"])
def test_a_terminal_shows_the_code_that_leads_to_the_url(folder: Path, shared_store: Store, colour: str) -> None:
    import pty

    words = [sys.executable, "-m", "audioguide.cli.main", "share", str(folder), "--idle", "0.2s"]
    words += ["--cache", str(shared_store.folder)]
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **({"NO_COLOR": colour} if colour else {})}
    with subprocess.Popen(words, stdout=slave, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stderr
        err = process.stderr.read().decode()
    os.close(slave)
    with os.fdopen(master, "rb", buffering=0) as terminal:
        shown = terminal.read(1 << 20).decode().replace("\r\n", "\n")
    if "no network" in err or "open on the Internet" in err:
        assert process.returncode == 1 and shown == ""
        return
    url, _, code = shown.partition("\n")
    assert code.strip("\n") == qr(url, coloured=not colour)
    assert "guest" in err and "firewall" in err and "Do Not Disturb" in err and "trim silence" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("share nowhere --local", "there is no folder nowhere; name the folder where your sessions are, or build one"),
        ("share --local", "there is no folder output; build a session first: audioguide build 20"),
        ("share a-file --local", "a-file is no folder; name the folder where your sessions are\n"),
        ("share --local --idle soon", "'soon' is not a length"),
    ],
)
def test_what_cannot_be_shared_is_told_in_a_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: str, words: str
) -> None:
    (workplace / "a-file").write_text("")
    assert run(arguments.split()) == 1
    out, err = capsys.readouterr()
    assert out == "" and words in err and len(err.splitlines()) == 1


# --- connections ---


class Impatient(Connection):
    limits = Limits(request_s=0.5, stall_s=1.0, connections=10)


def test_who_sends_no_whole_request_in_time_is_cut_off(tmp_path: Path, shared_store: Store) -> None:
    with running(tmp_path, shared_store, connection=Impatient) as phone:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: x", f"GET /{TOKEN}/ HTTP/1.1\r\nHost: {phone.host}\r\n".encode()):
            start = time.monotonic()
            assert phone.raw(begun) == b""
            assert 0.3 < time.monotonic() - start < 3
        with phone.connect() as client:  # a sign now and then is no request
            start = time.monotonic()
            for sign in b"GET / HTTP/1.1\r\nX: " + b"x" * 200:
                try:
                    client.sendall(bytes([sign]))
                except OSError:
                    break
                time.sleep(0.05)
            assert time.monotonic() - start < 3


def test_who_takes_nothing_of_an_answer_is_cut_off(folder: Path, shared_store: Store) -> None:
    with running(folder, shared_store, connection=Impatient) as phone:
        with phone.connect() as client:
            client.sendall(f"GET /{TOKEN}/{audio(phone, 'long')} HTTP/1.1\r\nHost: {phone.host}\r\n\r\n".encode())
            time.sleep(0.3)
            assert len(phone.server.server_state.connections) == 1
            deadline = time.monotonic() + PATIENCE_S
            while phone.server.server_state.connections and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not phone.server.server_state.connections
        assert phone.ask().status == 200


def test_beyond_the_limit_a_newcomer_takes_the_place_of_who_only_waits(folder: Path, shared_store: Store) -> None:
    class Patient(Connection):
        limits = Limits(connections=10)

    with running(folder, shared_store, connection=Patient) as phone, phone.crowd(25):
        name, begun = audio(phone, "long"), list[bytes]()
        assert phone.ask().status == 200
        assert len(phone.server.server_state.connections) <= 11
        with ExitStack() as busy:
            for _ in range(11):
                client = busy.enter_context(phone.connect())
                client.sendall(f"GET /{TOKEN}/{name} HTTP/1.1\r\nHost: {phone.host}\r\n\r\n".encode())
                begun.append(client.recv(1000)[:12])
            assert begun[:10] == [b"HTTP/1.1 200"] * 10
            full = phone.ask()
            assert full.status == 503
            assert full.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_a_phone_that_goes_away_leaves_nothing_behind(folder: Path, shared_store: Store) -> None:
    with running(folder, shared_store) as phone:
        for _ in range(20):
            with phone.connect() as client:
                client.sendall(f"GET /{TOKEN}/{audio(phone, 'long')} HTTP/1.1\r\nHost: {phone.host}\r\n\r\n".encode())
                client.recv(100)
        deadline = time.monotonic() + PATIENCE_S
        state = phone.server.server_state
        while (state.connections or state.tasks) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not state.connections and not state.tasks
        if Path("/proc/self/fd").exists():
            held = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.exists()]
            assert not [path for path in held if path.name == "long.mp3"]
