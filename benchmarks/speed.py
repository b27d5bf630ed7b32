"""Prints the speed of audioguide as ratios to alternatives, each measured side by side as complete processes.

    python benchmarks/speed.py [--only NAME]... [--runs N] [--quick] [--write]

Both sides of a ratio run in turn, A B A B, and are measured from the start of the process to its end. A row shows the
median, the least and the greatest of the ratios of neighbouring runs. This takes about ten minutes on an idle machine.
--quick runs each measure with a target once, on a short session with the fake voice: a smoke test whose figures have no
meaning. --write puts the table into docs/performance.md.
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

from measures import Measure, Setup, Subject, program
from process import run
from rivals import ffmpeg

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python benchmarks/speed.py --write -->", "<!-- end of figures -->"
_HUM = 'engine = "fake"\nlanguage = "en"\npace_wpm = 110\ngain_db = 0\n'
HEAD = """\
| measure | ratio | least | most | to reach | | ours | theirs |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


@dataclass(frozen=True, slots=True)
class MeasureResult:
    measure: Measure
    pairs: list[tuple[float, float]]
    """(ours, theirs) of each run."""

    def __str__(self) -> str:
        measure = self.measure
        if measure.skip_reason:
            return f"| {measure.title} | | | | {_figure(measure.target)} | {measure.skip_reason} | | |"
        ratios = [ours / theirs for ours, theirs in self.pairs]
        typical = median(ratios)
        verdict = "" if measure.target is None else "met" if typical <= measure.target else "**not met**"
        sides = " | ".join(f"{median(side):.3g} {measure.unit}" for side in zip(*self.pairs, strict=True))
        figures = " | ".join(map(_figure, (typical, min(ratios), max(ratios), measure.target)))
        return f"| {measure.title} | {figures} | {verdict} | {sides} |"


def _figure(number: float | None) -> str:
    """Return a number with three significant digits; below a tenth, as a fraction of one.

    >>> _figure(0.0125), _figure(1 / 15), _figure(0.654), _figure(31.25), _figure(None)
    ('1/80', '1/15', '0.654', '31.2', '')
    """
    if number is None:
        return ""
    return f"1/{1 / number:.3g}" if number < 0.1 else f"{number:.3g}"


def run_measure(measure: Measure, runs: int) -> MeasureResult:
    """Run the two sides of a measure in turn, and return their costs."""
    if measure.skip_reason:
        return MeasureResult(measure, [])
    pairs: list[tuple[float, float]] = []
    turns = runs * measure.times if runs > 1 else 1
    for nth in range(turns):
        ours, theirs = (measure.value(side.cost()) * side.stands_for for side in (measure.ours, measure.theirs))
        pairs.append((ours, theirs))
        print(f"{measure.name} {nth + 1}/{turns}: {ours:.3g} {theirs:.3g} {measure.unit}", file=sys.stderr)
    return MeasureResult(measure, pairs)


def machine(runs: int) -> str:
    """Return a line with date, machine and versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    encoder = subprocess.run([ffmpeg(), "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    hardware = f"{date.today()}: {_processor()}, {cores} cores{load}"
    software = f"{platform.system()}, Python {platform.python_version()}, ffmpeg {encoder}"
    return f"{hardware}; {software}; medians of {runs}."


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def select(measures: list[Measure], only: list[str], quick: bool) -> list[Measure]:
    """Return the measures with these names, or all; with quick, only those with a target."""
    names = [measure.name for measure in measures]
    if unknown := [name for name in only if name not in names]:
        sys.exit(f"there is no measure {unknown[0]}; choose from {', '.join(names)}")
    if only:
        return [measure for measure in measures if measure.name in only]
    return [measure for measure in measures if measure.target is not None or not quick]


def table(setup: Setup, measures: list[Measure], runs: int) -> str:
    """Run the measures, and return the table."""
    head = machine(runs)
    setup.prepare()
    return "\n".join([head, "", HEAD, *(str(run_measure(measure, runs)) for measure in measures)])


def quick_subject(folder: Path) -> Subject:
    """Return a practice of a few lines with the fake voice."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="one measure; may be repeated")
    parser.add_argument("--runs", metavar="N", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a smoke test whose figures have no meaning")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        setup = Setup(folder, quick_subject(folder) if options.quick else Subject())
        measures = select(setup.measures(), options.only, options.quick)
        text = table(setup, measures, 1 if options.quick else options.runs)
    print("A smoke test: its figures have no meaning.\n" if options.quick else "", end="")
    print(text)
    if options.write:
        write(text)


if __name__ == "__main__":
    main()
