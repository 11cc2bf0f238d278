"""The small file that says what the events of a BIDS folder mean."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sclcm_core.errors import DatasetError, nearest

USUAL_NAME = "sclcm-labels.toml"

EXAMPLE = """target = "emotion"
class_names = ["negative", "positive"]
column = "trial_type"
baseline = ["rest"]
[labels]
film_sad = "negative"
film_joy = "positive"
"""
"""What such a file looks like."""


class EventLabels(BaseModel):
    """How the rows of ``*_events.tsv`` become labelled trials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Annotated[str, Field(description="what the labels mean: emotion, workload, ...")]
    class_names: Annotated[tuple[str, ...], Field(min_length=2, description="names of the classes, in order")]
    labels: Annotated[dict[str, str], Field(min_length=1, description="class of each value of the column")]
    column: Annotated[str, Field(description="column of events.tsv that says what a row is")] = "trial_type"
    stimulus_column: Annotated[str | None, Field(description="column that names the stimulus; the value itself if none")] = None
    baseline: Annotated[tuple[str, ...], Field(description="values of the column that mean rest")] = ()
    duration_s: Annotated[float | None, Field(gt=0, description="length in s where events.tsv gives none")] = None
    task: Annotated[str | None, Field(description="task of the recordings to read; all if none")] = None


def read_event_labels(path: Path) -> EventLabels:
    """Read what events mean.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    EventLabels
        What it says. An unknown key raises DatasetError with the nearest known one.
    """
    if not path.is_file():
        raise DatasetError(f"'{path}', which says what the events mean, is missing.", f"Write one, for example:\n{EXAMPLE}")
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f"'{path}' is no TOML file ({error}).", "Correct it.") from error
    for key in facts:
        if key not in EventLabels.model_fields:
            raise DatasetError(f"'{path}' has an unknown key '{key}'.", nearest(key, EventLabels.model_fields))
    try:
        labels = EventLabels.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise DatasetError(f"'{path}', field '{field}': {first['msg']}.", f"Correct it, for example:\n{EXAMPLE}") from error
    _check_classes(path, labels)
    return labels


def _check_classes(path: Path, labels: EventLabels) -> None:
    for value, name in labels.labels.items():
        if name not in labels.class_names:
            raise DatasetError(
                f"'{path}' gives '{value}' the class '{name}', which is not in class_names.", nearest(name, labels.class_names)
            )
