"""The command audioguide, also `python -m audioguide`: loads the command line, quiet where it is stopped meanwhile."""

import sys


def main() -> None:
    """Run the command line of this process."""
    try:
        from audioguide.cli.main import main as command_line
    except KeyboardInterrupt:
        sys.exit(130)
    command_line()


if __name__ == "__main__":
    main()
