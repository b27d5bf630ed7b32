"""Phrases -> clips: voices, text normalisation, recordings, and the engines that speak.

`voices.find_voice` reads a voice file. `reader.open_reader` returns who reads in that voice: a `speaker` with one of
the `engines`, or a person's `recorded` files.
"""
