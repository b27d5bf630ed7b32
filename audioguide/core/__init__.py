"""Data types, time, errors, options, numbers as words, threads. Imports no other package of audioguide.

Start with `model` (what a session is made of), `request` (the table of options), `clock` (samples and frames) and
`errors` (the tree of errors).
"""
