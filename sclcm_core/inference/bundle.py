"""The bundle: one ONNX file that carries its manifest in its metadata.

A ModelProto is a flat list of protobuf fields. Number 14 is ``metadata_props``; it is read, dropped and appended
without the onnx package, which the live application does not need.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sclcm_core.errors import BundleError
from sclcm_core.inference.manifest import Manifest, parse_manifest
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.inference.protobuf import fields, text_field

METADATA_KEY = "sclcm_manifest"
_METADATA_FIELD = 14


@dataclass(frozen=True, slots=True)
class Bundle:
    """A network that knows what it needs and what it was made from.

    Parameters
    ----------
    manifest : Manifest
        What it says of itself.
    predictor : OnnxPredictor
        The network.
    path : Path
        The file.
    sha256 : str
        Hash of the whole file.
    """

    manifest: Manifest
    predictor: OnnxPredictor
    path: Path
    sha256: str


def load_bundle(path: Path) -> Bundle:
    """Read a bundle.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file.

    Returns
    -------
    Bundle
        Ready to predict.

    Raises
    ------
    BundleError
        When it is missing, not ONNX, without manifest, of another version, inconsistent or altered.
    """
    if not path.is_file():
        raise BundleError(f"There is no bundle at '{path}'.", "'sclcm models' lists those at hand.")
    data = path.read_bytes()
    predictor = OnnxPredictor(path)
    text = predictor.metadata.get(METADATA_KEY)
    if text is None:
        raise BundleError(f"'{path}' is an ONNX network without a manifest.", "Export it with sclcm-offline quantize.")
    manifest = parse_manifest(text, str(path))
    _check(manifest, predictor, data, path)
    return Bundle(manifest, predictor, path, hashlib.sha256(data).hexdigest())


def read_manifest(path: Path) -> Manifest:
    """Read the manifest alone, without loading the network; raises `BundleError` as `load_bundle` does."""
    try:
        found = list(fields(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BundleError(f"'{path}' is not a readable ONNX file ({error}).", "'sclcm models' lists those at hand.") from error
    for number, payload, _ in found:
        if number == _METADATA_FIELD:
            entry = {inner: value.decode() for inner, value, _ in fields(payload)}
            if entry.get(1) == METADATA_KEY:
                return parse_manifest(entry.get(2, ""), str(path))
    raise BundleError(f"'{path}' has no manifest.", "Export it with sclcm-offline quantize.")


def embed_manifest(network_path: Path, manifest: Manifest, bundle_path: Path) -> Manifest:
    """Write a bundle from a network and a manifest.

    Parameters
    ----------
    network_path : Path
        An ONNX file; its own metadata are dropped.
    manifest : Manifest
        What the bundle shall say; its `graph_sha256` is filled in.
    bundle_path : Path
        The file to write; replaced in one step.

    Returns
    -------
    Manifest
        The manifest as written.
    """
    graph = _without_metadata(network_path.read_bytes())
    signed = manifest.model_copy(update={"graph_sha256": hashlib.sha256(graph).hexdigest()})
    entry = text_field(1, METADATA_KEY.encode()) + text_field(2, signed.model_dump_json().encode())
    temporary = bundle_path.with_suffix(".onnx.tmp")
    temporary.write_bytes(graph + text_field(_METADATA_FIELD, entry))
    temporary.replace(bundle_path)
    return signed


def _check(manifest: Manifest, predictor: OnnxPredictor, data: bytes, path: Path) -> None:
    found = hashlib.sha256(_without_metadata(data)).hexdigest()
    if manifest.graph_sha256 != found:
        raise BundleError(f"The network in '{path}' is not the one its manifest describes.", "Get the file again.")
    shape = predictor.input_shape
    if len(shape) != 4 or tuple(shape[1:]) != manifest.features.input_shape:
        raise BundleError(
            f"The network in '{path}' takes {tuple(shape)}; its manifest says {manifest.features.input_shape} a window.",
            "Export the bundle again.",
        )


def _without_metadata(data: bytes) -> bytes:
    return b"".join(raw for number, _, raw in fields(data) if number != _METADATA_FIELD)
