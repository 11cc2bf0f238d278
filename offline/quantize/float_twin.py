"""The float network of a shipped int8 bundle as a bundle of its own, so that the two can be run side by side live."""

from __future__ import annotations

from pathlib import Path

from sclcm_core.inference.bundle import embed_manifest, read_manifest

SUFFIX = "-float"


def write_float_twin(float_path: Path, bundle_path: Path) -> Path:
    """Write the float network under the manifest of its int8 bundle, beside it.

    Parameters
    ----------
    float_path : Path
        The float network that the int8 one was made of.
    bundle_path : Path
        The int8 bundle.

    Returns
    -------
    Path
        The bundle of the float network: ``NAME-float.onnx``.

    Notes
    -----
    It carries no evaluation: the figures in the int8 bundle were measured with int8.
    """
    manifest = read_manifest(bundle_path)
    twin = manifest.model_copy(
        update={
            "name": f"{manifest.name}{SUFFIX}",
            "title": f"{manifest.title}, float32",
            "description": f"The float network of '{manifest.name}', to be compared with it. {manifest.description}".strip(),
            "quantization": "float32",
            "evaluation": None,
        }
    )
    path = bundle_path.with_name(f"{bundle_path.stem}{SUFFIX}.onnx")
    embed_manifest(float_path, twin, path)
    return path
