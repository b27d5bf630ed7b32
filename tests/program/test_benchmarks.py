"""The benchmark of speed runs and prints its table. Its figures depend on the machine, so no test checks them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEED = ROOT / "benchmarks" / "speed.py"
PAGE = ROOT / "docs" / "performance.md"
TARGETS = ("1/30", "1/15", "8", "0.5", "3.2", "1.2", "7", "1", "0.65", "1/20")


def _run(*options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(SPEED), *options], capture_output=True, text=True, check=False)


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_a_quick_run_measures_every_ratio_that_has_a_target() -> None:
    pytest.importorskip("imageio_ffmpeg")
    done = _run("--quick")
    assert done.returncode == 0, done.stderr
    rows = _rows(done.stdout)
    assert tuple(row[4] for row in rows) == TARGETS
    for title, ratio, least, most, _, verdict, ours, theirs in rows:
        assert verdict.startswith("needs") or (ratio == least == most and verdict.strip("*") in ("met", "not met")), (
            title
        )
        assert verdict.startswith("needs") or ours.split()[1] == theirs.split()[1], title


def test_the_error_for_an_unknown_measure_lists_all_measures() -> None:
    done = _run("--only", "wram")
    assert done.returncode == 1
    assert done.stderr.startswith("there is no measure wram; choose from warm, line, ")


def test_the_page_has_a_row_for_every_target() -> None:
    rows = _rows(PAGE.read_text(encoding="utf-8").partition("<!-- figures")[2])
    assert tuple(row[4] for row in rows if row[4]) == TARGETS
