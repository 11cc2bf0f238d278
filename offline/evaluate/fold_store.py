"""Results of folds on disk, so that an interrupted evaluation goes on where it stopped. Arrays and JSON, nothing pickled."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np

from offline.code_origin import CodeOrigin
from offline.config import Line
from offline.evaluate.fold_result import FoldResult, ValidationSide
from offline.evaluate.sealed import Reading
from offline.finetune.fit import Epochs
from offline.quantize.compare import Int8Cost

_IDS = ("window", "label", "subject", "trial")
_SIDE = ("label", "subject", "logits")


def save_fold(path: Path, result: FoldResult, fingerprint: str) -> None:
    """Write the result of a fold, in one step.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.
    result : FoldResult
        What came out.
    fingerprint : str
        Hash of what it was computed from.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    reading = result.reading
    facts = {
        "fingerprint": fingerprint,
        "name": result.name,
        "epochs": dataclasses.asdict(result.epochs),
        "validation_score": result.validation_score,
        "temperatures": dict(result.temperatures),
        "int8": [dataclasses.asdict(cost) for cost in result.int8],
        "answers": list(reading.probabilities),
        "code": dataclasses.asdict(result.code),
    }
    arrays: dict[str, Any] = {name: getattr(reading, name) for name in _IDS}
    arrays |= {f"answer{k}": values for k, values in enumerate(reading.probabilities.values())}
    for line, side in result.validation.items():
        arrays |= {f"validation {line} {name}": getattr(side, name) for name in _SIDE}
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, facts=np.array(json.dumps(facts)), **arrays)
    temporary.replace(path)


def load_fold(path: Path, fingerprint: str) -> FoldResult | None:
    """Read the result of a fold.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.
    fingerprint : str
        Hash of what it should have been computed from.

    Returns
    -------
    FoldResult or None
        None when there is none, or it is damaged or of something else, and the fold has to be computed.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            if facts["fingerprint"] != fingerprint:
                return None
            keys = [cast(tuple[str, Line], tuple(key)) for key in facts["answers"]]
            answers = {key: arrays[f"answer{k}"] for k, key in enumerate(keys)}
            window, label, subject, trial = (arrays[name] for name in _IDS)
            reading = Reading(window, label, subject, trial, answers)
            lines = cast(list[Line], list(facts["temperatures"]))
            sides = {line: ValidationSide(*(arrays[f"validation {line} {name}"] for name in _SIDE)) for line in lines}
            return _result(facts, sides, reading)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _result(facts: dict[str, Any], sides: dict[Line, ValidationSide], reading: Reading) -> FoldResult:
    return FoldResult(
        name=facts["name"],
        epochs=Epochs(**facts["epochs"]),
        validation_score=facts["validation_score"],
        temperatures=facts["temperatures"],
        int8=tuple(Int8Cost(**cost) for cost in facts["int8"]),
        validation=sides,
        reading=reading,
        code=CodeOrigin(**facts.get("code", {})),
    )
