"""What a bundle says of itself."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sclcm_core.errors import BundleError, nearest
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.calibration_record import CalibrationRecord
from sclcm_core.inference.typicality import TypicalityModel
from sclcm_core.inference.word_stats import WordStats

FORMAT_VERSION = 1

Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(_Strict):
    """A figure with its 95 % interval."""

    value: float = Field(description="the figure")
    low: float = Field(description="lower end of the 95 % interval")
    high: float = Field(description="upper end of the 95 % interval")


class Evaluation(_Strict):
    """How well the training recipe does on people it has not seen."""

    protocol: str = Field(description="what was held out, and how")
    n_subjects: int = Field(description="number of people tested")
    chance: float = Field(description="balanced accuracy of guessing")
    balanced_accuracy: Interval = Field(description="with the population's normaliser")
    balanced_accuracy_personal: Interval | None = Field(None, description="with the person's own baseline")
    baseline_name: str = Field(description="the simple method that ran on the same folds")
    baseline_balanced_accuracy: Interval = Field(description="what it reached with the population's normaliser")
    baseline_balanced_accuracy_personal: Interval | None = Field(None, description="and with the person's own baseline")
    macro_f1: Interval | None = Field(None, description="with the population's normaliser")


class TrainingData(_Strict):
    """Where the weights come from."""

    name: str = Field(description="name of the data set")
    licence: str = Field(description="licence of the data set")
    attribution: str = Field(description="whom to cite")
    n_subjects: int = Field(description="number of people trained on")
    left_out: tuple[str, ...] = Field((), description="people of the data set who were not trained on")
    simulated: bool = Field(description="whether the data come from a simulator")


class NormaliserStats(_Strict):
    """The population's normaliser."""

    mean: Matrix = Field(description="(n_bands, n_columns) in nats or dB")
    sd: Matrix = Field(description="(n_bands, n_columns) in nats or dB")

    def normaliser(self) -> Normaliser:
        """Return it as arrays."""
        return Normaliser(np.array(self.mean, dtype=np.float64), np.array(self.sd, dtype=np.float64))


class TypicalityStats(_Strict):
    """Where the training windows lie: what tells windows that are unlike all of them (novelty, out of distribution)."""

    centre: Vector = Field(description="(n_bands * n_columns,) mean of the normalised features, averaged over frames")
    directions: Matrix = Field(description="(n_directions, n_bands * n_columns) in which training windows differ most")
    spreads: Vector = Field(description="(n_directions,) standard deviation along each")
    rest_spread: Annotated[float, Field(gt=0)] = Field(description="standard deviation along any other direction")
    distances: Vector = Field(min_length=2, description="of people not fitted on: quantiles at even steps, ascending")

    def model(self) -> TypicalityModel:
        """Return it as arrays."""
        centre, directions, spreads, distances = (
            np.array(values, dtype=np.float64) for values in (self.centre, self.directions, self.spreads, self.distances)
        )
        return TypicalityModel(centre, directions.reshape(len(spreads), len(centre)), spreads, self.rest_spread, distances)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.directions) != len(self.spreads) or {len(row) for row in self.directions} - {len(self.centre)}:
            raise ValueError("directions must be (n_directions, n_features) as spreads and centre are long")
        if any(value <= 0 for value in self.spreads) or any(np.diff(self.distances) < 0):
            raise ValueError("spreads must be positive and distances ascending")
        return self


class Abstention(_Strict):
    """From which confidence on answers are wrong no more often than a chosen risk."""

    risk: Annotated[float, Field(gt=0, lt=1)] = Field(description="share of wrong answers, classes counting alike, 0..1")
    confidence: Annotated[float, Field(ge=0, le=1)] = Field(description="least probability of the most probable class")
    coverage: Annotated[float, Field(ge=0, le=1)] = Field(description="share of windows that are then answered, 0..1")


class Trust(_Strict):
    """How far answers are to be trusted under one normaliser."""

    temperature: Annotated[float, Field(gt=0)] = Field(1.0, description="divides the logits")
    typicality: TypicalityStats | None = Field(default=None, description="where the training windows lie")
    abstention: tuple[Abstention, ...] = Field(
        default=(), description="thresholds found on validation people, without smoothing"
    )

    def threshold(self, risk: float) -> float | None:
        """Return the confidence from which answers are wrong no more often than a risk in 0..1; None when none is known."""
        kept = [entry for entry in self.abstention if entry.risk <= risk + 1e-9]
        return max(kept, key=lambda entry: entry.risk).confidence if kept else None


class Manifest(_Strict):
    """Everything needed to use a network rightly: the part of a bundle that is not weights."""

    format_version: Literal[1] = Field(description="version of this format")
    name: str = Field(description="short name, as in --model")
    title: str = Field(description="name for the screen")
    description: str = Field("", description="one or two sentences for the user")
    target: str = Field(description="what is predicted: emotion, workload, ...")
    class_names: tuple[str, ...] = Field(min_length=2, description="in the order of the logits")
    features: FeatureSpec = Field(description="what the network sees")
    normaliser: NormaliserStats = Field(description="statistics of the training people")
    personal_baseline: bool = Field(description="whether it was trained to work with a person's own baseline")
    smoothing_s: Annotated[float, Field(ge=0)] = Field(0.0, description="time constant of the probability smoothing in s")
    temperature: Annotated[float, Field(gt=0)] = Field(1.0, description="divides the logits; with the population's normaliser")
    typicality: TypicalityStats | None = Field(default=None, description="where the training windows lie; likewise")
    abstention: tuple[Abstention, ...] = Field(default=(), description="thresholds of confidence for a chosen risk; likewise")
    personal: Trust | None = Field(default=None, description="the same three with a person's own baseline")
    quantization: str = Field("float32", description="how the weights are stored")
    training_data: TrainingData = Field(description="where the weights come from")
    evaluation: Evaluation | None = Field(None, description="how well the recipe does")
    calibration: tuple[CalibrationRecord, ...] = Field(default=(), description="how it became personal, the newest last")
    words: WordStats | None = Field(
        default=None, description="what can be matched with words; None when the network knows none"
    )
    created: str = Field(description="date, ISO 8601")
    config: str = Field("", description="the run config that made it")
    commit: str = Field("", description="the commit that made it")
    graph_sha256: str = Field("", description="hash of the network without this manifest")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        expected = self.features.input_shape[:2]
        for key, matrix in (("mean", self.normaliser.mean), ("sd", self.normaliser.sd)):
            found = np.shape(matrix) if len({len(row) for row in matrix}) == 1 else "ragged"
            if found != expected:
                raise ValueError(f"normaliser.{key} has shape {found}; the features have {expected}")
        if any(value <= 0 for row in self.normaliser.sd for value in row):
            raise ValueError("normaliser.sd must be positive")
        for trust in (self, self.personal):
            if trust and trust.typicality and len(trust.typicality.centre) != expected[0] * expected[1]:
                raise ValueError(f"typicality.centre must have {expected[0] * expected[1]} entries, one a band and column")
        return self

    @field_validator("class_names")
    @classmethod
    def _are_distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError(f"class names must be distinct; got {value}")
        return value

    def trust(self, *, has_baseline: bool) -> Trust:
        """Return how far answers are to be trusted with a person's own baseline, or without one."""
        if has_baseline and self.personal is not None:
            return self.personal
        typicality = (
            None if has_baseline else self.typicality
        )  # a baseline moves the features: the population's centre says nothing
        return Trust(temperature=self.temperature, typicality=typicality, abstention=() if has_baseline else self.abstention)

    @property
    def simulated(self) -> bool:
        """Whether the training data come from a simulator."""
        return self.training_data.simulated


def parse_manifest(text: str, where: str) -> Manifest:
    """Read a manifest that came from outside.

    Parameters
    ----------
    text : str
        JSON.
    where : str
        What to call its place in errors.

    Returns
    -------
    Manifest
        The manifest.

    Raises
    ------
    BundleError
        When it is not JSON, of another version, or has unknown or wrong entries.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BundleError(f"The manifest in '{where}' is not JSON ({error}).", "Export the bundle again.") from error
    if not isinstance(data, dict):
        raise BundleError(f"The manifest in '{where}' is a {type(data).__name__}, not an object.", "Export the bundle again.")
    version = data.get("format_version")
    if version != FORMAT_VERSION:
        raise BundleError(
            f"The bundle '{where}' has format version {version!r}; this program reads {FORMAT_VERSION}.",
            "Export it again with this version, or install the version that made it.",
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise BundleError(
            f"The manifest in '{where}' is wrong: {_first_problem(error)}.", "Export the bundle again."
        ) from error


def _first_problem(error: ValidationError) -> str:
    problem: Any = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{'.'.join(path)}'. {nearest(path[-1], _known_keys(path[:-1]))}"[:-1]
    return f"{'.'.join(path) or 'as a whole'}: {problem['msg']}"


def _known_keys(path: list[str]) -> list[str]:
    model: Any = Manifest
    for part in path:
        model = getattr(model, "model_fields", {}).get(part)
        model = getattr(model, "annotation", None)
    return list(getattr(model, "model_fields", Manifest.model_fields))
