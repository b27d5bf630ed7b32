"""Fixtures: the folder of a build, and the session that every build of five minutes must give."""

from pathlib import Path

import pytest
from support.faults import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("undisturbed"))
    assert bench.build().code == 0
    return bench


@pytest.fixture(scope="session")
def expected(undisturbed: Bench) -> bytes:
    """The session that every build of five minutes must give, whatever happened before."""
    return undisturbed.out.read_bytes()
