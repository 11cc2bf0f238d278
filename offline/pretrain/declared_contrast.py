"""Declarations: contrast of windows by who, what and when."""

from __future__ import annotations

from offline.pretrain.contrast_options import ClocsOptions
from offline.pretrain.method import Method

_BATCHES = "several windows from each of several groups; each window beside augmented views of itself"
_TRIVIAL = "orthogonal embeddings"

DECLARED: tuple[Method, ...] = (
    Method(
        name="sclcm",
        title="SCLCM, HardSoft loss",
        stage="pretrain",
        summary="Pulls windows of one trial together, pushes others apart: hard when person and stimulus differ, soft when one is shared.",
        when="The default for band features: several people, known trials, the smallest int8 model.",
        signals=("features", "raw"),
        looks_at=("subject", "trial", "stimulus", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="sum over classes of pairs of weight * mean softplus(±cos / theta)",
        trivial=_TRIVIAL,
        batches=_BATCHES,
        source="github.com/sofi12321/SCLCM",
    ),
    Method(
        name="basic",
        title="SCLCM, basic loss",
        stage="pretrain",
        summary="Pulls windows of one trial together and pushes all others apart alike.",
        when="To see what the soft negatives of 'sclcm' are worth.",
        signals=("features", "raw"),
        looks_at=("subject", "trial", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="weighted mean softplus(±cos / theta) over positives and negatives",
        trivial=_TRIVIAL,
        batches=_BATCHES,
        source="github.com/sofi12321/SCLCM",
    ),
    Method(
        name="clocs",
        title="CLOCS, patient-specific contrast",
        stage="pretrain",
        summary="Two views of a window, and windows of one recording, find each other; windows of one person, in the original.",
        when="Only the recording behind each window is known. With kin = 'subject' it learns who it is, not what state the person is in.",
        signals=("features", "raw"),
        looks_at=("subject", "recording", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="cross-entropy of cosines / tau between two views, over windows of one recording",
        trivial=_TRIVIAL,
        batches="as 'sclcm'; for adjacent segments one window of a recording",
        source="Kiyasseh et al. 2021, arXiv:2005.13249",
        options=ClocsOptions,
    ),
)
