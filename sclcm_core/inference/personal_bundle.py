"""The personal bundle: its parent's network with a person's own normaliser and head, and the history inside.

It is a bundle like any other: ``--model`` takes it, and nothing needs to know that it is personal.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sclcm_core.errors import CalibrationError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle, embed_manifest, load_bundle
from sclcm_core.inference.calibration import CalibrationResult, LabelledBlock
from sclcm_core.inference.calibration_record import CalibrationRecord
from sclcm_core.inference.manifest import Manifest, NormaliserStats, Trust
from sclcm_core.inference.onnx_graph import with_linear_head
from sclcm_core.inference.onnx_runtime import OnnxEmbedder
from sclcm_core.types import Float64Array


@dataclass(frozen=True, slots=True)
class PersonalPart:
    """What a calibration adds to a bundle.

    Parameters
    ----------
    name : str
        Name of the new bundle, as in ``--model``.
    date : str
        When, ISO 8601.
    protocol : str
        What was presented.
    normaliser : Normaliser or None
        The person's own rest, in nats or dB; the parent's statistics when None.
    rest_s : float
        How much good rest that was, in s.
    result : CalibrationResult or None
        The fitted head; None when only the rest was measured.
    blocks : sequence of LabelledBlock
        What it was fitted on.
    """

    name: str
    date: str
    protocol: str
    normaliser: Normaliser | None = None
    rest_s: float = 0.0
    result: CalibrationResult | None = None
    blocks: Sequence[LabelledBlock] = ()


def write_personal_bundle(parent: Bundle, part: PersonalPart, path: Path) -> Bundle:
    """Write a personal bundle; the parent's file stays as it is.

    Parameters
    ----------
    parent : Bundle
        What was calibrated.
    part : PersonalPart
        What the calibration came to.
    path : Path
        The new file; its folder is made when it is not there.

    Returns
    -------
    Bundle
        The new bundle, loaded.

    Raises
    ------
    CalibrationError
        When the parent is a personal bundle with a head itself, or there is nothing to write.
    """
    if part.normaliser is None and part.result is None:
        raise CalibrationError("The calibration has neither rest nor labelled blocks.", "Record one of them.")
    check_is_parent(parent.manifest)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        network_path = Path(folder) / "network.onnx"
        network_path.write_bytes(_network(parent, part.result))
        embed_manifest(network_path, _manifest(parent, part), path)
    return load_bundle(path)


def check_is_parent(manifest: Manifest) -> None:
    """Refuse to calibrate a bundle that has a personal head already; raises CalibrationError."""
    if any(record.kind == "labelled" for record in manifest.calibration):
        raise CalibrationError(
            f"'{manifest.name}' has a personal head already.", f"Calibrate '{manifest.calibration[-1].parent}' again instead."
        )


def find_parent(manifest: Manifest, paths: Iterable[Path]) -> Bundle:
    """Return the bundle that a personal one was made from: what undoing leads back to.

    Parameters
    ----------
    manifest : Manifest
        Of the personal bundle.
    paths : iterable of Path
        Bundles at hand.

    Returns
    -------
    Bundle
        The one with the hash that the history names.

    Raises
    ------
    CalibrationError
        When the bundle is not personal, or its parent is not at hand.
    """
    if not manifest.calibration:
        raise CalibrationError(f"'{manifest.name}' was not calibrated.", "There is nothing to undo.")
    record = manifest.calibration[-1]
    for path in paths:
        if hashlib.sha256(path.read_bytes()).hexdigest() == record.parent_sha256:
            return load_bundle(path)
    raise CalibrationError(
        f"'{record.parent}' (sha256 {record.parent_sha256[:12]}...), from which '{manifest.name}' was made, is not at hand.",
        f"Bring that file back, or go on with the '{record.parent}' of this version and calibrate it again.",
    )


def head_matrix(result: CalibrationResult, temperature: float, n_parent: int) -> Float64Array:
    """Return what the last layer multiplies the parent's logits and its embedding by.

    Parameters
    ----------
    result : CalibrationResult
        The fitted head.
    temperature : float
        Divided the parent's logits when it was fitted.
    n_parent : int
        Number of the parent's classes.

    Returns
    -------
    ndarray of float64, shape (n_parent + n_embedding, n_classes)
        Without unit.
    """
    n_classes = len(result.class_names)
    on_logits = np.eye(n_classes) / temperature if result.knows_classes else np.zeros((n_parent, n_classes))
    return np.concatenate([on_logits, result.head.weight])


def _network(parent: Bundle, result: CalibrationResult | None) -> bytes:
    model = parent.path.read_bytes()
    if result is None:
        return model
    tensors = OnnxEmbedder(parent.path).tensors
    n_parent = len(parent.manifest.class_names)
    matrix = head_matrix(result, result.parent_temperature, n_parent)
    if not tensors:  # the head looks at the scores, for want of an embedding
        matrix = matrix[:n_parent] + matrix[n_parent:]
    return with_linear_head(model, tensors, matrix, result.head.bias)


def _manifest(parent: Bundle, part: PersonalPart) -> Manifest:
    old = parent.manifest
    changes: dict[str, Any] = {
        "name": part.name,
        "title": f"{old.title}, personal",
        "created": part.date[:10],
        "calibration": (*old.calibration, _record(parent, part)),
    }
    if part.normaliser is not None:
        trust = old.trust(has_baseline=True)
        mean, sd = (tuple(tuple(row) for row in m.tolist()) for m in (part.normaliser.mean, part.normaliser.sd))
        changes |= {
            "normaliser": NormaliserStats(mean=mean, sd=sd),
            "temperature": trust.temperature,
            "typicality": trust.typicality,
            "abstention": trust.abstention,
        }
    if part.result is not None:  # the parent's thresholds and its figures say nothing of the new head
        kept = old.personal.typicality if old.personal else None
        temperature = part.result.temperature
        changes |= {
            "class_names": part.result.class_names,
            "temperature": temperature,
            "abstention": (),
            "personal": Trust(temperature=temperature, typicality=kept, abstention=()) if old.personal_baseline else None,
            "evaluation": None,
        }
    return Manifest.model_validate(old.model_copy(update=changes).model_dump())


def _record(parent: Bundle, part: PersonalPart) -> CalibrationRecord:
    result = part.result
    facts: dict[str, Any] = {}
    if result is not None:
        facts = {
            "class_names": result.class_names,
            "held_out": (result.held_out.value, result.held_out.low, result.held_out.high),
            "parent_held_out": result.parent.value if result.parent else None,
            "chance": result.chance,
            "sentence": result.sentence,
            "caveats": result.caveats,
        }
    return CalibrationRecord(
        kind="baseline" if result is None else "labelled",
        date=part.date,
        parent=parent.manifest.name,
        parent_sha256=parent.sha256,
        protocol=part.protocol,
        rest_s=part.rest_s,
        blocks=tuple((block.label, block.name, len(block.features)) for block in part.blocks),
        **facts,
    )
