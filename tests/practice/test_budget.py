"""Processor time limits what a script may do; elapsed time only notices a computer that is too busy to finish."""

import threading
from functools import partial
from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError

from audioguide.core.errors import BusyError, ScriptError
from audioguide.practice.budget import MOST_CPU_S, MOST_WALL_S, Budget
from audioguide.practice.render import Renderer
from audioguide.storage.shelf import Layer

TOO_BUSY = "this computer was too busy: rendering took more than 60 seconds; try again when it is less busy"


class Clocks:
    """Two clocks that advance only in pass_time()."""

    def __init__(self) -> None:
        self.cpu = self.wall = 1000.0

    def pass_time(self, cpu_s: float, wall_s: float) -> None:
        self.cpu += cpu_s
        self.wall += wall_s

    def budget(self) -> Budget:
        return Budget(lambda: self.cpu, lambda: self.wall)


def test_a_script_may_use_its_processor_time_and_no_more() -> None:
    clocks = Clocks()
    budget = clocks.budget()
    with budget.running():
        clocks.pass_time(MOST_CPU_S - 0.1, MOST_CPU_S)
        budget.check()
        clocks.pass_time(0.2, 0.2)
        with pytest.raises(SecurityError, match="rendering for more than 3 seconds of processor time"):
            budget.check()


def test_waiting_for_a_busy_processor_is_not_the_scripts_fault() -> None:
    clocks = Clocks()
    budget = clocks.budget()
    with budget.running():
        for _ in range(MOST_WALL_S - 1):
            clocks.pass_time(0.01, 1)
            budget.check()


def test_a_computer_that_is_too_busy_is_reported_as_such() -> None:
    clocks = Clocks()
    budget = clocks.budget()
    with budget.running():
        clocks.pass_time(0.01, MOST_WALL_S + 1)
        with pytest.raises(BusyError) as caught:
            budget.check()
    assert str(caught.value) == TOO_BUSY


def test_time_adds_up_over_the_steps_of_a_session_but_not_between_them() -> None:
    clocks = Clocks()
    budget = clocks.budget()
    for _ in range(MOST_CPU_S):
        with budget.running():
            clocks.pass_time(0.9, 1)
            budget.check()
        clocks.pass_time(100, 1000)
    with budget.running(), pytest.raises(SecurityError):
        clocks.pass_time(0.9, 1)
        budget.check()


def test_a_budget_counts_on_the_clock_of_whichever_thread_uses_it() -> None:
    here = threading.get_ident()
    clocks, seen = Clocks(), list[str]()
    budget = Budget(lambda: clocks.cpu if threading.get_ident() == here else clocks.cpu - 990, lambda: clocks.wall)

    def use() -> None:
        try:
            with budget.running():
                clocks.pass_time(2, 2)
                budget.check()
            seen.append("")
        except SecurityError as error:
            seen.append(str(error))

    for _ in range(2):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert seen == ["", "rendering for more than 3 seconds of processor time"]


def test_an_exceeded_limit_stays_exceeded() -> None:
    budget = Clocks().budget()
    with pytest.raises(SecurityError, match="20000 lines"):
        budget.add_text("\n" * 20_001)
    with pytest.raises(SecurityError, match="20000 lines"):
        budget.check()


def test_the_processor_clock_is_read_rarely() -> None:
    clocks, readings = Clocks(), list[float]()

    def cpu_s() -> float:
        readings.append(clocks.cpu)
        return clocks.cpu

    budget = Budget(cpu_s, lambda: clocks.wall)
    with budget.running():
        for _ in range(1000):
            clocks.pass_time(0.001, 0.001)
            budget.check()
    assert len(readings) < 10


@pytest.mark.parametrize("render", [True, False])
def test_a_script_on_a_computer_that_is_too_busy_is_not_called_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, render: bool
) -> None:
    clocks = Clocks()

    def wall_s() -> float:
        clocks.pass_time(0, MOST_WALL_S + 1)
        return clocks.wall

    monkeypatch.setattr("audioguide.practice.render.Budget", partial(Budget, lambda: clocks.cpu, wall_s))
    (tmp_path / "a.md.j2").write_text("Hello {{ name }}.\n")
    renderer = Renderer([Layer(tmp_path, "mine")])
    with pytest.raises(BusyError) as caught:
        _ = renderer.render("a.md.j2", {"name": "Ada"}) if render else renderer.used_names(["a.md.j2"])
    assert str(caught.value) == TOO_BUSY


def test_a_script_that_uses_too_much_processor_time_is_refused_at_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = Clocks()

    def cpu_s() -> float:
        clocks.pass_time(MOST_CPU_S + 1, MOST_CPU_S + 1)
        return clocks.cpu

    monkeypatch.setattr("audioguide.practice.render.Budget", partial(Budget, cpu_s, lambda: clocks.wall))
    (tmp_path / "a.md.j2").write_text("Hello.\n")
    words = r"^mine/a\.md\.j2:1: not allowed in a script: rendering for more than 3 seconds of processor time$"
    with pytest.raises(ScriptError, match=words):
        Renderer([Layer(tmp_path, "mine")]).render("a.md.j2", {})
