"""Immutable data types, time, errors, options, numbers as words, threads. Imports nothing else of audioguide."""
