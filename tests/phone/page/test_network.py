"""The network fails and comes back, or there is none."""

from pathlib import Path

from support.browser import AUDIO, SILENCE, Open, at_place
from support.host import Host, Made

from audioguide.phone.publish import publish
from audioguide.storage.store import Store


def test_a_lost_connection_is_reported_and_playing_continues_when_it_is_back(
    opened: Open, host: Host, made: Made, tmp_path: Path
) -> None:
    host.files = made.bare(tmp_path / "bare")
    (audio,) = (name for name in host.files if name.endswith(".mp3"))
    host.bytes_per_s = 12_000  # 1.5 times the bit rate
    phone = opened()
    phone.offline = True
    phone.tap("primary")
    phone.until_plays(0.5)
    assert phone.text("wifi") == "Leave Wi-Fi on for now."
    host.stop()
    phone.until("document.getElementById('status').textContent.startsWith('The connection is gone')")
    assert phone.state == "playing"
    host.bytes_per_s = 0
    host.start()
    phone.until_plays(0.5)
    phone.until_downloaded()
    assert phone.text("status") == "Playing."
    assert [name for name, part, _ in host.requests if name == audio and part not in ("", "bytes=0-")]


def test_the_copy_on_the_phone_takes_over_where_the_stream_stops(opened: Open) -> None:
    phone = at_place(opened(), SILENCE)
    phone.until_downloaded()
    phone.eval(f"Object.defineProperty({AUDIO}, 'readyState', {{value: 2, configurable: true}})")
    phone.eval(f"{AUDIO}.dispatchEvent(new Event('waiting'))")
    phone.eval(f"delete {AUDIO}.readyState")
    phone.until_plays(SILENCE)
    assert phone.src.startswith("blob:")
    played_s, passed_s = phone.eval(
        f"[{AUDIO}.currentTime - seen.jumped[0], (performance.now() - seen.jumped[1]) / 1000]"
    )
    assert 0 <= played_s <= passed_s + 0.5


def test_as_plain_files_it_plays_without_a_server(
    opened: Open, made: Made, tmp_path: Path, shared_store: Store
) -> None:
    publish(made.folder, tmp_path / "site", "", shared_store, print)
    phone = opened(f"{(tmp_path / 'site/index.html').as_uri()}#{made.english.id}", own=tmp_path.as_uri())
    phone.tap("primary")
    phone.until_plays(0.5)
    assert phone.text("wifi") == "All on this phone. Wi-Fi may go."
    phone.jump(SILENCE)
    phone.until_plays(SILENCE)
    phone.tap("secondary")
    assert made.track.lines[0][0] - phone.until_begun() < 0.5
    phone.tap("primary")
    phone.until_plays(SILENCE - 3)


def test_a_file_that_cannot_be_played_is_paused_and_not_retried_forever(opened: Open) -> None:
    phone = at_place(opened(), SILENCE)
    phone.until_downloaded()
    phone.tap("primary")
    phone.tap("primary")  # now it plays from the copy on the phone
    phone.until_plays(SILENCE)
    phone.eval(f"Object.defineProperty({AUDIO}, 'error', {{value: {{message: 'broken'}}, configurable: true}})")
    phone.eval(f"Object.defineProperty({AUDIO}, 'readyState', {{value: 0, configurable: true}})")
    phone.eval(f"{AUDIO}.dispatchEvent(new Event('error'))")
    assert phone.state == "paused"
    phone.eval(f"delete {AUDIO}.readyState, delete {AUDIO}.error")
    phone.tap("primary")
    phone.until_plays(SILENCE)


def test_a_download_that_was_cut_off_continues_where_it_stopped(opened: Open) -> None:
    requested, before, after = opened().eval("""(async () => {
        const [real, requested] = [window.fetch, []];
        const cut = () => new ReadableStream({
            start(to) { to.enqueue(new Uint8Array(6)); }, pull(to) { to.error(new TypeError("cut off")); },
        });
        window.fetch = async (_, {headers}) => {
            requested.push(headers.Range ?? "");
            return headers.Range ? new Response(new Uint8Array(4), {status: 206}) : new Response(cut());
        };
        const file = new Download("any", 10, () => {});
        await file.start();
        const before = file.url;
        dispatchEvent(new Event("online"));
        for (let left = 300; left && !file.url; left--) await new Promise((resolve) => setTimeout(resolve, 10));
        window.fetch = real;
        return [requested, before, file.url];
    })()""")
    assert requested == ["", "bytes=6-"]
    assert (before, after[:5]) == ("", "blob:")
