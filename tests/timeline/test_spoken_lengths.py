import pytest
from support.scripts import cues

from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.errors import ScriptError
from audioguide.core.model import Bell, Phrase
from audioguide.timeline.plan import lay_out
from audioguide.timeline.spoken_lengths import check_announced_lengths


def check(text: str, target_s: int) -> None:
    """Check the announced lengths of a text whose sounds take a second each."""
    all_cues = cues(text)
    lengths = [frames(1) for cue in all_cues if isinstance(cue, Phrase | Bell)]
    check_announced_lengths(all_cues, lay_out(all_cues, lengths, target_s * RATE_HZ))


# Two phrases of one second and the opening and closing leave about nine seconds less than the length for the rest.
@pytest.mark.parametrize(
    ("text", "target_s"),
    [
        ("Rest for three minutes.\n[rest]\nBack.", 190),
        ("Rest for three minutes.\n[rest]\nBack.", 190 + 30),
        ("Rest for three minutes.\n[rest]\nBack.", 190 - 30),
        ("Three or four minutes.\n[rest]\nBack.", 210),
        ("A few minutes.\n[rest]\nBack.", 60),
        ("Three minutes in all. Rest.\n[rest]\nBack.", 180),
        ("Rest for three minutes.\n[pause 1m]\nBack.", 71),
        ("Three minutes ago.\n\nRest now.\n[rest]\nBack.", 100),
        ("Three minutes.\n[bell]\n[rest]\nBack.", 100),
    ],
)
def test_an_announced_length_that_is_about_right_passes(text: str, target_s: int) -> None:
    check(text, target_s)


@pytest.mark.parametrize("target_s", [80, 140, 260])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Rest for three minutes.\n[rest]\nBack.", 1),
        ("Now.\nRest for three minutes.\nBe still.\n[rest]\nBack.", 2),
        ("Welcome.\nFor three minutes,\nbe still. [rest]\nBack.", 2),
    ],
)
def test_an_announced_length_that_is_wrong_is_an_error_at_its_phrase(text: str, line: int, target_s: int) -> None:
    words = rf'^s:{line}: "three minutes" is announced here, but at this length the silence is \d:\d\d'
    with pytest.raises(ScriptError, match=words):
        check(text, target_s)
