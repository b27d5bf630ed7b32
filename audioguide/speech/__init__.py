"""Phrases -> clips: voices, lexicon, text normalisation, recordings, and the engines that speak."""
