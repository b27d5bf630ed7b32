"""audioguide: voice-guided audio sessions of exactly the chosen length.

from audioguide import AudioguideError, build
build("20m", practice="psoas-release", out="session.mp3")  # an AudioguideError says what to do
"""

from typing import TYPE_CHECKING

from audioguide.core.version import __version__

if TYPE_CHECKING:
    from audioguide.core.errors import AudioguideError
    from audioguide.session.build import build

__all__ = ["AudioguideError", "__version__", "build"]


def __getattr__(name: str) -> object:
    """Load what a program asks for; a bare import stays quick."""
    if name == "build":
        from audioguide.session.build import build

        return build
    if name == "AudioguideError":
        from audioguide.core.errors import AudioguideError

        return AudioguideError
    raise AttributeError(f"module 'audioguide' has no attribute {name!r}")
