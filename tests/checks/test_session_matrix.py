"""The sessions that check looks at: their lengths, fades and cues are those that build would use."""

from pathlib import Path

import pytest
from support.scripts import write_practice

from audioguide.audio.id3 import MOST_CHAPTERS
from audioguide.checks.session_matrix import SessionMatrix
from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import read_cues
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


def ends(sessions: SessionMatrix) -> tuple[int | None, int | None]:
    list(sessions.results())
    return sessions.shortest, sessions.longest


def test_a_practice_whose_pauses_are_all_fixed_has_a_length(tmp_path: Path) -> None:
    """Its range is shorter than a second, and may hold no whole one."""
    shortest, longest = ends(matrix(tmp_path, "Hello. [pause 6s] There. [pause 3s]\n"))
    assert shortest and longest and shortest % RATE_HZ and 17 <= shortest / RATE_HZ < 18


def test_the_longest_session_may_end_a_second_before_the_wording_changes(tmp_path: Path) -> None:
    """From 3 to 20 minutes the words take longer than that, otherwise up to about 5 minutes."""
    more = "A long one.\n[pause 2m]\n" * 10
    script = "Hello.\n[rest]\nThere.\n[rest]\nBye.\n{% if 3 <= minutes < 20 %}\n" + more + "{% endif %}\n"
    _, longest = ends(matrix(tmp_path, script, f'{TOML}longest_silence = "150s"\n'))
    assert longest == 179 * RATE_HZ


def test_lengths_with_a_script_error_are_passed_over(tmp_path: Path) -> None:
    shortest, longest = ends(
        matrix(tmp_path, "{% if minutes < 3 %}\n[pasue 3s]\n{% endif %}\nHello.\n[rest]\nBye.\n[rest]\n")
    )
    assert shortest == 180 * RATE_HZ and longest and longest > shortest


@pytest.mark.parametrize("script", ["Hello.\n[rest]\nBye.\n", "[pause 5s]\nHello.\n[bell]\n[rest]\n# One\nBye.\n"])
def test_the_cues_of_a_session_are_those_that_build_uses(tmp_path: Path, script: str) -> None:
    sessions = matrix(tmp_path, script)
    results = [one for one in sessions.results() if one.timeline]
    assert results
    for one in results:
        assert list(one.cues) == read_cues(one.request, sessions.practice, one.request.samples or 0)


def test_the_chapter_that_build_adds_counts_towards_the_most_chapters(tmp_path: Path) -> None:
    """A session begins with a chapter, even if its script does not."""
    many = "".join(f"# Part {number}\nPart {number}.\n" for number in range(MOST_CHAPTERS))
    for script, chapters in ((many, MOST_CHAPTERS), ("Hello.\n" + many, MOST_CHAPTERS + 1)):
        timelines = [one.timeline for one in matrix(tmp_path, script).results() if one.timeline]
        assert {len(timeline.chapters) for timeline in timelines} == {chapters}
