"""Runs a bundle's network on one CPU thread with ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from sclcm_core.errors import BundleError
from sclcm_core.inference.onnx_graph import embedding_tensors, with_outputs
from sclcm_core.types import Float32Array

INPUT, OUTPUT, EMBEDDING = "features", "logits", "embedding"


class OnnxPredictor:
    """A network in an ONNX file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    BundleError
        When the file is not a network with one input ``features`` and an output ``logits``, alone or before ``embedding``.
    """

    def __init__(self, path: Path) -> None:
        self._session = _open(path.read_bytes(), path)
        names = [i.name for i in self._session.get_inputs()], [o.name for o in self._session.get_outputs()]
        if names[0] != [INPUT] or names[1] not in ([OUTPUT], [OUTPUT, EMBEDDING]):
            raise BundleError(
                f"The network in '{path}' has inputs {names[0]} and outputs {names[1]}, not ['{INPUT}'] and ['{OUTPUT}'].",
                "Export it with sclcm-offline.",
            )
        self.has_embedding = EMBEDDING in names[1]
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def input_shape(self) -> tuple[int | str | None, ...]:
        """Shape of the input as the file states it."""
        return tuple(self._session.get_inputs()[0].shape)

    def logits(self, features: Float32Array) -> Float32Array:
        """Score model inputs.

        Parameters
        ----------
        features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        ndarray of float32, shape (n, n_classes)
            Logits, without unit.
        """
        out: Float32Array = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(features, dtype=np.float32)})[0]
        return out

    def outputs(self, features: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Score model inputs and place them among words; only where `has_embedding`.

        Parameters
        ----------
        features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        logits : ndarray of float32, shape (n, n_classes)
            Logits, without unit.
        embedding : ndarray of float32, shape (n, n_shared)
            Unit vectors, without unit.
        """
        feed = {INPUT: np.ascontiguousarray(features, dtype=np.float32)}
        logits, embedding = self._session.run([OUTPUT, EMBEDDING], feed)
        return logits, embedding


class OnnxEmbedder:
    """The network of a bundle with what its last layers look at: the embedding.

    Parameters
    ----------
    path : Path
        The file; it is read, and not changed.

    Raises
    ------
    BundleError
        When the file is not a network.
    """

    def __init__(self, path: Path) -> None:
        model = path.read_bytes()
        self.tensors = embedding_tensors(model)
        self._session = _open(with_outputs(model, self.tensors), path)

    def outputs(self, features: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Score model inputs and return their embeddings.

        Parameters
        ----------
        features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        logits : ndarray of float32, shape (n, n_classes)
            Without unit; those of `OnnxPredictor`.
        embedding : ndarray of float32, shape (n, n_embedding)
            Those of an ensemble's members one after the other, without unit; of no width where the network shows none.
        """
        feed = {INPUT: np.ascontiguousarray(features, dtype=np.float32)}
        logits, *parts = self._session.run([OUTPUT, *self.tensors], feed)
        return logits, np.concatenate(parts, axis=1) if parts else np.zeros((len(logits), 0), np.float32)


def _open(model: bytes, path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise BundleError(
            f"'{path}' is not an ONNX network ({str(error).splitlines()[0][:120]}).",
            "Choose a bundle written by sclcm-offline; 'sclcm models' lists those at hand.",
        ) from error
