from pathlib import Path

import numpy as np

from offline.quantize.float_twin import write_float_twin
from sclcm_core.inference.bundle import embed_manifest, load_bundle
from tests.tiny_bundle import manifest, network


def test_the_float_twin_stands_beside_its_bundle_and_claims_no_figures(tmp_path: Path) -> None:
    evaluation = {
        "protocol": "leave one subject out", "n_subjects": 36, "chance": 0.5,
        "balanced_accuracy": {"value": 0.71, "low": 0.66, "high": 0.76},
        "baseline_name": "logistic regression", "baseline_balanced_accuracy": {"value": 0.69, "low": 0.64, "high": 0.74},
    }  # fmt: skip
    shipped = manifest(name="small", quantization="int8 symmetric per channel", evaluation=evaluation, smoothing_s=3.0)
    (tmp_path / "run").mkdir()
    embed_manifest(network(tmp_path / "run" / "int8.onnx"), shipped, tmp_path / "small.onnx")
    path = write_float_twin(network(tmp_path / "run" / "float.onnx"), tmp_path / "small.onnx")
    assert path == tmp_path / "small-float.onnx"
    twin, first = load_bundle(path), load_bundle(tmp_path / "small.onnx")
    assert (twin.manifest.name, twin.manifest.quantization, twin.manifest.evaluation) == ("small-float", "float32", None)
    assert (twin.manifest.features, twin.manifest.smoothing_s) == (first.manifest.features, 3.0)
    windows = np.ones((3, *twin.manifest.features.input_shape), dtype=np.float32)
    np.testing.assert_array_equal(twin.predictor.logits(windows), first.predictor.logits(windows))
