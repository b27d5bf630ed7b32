"""Phrases -> clips: voices, text normalisation, recordings, and the engines that speak."""
