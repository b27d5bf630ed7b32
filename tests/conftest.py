"""Fixtures: the fake voice, a store shared by the whole test run, a folder to work in."""

from pathlib import Path

import hypothesis
import pytest

from audioguide.storage.store import Store

# Hypothesis's limits are wall time, which depends on what else the machine does.
hypothesis.settings.register_profile(
    "no time limits", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("no time limits")

FAKE_VOICE = str(Path(__file__).parent / "support" / "fake.toml")


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with clips and pieces of this run only."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
