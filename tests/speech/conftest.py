"""What the tests of several speech modules share."""

import shutil
from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.recordings import FIRST, SECOND, record

from audioguide.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def mia(tmp_path: Path) -> Path:
    """A voice file with a fallback, and two of three phrases recorded in the folder next to it."""
    shutil.copy(FAKE_VOICE, tmp_path / "other.toml")
    voice = tmp_path / "mia.toml"
    voice.write_text('engine = "recorded"\ndescription = "my own"\nfallback = "other.toml"\n', encoding="utf-8")
    record(voice, FIRST)
    record(voice, SECOND, suffix=".flac", rate_hz=48_000)
    return voice
