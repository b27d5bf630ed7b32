"""A practice from a stranger does no harm: every attack soon ends in one line that names the file."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from pathlib import Path

import pytest
from support.attack_worker import work, write_files
from support.attacks import FIFO, LINK, ROWS, Attack

from audioguide.core.characters import HIDDEN

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on memory, links and pipes")
MOST_CPU_S, MOST_MB = 5, 500
HANG_S = 300
"""After this long a worker counts as hung, even on a busy computer."""


class Worker:
    """A process that plans practices; it is killed if it hangs."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs,), daemon=True)
        self._process.start()

    def plan(self, folder: Path, settings: Mapping[str, str]) -> tuple[str, str, list[str]]:
        """Return (error, its kinds, phrases)."""
        self._pipe.send((str(folder), dict(settings)))
        if not self._pipe.poll(HANG_S):
            self.end()
            pytest.fail("the worker hangs")
        error, kind, phrases, cpu_s, most_mb = self._pipe.recv()
        assert cpu_s < MOST_CPU_S
        assert most_mb < MOST_MB
        return error, kind, phrases

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()


@pytest.fixture(scope="module")
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.end()


@pytest.fixture
def worker(workers: list[Worker]) -> Worker:
    if not workers or not workers[-1].alive:
        workers.append(Worker())
    return workers[-1]


@pytest.mark.parametrize("attack", ROWS, ids=[attack.name for attack in ROWS])
def test_an_attack_ends_soon_in_one_line_that_names_the_file(tmp_path: Path, worker: Worker, attack: Attack) -> None:
    error, kind, _ = worker.plan(write_files(tmp_path / "practice", attack.files), attack.settings)
    assert "AudioguideError" in kind, (kind, error[:300])
    for line in error.split("\n"):
        assert re.match(attack.where, line), error[:300]
        assert not HIDDEN.search(line)
        assert len(line) < 1000
    assert re.match(f"({attack.where})({attack.words})", error), error[:300]


@pytest.mark.parametrize("attack", ROWS, ids=[attack.name for attack in ROWS])
def test_its_harmless_twin_builds(tmp_path: Path, worker: Worker, attack: Attack) -> None:
    error, _, phrases = worker.plan(write_files(tmp_path / "practice", attack.twin), attack.twin_settings)
    assert not error
    assert not [text for text in phrases if re.search(r"[\[\]]", text) or HIDDEN.search(text)]


def test_there_are_more_than_sixty_attacks_with_different_names() -> None:
    assert len({attack.name for attack in ROWS}) == len(ROWS) > 60
    assert {FIFO, LINK + "/dev/zero"} <= {
        text for attack in ROWS if not isinstance(attack.files, str) for text in attack.files.values()
    }


@pytest.mark.parametrize(
    "name", ["a step with terminal codes, with its file", "a macro that doubles", "a file of 100 MB", "~"]
)
def test_the_command_line_exits_with_1_and_one_line(tmp_path: Path, name: str) -> None:
    attack = next(attack for attack in ROWS if attack.name == name)
    folder = write_files(tmp_path / "practice", attack.files)
    command = ["render", "5", "--practice", str(folder), "--voice", str(folder / "voice.toml")]
    command = [sys.executable, "-m", "audioguide", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(folder) in done.stderr.splitlines()[0]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stderr)
