"""How long sounds are estimated to take."""

import pytest
from support.scripts import cues

from audioguide.audio.sound import bell_frames
from audioguide.checks.estimate import PACE_WPM, estimated_lengths
from audioguide.core.model import Manner, Phrase, Source

HERE = Source("a", 1)


def seconds(text: str, pace: float = 1.0) -> float:
    [frames] = estimated_lengths([Phrase(text, HERE, Manner(pace=pace))])
    return frames * 0.024


def test_a_phrase_takes_118_words_a_minute_at_the_pace_of_its_step() -> None:
    assert PACE_WPM == 118
    assert seconds("one two three") == pytest.approx(3 * 60 / 118, abs=0.02)
    assert seconds("one two three", pace=0.9) == pytest.approx(3 * 60 / 118 / 0.9, abs=0.02)


def test_punctuation_alone_is_not_a_word() -> None:
    assert seconds("Wait – or not.") == seconds("Wait or not")


@pytest.mark.parametrize("text", ["床に横になってもかまいません", "นอนลงบนพื้นก็ได้นะครับ", "你可以躺在地板上休息一会儿"])
def test_scripts_without_spaces_take_longer_than_one_word(text: str) -> None:
    assert seconds(text) > seconds("one two three")


def test_a_phrase_without_words_takes_a_frame() -> None:
    assert estimated_lengths([Phrase("…", HERE)]) == [1]


def test_bells_have_their_true_length_and_other_cues_none() -> None:
    assert estimated_lengths(cues("# Title\n[pause 5s]\n[bell 2]\n[rest]\n")) == [bell_frames(2)]
