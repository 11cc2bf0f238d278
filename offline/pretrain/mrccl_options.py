"""Options of contrast between modalities, without torch: reading a config must not import it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from offline.pretrain.method import MethodOptions


class MrcclOptions(MethodOptions):
    """Contrast between modalities."""

    peripherals: Annotated[
        Path | None,
        Field(
            description="what else was measured, DEAP's peripheral channels or the rest of the cap: a file of 'sclcm-offline"
            " peripherals'; left out: a second view of the EEG itself"
        ),
    ] = None
    own_scale: Annotated[
        bool | None,
        Field(
            description="standardise that file's values by each person's own windows instead of all training people's; left out: those"
            " of the rest of the cap alone"
        ),
    ] = None
    own_view: Annotated[
        bool, Field(description="beside what else was measured, the second view of the EEG itself as a third modality")
    ] = False
    tau: Annotated[float, Field(gt=0, description="temperature")] = 0.1
    noise_weight: Annotated[float, Field(ge=0, description="of clean against noisy, beside modality against modality")] = 1.0
    noise_steps: Annotated[int, Field(ge=1, le=100, description="steps of noise that are drawn from, of 100")] = 50


class MrcclPretrainOptions(MrcclOptions):
    """Pretraining by contrast between modalities."""

    batch_size: Annotated[int, Field(ge=16, description="windows in a batch, one of each trial at most")] = 256


class MrcclFinetuneOptions(MrcclOptions):
    """Finetuning with modalities that are there in training only."""

    contrast_weight: Annotated[float, Field(ge=0, description="of either contrast beside the cross-entropies")] = 0.1
    drop: Annotated[float, Field(ge=0, lt=1, description="how often the second modality is missing in training, 0..1")] = 0.3
    oversample: Annotated[bool, Field(description="draw trials of rare classes more often")] = True
