import itertools
import json

from hypothesis import given
from hypothesis import strategies as st
from support.scripts import cues

from audioguide.core.clock import FRAME_MS, RATE_HZ, frames, seconds
from audioguide.core.model import Bell, Phrase, Timeline
from audioguide.timeline.plan import lay_out
from audioguide.timeline.timetable import BAR_WIDTH, as_json, bar, summary, table

TEXT = "# Arrive\nLie down.\n[rest]\n# Rest\nNothing to do.\n[pause 2s]\n[bell 2]\n[rest 2]\nCome back\n"


def timeline(target_s: float = 120, text: str = TEXT) -> Timeline:
    all_cues = cues(text)
    lengths = [frames(6) for cue in all_cues if isinstance(cue, Phrase | Bell)]
    return lay_out(all_cues, lengths, round(target_s * RATE_HZ))


GOLDEN = """\

     0:00.0  # Arrive
     0:02.0  Lie down.
             ~ 32.4 s

     0:38.4  # Rest
     0:40.4  Nothing to do.
             ~ 2.0 s
     0:48.4  [bell 2]
             ~ 50.7 s
     1:45.1  Come back
             ~ 8.8 s
   2:00.000  end"""


def test_the_table_lists_chapters_phrases_and_silences() -> None:
    assert "\n".join(table(timeline())) == GOLDEN


def test_the_table_lists_a_chapter_after_the_last_phrase() -> None:
    assert [line.strip() for line in table(timeline(40, "Hello.\n[rest]\n# Bye\n"))][-3:-1] == ["", "0:32.9  # Bye"]


def test_the_bar_is_high_at_speech_and_dotted_at_a_bell() -> None:
    picture = bar(timeline())
    assert len(picture) == BAR_WIDTH
    assert picture[0] == picture[-1] == picture[int(20 / 120 * BAR_WIDTH)] == "▁"
    assert picture[int(5 / 120 * BAR_WIDTH)] == "█"
    assert picture.count("•") == 1
    assert picture.index("•") == int(48.4 / 120 * BAR_WIDTH)


@given(st.integers(70, 600), st.integers(1, 400))
def test_a_bar_of_any_length_has_its_width(target_s: int, width: int) -> None:
    assert len(bar(timeline(target_s, "Lie.\n[rest]\nStay. [bell]\n[rest]\n[bell] Go."), width)) == width


def test_the_summary_adds_up_to_the_session() -> None:
    assert summary(timeline()) == "speech 0:24, silence 1:36, longest silence 0:50 at 0:54"


def test_json_events_follow_each_other_without_a_gap() -> None:
    plan = timeline(120.001)
    data = json.loads(json.dumps(as_json(plan)))
    assert (data["length_samples"], data["length_s"]) == (plan.total, 120.001)
    assert [mark["title"] for mark in data["chapters"]] == ["Arrive", "Rest"]
    assert [mark["start_s"] for mark in data["chapters"]] == [seconds(mark.start) for mark in plan.chapters]
    events = data["events"]
    assert [event["kind"] for event in events] == [
        "silence",
        *["speech", "silence"] * 2,
        *["bell", "silence", "speech", "silence"],
    ]
    assert events[0]["start_s"] == 0
    assert all(one["end_s"] == two["start_s"] for one, two in itertools.pairwise(events))
    assert 0 <= events[-1]["end_s"] - data["length_s"] < FRAME_MS / 1000


def test_json_events_of_sounds_have_text_times_and_source() -> None:
    speech, _, more, _, bell = as_json(timeline())["events"][1:6]  # type: ignore[index]  # a list, as the schema says
    assert (speech["text"], speech["source"], more["text"]) == ("Lie down.", "s:2", "Nothing to do.")
    assert (bell["strokes"], bell["source"]) == (2, "s:7")
    assert (speech["start_s"], speech["end_s"]) == (2.04, 8.04)
