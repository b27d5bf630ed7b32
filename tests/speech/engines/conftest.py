"""What the tests of several engines share."""

from collections.abc import Iterator
from typing import Any

import pytest

from audioguide.speech.engines.child import Child


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Child]]:
    """Every child process that the test starts, in order; none may still run at its end."""
    started: list[Child] = []
    start = Child.__init__

    def record(child: Child, *arguments: Any, **options: Any) -> None:
        start(child, *arguments, **options)
        started.append(child)

    monkeypatch.setattr(Child, "__init__", record)
    yield started
    alive = [child for child in started if child.is_alive()]
    for child in started:
        child.kill()
    assert not alive, "a child process outlived its engine"
