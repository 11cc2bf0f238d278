"""What comes out of a fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from offline.code_origin import NOT_NOTED, CodeOrigin
from offline.config import Line
from offline.datasets.window_set import Int64Array
from offline.evaluate.sealed import Reading
from offline.finetune.fit import Epochs
from offline.quantize.compare import Int8Cost
from sclcm_core.types import Float32Array


@dataclass(frozen=True, slots=True)
class ValidationSide:
    """What the float network said of the validation people's windows along one line of normalisation.

    Parameters
    ----------
    label, subject : ndarray of int64, shape (n,)
        True classes, and whose windows they are.
    logits : ndarray of float32, shape (n, n_classes)
        Without unit.
    """

    label: Int64Array
    subject: Int64Array
    logits: Float32Array


@dataclass(frozen=True, slots=True)
class FoldResult:
    """What came out of a fold.

    Parameters
    ----------
    name : str
        The fold's.
    epochs : Epochs
        How long the stages were at their best, mean over the members.
    validation_score : float
        Macro-F1 on the validation people, mean over the members.
    temperatures : mapping of str to float
        Fitted on the validation people, one a line of normalisation.
    int8 : tuple of Int8Cost
        What eight bits cost there, in each way that was tried; empty without int8.
    validation : mapping of str to ValidationSide
        What was said there, one entry a line.
    reading : Reading
        What the methods answered on the test side.
    code : CodeOrigin
        Which code computed it.
    """

    name: str
    epochs: Epochs
    validation_score: float
    temperatures: Mapping[Line, float]
    int8: tuple[Int8Cost, ...]
    validation: Mapping[Line, ValidationSide]
    reading: Reading
    code: CodeOrigin = NOT_NOTED
