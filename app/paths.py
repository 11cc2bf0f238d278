"""Where things lie: bundles, assets, the user's settings."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from sclcm_core.errors import BundleError, nearest


def assets_dir() -> Path:
    """Return the folder of models, icons and styles: beside the packages in a checkout, else where pip puts shared data."""
    above = Path(__file__).resolve().parents[1]
    schemes = sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")
    roots = [above, *(Path(sysconfig.get_path("data", scheme)) for scheme in schemes)]
    candidates = [above / "assets", *(root / "share" / "sclcm-live" for root in roots)]
    return next((folder for folder in candidates if (folder / "models").is_dir()), candidates[0])


def user_dir() -> Path:
    """Return the user's own folder for settings and bundles; it need not exist."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    return base / "sclcm-live"


def bundle_paths() -> dict[str, Path]:
    """Return every bundle at hand by its file's stem; the user's own win over those that are shipped."""
    folders = (assets_dir() / "models", user_dir() / "models")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.onnx"))}


def find_bundle(name_or_path: str) -> Path:
    """Return the file that a user means by ``--model``.

    Parameters
    ----------
    name_or_path : str
        The name of a bundle at hand, or a path to one.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    BundleError
        When there is none.
    """
    at_hand = bundle_paths()
    if name_or_path in at_hand:
        return at_hand[name_or_path]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    if path.suffix == ".onnx" or len(path.parts) > 1:
        raise BundleError(f"There is no bundle at '{name_or_path}'.", "'sclcm models' lists those at hand.")
    remedy = nearest(name_or_path, at_hand) if at_hand else "None is installed."
    raise BundleError(f"There is no model '{name_or_path}'.", remedy)
