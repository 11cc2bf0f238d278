from pathlib import Path

import numpy as np
import pytest

from offline.config import load_config
from offline.quantize.model_card import words_part
from sclcm_core.inference.bundle import load_bundle

ASSETS = Path(__file__).parents[2] / "assets"
BUNDLES = sorted((ASSETS / "models").glob("*.onnx"))


@pytest.fixture(params=BUNDLES, ids=lambda path: path.stem)
def bundle(request):
    return load_bundle(request.param)


def test_the_two_models_of_the_first_minute_are_there():
    assert {"emotion-simulated", "workload-eegmat"} <= {path.stem for path in BUNDLES}


def test_a_bundle_was_made_by_the_committed_config(bundle):
    manifest = bundle.manifest
    config = load_config(ASSETS / "configs" / manifest.config)
    assert (config.name, config.title) == (manifest.name, manifest.title) == (bundle.path.stem, manifest.title)
    assert config.features == manifest.features
    assert ("personal" in config.lines) == manifest.personal_baseline
    assert config.dataset.without_subjects == manifest.training_data.left_out
    assert manifest.commit


def test_a_bundle_answers_the_same_alone_as_among_others(bundle):
    shape = bundle.manifest.features.input_shape
    windows = np.random.default_rng(0).standard_normal((5, *shape)).astype(np.float32)
    together = bundle.predictor.logits(windows)
    assert together.shape == (5, len(bundle.manifest.class_names))
    np.testing.assert_allclose(np.concatenate([bundle.predictor.logits(w[None]) for w in windows]), together, atol=1e-5)


def test_a_bundle_is_int8_and_says_how_well_it_does_beside_chance_and_a_simple_method(bundle):
    manifest = bundle.manifest
    assert manifest.quantization == "int8 symmetric per channel"
    found = manifest.evaluation
    assert found.chance == pytest.approx(1 / len(manifest.class_names))
    for figure in (found.balanced_accuracy, found.balanced_accuracy_personal, found.baseline_balanced_accuracy):
        assert 0 <= figure.low <= figure.value <= figure.high <= 1


def test_what_is_simulated_says_so_and_workload_is_never_called_emotion(bundle):
    manifest = bundle.manifest
    if manifest.simulated:
        assert "simulated" in manifest.name
        assert "simulated" in manifest.title.lower()
    else:
        assert manifest.target == "workload"
        assert "emotion" not in manifest.title.lower()


def test_a_model_card_lies_beside_it_with_licence_attribution_and_figures(bundle):
    card = bundle.path.with_suffix(".md").read_text(encoding="utf-8")
    data = bundle.manifest.training_data
    assert data.licence in card
    assert data.attribution in card
    assert f"{bundle.manifest.evaluation.balanced_accuracy.value:.3f}" in card
    assert ("**Simulated.**" in card) == data.simulated


def test_the_card_of_a_model_that_knows_words_says_which_of_them_stood_in_captions(bundle):
    card = bundle.path.with_suffix(".md").read_text(encoding="utf-8")
    assert all(part in card for part in words_part(bundle.manifest.words))
    assert ("## Words" in card) == (bundle.manifest.words is not None)
