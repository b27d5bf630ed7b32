"""A QR code in a terminal, for the phone to scan."""

from io import StringIO

_LIGHT_ON_DARK, _RESET = "\033[97;40m", "\033[0m"
_BORDER = 2
"""Modules of empty border. The standard asks for four, but phones read two on a black terminal."""


def qr_code(url: str, *, coloured: bool) -> str:
    """Return the code in half blocks, light on dark; coloured sets both colours, whatever those of the terminal."""
    import segno

    text = StringIO()
    segno.make(url, micro=False, error="l").terminal(out=text, border=_BORDER, compact=True)
    lines = text.getvalue().splitlines()
    return "\n".join(f"{_LIGHT_ON_DARK}{line}{_RESET}" if coloured else line for line in lines)
