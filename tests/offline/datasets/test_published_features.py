import pytest

from offline.datasets.published_features import select_features
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(ch_names=("T7", "T8"), sfreq=200.0, window_s=1.0, hop_s=1.0)


def test_asm_is_read_as_the_published_dasm_and_rasm():
    both = select_features(SPEC.model_copy(update={"pairs": ("asm",)}), 1.0, "SEED")
    assert both == select_features(SPEC.model_copy(update={"pairs": ("dasm", "rasm")}), 1.0, "SEED")
    assert list(both.rows) == ["de", "dasm", "rasm"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": "de_bandpass"}, "kind de_bandpass"),
        ({"reference": "average"}, "reference average"),
        ({"notch_hz": 50.0}, "notch_hz 50.0"),
    ],
)
def test_what_only_a_signal_can_give_is_refused(change, named):
    with pytest.raises(DatasetError, match=f"the spec asks for {named}.*compute features from the recordings"):
        select_features(SPEC.model_copy(update=change), 1.0, "SEED")
