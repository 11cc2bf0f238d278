"""Which code a result was computed by: results that are kept on disk outlive the code that made them."""

from __future__ import annotations

import ast
import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from offline.runs import git_commit

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
_SOURCES = (
    "sclcm_core/bands.py",
    "sclcm_core/montage.py",
    "sclcm_core/features",
    "sclcm_core/inference/predictor.py",
    "sclcm_core/models",
    "sclcm_core/streaming",
    "offline/datasets",
    "offline/evaluate/baselines.py",
    "offline/evaluate/calibration.py",
    "offline/evaluate/covariances.py",
    "offline/evaluate/permutation.py",
    "offline/evaluate/probes.py",
    "offline/evaluate/riemannian.py",
    "offline/evaluate/run_fold.py",
    "offline/evaluate/scores.py",
    "offline/evaluate/sealed.py",
    "offline/finetune",
    "offline/pretrain",
    "offline/quantize",
    "offline/seeds.py",
    "offline/training",
)
"""What a fold's result depends on beside the windows, whose values its fingerprint holds; reports and engines change none."""


@dataclass(frozen=True, slots=True)
class CodeOrigin:
    """Which code computed something.

    Parameters
    ----------
    commit : str
        The checkout's, with ``+`` when files were changed since; empty outside one.
    source : str
        Hash of the statements that a fold's result depends on; empty where it was not noted. Comments, docstrings and layout do not
        count.
    """

    commit: str = ""
    source: str = ""

    def __str__(self) -> str:
        return f"commit {self.commit or 'unknown'}, source {self.source or 'not noted'}"


NOT_NOTED = CodeOrigin()
"""Of results from before it was noted."""


@cache
def code_origin() -> CodeOrigin:
    """Return which code runs in this process."""
    return CodeOrigin(git_commit(), source_hash(_ROOT / part for part in _SOURCES))


def source_hash(places: Iterable[Path]) -> str:
    """Return a hash of the statements in Python files.

    Parameters
    ----------
    places : iterable of Path
        Files, and folders with all that is in them.

    Returns
    -------
    str
        16 hexadecimal digits, whatever comments, docstrings and layout say.
    """
    digest = hashlib.sha256()
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(path.name.encode())
            digest.update(_statements(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()[:16]


def _statements(text: str) -> str:
    tree = ast.parse(text)
    for docstring in _docstrings(tree):
        docstring.value = ""
    return ast.dump(tree)


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Give the strings that stand as statements: docstrings, and texts below constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def others(found: Iterable[CodeOrigin]) -> list[CodeOrigin]:
    """Return those that are not of the code that runs now, each once, in their order."""
    here = code_origin().source
    return list(dict.fromkeys(origin for origin in found if origin.source != here))


def warn_of_other_code(what: str, found: Iterable[CodeOrigin], folder: Path) -> None:
    """Say so when results that are kept were computed by other code than runs now.

    Parameters
    ----------
    what : str
        What the results are, in the plural.
    found : iterable of CodeOrigin
        What computed each of them.
    folder : Path
        What to delete so that they are computed again.
    """
    each = list(found)
    if strangers := others(each):
        logger.warning(
            "%d of the %s kept in '%s' were computed by other code (%s) than runs now (%s). They are used as they are. To compute them "
            "again, delete '%s'.",
            sum(origin in strangers for origin in each),
            what,
            folder,
            "; ".join(map(str, strangers)),
            code_origin(),
            folder,
        )


def mixture_sentence(found: Iterable[CodeOrigin]) -> str:
    """Say which code computed which share of results, for reports; empty where it was one and the same.

    Parameters
    ----------
    found : iterable of CodeOrigin
        What computed each of them.
    """
    each = list(found)
    by_source = {origin.source: origin for origin in each}
    if len(by_source) < 2:
        return ""
    shares = (f"{sum(o.source == source for o in each)} by {origin}" for source, origin in by_source.items())
    return (
        f"The folds were computed by code that changed in between ({'; '.join(shares)}): their figures may not belong together."
    )
