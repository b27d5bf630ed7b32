"""What a process keeps from one session to the next: loaded engines and compiled templates."""

import threading
from typing import Self

from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.speech.engine import Engines
from audioguide.storage.shelf import Layer


class Resources:
    """Engines and renderers for one thread; leaving the context closes the engines.

    Practices must not change meanwhile, since their templates are compiled once.
    """

    def __init__(self) -> None:
        self.engines = Engines()
        self._renderers: dict[tuple[Layer, ...], Renderer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.engines.__exit__(*reason)

    def renderer(self, practice: Practice) -> Renderer:
        """Return the renderer of a practice, with its templates compiled so far."""
        if practice.layers not in self._renderers:
            self._renderers[practice.layers] = Renderer(practice.layers)
        return self._renderers[practice.layers]


_of_threads: dict[int, tuple[str, Resources]] = {}
"""Thread id -> the run that the resources belong to, and the resources."""


def thread_resources(run_id: str) -> Resources:
    """Return the resources of this thread for one run; those of an earlier run are closed, as practices may change."""
    thread = threading.get_ident()
    if thread in _of_threads:
        known_run, resources = _of_threads[thread]
        if known_run == run_id:
            return resources
        resources.__exit__()
    resources = Resources()
    _of_threads[thread] = run_id, resources
    return resources


def close_thread_resources() -> None:
    """Close the resources of all threads of this process, for processes that outlive a run."""
    while _of_threads:
        _, (_, resources) = _of_threads.popitem()
        resources.__exit__()
