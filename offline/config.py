"""Run configs: one TOML file says everything that a run does.

Everything is validated before anything is computed; an unknown key is refused with the nearest known one.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from offline.pretrain.method import misfit
from offline.pretrain.methods import find_method, options_of
from offline.pretrain.names import AugmentationName, EncoderKind, HeadKind, Stage
from sclcm_core.errors import ConfigError, nearest
from sclcm_core.features.spec import FeatureSpec

Line = Literal["population", "personal", "window"]
"""How features are normalised: by the statistics of the training people, by the person's own rest, or each window by its own.

The last is the original SCLCM's. It deletes the level of the band power, the main feature, and is here for comparison only."""

LINES: tuple[Line, ...] = get_args(Line)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DatasetConfig(_Strict):
    """Which data."""

    name: Annotated[str, Field(description="a name that 'sclcm-offline datasets' lists")]
    root: Annotated[Path | None, Field(description="folder of the data set, relative to the current folder")] = None
    options: Annotated[
        dict[str, bool | int | float | str], Field(description="options of the data set that differ from the usual")
    ] = {}
    without_subjects: Annotated[tuple[str, ...], Field(description="subjects who are not read at all")] = ()
    window_hop_frames: Annotated[int, Field(ge=1, description="distance between windows, in frames")] = 2
    last_window_only: Annotated[bool, Field(description="one window a trial, the one that ends with it (the original)")] = False


class TcnConfig(_Strict):
    """Dilated convolutions over time."""

    width: Annotated[int, Field(ge=4, description="planes between the input and the last block")] = 64
    n_blocks: Annotated[int, Field(ge=1, le=12, description="residual blocks; block i has dilation 2^i")] = 5
    dropout: Annotated[float, Field(ge=0, lt=1, description="dropout on the representation of each step, 0..1")] = 0.1
    pool: Annotated[
        int, Field(ge=1, description="steps that are averaged into one after the blocks; 4 spares memory on raw windows")
    ] = 1


class PatchesConfig(_Strict):
    """A transformer over patches of channels."""

    depth: Annotated[int, Field(ge=1, description="blocks")] = 4
    n_heads: Annotated[int, Field(ge=1, description="attention heads; they share n_embedding")] = 4
    n_hidden: Annotated[int, Field(ge=4, description="length of the hidden layer in a block")] = 512
    attention: Annotated[
        Literal["full", "cropa", "region"],
        Field(description="all tokens; those of the same channel or time; those of the same region too"),
    ] = "full"
    prune: Annotated[
        float, Field(ge=0, lt=1, description="share of tokens dropped after block 1 and after block 2, in finetuning and use")
    ] = 0.0
    tokens: Annotated[
        Literal["raw", "hybrid", "features"],
        Field(description="patches of the signal, band powers of scalp regions beside them, or band powers alone"),
    ] = "raw"


class EncoderConfig(_Strict):
    """The encoder; widths, layout, dropouts and pooling belong to the kind 'sclcm'."""

    kind: Annotated[EncoderKind, Field(description="which network")] = "sclcm"
    layout: Annotated[Literal["1d", "2d"], Field(description="convolve over time, or over time and neighbouring columns")] = (
        "1d"
    )
    widths: Annotated[tuple[int, int], Field(description="planes after the two convolutions")] = (64, 128)
    n_embedding: Annotated[int, Field(ge=2, description="length of the embedding")] = 128
    dropouts: Annotated[tuple[float, float], Field(description="dropout after the two convolutions, 0..1")] = (0.2, 0.25)
    pooling: Annotated[Literal["flatten", "mean"], Field(description="keep the time steps, or average them")] = "flatten"
    tcn: Annotated[TcnConfig, Field(description="of the kind 'tcn'")] = TcnConfig()
    patches: Annotated[PatchesConfig, Field(description="of the kind 'patches'")] = PatchesConfig()


class HeadConfig(_Strict):
    """The classifier on the embedding."""

    kind: Annotated[HeadKind, Field(description="on the embedding, or on every time step of a 'tcn'")] = "dense"
    n_hidden: Annotated[int, Field(ge=0, description="length of the hidden layer; 0 for none")] = 1024
    dropout: Annotated[float, Field(ge=0, lt=1, description="dropout, 0..1")] = 0.3


class TrainerConfig(_Strict):
    """How any method is trained."""

    epochs: Annotated[int, Field(ge=1, description="most epochs")] = 100
    patience: Annotated[int, Field(ge=1, description="epochs without a better validation score before stopping")] = 15
    weight_decay: Annotated[float, Field(ge=0, description="AdamW's weight decay")] = 1e-2
    warmup_share: Annotated[float, Field(ge=0, lt=1, description="share of the steps over which the learning rate rises")] = (
        0.05
    )
    clip_norm: Annotated[float, Field(gt=0, description="longest gradient")] = 1.0
    precision: Annotated[Literal["float32", "bfloat16"], Field(description="of the forward pass; losses stay float32")] = (
        "float32"
    )
    device: Annotated[Literal["auto", "cpu", "cuda"], Field(description="where to compute")] = "auto"

    @property
    def keeps_start(self) -> bool:
        """Whether the network as it is before the first epoch is a candidate too."""
        return False


class PretrainConfig(TrainerConfig):
    """Pretraining, which looks at no class label."""

    method: Annotated[str, Field(description="a name that 'sclcm-offline methods' lists")] = "sclcm"
    options: Annotated[dict[str, Any], Field(description="options of the method that differ from its usual ones")] = {}
    lr: Annotated[float, Field(gt=0, description="learning rate")] = 1e-3
    groups_by: Annotated[
        Literal["trial", "stimulus"],
        Field(description="positives: windows of one trial, or of one subject and stimulus (the original)"),
    ] = "trial"
    n_groups: Annotated[int, Field(ge=2, description="groups in a batch")] = 64
    n_items: Annotated[int, Field(ge=2, description="windows of a group in a batch")] = 4
    n_views: Annotated[int, Field(ge=1, description="views of each window: itself, then augmented ones")] = 2
    augmentations: Annotated[tuple[AugmentationName, ...], Field(description="what may be done to a view")] = (
        "mix_windows",
        "add_noise",
        "mask_channels",
    )
    n_projection: Annotated[int, Field(ge=0, description="length of the projection; 0 for no projector (the original)")] = 64
    theta: Annotated[float, Field(gt=0, description="temperature of the loss")] = 0.5
    weights: Annotated[
        tuple[float, float, float, float], Field(description="of positives, hard, soft person and soft stimulus negatives")
    ] = (0.4, 0.4, 0.1, 0.0)
    count: Annotated[Literal["counts", "pairs"], Field(description="average by class of pairs, or over all (the original)")] = (
        "counts"
    )


class FinetuneConfig(TrainerConfig):
    """Supervised training of encoder and head."""

    method: Annotated[str, Field(description="a name that 'sclcm-offline methods' lists")] = "ce"
    options: Annotated[dict[str, Any], Field(description="options of the method that differ from its usual ones")] = {}
    mode: Annotated[Literal["finetune", "probe"], Field(description="train all, or the head alone on a frozen encoder")] = (
        "finetune"
    )
    start: Annotated[
        Literal["new", "probe"],
        Field(
            description="a new head, or the linear probe of the encoder, which is kept where training makes nothing better of it;"
            " it needs head.n_hidden = 0, and heads that a method brings along stay new"
        ),
    ] = "new"
    batch_size: Annotated[int, Field(ge=16, description="windows in a batch; BatchNorm needs at least 16")] = 128
    head_lr: Annotated[float, Field(gt=0, description="learning rate of the head")] = 1e-3
    encoder_lr: Annotated[float, Field(gt=0, description="learning rate of the encoder")] = 1e-4
    stop_by: Annotated[
        Literal["macro_f1", "loss"],
        Field(
            description="what the validation people stop training by; macro-F1 is soon at its best where they are few and clear"
        ),
    ] = "macro_f1"
    label_smoothing: Annotated[float, Field(ge=0, lt=1, description="share of the target spread over all classes")] = 0.05
    class_weights: Annotated[bool, Field(description="weigh classes by the inverse of their frequency")] = True
    augmentations: Annotated[tuple[AugmentationName, ...], Field(description="what may be done to a training window")] = ()
    label_share: Annotated[float, Field(gt=0, le=1, description="share of the training trials whose labels are used, 0..1")] = (
        1.0
    )
    n_members: Annotated[int, Field(ge=1, description="networks, differing in their seed, whose logits are averaged")] = 1

    @property
    def keeps_start(self) -> bool:
        """Whether it begins with something that is worth keeping: a probe."""
        return self.start == "probe"


class EvaluateConfig(_Strict):
    """The protocol."""

    split: Annotated[
        Literal[
            "leave_one_subject_out",
            "grouped_folds",
            "subject_and_stimulus_disjoint",
            "within_subject",
            "first_trials",
            "selected_on_test",
        ],
        Field(description="what a fold leaves out"),
    ] = "leave_one_subject_out"
    options: Annotated[
        dict[str, bool | int | str], Field(description="options of the split, such as k or n_validation_subjects")
    ] = {}
    baselines: Annotated[
        tuple[Literal["majority", "logistic_regression", "time_course", "riemannian", "untrained probe"], ...],
        Field(description="simple methods on the same folds"),
    ] = ("majority", "logistic_regression")
    n_permutations: Annotated[int, Field(ge=0, description="permutations of trial labels for the level of chance")] = 1000
    n_refits: Annotated[
        int, Field(ge=0, description="refits of logistic regression on permuted training labels, for the same; 0 for none")
    ] = 0
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        Field(description="'evaluate' repeats everything with each, and gives mean and spread; elsewhere the one seed holds"),
    ] = ()
    design_subjects: Annotated[
        tuple[str, ...],
        Field(description="people on whom shape and training were chosen; figures of the others are given by themselves too"),
    ] = ()


class OriginalConfig(_Strict):
    """The protocol of the publication that a config goes back to; 'sclcm-offline protocols' runs it beside the honest ones."""

    test_subjects: Annotated[
        tuple[str, ...], Field(min_length=1, description="people who are tested and, there, stop training")
    ]


class QuantizeConfig(_Strict):
    """Post-training static quantization, symmetric, per channel; finetuning under rounding where that is not good enough."""

    enabled: Annotated[bool, Field(description="false ships float32")] = True
    activations: Annotated[
        Literal["absmax", "percentile", "affine"],
        Field(description="ranges up to the largest value, up to the 99.9th percentile, or unsigned with a zero point"),
    ] = "absmax"
    keep_outer_layers: Annotated[
        bool, Field(description="keep the first and the last layer in float32: they suffer most from eight bits")
    ] = False
    on_failure: Annotated[
        tuple[Literal["mixed", "aware"], ...],
        Field(description="what is tried, in turn, where int8 is not accepted: float outer layers, finetuning under rounding"),
    ] = ("mixed", "aware")
    aware_epochs: Annotated[int, Field(ge=1, description="epochs of finetuning under rounding")] = 5
    n_calibration: Annotated[int, Field(ge=16, description="training windows that ranges are found on")] = 512
    max_accuracy_drop: Annotated[float, Field(ge=0, description="most balanced accuracy that int8 may cost, 0..1")] = 0.01
    min_agreement: Annotated[float, Field(ge=0, le=1, description="least share of windows with the same answer")] = 0.97
    max_size_ratio: Annotated[float, Field(gt=0, description="largest int8 file over the float file")] = 0.30


class BundleConfig(_Strict):
    """What is shipped."""

    path: Annotated[Path, Field(description="the .onnx file to write, relative to the current folder")]
    description: Annotated[str, Field(description="one or two sentences for the user")] = ""
    caveats: Annotated[tuple[str, ...], Field(description="what the user must know; each a paragraph of the model card")] = ()
    smoothing_s: Annotated[float, Field(ge=0, description="time constant of the probability smoothing in s")] = 0.0


class RunConfig(_Strict):
    """Everything that a run does."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]*$", description="short name: lower case, digits, hyphens")]
    title: Annotated[str, Field(description="name for people")]
    seed: Annotated[int, Field(ge=0, description="determines everything that is drawn")] = 0
    lines: Annotated[tuple[Line, ...], Field(description="normalisations trained and tested with")] = ("population",)
    dataset: DatasetConfig
    features: FeatureSpec
    encoder: EncoderConfig = EncoderConfig()
    head: HeadConfig = HeadConfig()
    pretrain: Annotated[PretrainConfig | None, Field(description="left out: no pretraining")] = None
    finetune: FinetuneConfig = FinetuneConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    original: Annotated[OriginalConfig | None, Field(description="left out: there is no original to compare with")] = None
    quantize: QuantizeConfig = QuantizeConfig()
    bundle: Annotated[BundleConfig | None, Field(description="left out: nothing is shipped")] = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.lines or len(set(self.lines)) != len(self.lines):
            raise ValueError(f"lines must be distinct and not empty; got {list(self.lines)}")
        if self.bundle and "population" not in self.lines:
            raise ValueError("a bundle needs the line 'population': it carries the population's normaliser")
        self._check_methods()
        return self

    def _check_methods(self) -> None:
        signal = "raw" if self.features.is_raw else "features"
        stages: tuple[tuple[PretrainConfig | FinetuneConfig | None, Stage], ...] = (
            (self.pretrain, "pretrain"),
            (self.finetune, "finetune"),
        )
        for section, stage in stages:
            if section is None:
                continue
            options_of(section, stage)
            if problem := misfit(find_method(section.method, stage), self.encoder.kind, signal):
                raise ValueError(problem)
        if self.head.kind == "steps" and self.encoder.kind != "tcn":
            raise ValueError(f"the head 'steps' needs the encoder 'tcn'; got '{self.encoder.kind}'")
        if self.finetune.start == "probe" and self.head.n_hidden:
            raise ValueError(f"finetune.start = 'probe' needs head.n_hidden = 0: a probe is linear; got {self.head.n_hidden}")


def load_config(path: Path) -> RunConfig:
    """Read a run config.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    RunConfig
        Validated.

    Raises
    ------
    ConfigError
        When the file is missing, is not TOML, or has an unknown key or a value that cannot be.
    """
    if not path.is_file():
        raise ConfigError(f"There is no run config '{path}'.", "Those that made the shipped models are in assets/configs.")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' is not TOML: {error}.", "Mend the line it names.") from error
    return parse_config(data, str(path))


def parse_config(data: dict[str, Any], where: str) -> RunConfig:
    """Validate the content of a run config.

    Parameters
    ----------
    data : dict
        What the TOML file says.
    where : str
        What to call its place in errors.

    Returns
    -------
    RunConfig
        Validated.

    Raises
    ------
    ConfigError
        When a key is unknown or a value cannot be.
    """
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        what, remedy = _first_problem(error)
        raise ConfigError(f"In '{where}': {what}.", remedy) from error


def _first_problem(error: ValidationError) -> tuple[str, str]:
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    model = _model_at(path[:-1])
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{'.'.join(path)}'", nearest(path[-1], model.model_fields)
    field = model.model_fields.get(path[-1]) if path else None
    meaning = f"It means: {field.description}." if field and field.description else "Correct it."
    return f"{'.'.join(path) or 'as a whole'}: {problem['msg']} (got {problem['input']!r})"[:400], meaning


def _model_at(path: list[str]) -> type[BaseModel]:
    model: type[BaseModel] = RunConfig
    for part in path:
        field = model.model_fields.get(part)
        candidates = [field.annotation, *get_args(field.annotation)] if field else []
        inner = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not inner:
            break
        model = inner[0]
    return model
