"""What practice.toml defines: a practice, its steps and its interlude."""

from dataclasses import dataclass
from pathlib import Path

from audioguide.core.errors import InputError, did_you_mean
from audioguide.core.lexicon import Lexicon
from audioguide.core.model import ORDINARY, Line, Manner
from audioguide.practice.script_language import SUFFIX
from audioguide.storage.shelf import Layer, shown_path


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a practice: one script, and the sessions that include it."""

    name: str
    from_samples: int
    """The shortest session that includes it."""
    guidance: tuple[str, ...]
    """The kinds of guidance that include it."""
    manner: Manner = ORDINARY
    """How it is spoken, except for permissions and warnings, which keep the ordinary manner."""

    @property
    def script(self) -> str:
        """The name of its file in the practice's folder."""
        return self.name + SUFFIX


@dataclass(frozen=True, slots=True)
class Interlude:
    """An optional step that can also be played alone; longer sessions include it by default."""

    step: Step
    after: str
    """The name of the step that it follows. A session that leaves that step out plays it after the step before."""
    last_words: Line
    """Spoken at its end when it is played alone; empty if there are none in the practice's language."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice, as its practice.toml defines it."""

    name: str
    title: str
    language: str
    """BCP 47, such as en."""
    description: str
    layers: tuple[Layer, ...]
    """Its own folder, then the folders of the practices that it extends."""
    steps: tuple[Step, ...]
    grounding: Interlude | None
    longest_silence: int
    """Frames."""
    lexicon: Lexicon
    check_off: tuple[str, ...]
    """Names of the advice on wording that is switched off."""

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return self.layers[0].folder

    @property
    def shown(self) -> str:
        """The name of its own folder in error messages."""
        return self.layers[0].shown

    def shown_path(self, script: str) -> str:
        """Return the path of a script in error messages, in the folder that contains it."""
        return shown_path(self.layers, script)

    def every_step(self) -> list[Step]:
        """Return all steps and the interlude."""
        return [*self.steps, *([self.grounding.step] if self.grounding else [])]

    @property
    def closing(self) -> Step | None:
        """The last step; None if the practice has only one."""
        return self.steps[-1] if len(self.steps) > 1 else None

    def step_names(self) -> list[str]:
        """Return the names of all steps and of the interlude."""
        return [step.name for step in self.every_step()]

    def has_grounding(self, samples: int, guidance: str, requested: bool | None) -> bool:
        """Return whether a session includes the interlude.

        Args:
            samples: the session's length.
            guidance: its kind of guidance.
            requested: True or False as the listener chose; None to decide by length and guidance.

        Raises:
            InputError: it is requested, but the practice has none.
        """
        if self.grounding is None:
            if requested:
                raise InputError(f"practice {self.name} has no grounding interlude; leave --grounding out")
            return False
        return _includes(self.grounding.step, samples, guidance) if requested is None else requested

    def chosen(self, samples: int, guidance: str, grounding: bool) -> list[Step]:
        """Return the steps that a session includes, in order."""
        steps: list[Step] = []
        for step in self.steps:
            if _includes(step, samples, guidance):
                steps.append(step)
            if grounding and self.grounding and self.grounding.after == step.name:
                steps.append(self.grounding.step)
        return steps

    def step(self, name: str) -> Step:
        """Return the step or interlude with that name.

        Raises:
            InputError: there is none.
        """
        for step in self.every_step():
            if step.name == name:
                return step
        names = self.step_names()
        near = did_you_mean(name, names)
        raise InputError(f"practice {self.name} has no step {name!r}{near} (choose from {', '.join(names)})")


def _includes(step: Step, samples: int, guidance: str) -> bool:
    return samples >= step.from_samples and guidance in step.guidance
