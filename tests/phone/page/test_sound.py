"""What plays when: the controls, the buttons of a headset, interruptions."""

import time
from dataclasses import replace

import pytest
from support.browser import AUDIO, LINE, SILENCE, Open, at_place
from support.host import Host, Made

# --- playing ---


def test_play_streams_by_range_and_then_all_of_it_is_on_the_phone(opened: Open, host: Host, made: Made) -> None:
    phone = opened()
    phone.until("document.getElementById('audio').readyState > 0")
    streamed = [asked for asked in host.asked if asked[0] == made.english.audio]
    assert streamed == [(made.english.audio, "bytes=0-", 206)]
    phone.until("performance.getEntriesByType('resource').some((one) => one.initiatorType === 'fetch')")
    assert (made.track.audio, "", 200) in host.asked  # before anything plays
    phone.tap("primary")
    phone.until_plays()
    phone.until_here()
    assert phone.src == made.english.audio  # what plays well is not touched


def test_a_tap_of_a_trembling_hand_counts_once(opened: Open) -> None:
    phone = opened()
    phone.eval("[1, 2].forEach(() => document.getElementById('primary').click())")
    phone.until_plays()
    assert phone.state == "playing"


def test_the_pauses_last_as_long_as_they_are_meant_to(opened: Open) -> None:
    phone = opened()
    phone.eval(f"{AUDIO}.playbackRate = 2")
    phone.until(f"{AUDIO}.playbackRate === 1")


def test_the_volume_is_tested_with_the_first_words_and_then_it_waits(opened: Open, made: Made) -> None:
    phone = opened()
    phone.tap("volume")
    phone.until_plays()
    assert (phone.state, phone.text("primary")) == ("testing", "Play")
    assert phone.at >= made.english.lines[0][0] - 0.5
    phone.jump(made.english.lines[1][1] - 0.2)
    phone.until_state("ready")
    assert not phone.sounds
    phone.tap("primary")
    phone.until_plays()
    assert phone.at < 1


def test_a_reload_goes_on_where_it_was_and_the_end_forgets_it(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.page.reload()
    assert phone.text("status") == "Goes on at 0:14"
    assert not phone.sounds
    phone.tap("primary")
    phone.until_plays(SILENCE)
    assert phone.at < SILENCE + 3
    phone.jump(made.english.length_s - 0.3)
    phone.until_state("finished")
    assert phone.eval("localStorage.length") == 0
    phone.tap("primary")
    phone.until_plays()
    assert phone.at < 2


def test_after_a_call_nothing_starts_by_itself_and_play_begins_the_line_that_was_cut(opened: Open, made: Made) -> None:
    phone = at_place(opened(), LINE)
    phone.eval(f"{AUDIO}.pause()")  # as a call does
    phone.until_state("paused")
    phone.eval(f"{AUDIO}.play()")  # as iOS does after it
    phone.until(f"{AUDIO}.paused")
    assert phone.state == "paused"
    phone.tap("primary")
    phone.until_plays()
    assert phone.at == pytest.approx(made.english.lines[2][0], abs=0.6)


# --- grounding ---


def test_grounding_starts_within_half_a_second_and_return_goes_back_three(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    left = phone.at
    phone.tap("secondary")
    phone.until("seen.sounded > 0")
    silence_s = made.track.lines[0][0] - phone.eval("seen.from")
    assert phone.delay_s() + silence_s < 0.5  # until there is a voice
    phone.until_plays()
    assert phone.src.startswith("blob:")
    assert (phone.state, phone.text("primary")) == ("grounding", "Return")
    phone.tap("primary")
    phone.until_plays()
    assert left - 3.1 < phone.at < left - 3 + 1.5
    assert phone.state == "playing"


def test_all_of_it_works_when_the_server_is_gone(opened: Open, host: Host, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.until_here()
    phone.offline = True
    host.stop()
    left = phone.at
    phone.tap("secondary")
    assert phone.delay_s() < 0.5
    phone.tap("primary")
    phone.until_plays()
    assert phone.src.startswith("blob:")
    assert left - 3.1 < phone.at < left - 3 + 1.5
    phone.jump(LINE)
    phone.until_plays(LINE + 0.3)
    phone.tap("finish")
    assert phone.delay_s() < 0.5
    phone.until_plays(made.track.closing_start_s)
    phone.jump(made.track.length_s - 0.4)
    phone.until_state("finished")
    assert not phone.sounds
    assert phone.eval("localStorage.length") == 0


def test_grounding_pressed_twice_goes_on(opened: Open) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    phone.until_plays(0.5)
    before = phone.at
    phone.tap("secondary")
    phone.press("nexttrack")
    assert phone.state == "grounding"
    assert phone.sounds
    assert phone.at >= before


def test_at_its_end_grounding_waits_until_it_is_told(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    phone.until_plays()
    phone.jump(made.track.grounding_end_s - 0.3)
    phone.until_state("grounded")
    assert not phone.sounds
    assert phone.at < made.track.closing_start_s
    assert phone.text("status") == "Nothing more plays until Return or Finish."
    phone.press("play")  # a headset put back into the ear
    time.sleep(0.2)
    assert (phone.state, phone.sounds) == ("grounded", False)
    phone.tap("secondary")
    phone.until_plays()
    assert (phone.state, phone.at < 4) == ("grounding", True)


def test_a_call_during_grounding_is_no_way_out_of_it(opened: Open) -> None:
    phone = at_place(opened(), SILENCE)
    phone.tap("secondary")
    phone.until_plays()
    phone.jump(4)  # in the middle of its first line
    phone.eval(f"{AUDIO}.pause()")
    phone.until("document.getElementById('status').textContent.startsWith('Interrupted')")
    assert phone.state == "grounding"
    phone.tap("secondary")
    phone.until_plays()
    assert 1.5 < phone.at < 3
    assert phone.state == "grounding"


def test_whatever_comes_in_whatever_state_is_harmless(opened: Open) -> None:
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
            assert after["at"] == (None if name == "finished" else 20), step  # the way back is kept
        assert not (step["same"] and step["action"]), step


# --- a headset, a lock screen ---


def test_the_buttons_of_a_headset_do_what_the_controls_do(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    left = phone.at
    phone.press("nexttrack")
    phone.until_plays()
    assert phone.state == "grounding"
    assert phone.eval("navigator.mediaSession.metadata.title") == "Grounding"
    assert phone.eval("seen.places.at(-1).duration") == pytest.approx(made.track.grounding_end_s)
    phone.press("previoustrack")
    phone.until_plays()
    assert phone.state == "playing"
    assert left - 3.1 < phone.at < left - 1.5
    assert phone.eval("seen.places.at(-1).duration") == pytest.approx(made.english.length_s)
    assert phone.eval("seen.places.at(-1).position") == pytest.approx(phone.at, abs=1)
    phone.press("pause")
    phone.until(f"{AUDIO}.paused && navigator.mediaSession.playbackState === 'paused'")
    phone.press("play")
    phone.until_plays()
    assert phone.state == "playing"
    phone.press("previoustrack")  # nothing to return from
    assert phone.state == "playing"


def test_the_lock_screen_knows_the_session_and_keeps_its_buttons(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site(replace(made.english, cover="icon.svg"))  # any picture
    phone = opened()
    phone.tap("primary")
    phone.until_plays()
    shown = phone.eval(
        "(({title, artist, album, artwork}) => [title, artist, album, artwork[0].src])(navigator.mediaSession.metadata)"
    )
    assert shown[:3] == [made.english.title, made.english.practice, made.english.practice]
    assert shown[3] == host.url + "icon.svg"
    assert phone.eval("['seekbackward', 'seekforward', 'seekto'].every((name) => seen.handlers[name] === null)")
    assert phone.eval("seen.set.filter((name) => name === 'nexttrack').length") > 1  # WebKit forgets them on playing
