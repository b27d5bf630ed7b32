"""What all tests share: hypothesis profiles, the marker `slow`, the fake voice, a store, a folder to work in."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from support.profiles import load_profile

from audioguide.storage.store import Store

FAKE_VOICE = str(Path(__file__).parent / "support" / "fake.toml")

load_profile()

_STARTS = {"subprocess", "multiprocessing", "socket", "uvicorn", "playwright"}
"""Packages with which a module can start a process or a server."""
_STARTED = ("subprocess.Popen", "os.fork", "os.posix_spawn", "socket.bind")
"""Audit events of a process or a server that is started."""
_running: list[pytest.Item] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what uses a real engine, and each test whose module, or a helper of it, can start a process."""
    for item in items:
        module = getattr(item, "module", None)
        if _is_marked(item, "speech") or _is_marked(item, "recognize") or (module and _can_start_processes(module)):
            item.add_marker("slow")


def _is_marked(item: pytest.Item, name: str) -> bool:
    return item.get_closest_marker(name) is not None


def _can_start_processes(module: ModuleType) -> bool:
    """Return whether a module imports what starts processes: itself, through its helpers, or what it tests does."""
    sources = _sources(module)
    ours = [sys.modules[name] for name in sources if name.startswith("audioguide.") and name in sys.modules]
    helpers = [sys.modules[name] for name in sources if name.startswith("support.")]
    return any(map(_imports_a_starter, [module, *ours])) or any(map(_can_start_processes, helpers))


def _imports_a_starter(module: ModuleType) -> bool:
    return any(name.partition(".")[0] in _STARTS for name in _sources(module))


@cache
def _sources(module: ModuleType) -> frozenset[str]:
    """Return the names of the modules that a module has imported, or imported something from."""
    values = vars(module).values()
    names = {value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") for value in values}
    return frozenset(name for name in names if isinstance(name, str)) - {module.__name__}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note which test is running, for the audit hook."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def _refuse_processes(event: str, _: object) -> None:
    """Hold the rule: a test that is not marked as slow starts no process and no server."""
    if event in _STARTED and _running and not _is_marked(_running[-1], "slow"):
        raise RuntimeError(f"{_running[-1].nodeid} starts a process or server; import what does that in its module")


sys.addaudithook(_refuse_processes)


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with clips and pieces of this run only."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
