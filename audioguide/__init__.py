"""audioguide: voice-guided audio sessions of exactly the chosen length.

from audioguide import build
build("20m", practice="psoas-release", out="session.mp3")
"""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audioguide.session import build

__all__ = ["__version__", "build"]


def __getattr__(name: str) -> object:
    """Load what a program asks for; a bare import stays quick."""
    if name == "build":
        from audioguide.session import build

        return build
    if name == "__version__":
        return version("audioguide")
    raise AttributeError(f"module 'audioguide' has no attribute {name!r}")
