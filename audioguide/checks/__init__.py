"""Checks of a practice's wording, of two versions of it, of a finished file and of this computer.

The commands use `wording.check`, `diff.compare`, `verify.verify` with `transcribe.listen`, and `doctor.examine`. The
other modules serve these: `session_matrix` renders the sessions that check judges by `advice`, `unreachable` and
`template_analysis` find what no session uses, `estimate` gives phrases a length without a voice, and `measurements`
compares a decoded file with its plan.
"""
