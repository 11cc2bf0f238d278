import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from sclcm_core.errors import BundleError
from sclcm_core.inference.bundle import METADATA_KEY, embed_manifest, load_bundle, read_manifest
from sclcm_core.inference.predictor import softmax
from tests.tiny_bundle import SPEC, manifest, network, write_bundle


def rewrite(path: Path, change) -> Path:
    """Change the manifest's JSON of a bundle in place."""
    model = onnx.load(path)
    entry = next(p for p in model.metadata_props if p.key == METADATA_KEY)
    data = json.loads(entry.value)
    change(data)
    entry.value = json.dumps(data)
    onnx.save(model, path)
    return path


def test_a_bundle_carries_its_manifest_and_predicts(tmp_path: Path) -> None:
    path = write_bundle(tmp_path)
    bundle = load_bundle(path)
    assert bundle.manifest.class_names == ("loud", "quiet")
    assert bundle.manifest == read_manifest(path)
    logits = bundle.predictor.logits(np.full((1, *SPEC.input_shape), 2.0, np.float32))
    np.testing.assert_allclose(logits, [[2.0, -2.0]], rtol=1e-5)


def test_other_onnx_tools_read_the_bundle_and_its_metadata(tmp_path: Path) -> None:
    model = onnx.load(write_bundle(tmp_path))
    onnx.checker.check_model(model)
    assert [p.key for p in model.metadata_props] == [METADATA_KEY]


def test_embedding_twice_replaces_the_manifest(tmp_path: Path) -> None:
    path = write_bundle(tmp_path)
    embed_manifest(path, manifest(title="Second"), path)
    assert load_bundle(path).manifest.title == "Second"


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no bundle at '.*gone\.onnx'.*sclcm models"):
        load_bundle(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x07\x12", bytes(range(256)) * 10])
def test_what_is_not_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"not an ONNX network|inputs"):
        load_bundle(path)
    with pytest.raises(BundleError):
        read_manifest(path)


def test_a_network_without_a_manifest_is_refused(tmp_path: Path) -> None:
    path = network(tmp_path / "bare.onnx")
    with pytest.raises(BundleError, match="without a manifest"):
        load_bundle(path)
    with pytest.raises(BundleError, match="has no manifest"):
        read_manifest(path)


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    path = rewrite(write_bundle(tmp_path), lambda data: data.update(class_name=["a"]))
    with pytest.raises(BundleError, match=r"unknown key 'class_name'\. Did you mean 'class_names'"):
        load_bundle(path)


def test_an_unknown_key_inside_the_features_is_refused_with_its_place(tmp_path: Path) -> None:
    path = rewrite(write_bundle(tmp_path), lambda data: data["features"].update(hop=3))
    with pytest.raises(BundleError, match=r"unknown key 'features\.hop'\. Did you mean 'hop_s'"):
        load_bundle(path)


@pytest.mark.parametrize("version", [2, "1.0", None])
def test_another_version_is_refused(tmp_path: Path, version: object) -> None:
    path = rewrite(write_bundle(tmp_path), lambda data: data.update(format_version=version))
    with pytest.raises(BundleError, match="format version"):
        load_bundle(path)


def test_a_normaliser_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = rewrite(write_bundle(tmp_path), lambda data: data["normaliser"].update(mean=[[0.0]]))
    with pytest.raises(BundleError, match=r"normaliser\.mean has shape \(1, 1\)"):
        load_bundle(path)


def test_a_manifest_that_does_not_fit_the_network_is_refused(tmp_path: Path) -> None:
    path = rewrite(write_bundle(tmp_path), lambda data: data["features"].update(n_frames=7))
    with pytest.raises(BundleError, match=r"takes \('n', 5, 2, 4\).*\(5, 2, 7\)"):
        load_bundle(path)


def test_altered_weights_are_noticed(tmp_path: Path) -> None:
    path = write_bundle(tmp_path)
    model = onnx.load(path)
    model.graph.initializer[0].float_data[0] += 1.0
    onnx.save(model, path)
    with pytest.raises(BundleError, match="not the one its manifest describes"):
        load_bundle(path)


def test_a_truncated_bundle_is_refused(tmp_path: Path) -> None:
    path = write_bundle(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BundleError):
        load_bundle(path)


def test_a_higher_temperature_makes_the_answer_less_sure() -> None:
    logits = np.array([2.0, 0.0, -1.0], dtype=np.float32)
    assert softmax(logits).sum() == pytest.approx(1.0)
    assert softmax(logits, 3.0).max() < softmax(logits).max()
    assert np.isfinite(softmax(logits * 1e30)).all()
