"""Tasks for developers, in the current environment: `nox -s fast` before a commit, `nox -s test` before a push."""

import os

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["fast"]

GOLDEN = ("tests/session/test_build.py", "-k", "golden")
PICTURES = {
    "docs/timetable.svg": ("picture", "20"),
    "docs/cover.jpg": ("picture", "20"),
}


@nox.session
def fast(session: nox.Session) -> None:
    """Format, lint, types, import contracts, and the tests that start no process, server or engine."""
    session.run("ruff", "format", ".")
    session.run("ruff", "check", "--fix", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("pytest", "-m", "not slow", "-q", *session.posargs)


@nox.session
def test(session: nox.Session) -> None:
    """All tests, with all hypothesis examples."""
    session.run("pytest", *session.posargs, env={**os.environ, "HYPOTHESIS_PROFILE": "ci"})


@nox.session
def golden(session: nox.Session) -> None:
    """Write the golden timelines of the built-in practice; read their diff before you commit it."""
    session.run("pytest", "-q", *GOLDEN, env={**os.environ, "AUDIOGUIDE_WRITE_GOLDEN": "1"})
    session.run("git", "diff", "--stat", "--", "tests/session/golden", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Draw the pictures in docs/ again, and test what the documents say."""
    for path, command in PICTURES.items():
        session.run("audioguide", *command, "--out", path)
    session.run("pytest", "-q", "tests/program/test_docs.py")
