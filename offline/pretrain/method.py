"""What a method is: one frozen declaration, from which config, command line, tests and README take what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from offline.pretrain.names import EncoderKind, Stage
from sclcm_core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from offline.config import RunConfig
    from offline.seeds import Seed
    from offline.training.inputs import Inputs
    from offline.training.task import MethodTask
    from sclcm_core.models import Encoder

Signal = Literal["features", "raw"]
Knowledge = Literal["label", "subject", "trial", "stimulus", "recording", "time", "text", "second modality"]


class MethodOptions(BaseModel):
    """Options of a method; each method has its own child, with a description for every field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a method is given: the same for every one.

    Parameters
    ----------
    config : RunConfig
        Everything that the run does; the method's own section is ``config.pretrain`` or ``config.finetune``.
    encoder : Encoder
        What is trained: new in the stage 'pretrain', pretrained or new in 'finetune'.
    train : Inputs
        All windows of the training people. Pretraining looks at no label, whatever stands in ``train.label``.
    labelled : Inputs or None
        Those of them whose labels may be used; None in the stage 'pretrain'.
    validation : tuple of Inputs
        Windows of other people, one entry a line of normalisation; empty where training does not stop by itself.
    n_classes : int
        Number of classes; 0 in the stage 'pretrain'.
    seed : Seed
        Determines everything drawn.
    """

    config: RunConfig
    encoder: Encoder
    train: Inputs
    labelled: Inputs | None
    validation: tuple[Inputs, ...]
    n_classes: int
    seed: Seed

    @property
    def known(self) -> Inputs:
        """Windows whose labels may be used; raises ValueError where there are none."""
        if self.labelled is None:
            raise ValueError("Finetuning needs labelled windows.")
        return self.labelled


Builder = Callable[[Setting], "MethodTask"]


@dataclass(frozen=True, slots=True)
class Method:
    """The declaration of a method.

    Parameters
    ----------
    name : str
        Name in run configs; unique in its stage.
    title : str
        Name in the literature.
    stage : {'pretrain', 'finetune'}
        Where in a run it has its place.
    summary : str
        What it does, in a sentence.
    when : str
        When to use it, in a sentence.
    signals : tuple of {'features', 'raw'}
        What kind of windows it takes.
    looks_at : tuple of str
        What it must know of a window besides the signal.
    encoders : tuple of str
        Kinds of encoder that it can train.
    loss : str
        The loss, in words or a formula of one line.
    trivial : str
        What its trivial solution is.
    batches : str
        Which windows meet in a batch, and what is done to them.
    source : str
        Where it comes from.
    after : str
        Name of the pretraining whose encoder it is meant to start from; empty where it may start from a new one.
    options : type of MethodOptions
        What its section ``options`` may say.
    refusal : str
        Why its network is not shipped as it is, and what to ship instead; empty when it is.
    experimental : bool
        Whether it is offered for experiments only.
    """

    name: str
    title: str
    stage: Stage
    summary: str
    when: str
    signals: tuple[Signal, ...]
    looks_at: tuple[Knowledge, ...]
    encoders: tuple[EncoderKind, ...]
    loss: str
    trivial: str
    batches: str
    source: str
    after: str = ""
    options: type[MethodOptions] = MethodOptions
    refusal: str = ""
    experimental: bool = False

    @property
    def needs(self) -> str:
        """What it looks at, in words."""
        return ", ".join((" or ".join(self.signals), *self.looks_at))

    def build(self) -> Builder:
        """Return what makes its task from a `Setting`; torch is imported only now."""
        from offline.pretrain.builders import BUILDERS

        return BUILDERS[self.name]

    def read_options(self, given: Mapping[str, Any]) -> MethodOptions:
        """Validate the options of a run config.

        Parameters
        ----------
        given : mapping of str to anything
            What the config says.

        Returns
        -------
        MethodOptions
            Those of the method.

        Raises
        ------
        ConfigError
            When a key is unknown or a value cannot be.
        """
        try:
            return self.options.model_validate(dict(given))
        except ValidationError as error:
            problem = error.errors()[0]
            key = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                known = self.options.model_fields
                remedy = nearest(key, known) if known else "Remove it: the method has no options."
                raise ConfigError(f"The method '{self.name}' has no option '{key}'.", remedy) from error
            raise ConfigError(
                f"Option '{key}' of '{self.name}': {problem['msg']} (got {problem['input']!r}).", "Correct it."
            ) from error


def misfit(method: Method, encoder: str, signal: str) -> str:
    """Return why a method cannot train an encoder on a kind of windows; empty when it can.

    Parameters
    ----------
    method : Method
        The method.
    encoder : str
        Kind of encoder.
    signal : {'features', 'raw'}
        Kind of windows.
    """
    if encoder not in method.encoders:
        return f"method '{method.name}' trains the encoders {_listed(method.encoders)}; got '{encoder}'"
    if signal not in method.signals:
        return f"method '{method.name}' takes {_listed(method.signals)} windows; features.kind makes {signal} windows"
    return ""


def _listed(names: Iterable[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)
