import numpy as np
import pytest

from sclcm_core.inference.calibration_windows import gather, plain_reason
from sclcm_core.recordings.spans import Span
from sclcm_core.types import FeatureFrame, Prediction
from tests.tiny_bundle import SPEC

REST = Span("rest", "", "rest", 0.0, 40.0)


def predictions(reasons: dict[int, str]) -> list[Prediction]:
    """One a frame of a rest, the frames half a second apart, withheld where a reason is given."""
    frames = [FeatureFrame(np.zeros((SPEC.n_bands, SPEC.n_columns), np.float32), k, 1.0 + 0.5 * k) for k in range(60)]
    return [
        Prediction(
            np.zeros(2, np.float32), ("loud", "quiet"), f.index, f.t_end - 2.5, f.t_end, 0.0, 0.0, reasons.get(f.index), f
        )
        for f in frames
    ]


def test_a_rest_of_poor_signal_is_no_part_of_the_baseline() -> None:
    poor = dict.fromkeys(range(10, 25), "poor signal: T8 muscle (in 60% of the window)")
    found = gather(predictions({0: "filling the first window: 1 of 4 frames (2.5 s)"} | poor), [REST], SPEC)
    assert [frame.index for frame in found.rest] == [*range(10), *range(25, 60)]


@pytest.mark.parametrize(
    "reason",
    [
        "poor signal: T7 muscle, T8 muscle and 2 more (in 60% of the window)",
        "T7: 12% of the samples missing",
        "not sure enough: 0.61 of 0.72 (for at most 20% wrong answers)",
        "taking your baseline: 3 of 15 s; poor signal: T7 railed (in 100% of the window)",
    ],
)
def test_a_reason_without_its_numbers_still_reads_as_words(reason: str) -> None:
    plain = plain_reason(reason)
    assert "(" not in plain and "%" not in plain and not plain.endswith((":", " ")) and reason.startswith(plain.split(":")[0])
