"""When what plays: the controls, the buttons of a headset, interruptions."""

import time
from dataclasses import replace

import pytest
from support.browser import AUDIO, LINE, SILENCE, Open, at_place
from support.host import Host, Made

# --- playing ---


def test_play_streams_by_range_while_the_file_is_downloaded(opened: Open, host: Host, made: Made) -> None:
    phone = opened()
    phone.until("document.getElementById('audio').readyState > 0")
    streamed = [request for request in host.requests if request[0] == made.english.audio]
    assert streamed == [(made.english.audio, "bytes=0-", 206)]
    phone.until("performance.getEntriesByType('resource').some((one) => one.initiatorType === 'fetch')")
    assert (made.track.audio, "", 200) in host.requests  # before anything plays
    phone.tap("primary")
    phone.until_plays()
    phone.until_downloaded()
    assert phone.src == made.english.audio  # what plays is not replaced


def test_two_quick_taps_count_once(opened: Open) -> None:
    phone = opened()
    phone.eval("[1, 2].forEach(() => document.getElementById('primary').click())")
    phone.until_plays()
    assert phone.state == "playing"


def test_the_playback_rate_stays_1(opened: Open) -> None:
    phone = opened()
    phone.eval(f"{AUDIO}.playbackRate = 2")
    phone.until(f"{AUDIO}.playbackRate === 1")


def test_the_volume_test_plays_the_first_words_and_stops(opened: Open, made: Made) -> None:
    phone = opened()
    phone.tap("volume")
    phone.until_plays()
    assert (phone.state, phone.text("primary")) == ("testing", "Play")
    assert phone.at >= made.english.lines[0][0] - 0.5
    phone.jump(made.english.lines[1][1] - 0.2)
    phone.until_state("ready")
    assert not phone.sounds
    phone.tap("primary")
    assert phone.until_begun() < 1


def test_a_reload_continues_where_it_was_and_the_end_forgets_the_place(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.page.reload()
    saved = float(phone.eval(f"localStorage.getItem('audioguide:{made.english.id}')"))
    assert saved >= SILENCE
    assert phone.text("status") == f"Goes on at 0:{int(saved)}"
    assert not phone.sounds
    phone.tap("primary")
    assert phone.until_begun() == pytest.approx(saved, abs=0.5)
    phone.jump(made.english.length_s - 0.3)
    phone.until_state("finished")
    assert phone.eval("localStorage.length") == 0
    phone.tap("primary")
    assert phone.until_begun() < 1


def test_after_a_call_nothing_starts_unasked_and_play_repeats_the_line_that_was_cut(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.interrupt(LINE)
    phone.until_state("paused")
    phone.eval(f"{AUDIO}.play()")  # as iOS does after it
    phone.until(f"{AUDIO}.paused")
    assert phone.state == "paused"
    phone.tap("primary")
    assert phone.until_begun() == pytest.approx(made.english.lines[2][0], abs=0.6)


# --- grounding ---


def test_grounding_starts_with_the_voice_from_memory_and_return_goes_back_three_seconds(
    opened: Open, made: Made
) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    left = phone.left
    assert 0 <= made.track.lines[0][0] - phone.until_begun() < 0.5  # the rest of the silence before the voice
    assert phone.src.startswith("blob:")
    assert (phone.state, phone.text("primary")) == ("grounding", "Return")
    phone.tap("primary")
    assert phone.until_begun() == pytest.approx(left - 3, abs=0.5)
    assert phone.state == "playing"


def test_everything_works_without_the_server(opened: Open, host: Host, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.until_downloaded()
    phone.offline = True
    host.stop()
    phone.tap("secondary")
    left = phone.left
    phone.until_begun()
    phone.tap("primary")
    assert phone.until_begun() == pytest.approx(left - 3, abs=0.5)
    assert phone.src.startswith("blob:")
    phone.jump(LINE)
    phone.until_plays(LINE + 0.3)
    phone.tap("finish")
    assert phone.until_begun() >= made.track.closing_start_s - 0.1
    phone.until_plays(made.track.closing_start_s)
    phone.jump(made.track.length_s - 0.4)
    phone.until_state("finished")
    assert not phone.sounds
    assert phone.eval("localStorage.length") == 0


def test_grounding_pressed_twice_does_not_restart(opened: Open) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    phone.until_plays(0.5)
    before = phone.at
    phone.tap("secondary")
    phone.press("nexttrack")
    assert phone.state == "grounding"
    assert phone.sounds
    assert phone.at >= before


def test_at_its_end_grounding_waits_for_return_or_finish(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    phone.until_plays()
    phone.jump(made.track.grounding_end_s - 0.3)
    phone.until_state("grounded")
    assert not phone.sounds
    assert phone.at < made.track.closing_start_s
    assert phone.text("status") == "Nothing more plays until Return or Finish."
    phone.press("play")  # sent by a headset that is put back into the ear
    time.sleep(0.2)
    assert (phone.state, phone.sounds) == ("grounded", False)
    phone.tap("secondary")
    assert phone.until_begun() < made.track.lines[0][0]
    assert phone.state == "grounding"


def test_a_call_does_not_end_grounding(opened: Open) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    phone.until_plays()
    phone.interrupt(4)  # in the middle of its first line
    phone.until("document.getElementById('status').textContent.startsWith('Interrupted')")
    assert phone.state == "grounding"
    phone.tap("secondary")
    assert 1.5 < phone.until_begun() < 3
    assert phone.state == "grounding"


def test_every_event_is_harmless_in_every_state(opened: Open) -> None:
    steps = opened().eval("""(() => {
        const lines = [[2, 5, 'One.'], [8, 9, 'Two.']];
        const plan = {lines, grounding: {lines, end: 10, closing: 30}};
        const names = ['ready', 'testing', 'playing', 'paused', 'grounding', 'grounded', 'closing', 'finished'];
        const events = ['play', 'pause', 'ground', 'back', 'finish', 'test', 'seek', 'tick', 'ended'];
        return names.flatMap((name) => [false, true].flatMap((held) => events.map((type) => {
            const before = {name, held, at: name === 'finished' ? null : 20};
            const [after, action] = machine.step(before, {type, t: 4}, plan);
            return {name, held, type, after, action, sounds: machine.sounds(after), same: after === before};
        })));
    })()""")
    for step in steps:
        name, after, kind = step["name"], step["after"], step["type"]
        if kind == "ground":
            assert after["name"] == "grounding", step
        if kind == "pause":
            assert not step["sounds"], step
        if name == "grounded" and kind not in ("ground", "back", "finish", "seek"):
            assert step["same"], step
        if name == "grounding" and kind not in ("back", "finish", "seek"):
            assert after["name"] in ("grounding", "grounded"), step
        if after["name"] in ("grounding", "grounded", "closing") and name != "playing":
            assert after["at"] == (None if name == "finished" else 20), step  # where to return to is kept
        assert not (step["same"] and step["action"]), step


# --- a headset, a lock screen ---


def test_the_buttons_of_a_headset_do_what_the_controls_do(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.press("nexttrack")
    left = phone.left
    phone.until_begun()
    assert phone.state == "grounding"
    assert phone.eval("navigator.mediaSession.metadata.title") == "Grounding"
    assert phone.eval("seen.positions.at(-1).duration") == pytest.approx(made.track.grounding_end_s)
    phone.press("previoustrack")
    begun = phone.until_begun()
    assert phone.state == "playing"
    assert begun == pytest.approx(left - 3, abs=0.5)
    assert phone.eval("seen.positions.at(-1).duration") == pytest.approx(made.english.length_s)
    assert phone.eval("seen.positions.at(-1).position") == pytest.approx(begun, abs=1)
    phone.press("pause")
    phone.until(f"{AUDIO}.paused && navigator.mediaSession.playbackState === 'paused'")
    phone.press("play")
    phone.until_plays()
    assert phone.state == "playing"
    phone.press("previoustrack")  # nothing to return from
    assert phone.state == "playing"


def test_the_lock_screen_shows_the_session_and_keeps_its_buttons(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site(replace(made.english, cover="icon.svg"))  # any image
    phone = opened()
    phone.tap("primary")
    phone.until_plays()
    shown = phone.eval(
        "(({title, artist, album, artwork}) => [title, artist, album, artwork[0].src])(navigator.mediaSession.metadata)"
    )
    assert shown[:3] == [made.english.title, made.english.practice, made.english.practice]
    assert shown[3] == host.url + "icon.svg"
    assert phone.eval("['seekbackward', 'seekforward', 'seekto'].every((name) => seen.handlers[name] === null)")
    assert (
        phone.eval("seen.set.filter((name) => name === 'nexttrack').length") > 1
    )  # again on playing: WebKit forgets them
