"""The command line: reads arguments and prints results. One file for each command, named after it."""
