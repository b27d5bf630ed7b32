"""Parts of a practice that no session uses: branches, files and names."""

from collections.abc import Iterator

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError

from audioguide.checks.session_matrix import LONGEST, Result, SessionMatrix
from audioguide.checks.template_analysis import Branch, Template, analyze
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import ScriptError, did_you_mean
from audioguide.core.model import Source
from audioguide.core.request import OPTIONS
from audioguide.practice.model import Practice
from audioguide.practice.sandbox import FolderLoader
from audioguide.practice.script_language import SUFFIX

_CHOICES = {row.name: row.choices for row in OPTIONS.values() if row.choices}
_MINUTE = 60 * RATE_HZ


class UnreachableParts:
    """Finds the branches, files and names in a practice's own folder that no session uses."""

    def __init__(self, practice: Practice, matrix: SessionMatrix) -> None:
        self._practice = practice
        self._matrix = matrix
        self._templates = _templates(practice)
        self._own = {name: one for name, one in self._templates.items() if (practice.folder / name).is_file()}

    def further_results(self) -> Iterator[Result]:
        """Yield sessions at the lengths where the wording may change, if they bring something new.

        Those with the grounding are rendered only while there are unreached branches.
        """
        for with_grounding in (False, True):
            for samples in self._lengths_of_change():
                if with_grounding and not self._unreached():
                    return
                yield from self._matrix.new_results(samples, with_grounding)

    def findings(self) -> Iterator[tuple[Source, str, str]]:
        """Yield (place, kind, words) for each part that no session uses."""
        for branch in self._unreached():
            yield branch.where, "unreached", _words(branch)
        yield from _unused_names(self._own, self._templates)
        yield from _unused_files(self._practice, self._templates)

    def _unreached(self) -> list[Branch]:
        return [branch for one in self._own.values() for branch in one.body.unreached(self._matrix.reached)]

    def _lengths_of_change(self) -> list[int]:
        """Return the lengths at which the wording may change, and those a second below, in samples."""
        minutes = {number for template in self._own.values() for number in template.minutes}
        edges = {number * _MINUTE for number in minutes} | {step.from_samples for step in self._practice.every_step()}
        lengths = {length for edge in edges for length in (edge, edge - RATE_HZ)}
        return sorted(length for length in lengths if 0 < length <= LONGEST)


def _templates(practice: Practice) -> dict[str, Template]:
    """Return the templates of all steps and of all files that they include, by file name."""
    loader = FolderLoader(practice.layers)
    templates: dict[str, Template] = {}
    waiting = [step.script for step in practice.every_step()]
    while waiting:
        name = waiting.pop()
        if name in templates:
            continue
        try:
            text, shown, _ = loader.get_source(Environment(), name)
            templates[name] = analyze(text, shown, _CHOICES)
        except (TemplateNotFound, TemplateSyntaxError, ScriptError, RecursionError):
            continue  # rendering has reported it, or does not need the file
        waiting += templates[name].includes
    return templates


def _words(branch: Branch) -> str:
    if not branch.tag:
        return "no session uses this file, at any length, ending or guidance; check from and guidance in practice.toml"
    return f"no session reaches what follows {branch.tag}, at any length, ending or guidance{branch.hint}"


def _unused_names(own: dict[str, Template], templates: dict[str, Template]) -> Iterator[tuple[Source, str, str]]:
    used = {name for template in templates.values() for name in template.uses}
    for template in own.values():
        for name, line in template.sets:
            if name not in used:
                near = did_you_mean(name, sorted(used))
                words = f"{name} is set but never used; use it or remove it{near}"
                yield Source(template.body.where.file, line), "unused", words


def _unused_files(practice: Practice, templates: dict[str, Template]) -> Iterator[tuple[Source, str, str]]:
    if any(template.has_computed_include for template in templates.values()):
        return
    names = [step.script.removesuffix(SUFFIX) for step in practice.every_step()]
    for path in sorted(practice.folder.glob("*.j2")):
        if path.name not in templates:
            near = did_you_mean(path.name.removesuffix(SUFFIX), names)
            words = "no step has this name, and no script includes it; add it to steps in practice.toml, or delete it"
            yield Source(f"{practice.shown}/{path.name}", 1), "unused", words + near
