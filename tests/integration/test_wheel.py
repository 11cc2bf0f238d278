"""The program as pip installs it, outside the checkout."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("setuptools", "77", reason="the wheel is built without the network, by the setuptools that is here")

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = ("app", "sclcm_core", "offline", "assets")
FILES = ("pyproject.toml", "README.md", "LICENSE")
SHIPPED = ("configs", "fonts", "icons", "models", "protocols", "styles")


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        shutil.copytree(CHECKOUT / part, folder / "source" / part, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
    for name in FILES:
        shutil.copy(CHECKOUT / name, folder / "source" / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source")
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """Do what ``pip install --target`` does."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            place = folder / name.split(".data/data/", 1)[-1]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(name))


def test_the_wheel_carries_every_module_and_every_asset(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in PARTS[:3]:
        source = wheel.parent / "source"
        modules = {path.relative_to(source).as_posix() for path in (source / part).rglob("*.py") if "build" not in path.parts}
        assert modules <= set(names)
    carried = {name.split("share/sclcm-live/", 1)[1] for name in names if "share/sclcm-live/" in name}
    assets = CHECKOUT / "assets"
    assert carried == {p.relative_to(assets).as_posix() for k in SHIPPED for p in (assets / k).rglob("*") if p.is_file()}


def test_from_the_wheel_the_models_fonts_and_styles_are_found(wheel: Path, tmp_path: Path) -> None:
    unpack(wheel, tmp_path / "site")
    code = (
        "import app.cli, app.gui.theme as theme, app.paths as paths, sys\n"
        "print(paths.assets_dir()); print(len(theme.style_sheet(theme.DARK)))\n"
        "sys.exit(app.cli.main(['models', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "XDG_CONFIG_HOME": str(tmp_path / "config")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder, n_letters, *models = done.stdout.splitlines()
    assert Path(folder) == tmp_path / "site" / "share" / "sclcm-live"
    assert int(n_letters) > 1000
    shipped = {path.stem for path in (CHECKOUT / "assets" / "models").glob("*.onnx")}
    assert {json.loads(line)["name"] for line in models} == shipped
