"""What the markers of a session say was going on: spans of rest and of labelled presentations.

The program's own protocols mark ``stimulus/LABEL/NAME`` and ``stimulus-end/LABEL/NAME``, ``rest/NAME`` and ``rest-end/NAME``,
``rating/NAME/SCALE=VALUE``. Other programs mark as they like: a small mapping says what their texts mean.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sclcm_core.errors import ConfigError, nearest
from sclcm_core.types import Marker

STIMULUS, STIMULUS_END, REST, REST_END, RATING = "stimulus", "stimulus-end", "rest", "rest-end", "rating"

EYES_CLOSED = "eyes-closed"
"""Name of a rest that makes no baseline where there is another."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which one thing was going on.

    Parameters
    ----------
    kind : {'rest', 'stimulus'}
        What.
    label : str
        The class of a stimulus; empty for rest.
    name : str
        What was presented.
    t_start, t_end : float
        From when to when, in s on the clock of the markers; the end is infinite when nothing says it.
    """

    kind: Literal["rest", "stimulus"]
    label: str
    name: str
    t_start: float
    t_end: float


@dataclass(frozen=True, slots=True)
class Rating:
    """What a person said of a presentation.

    Parameters
    ----------
    name : str
        What was presented.
    scale : str
        ``"valence"``, ``"arousal"``, ``"dominance"``, ...
    value : int
        1 to 9.
    t : float
        When it was said, in s on the clock of the markers.
    """

    name: str
    scale: str
    value: int
    t: float


class MarkerMapping(BaseModel):
    """What the markers of another program mean; texts may hold ``*`` and ``?``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: dict[str, str] = Field(min_length=1, description="class of each text that begins a presentation")
    rest: tuple[str, ...] = Field((), description="texts that begin a rest")
    ends: tuple[str, ...] = Field((), description="texts that end what is going on")
    duration_s: float | None = Field(None, gt=0, description="length of a presentation in s where no marker says its end")


def read_mapping(path: Path) -> MarkerMapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        A TOML file with the fields of `MarkerMapping`.

    Returns
    -------
    MarkerMapping
        What it says.

    Raises
    ------
    ConfigError
        When it is missing, no TOML, or has an unknown key or a wrong value.
    """
    try:
        return MarkerMapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"The mapping '{path}' cannot be read ({error.strerror}).", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The mapping '{path}' is no TOML file ({error}).", "Mend it.") from error
    except ValidationError as error:
        problems = error.errors()
        first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
        key = ".".join(str(part) for part in first["loc"])
        hint = nearest(key, MarkerMapping.model_fields) if first["type"] == "extra_forbidden" else "Mend it."
        raise ConfigError(f"The mapping '{path}' is wrong at '{key}': {first['msg']}.", hint) from error


def find_spans(markers: Iterable[Marker], mapping: MarkerMapping | None = None) -> list[Span]:
    """Return what was going on, in the order of time.

    Parameters
    ----------
    markers : iterable of Marker
        All markers of a session, in any order.
    mapping : MarkerMapping, optional
        What they mean; the program's own texts when left out.

    Returns
    -------
    list of Span
        A span ends where its end is marked, after the duration that its marker or the mapping gives, or where the next begins.

    Examples
    --------
    >>> [span.t_end for span in find_spans([Marker(1, "stimulus/calm/lake"), Marker(9, "stimulus-end/calm/lake")])]
    [9]
    """
    ordered = sorted(markers, key=lambda marker: marker.t)
    begun = [(k, found) for k, marker in enumerate(ordered) if (found := _begin(marker.text, mapping))]
    spans = []
    for number, (k, (kind, label, name)) in enumerate(begun):
        following = ordered[begun[number + 1][0]].t if number + 1 < len(begun) else math.inf
        spans.append(Span(kind, label, name, ordered[k].t, min(following, _end(ordered, k, mapping))))
    return spans


def _begin(text: str, mapping: MarkerMapping | None) -> tuple[Literal["rest", "stimulus"], str, str] | None:
    """Return kind, label and name of what a marker begins."""
    if mapping is None:
        first, *rest = text.split("/")
        if first == STIMULUS and len(rest) == 2:
            return "stimulus", rest[0], rest[1]
        return ("rest", "", "/".join(rest)) if first == REST else None
    if _matches(text, mapping.rest):
        return "rest", "", text
    label = next((label for pattern, label in mapping.labels.items() if fnmatchcase(text, pattern)), None)
    return None if label is None else ("stimulus", label, text)


def _end(ordered: Sequence[Marker], k: int, mapping: MarkerMapping | None) -> float:
    begun = ordered[k]
    if begun.duration_s:
        return begun.t + begun.duration_s
    for marker in ordered[k + 1 :]:
        if _ends(marker.text, begun.text, mapping):
            return marker.t
    known_s = mapping.duration_s if mapping else None
    return begun.t + known_s if known_s else math.inf


def _ends(text: str, begun: str, mapping: MarkerMapping | None) -> bool:
    if mapping is not None:
        return _matches(text, mapping.ends)
    first, _, rest = begun.partition("/")
    return text == f"{first}-end/{rest}"


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def find_ratings(markers: Iterable[Marker]) -> list[Rating]:
    """Return what was said of the presentations, in the order of time.

    Parameters
    ----------
    markers : iterable of Marker
        All markers of a session; those that are no ratings are left out.

    Examples
    --------
    >>> find_ratings([Marker(4.0, "rating/lake/valence=7")])
    [Rating(name='lake', scale='valence', value=7, t=4.0)]
    """
    out = []
    for marker in sorted(markers, key=lambda m: m.t):
        first, *rest = marker.text.split("/")
        scale, _, value = rest[-1].partition("=") if len(rest) == 2 else ("", "", "")
        if first == RATING and value.isdecimal():
            out.append(Rating(rest[0], scale, int(value), marker.t))
    return out
