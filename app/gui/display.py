"""Whether a window can be opened here, asked before Qt is: Qt ends the process when it cannot."""

from __future__ import annotations

import ctypes.util
import os
import sys

from sclcm_core.errors import SclcmError

PACKAGES = {
    "xcb-icccm": "libxcb-icccm4",
    "xcb-image": "libxcb-image0",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-randr": "libxcb-randr0",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-shape": "libxcb-shape0",
    "xcb-sync": "libxcb-sync1",
    "xcb-xfixes": "libxcb-xfixes0",
    "xcb-xinerama": "libxcb-xinerama0",
    "xcb-xkb": "libxcb-xkb1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "X11-xcb": "libx11-xcb1",
    "dbus-1": "libdbus-1-3",
}
"""System libraries that PyQt5's wheel needs for a window on X11, and the Debian package of each."""

HEADLESS = ("offscreen", "minimal")


def check_display() -> None:
    """Refuse when no window can be opened.

    Raises
    ------
    SclcmError
        When there is no display, or when libraries are missing.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if sys.platform != "linux" or platform in HEADLESS:
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SclcmError(
            "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            "Add --headless to run without a window, or start it under a desktop or xvfb-run.",
        )
    if os.environ.get("DISPLAY") and platform in ("", "xcb"):
        _check_libraries()


def missing_packages() -> list[str]:
    """Return the Debian packages without which Qt would end the process."""
    return [package for library, package in PACKAGES.items() if not _is_there(library)]


def _check_libraries() -> None:
    missing = missing_packages()
    if missing:
        raise SclcmError(
            f"Qt needs system libraries that are missing: {', '.join(missing)}.",
            f"Install them: sudo apt-get install -y {' '.join(missing)} (or add --headless to run without a window).",
        )


def _is_there(library: str) -> bool:
    """Ask the dynamic linker itself; `find_library` would start a compiler or ldconfig for each."""
    versions = {"dbus-1": "3", "X11-xcb": "1", "xcb-icccm": "4", "xcb-keysyms": "1", "xcb-xkb": "1"}
    guesses = [versions[library]] if library in versions else ["0", "1"]
    for version in guesses:
        try:
            ctypes.CDLL(f"lib{library}.so.{version}")
        except OSError:
            continue
        return True
    return ctypes.util.find_library(library) is not None
