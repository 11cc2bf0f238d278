"""Colours and fonts: dark, light and high contrast, told apart by everybody."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from PyQt5.QtGui import QColor, QFont, QFontDatabase

from app.paths import assets_dir

FAMILY = "Inter"
FALLBACKS = ("Inter", "DejaVu Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "Arial")


@dataclass(frozen=True, slots=True)
class Theme:
    """One look. Colours are written as in style sheets.

    Parameters
    ----------
    name, title : str
        What it is called in settings and in menus.
    window, card, raised, border, grid : str
        Surfaces, from the back to the front, and their lines.
    text, muted, faint : str
        Writing, from the important to the hardly there.
    accent, good, warn, bad : str
        What can be pressed, and how things are.
    simulated, replay, live : str
        Where the data come from.
    gap : str
        Missing samples.
    traces : tuple of str
        Colours of the traces, first to last; lanes in between are mixed.
    classes : tuple of str
        Colours of classes that have no colour of their own.
    valences : tuple of str
        Colours of negative, neutral and positive.
    scale : float
        Factor on all font sizes.
    bold_lines : bool
        Whether traces are drawn bold.
    """

    name: str
    title: str
    window: str
    card: str
    raised: str
    border: str
    grid: str
    text: str
    muted: str
    faint: str
    accent: str
    good: str
    warn: str
    bad: str
    simulated: str
    replay: str
    live: str
    gap: str
    traces: tuple[str, ...]
    classes: tuple[str, ...]
    valences: tuple[str, ...]
    scale: float = 1.0
    bold_lines: bool = False

    def larger(self, factor: float) -> Theme:
        """Return the same look with other font sizes."""
        return replace(self, scale=self.scale * factor)


DARK = Theme(
    name="dark", title="Dark",
    window="#0a0e15", card="#111824", raised="#1b2535", border="#1f2a3b", grid="#19222f",
    text="#e9eff9", muted="#8d9ab0", faint="#56637a",
    accent="#5aa9ff", good="#3ecf8e", warn="#ffb94a", bad="#ff6370",
    simulated="#ffc93c", replay="#b79bff", live="#3ecf8e", gap="#2a3444",
    traces=("#7fe3f5", "#7fb4ff", "#9a97ff", "#cf8dfb"),
    classes=("#4fb6ff", "#ffb14a", "#b79bff", "#3ed0b0", "#f583b8", "#d5d96a"),
    valences=("#ff7d5a", "#97a6c0", "#45bdf5"),
)  # fmt: skip

LIGHT = Theme(
    name="light", title="Light",
    window="#eef1f6", card="#ffffff", raised="#eff3f9", border="#dde3ec", grid="#eef1f6",
    text="#142033", muted="#5b6980", faint="#9aa6b8",
    accent="#1f6feb", good="#0f9960", warn="#b76e00", bad="#d13343",
    simulated="#ffc93c", replay="#6d4fd0", live="#0f9960", gap="#e3e7ee",
    traces=("#0b84a5", "#2b63c9", "#5648c8", "#9a34b5"),
    classes=("#1673c8", "#c87400", "#6d4fd0", "#00856f", "#c03c7d", "#7b7d0a"),
    valences=("#d4502a", "#6c7b93", "#1277b8"),
)  # fmt: skip

CONTRAST = Theme(
    name="contrast", title="High contrast",
    window="#000000", card="#000000", raised="#1c1c1c", border="#8a8a8a", grid="#3a3a3a",
    text="#ffffff", muted="#e0e0e0", faint="#a8a8a8",
    accent="#6cc7ff", good="#49f29f", warn="#ffd400", bad="#ff8080",
    simulated="#ffd400", replay="#d3b8ff", live="#49f29f", gap="#4a4a4a",
    traces=("#ffffff", "#9fe8ff", "#ffe27a", "#ffb3f2"),
    classes=("#5cc3ff", "#ffb000", "#d3b8ff", "#33e6c0", "#ff9ccb", "#f4f77a"),
    valences=("#ff9a6b", "#d8d8d8", "#5cc9ff"), scale=1.1, bold_lines=True,
)  # fmt: skip

THEMES: dict[str, Theme] = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST)}
"""Every look by name."""


@lru_cache(maxsize=512)
def colour(text: str, alpha: float = 1.0) -> QColor:
    """Return a colour of the theme.

    Parameters
    ----------
    text : str
        As in style sheets.
    alpha : float
        Opacity in 0..1.
    """
    out = QColor(text)
    out.setAlphaF(alpha)
    return out


@lru_cache(maxsize=256)
def mix(first: str, second: str, share: float) -> str:
    """Return a colour between two, `share` of the way to the second.

    Examples
    --------
    >>> mix("#000000", "#ffffff", 0.5)
    '#808080'
    """
    a, b = QColor(first), QColor(second)
    parts = zip((a.red(), a.green(), a.blue()), (b.red(), b.green(), b.blue()), strict=True)
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in parts)


def trace_colours(theme: Theme, n_lanes: int) -> list[str]:
    """Return a colour for each lane, evenly through the theme's row of colours."""
    stops = theme.traces
    out = []
    for lane in range(n_lanes):
        at = lane / max(1, n_lanes - 1) * (len(stops) - 1)
        first = min(int(at), len(stops) - 2)
        out.append(mix(stops[first], stops[first + 1], at - first))
    return out


def font(theme: Theme, size: float, weight: int = QFont.Normal, *, spacing: float = 0.0) -> QFont:
    """Return a font.

    Parameters
    ----------
    theme : Theme
        Gives the factor on the size.
    size : float
        Height in logical pixels.
    weight : int
        One of Qt's weights.
    spacing : float
        Extra space between letters in pixels.
    """
    return _font(round(size * theme.scale), weight, spacing)


@lru_cache(maxsize=128)
def _font(pixels: int, weight: int, spacing: float) -> QFont:
    out = QFont(FAMILY)
    out.setFamilies(list(FALLBACKS))
    out.setPixelSize(max(6, pixels))
    out.setWeight(weight)
    if spacing:
        out.setLetterSpacing(QFont.AbsoluteSpacing, spacing)
    return out


def load_fonts() -> None:
    """Make the fonts that are shipped known to Qt; without them the system's own are used."""
    for path in sorted((assets_dir() / "fonts").glob("*.ttf")):
        QFontDatabase.addApplicationFont(str(path))


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of the window, with the theme's colours in it."""
    template = (assets_dir() / "styles" / "window.qss").read_text(encoding="utf-8")
    values = {f.name: str(getattr(theme, f.name)) for f in fields(theme)} | {"family": FAMILY, "on_accent": on(theme.accent)}
    values["icons"] = (assets_dir() / "icons").as_posix()
    template = re.sub(r"(\d+)@px", lambda m: f"{round(int(m[1]) * theme.scale)}px", template)
    return re.sub(r"@(\w+)", lambda m: values[m[1]], template)


def on(surface: str) -> str:
    """Return the colour of writing on a coloured surface: the one of near-black and white with more contrast."""
    dark, light = "#0a0e15", "#ffffff"
    return dark if contrast(surface, dark) >= contrast(surface, light) else light


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1..21 (WCAG 2.1).

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(text: str) -> float:
    c = QColor(text)
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c.redF(), c.greenF(), c.blueF())]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
