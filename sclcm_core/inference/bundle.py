"""The bundle: one ONNX file that carries its manifest in its metadata.

A ModelProto is a flat list of protobuf fields. Number 14 is ``metadata_props``; these few lines read, drop and append that
field without the onnx package, which the live application does not need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sclcm_core.errors import BundleError
from sclcm_core.inference.manifest import Manifest, parse_manifest
from sclcm_core.inference.onnx_runtime import OnnxPredictor

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
        fields = list(_fields(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BundleError(f"'{path}' is not a readable ONNX file ({error}).", "'sclcm models' lists those at hand.") from error
    for number, payload, _ in fields:
        if number == _METADATA_FIELD:
            entry = {inner: value.decode() for inner, value, _ in _fields(payload)}
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
    entry = _field(1, METADATA_KEY.encode()) + _field(2, signed.model_dump_json().encode())
    temporary = bundle_path.with_suffix(".onnx.tmp")
    temporary.write_bytes(graph + _field(_METADATA_FIELD, entry))
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
    return b"".join(raw for number, _, raw in _fields(data) if number != _METADATA_FIELD)


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (number, payload, raw bytes) of each top-level protobuf field."""
    position = 0
    while position < len(data):
        start = position
        key, position = _varint(data, position)
        kind = key & 7
        length = 0
        if kind == 0:
            _, end = _varint(data, position)
        elif kind == 2:
            length, position = _varint(data, position)
            end = position + length
        elif kind in (1, 5):
            end = position + (8 if kind == 1 else 4)
        else:
            raise ValueError("not a protobuf file")
        if end > len(data):
            raise ValueError("the file ends early")
        yield key >> 3, data[position:end], data[start:end]
        position = end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("not a protobuf file")


def _field(number: int, payload: bytes) -> bytes:
    return _encode_varint(number << 3 | 2) + _encode_varint(len(payload)) + payload


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
