"""The command line: arguments in, helpful words out; no logic."""
