"""The sessions that check looks at: their lengths, fades and cues are those that build would use."""

from pathlib import Path

import pytest
from support.helpers import write_practice

from audioguide.checks.session_matrix import SessionMatrix
from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice
from audioguide.timeline.plan import CLOSING

TOML = 'title = "Mine"\nsteps = ["only"]\n'


def matrix(folder: Path, script: str, toml: str = TOML) -> SessionMatrix:
    practice = find_practice(str(write_practice(folder / "mine", toml, {"only": script})))
    return SessionMatrix(practice, Request(RATE_HZ, practice=str(folder / "mine")))


@pytest.mark.parametrize(("longest_silence", "sleep"), [("60m", frames(30)), ("20s", frames(20) // 2)])
def test_a_sleep_ending_fades_slowly_but_over_half_the_longest_silence_at_most(
    tmp_path: Path, longest_silence: str, sleep: int
) -> None:
    sessions = matrix(tmp_path, "Hello.\n[rest]\nBye.\n", f'{TOML}longest_silence = "{longest_silence}"\n')
    closings = {(one.request.ending, one.timeline.closing) for one in sessions.results() if one.timeline}
    assert closings == {("wake", CLOSING), ("sleep", sleep)}
