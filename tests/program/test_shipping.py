"""The wheel: what is in it, and that it builds a session in an empty folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from support.audio import decode

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True, timeout=300)
    return next(folder.glob("audioguide-*.whl"))


def test_the_wheel_holds_the_package_and_the_shelves_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "audioguide").rglob("*") if _is_source(path)}
    shelves = {
        f"audioguide/shelves/{path.relative_to(ROOT).as_posix()}"
        for shelf in ("scripts", "voices")
        for path in (ROOT / shelf).rglob("*")
        if _is_source(path)
    }
    assert inside == package | shelves
    assert "audioguide/py.typed" in inside


def test_an_installed_wheel_builds_a_session_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    python = _empty_environment(tmp_path / "venv")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=300)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    build = [str(python), "-m", "audioguide", "build", "5", "--cache", str(tmp_path / "cache")]
    build += ["--voice", str(ROOT / "tests" / "support" / "fake.toml"), "--out", "session.mp3"]

    subprocess.run(build, check=True, capture_output=True, cwd=elsewhere, timeout=300, env=_plain_environment())

    assert len(decode((elsewhere / "session.mp3").read_bytes())) == 300 * 24_000
    where = [str(python), "-c", "import audioguide.storage.shelf as s; print(s.shelf('scripts'))"]
    shelf = subprocess.run(where, check=True, capture_output=True, text=True, cwd=elsewhere, env=_plain_environment())
    assert Path(shelf.stdout.strip()).is_relative_to(tmp_path / "venv")


def _is_source(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _empty_environment(folder: Path) -> Path:
    """Return the Python of a new environment that sees this one's packages, but not this checkout."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ours = sysconfig.get_path("purelib")
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    theirs = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    # A line in a .pth file adds the folder, but does not read the .pth files in it: no editable install comes along.
    (Path(theirs) / "borrowed.pth").write_text(ours + "\n", encoding="utf-8")
    return python


def _plain_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
