"""What one process keeps from one session to the next: engines that are loaded, templates that are compiled."""

from typing import Self

from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.speech.engine import Engines
from audioguide.storage.shelf import Layer


class Resources:
    """A context that closes its engines. It belongs to one thread; the practices must not change meanwhile."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.engines = Engines()
        self._renderers: dict[tuple[Layer, ...], Renderer] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close the engines."""
        self.engines.__exit__(*reason)

    def renderer(self, practice: Practice) -> Renderer:
        """Return the renderer of a practice, with the templates that were compiled already."""
        if practice.layers not in self._renderers:
            self._renderers[practice.layers] = Renderer(practice.layers)
        return self._renderers[practice.layers]
