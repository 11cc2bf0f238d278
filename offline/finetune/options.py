"""Options of the finetuning methods, without torch: reading a config must not import it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from offline.pretrain.method import MethodOptions


class TripletOptions(MethodOptions):
    """Finetuning by triplets."""

    mining: Annotated[Literal["semi_hard", "batch_hard", "random"], Field(description="how triplets are chosen")] = "semi_hard"
    margin: Annotated[float, Field(gt=0, description="how much farther a negative shall be, in squared distance 0..4")] = 0.3
    soft: Annotated[bool, Field(description="softplus of the difference instead of a margin")] = False
    n_windows: Annotated[int, Field(ge=2, description="windows of each class in a batch")] = 16
    n_hidden: Annotated[int, Field(ge=0, description="length of the head's hidden layer; 0 for none")] = 64
    n_space: Annotated[int, Field(ge=2, description="dimensions in which distances are taken")] = 32


class EegclipOptions(MethodOptions):
    """Alignment with text."""

    captions: Annotated[Literal["labels", "ratings"], Field(description="captions say the class, or the ratings (DEAP)")] = (
        "labels"
    )
    class_words: Annotated[
        tuple[tuple[str, ...], ...],
        Field(description="words for each class in the order of the labels; left out: those known for the data set's classes"),
    ] = ()
    held_out_words: Annotated[tuple[str, ...], Field(description="words that no training caption may say")] = ()
    without_classes: Annotated[
        tuple[int, ...], Field(description="labels whose windows and captions are kept out of training: zero-shot classes")
    ] = ()
    shuffle_captions: Annotated[bool, Field(description="control: captions of other trials; must come out at chance")] = False
    encoder: Annotated[Literal["all-MiniLM-L6-v2", "hashed words"], Field(description="frozen sentence encoder")] = (
        "all-MiniLM-L6-v2"
    )
    loss: Annotated[Literal["clip", "siglip"], Field(description="symmetric cross-entropy, or each pair by itself")] = "clip"
    targets: Annotated[
        Literal["same", "soft"], Field(description="captions of one meaning are positives; or all, by how alike they are")
    ] = "same"
    text_head: Annotated[
        Literal["fixed", "trained"],
        Field(description="principal axes of the captions and of words for states, or learnt: fits better, generalises worse"),
    ] = "fixed"
    n_space: Annotated[int, Field(ge=2, description="dimensions of the shared space")] = 64
    n_per_trial: Annotated[int, Field(ge=1, description="windows of a trial in a batch, at most")] = 2


class SelftrainOptions(MethodOptions):
    """Self-training on windows without labels."""

    n_rounds: Annotated[int, Field(ge=1, le=5, description="rounds of labelling, at most")] = 3
    threshold: Annotated[float, Field(gt=0, lt=1, description="least mean probability of an accepted trial")] = 0.95
    sure_threshold: Annotated[float, Field(gt=0, lt=1, description="for classes that are well recognised")] = 0.99
    rare_threshold: Annotated[float, Field(gt=0, lt=1, description="for rare classes")] = 0.85
    agreement: Annotated[float, Field(ge=0, le=1, description="share of a trial's windows that must say the same")] = 0.8
    weight: Annotated[float, Field(gt=0, le=1, description="of a pseudo-labelled window beside a labelled one")] = 0.5
    most_over_share: Annotated[
        float, Field(ge=1, description="a class may get this many times its share of the labelled trials")
    ] = 2.0


class DistilOptions(MethodOptions):
    """Distillation."""

    teacher: Annotated[
        Path | None, Field(description="run config of the teacher, a TOML file; it must name its data set's folder")
    ] = None
    temperature: Annotated[float, Field(gt=0, description="softens the answers of teacher and student")] = 2.0
    share: Annotated[float, Field(ge=0, le=1, description="weight of the teacher beside the labels, 0..1")] = 0.5
