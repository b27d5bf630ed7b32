"""What stands in a practice and is never heard: branches, files, and names that nobody uses."""

from collections.abc import Iterator

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError

from audioguide.checks.session_matrix import LONGEST, Result, SessionMatrix
from audioguide.checks.template_analysis import Branch, Template, read_template
from audioguide.core.clock import RATE_HZ
from audioguide.core.defaults import ENDINGS, GUIDANCE
from audioguide.core.errors import ScriptError, did_you_mean
from audioguide.core.model import Source
from audioguide.practice.model import Practice
from audioguide.practice.sandbox import FolderLoader
from audioguide.practice.script_language import SUFFIX

_CHOICES = {"ending": ENDINGS, "guidance": GUIDANCE}
_MINUTE = 60 * RATE_HZ


class Unreached:
    """Knows what could be reached in a practice's own folder, and tells what was not."""

    def __init__(self, practice: Practice, rounds: SessionMatrix) -> None:
        """Read the scripts of a practice; rounds look at its sessions."""
        self._practice = practice
        self._rounds = rounds
        self._templates = _templates(practice)
        own = {name: one for name, one in self._templates.items() if (practice.folder / name).is_file()}
        self._own = own

    def further(self) -> Iterator[Result]:
        """Yield sessions at the lengths where the wording may change, if they say what none before them said.

        Those with the interlude are looked at only while a branch is left to be reached.
        """
        for with_grounding in (False, True):
            for samples in self._edges():
                if with_grounding and not self._unreached():
                    return
                yield from self._rounds.news(samples, with_grounding)

    def findings(self) -> Iterator[tuple[Source, str, str]]:
        """Yield (place, kind, words) for all that is never heard."""
        for branch in self._unreached():
            yield branch.where, "unreached", _words(branch)
        yield from _unused_names(self._own, self._templates)
        yield from _unused_files(self._practice, self._templates)

    def _unreached(self) -> list[Branch]:
        return [branch for one in self._own.values() for branch in one.whole.unreached(self._rounds.reached)]

    def _edges(self) -> list[int]:
        """Return the lengths at which the wording may change, and those just below; in samples."""
        minutes = {number for template in self._own.values() for number in template.minutes}
        edges = {number * _MINUTE for number in minutes} | {step.from_samples for step in self._practice.every_step()}
        lengths = {length for edge in edges for length in (edge, edge - RATE_HZ)}
        return sorted(length for length in lengths if 0 < length <= LONGEST)


def _templates(practice: Practice) -> dict[str, Template]:
    """Return every template that a step uses or that one of these includes, by the name of its file."""
    loader = FolderLoader(practice.layers)
    found: dict[str, Template] = {}
    waiting = [step.script for step in practice.every_step()]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            text, shown, _ = loader.get_source(Environment(), name)
            found[name] = read_template(text, shown, _CHOICES)
        except (
            TemplateNotFound,
            TemplateSyntaxError,
            ScriptError,
            RecursionError,
        ):  # told when it was rendered, or not needed
            continue
        waiting += found[name].includes
    return found


def _words(branch: Branch) -> str:
    if not branch.tag:
        return "no session comes to this file, whatever its length, ending and guidance; mend from or guidance"
    return f"no session comes behind {branch.tag}, whatever its length, ending and guidance{branch.hint}"


def _unused_names(own: dict[str, Template], templates: dict[str, Template]) -> Iterator[tuple[Source, str, str]]:
    used = {name for template in templates.values() for name in template.uses}
    for template in own.values():
        for name, line in template.sets:
            if name not in used:
                near = did_you_mean(name, sorted(used))
                words = f"{name} is set and never used; use it, or leave it out{near}"
                yield Source(template.whole.where.file, line), "unused", words


def _unused_files(practice: Practice, templates: dict[str, Template]) -> Iterator[tuple[Source, str, str]]:
    if any(template.guesses for template in templates.values()):
        return
    names = [step.script.removesuffix(SUFFIX) for step in practice.every_step()]
    for path in sorted(practice.folder.glob("*.j2")):
        if path.name not in templates:
            near = did_you_mean(path.name.removesuffix(SUFFIX), names)
            words = "no step is called so, and nothing includes it; add it to steps in practice.toml, or delete it"
            yield Source(f"{practice.shown}/{path.name}", 1), "unused", words + near
