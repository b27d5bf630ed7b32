"""Prints how quick audioguide is, as ratios to what else one would do: each measured side by side, as whole processes.

    python benchmarks/speed.py [--only NAME]... [--runs N] [--quick] [--write]

Both sides of a ratio run in turn, A B A B, from the start of their process to its end; a row tells the median of the
ratios of neighbouring runs, the least and the most. It takes about ten minutes, on a machine that does nothing else.
--quick runs everything with a target once, on a short session in a voice that hums: it shows that this works, and its
figures mean nothing. --write puts the table into docs/performance.md.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from measures import Bench, Measure, Subject, program
from process import run
from rivals import ffmpeg

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python benchmarks/speed.py --write -->", "<!-- end of figures -->"
_HUM = 'engine = "fake"\nlanguage = "en"\npace_wpm = 110\ngain_db = 0\n'
HEAD = """\
| measure | ratio | least | most | to reach | | ours | theirs |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


@dataclass(frozen=True, slots=True)
class Result:
    measure: Measure
    pairs: list[tuple[float, float]]
    """(ours, theirs) of each run."""

    def __str__(self) -> str:
        measure = self.measure
        if measure.why_not:
            return f"| {measure.title} | | | | {_figure(measure.at_most)} | {measure.why_not} | | |"
        ratios = [ours / theirs for ours, theirs in self.pairs]
        middle = median(ratios)
        met = "" if measure.at_most is None else "met" if middle <= measure.at_most else "**not met**"
        sides = " | ".join(f"{median(side):.3g} {measure.unit}" for side in zip(*self.pairs, strict=True))
        figures = " | ".join(map(_figure, (middle, min(ratios), max(ratios), measure.at_most)))
        return f"| {measure.title} | {figures} | {met} | {sides} |"


def _figure(number: float | None) -> str:
    """Return three digits; below a twentieth as a part of one.

    >>> _figure(0.0125), _figure(1 / 15), _figure(0.654), _figure(31.25), _figure(None)
    ('1/80', '1/15', '0.654', '31.2', '')
    """
    if number is None:
        return ""
    return f"1/{1 / number:.3g}" if number < 0.1 else f"{number:.3g}"


def measured(measure: Measure, runs: int) -> Result:
    """Return the costs of a measure's two sides, run in turn."""
    if measure.why_not:
        return Result(measure, [])
    pairs: list[tuple[float, float]] = []
    turns = runs * measure.times if runs > 1 else 1
    for nth in range(turns):
        ours, theirs = (measure.of(side.cost()) * side.stands_for for side in (measure.ours, measure.theirs))
        pairs.append((ours, theirs))
        print(
            f"{measure.name} {nth + 1}/{turns}: {pairs[-1][0]:.3g} {pairs[-1][1]:.3g} {measure.unit}",
            file=sys.stderr,
        )
    return Result(measure, pairs)


def machine(runs: int) -> str:
    """Return where and when this was measured, in a line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    encoder = subprocess.run([ffmpeg(), "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    words = (
        f"{date.today()}: {_processor()}, {cores} cores{busy}; {platform.system()}, Python {platform.python_version()}"
    )
    return f"{words}, ffmpeg {encoder}; medians of {runs}."


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def chosen(measures: list[Measure], only: list[str], quick: bool) -> list[Measure]:
    """Return those that are asked for by name, or all."""
    names = [measure.name for measure in measures]
    if unknown := [name for name in only if name not in names]:
        sys.exit(f"there is no measure {unknown[0]}; there is {', '.join(names)}")
    if only:
        return [measure for measure in measures if measure.name in only]
    return [measure for measure in measures if measure.at_most is not None or not quick]


def table(bench: Bench, measures: list[Measure], runs: int) -> str:
    """Return the whole table; measures now."""
    head = machine(runs)
    bench.lay_out()
    return "\n".join([head, "", HEAD, *(str(measured(measure, runs)) for measure in measures)])


def quick_subject(folder: Path) -> Subject:
    """Return a practice of a few lines, in a voice that hums."""
    hum, blank = folder / "hum.toml", folder / "blank"
    hum.write_text(_HUM, encoding="utf-8")
    run([*program(), "customize", str(blank), "--blank"])
    with (blank / "begin.md.j2").open("a", encoding="utf-8") as script:
        script.write('\n{{ "Hello, " ~ name ~ "." if name is defined }}\n')
    return Subject(str(hum), str(blank), "begin", short=2, third=2, hour=3, double=4, clients=6)


def write(text: str) -> None:
    """Put a table between the marks in docs/performance.md."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", metavar="NAME", action="append", default=[], help="one measure; may be repeated")
    options.add_argument("--runs", metavar="N", type=int, default=5)
    options.add_argument("--quick", action="store_true", help="a smoke run whose figures mean nothing")
    options.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder, quick_subject(folder) if asked.quick else Subject())
        measures = chosen(bench.measures(), asked.only, asked.quick)
        text = table(bench, measures, 1 if asked.quick else asked.runs)
    print("A smoke run: none of its figures means anything.\n" if asked.quick else "", end="")
    print(text)
    if asked.write:
        write(text)


if __name__ == "__main__":
    main()
