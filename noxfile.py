"""Tasks for developers, in the current environment: `nox -s fast` before a commit, `nox -s test` before a push."""

import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["fast"]

BIN = Path(sys.executable).parent
"""The programs of the environment that nox runs in, whether or not it is activated."""
PICTURES = ("docs/timetable.svg", "docs/cover.jpg")


def run(session: nox.Session, program: str, *arguments: str, **variables: str) -> None:
    """Run a program of this environment."""
    session.run(str(BIN / program), *arguments, env={**os.environ, **variables})


@nox.session
def fast(session: nox.Session) -> None:
    """Format, lint, types, import contracts, and the tests that start no process, server or engine."""
    run(session, "ruff", "format", ".")
    run(session, "ruff", "check", "--fix", ".")
    run(session, "mypy")
    run(session, "lint-imports")
    run(session, "pytest", "-m", "not slow", "-q", *session.posargs)


@nox.session
def test(session: nox.Session) -> None:
    """All tests, with all hypothesis examples."""
    run(session, "pytest", *session.posargs, HYPOTHESIS_PROFILE="ci")


@nox.session
def golden(session: nox.Session) -> None:
    """Write the golden timelines of the built-in practice; read their diff before you commit it."""
    run(session, "pytest", "-q", "-n0", "tests/session/test_build.py", "-k", "golden", AUDIOGUIDE_WRITE_GOLDEN="1")
    session.run("git", "diff", "--stat", "--", "tests/session/golden", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Draw the timetable and the cover in docs/ again, and test what the documents say."""
    for picture in PICTURES:
        run(session, "audioguide", "picture", "20", "--out", picture)
    run(session, "pytest", "-q", "-n0", "tests/program/test_docs.py")
