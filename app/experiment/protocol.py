"""The protocol file: what is shown, in which blocks, for how long, and what is asked afterwards."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sclcm_core.errors import ConfigError, nearest

Kind = Literal["text", "image", "video", "sound"]
Order = Literal["balanced", "shuffled", "as_written"]
Scale = Literal["valence", "arousal", "dominance"]

_NAME = re.compile(r"[^/#=\s][^/#=\n]*")

Seconds = Annotated[float, Field(ge=0, le=36_000)]


def _name(value: Any) -> Any:
    if isinstance(value, str) and not _NAME.fullmatch(value):
        raise ValueError(f"'{value}' must not be empty nor hold '/', '#' or '=', which part the markers")
    return value


Name = Annotated[str, BeforeValidator(_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stimulus(_Strict):
    """Something that is presented."""

    name: Name = Field(description="unique in the protocol; stands in the markers")
    kind: Kind = Field("text", description="text, image, video or sound")
    label: Name = Field(description="the class that it stands for; stands in the markers")
    text: str = Field("", description="what is written: all of a text, or a line below an image")
    file: Path | None = Field(None, description="image, video or sound; relative to the protocol file")
    duration_s: float = Field(gt=0, le=36_000, description="how long it is presented, in s")

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if self.kind == "text" and not self.text:
            raise ValueError(f"the stimulus '{self.name}' needs 'text'")
        if self.kind != "text" and self.file is None:
            raise ValueError(f"the stimulus '{self.name}' needs 'file', for its kind is {self.kind}")
        return self


class Block(_Strict):
    """Presentations in a row."""

    name: Name = Field(description="what the block is called")
    stimuli: tuple[str, ...] = Field(min_length=1, description="names of the stimuli")
    repeats: int = Field(1, ge=1, le=1000, description="how often each of them")
    order: Order = Field("balanced", description="balanced rounds, all shuffled, or as written")
    instructions: str = Field("", description="shown before the block, until a key is pressed")
    ratings: tuple[Scale, ...] = Field((), description="what is asked after each presentation")


class Protocol(_Strict):
    """A whole protocol."""

    format_version: Literal[1] = Field(1, description="version of this format")
    name: Name = Field(description="short name; stands in file names")
    title: str = Field("", description="name for the screen")
    instructions: str = Field("", description="shown first, until a key is pressed")
    rest_s: Seconds = Field(0.0, description="rest with open eyes at the beginning, in s: the person's own baseline")
    eyes_closed_s: Seconds = Field(0.0, description="rest with closed eyes after it, in s; not part of the baseline")
    countdown_s: Seconds = Field(3.0, description="countdown before a rest and before each block, in s")
    pause_s: Seconds = Field(4.0, description="empty screen with a cross before each presentation, in s")
    rating_timeout_s: float = Field(60.0, gt=0, description="how long a rating is waited for, in s")
    blocks: tuple[Block, ...] = Field((), description="in order")
    stimuli: tuple[Stimulus, ...] = Field((), description="what the blocks present")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [stimulus.name for stimulus in self.stimuli]
        if len(set(names)) != len(names):
            raise ValueError(f"the names of the stimuli must be distinct; got {names}")
        for block in self.blocks:
            for name in block.stimuli:
                if name not in names:
                    raise ValueError(
                        f"block '{block.name}' presents '{name}', which is no stimulus. {nearest(name, names)}"[:-1]
                    )
        if not self.blocks and not self.rest_s:
            raise ValueError("there is nothing to do: neither blocks nor rest_s")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order in which the file names them."""
        return tuple(dict.fromkeys(stimulus.label for stimulus in self.stimuli))

    def stimulus(self, name: str) -> Stimulus:
        """Return a stimulus by its name."""
        return next(stimulus for stimulus in self.stimuli if stimulus.name == name)


def read_protocol(path: Path) -> Protocol:
    """Read a protocol file.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    Protocol
        Files of stimuli are resolved against the folder of the protocol, and are there.

    Raises
    ------
    ConfigError
        When it is missing or no TOML, has an unknown key or a wrong value, or names a file that is not there.
    """
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The protocol '{path}' cannot be read ({error.strerror}).", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The protocol '{path}' is no TOML file ({error}).", "Mend it.") from error
    try:
        protocol = Protocol.model_validate(facts)
    except ValidationError as error:
        what, remedy = _first_problem(error)
        raise ConfigError(f"The protocol '{path}' is wrong: {what}.", remedy) from error
    return protocol.model_copy(update={"stimuli": tuple(_located(stimulus, path) for stimulus in protocol.stimuli)})


def _located(stimulus: Stimulus, path: Path) -> Stimulus:
    if stimulus.file is None:
        return stimulus
    file = (path.parent / stimulus.file).resolve()
    if not file.is_file():
        raise ConfigError(f"The {stimulus.kind} '{file}' of the stimulus '{stimulus.name}' is not there.", "Check 'file'.")
    return stimulus.model_copy(update={"file": file})


def _first_problem(error: ValidationError) -> tuple[str, str]:
    """Return what is wrong, with its value, and what to do."""
    problems = error.errors()
    problem = next((found for found in problems if found["type"] == "extra_forbidden"), problems[0])
    path = [str(part) for part in problem["loc"]]
    where = ".".join(_counted(path))
    if problem["type"] == "extra_forbidden":
        inner: dict[str, type[BaseModel]] = {"blocks": Block, "stimuli": Stimulus}
        known = inner.get(path[0], Protocol).model_fields if len(path) > 1 else Protocol.model_fields
        return f"unknown key '{where}'", nearest(path[-1], known)
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] in ("value_error", "missing"):
        return (f"{where}: {said}" if path else said), "Change it in the file."
    return f"{where} is {problem['input']!r}", f"{said.replace('Input should', 'It should')}."


def _counted(path: list[str]) -> list[str]:
    """Return a path into the file with its tables counted from one, as people do."""
    return [str(int(part) + 1) if part.isdecimal() else part for part in path]


_WORDS_ASK = "Words will ask for a state of mind: stay in it while the word is there."
_REST_ALONE = "Nothing is asked of you but to rest, with open eyes."


def calibration_protocol(labels: tuple[str, ...], *, n_blocks: int, duration_s: float, rest_s: float) -> Protocol:
    """Return the protocol of a guided calibration by words.

    Parameters
    ----------
    labels : tuple of str
        The classes; none for a baseline alone.
    n_blocks : int
        Presentations of each class.
    duration_s : float
        Length of each in s.
    rest_s : float
        Rest with open eyes at the beginning, in s.

    Returns
    -------
    Protocol
        In balanced order.
    """
    stimuli = tuple(
        Stimulus(name=label, kind="text", label=label, text=label.capitalize(), file=None, duration_s=duration_s)
        for label in labels
    )
    blocks = (Block(name="calibration", stimuli=labels, repeats=n_blocks),) if labels else ()  # type: ignore[call-arg]
    return Protocol(
        name="calibration",
        title="Personal calibration",
        instructions=f"Sit still and look at the screen. {_WORDS_ASK if labels else _REST_ALONE}",
        rest_s=rest_s,
        blocks=blocks,
        stimuli=stimuli,
    )  # type: ignore[call-arg]
