"""A bundle small enough to reason about: its first logit grows with the mean of all features, its second falls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import embed_manifest
from sclcm_core.inference.manifest import Manifest

SPEC = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, n_frames=4)


def manifest(spec: FeatureSpec = SPEC, **changes: Any) -> Manifest:
    """A manifest whose normaliser does nothing."""
    shape = (spec.n_bands, spec.n_columns)
    fields: dict[str, Any] = {
        "format_version": 1,
        "name": "tiny",
        "title": "Tiny",
        "target": "emotion",
        "class_names": ("loud", "quiet"),
        "features": spec,
        "normaliser": {"mean": np.zeros(shape).tolist(), "sd": np.ones(shape).tolist()},
        "personal_baseline": True,
        "training_data": {"name": "none", "licence": "none", "attribution": "none", "n_subjects": 0, "simulated": True},
        "created": "2026-01-01",
    }
    return Manifest.model_validate(fields | changes)


def network(path: Path, spec: FeatureSpec = SPEC) -> Path:
    """Write the network alone."""
    size = int(np.prod(spec.input_shape))
    weight = np.stack([np.full(size, 1.0 / size), np.full(size, -1.0 / size)], axis=1).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["features"], ["flat"]), helper.make_node("MatMul", ["flat", "weight"], ["logits"])],
        "tiny",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", *spec.input_shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor("weight", TensorProto.FLOAT, weight.shape, weight.ravel())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def write_bundle(folder: Path, spec: FeatureSpec = SPEC, **changes: Any) -> Path:
    """Write the bundle and return its path."""
    path = folder / "tiny.onnx"
    embed_manifest(network(folder / "network.onnx", spec), manifest(spec, **changes), path)
    return path
