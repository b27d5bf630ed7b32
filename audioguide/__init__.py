"""audioguide: voice-guided audio sessions of exactly the chosen length.

from audioguide import build
build("20m", practice="psoas-release", out="session.mp3")
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audioguide.session import build

__all__ = ["__version__", "build"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load what a program asks for; a bare import stays quick."""
    if name == "build":
        from audioguide.session import build

        return build
    raise AttributeError(f"module 'audioguide' has no attribute {name!r}")
