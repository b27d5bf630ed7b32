"""Data types, time, errors, options, numbers as words, threads. Imports no other package of audioguide."""
