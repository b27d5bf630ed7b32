"""Fixtures: the fake voice, a store that a whole test run shares, a folder to work in."""

from pathlib import Path

import pytest

from audioguide.storage.store import Store

FAKE_VOICE = str(Path(__file__).parent / "support" / "fake.toml")


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Clips and pieces of this run only, so that no test depends on an earlier one."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
