"""The conventions that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "sclcm_core", "offline")
NAMELESS_ROOMS = {"utils", "helpers", "common", "misc", "general", "manager"}
ARRAY = re.compile(r"\b(Float32Array|Float64Array|FloatArray|BoolArray|MarkArray|IntArray|NDArray|ndarray|Tensor)\b")
SHAPE = re.compile(r"shape|\([a-z_0-9., *+|-]*n_[a-z_]+|same shape|\(n,|\(\.\.\.|\(k,|\(3,\)|scalar|0-d", re.IGNORECASE)
UNIT = re.compile(
    r"µV|nats|\bdB\b|\bHz\b|\bs\b|\bms\b|without unit|same unit|any unit|in the spec's unit|in the feature's unit|0\.\.1|normalised|"
    r"probabilit|logit|bool|mark|index|indices|label|number|count|weight|colour|pixel|\bids?\b|unit",
    re.IGNORECASE,
)


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for item in inner:
            if isinstance(item, ast.FunctionDef) and not item.name.startswith("_"):
                yield item


def test_the_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_public_array_function_states_shape_and_unit(path: Path) -> None:
    wrong = []
    for function in public_functions(ast.parse(path.read_text())):
        annotations = [a.annotation for a in (*function.args.args, *function.args.kwonlyargs)] + [function.returns]
        named = " ".join(ast.unparse(a) for a in annotations if a).replace("Mapping[str, Tensor]", "")  # weights by name
        if not ARRAY.search(named):
            continue
        if any(ast.unparse(d).endswith(("setter", "overload")) for d in function.decorator_list):
            continue
        text = ast.get_docstring(function) or ""
        if not (SHAPE.search(text) and UNIT.search(text)):
            wrong.append(f"{path.name}:{function.lineno} {function.name}")
    assert not wrong, f"say shape and unit of each array in the docstring of: {', '.join(wrong)}"


def test_every_room_has_a_name() -> None:
    nameless = [str(p) for p in sources() if p.stem in NAMELESS_ROOMS or NAMELESS_ROOMS & set(p.parts)]
    assert nameless == []


def test_no_file_is_too_long_to_read() -> None:
    long = {str(p.relative_to(ROOT)): n for p in sources() if (n := len(p.read_text().splitlines())) > 450}
    assert long == {}


def test_nothing_is_unpickled_outside_the_restricted_reader() -> None:
    loads = re.compile(r"pickle\.loads?\(|allow_pickle\s*=\s*True|torch\.load\(|joblib\.load\(")
    guilty = [str(p.relative_to(ROOT)) for p in sources() if loads.search(p.read_text())]
    assert guilty == []


def test_no_machine_path_stands_in_the_code() -> None:
    guilty = [str(p.relative_to(ROOT)) for p in sources() if re.search(r"[\"'](/tmp/|/work/|/root/|/home/)", p.read_text())]
    assert guilty == []


def test_only_the_command_lines_print() -> None:
    for path in sources():
        text = path.read_text()
        if path.name == "cli.py" or "print(" not in text:
            continue
        calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
        prints = [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]
        assert not prints, f"{path.relative_to(ROOT)} prints at lines {prints}; use logging"
