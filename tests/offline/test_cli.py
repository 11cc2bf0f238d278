import contextlib
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from offline.cli import main
from sclcm_core.inference.bundle import embed_manifest, load_bundle

TINY = """
name = "tiny"
title = "Tiny"
lines = ["population", "personal"]
[dataset]
name = "simulated"
options = {{ n_subjects = 4, n_stimuli = 3, trial_s = 8.0, rest_s = 8.0 }}
window_hop_frames = 2
[features]
ch_names = ["T7", "T8"]
sfreq = 250.0
n_frames = 8
[encoder]
widths = [8, 12]
n_embedding = 16
[head]
n_hidden = 0
[pretrain]
epochs = 1
n_groups = 4
n_items = 3
augmentations = ["add_noise"]
[finetune]
epochs = 2
batch_size = 16
[evaluate]
split = "grouped_folds"
options = {{ k = 2, n_validation_subjects = 1 }}
n_refits = 3
n_permutations = 100
[quantize]
n_calibration = 32
max_accuracy_drop = 1.0
min_agreement = 0.0
max_size_ratio = 2.0
[bundle]
path = "{bundle}"
description = "A tiny model."
caveats = ["It knows **nothing**."]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which everything was run once."""
    made = tmp_path_factory.mktemp("offline")
    (made / "tiny.toml").write_text(TINY.format(bundle=(made / "tiny.onnx").as_posix()))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["run", str(made / "tiny.toml"), "--run-dir", str(made / "run"), "--jobs", "1"]) == 0
    (made / "printed.txt").write_text(printed.getvalue(), encoding="utf-8")
    return made


def test_run_goes_from_recordings_to_a_bundle_that_the_live_program_loads(folder):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    assert "logistic_regression" in printed
    assert "Bundle:" in printed
    bundle = load_bundle(folder / "tiny.onnx")
    manifest = bundle.manifest
    assert manifest.name == "tiny"
    assert manifest.simulated
    assert manifest.personal_baseline
    assert manifest.quantization == "int8 symmetric per channel"
    assert manifest.evaluation.n_subjects == 4
    assert manifest.evaluation.balanced_accuracy_personal is not None
    assert bundle.predictor.logits(np.zeros((1, *manifest.features.input_shape), np.float32)).shape == (1, 3)
    assert manifest.personal.temperature != manifest.temperature
    assert manifest.typicality.centre != manifest.personal.typicality.centre
    card = (folder / "tiny.md").read_text(encoding="utf-8")
    assert "On the folds' validation people, mean over the folds: same answers" in card
    assert all(
        text in card for text in ("**Simulated.**", "It knows **nothing**.", "| sclcm int8 | personal |", "3 times", "MIT")
    )
    facts = json.loads((folder / "run" / "origin.json").read_text())
    assert facts["fingerprint"]


@pytest.mark.slow
def test_the_stages_one_by_one_make_the_same_bundle(folder, capsys):
    whole = load_bundle(folder / "tiny.onnx").manifest.graph_sha256
    shutil.copytree(folder / "run" / "folds", folder / "again" / "folds")  # they are the same, and take long
    for stage in ("prepare", "evaluate", "pretrain", "finetune", "quantize"):
        more = ["--jobs", "1"] if stage == "evaluate" else []
        assert main([stage, str(folder / "tiny.toml"), "--run-dir", str(folder / "again"), *more]) == 0
    assert load_bundle(folder / "tiny.onnx").manifest.graph_sha256 == whole


def test_typicality_can_be_added_to_a_bundle_that_has_none(folder, tmp_path, capsys):
    whole = load_bundle(folder / "tiny.onnx").manifest
    bare = whole.model_copy(update={"typicality": None, "personal": None})
    older = tmp_path / "tiny.onnx"
    embed_manifest(folder / "tiny.onnx", bare, older)
    assert main(["typicality", str(folder / "tiny.toml"), "--run-dir", str(tmp_path / "run"), "--bundle", str(older)]) == 0
    found = load_bundle(older).manifest
    assert found.typicality == whole.typicality
    assert found.personal.typicality == whole.personal.typicality
    assert found.personal.temperature == bare.temperature
    assert found.graph_sha256 == whole.graph_sha256


def test_a_stage_before_its_turn_says_which_comes_first(folder, capsys):
    assert main(["finetune", str(folder / "tiny.toml"), "--run-dir", str(folder / "early")]) == 2
    assert "Run the stages in order" in capsys.readouterr().err


def test_what_the_user_can_mend_ends_with_2_and_three_beats(tmp_path, capsys):
    assert main(["run", str(tmp_path / "none.toml")]) == 2
    assert "There is no run config" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_in_a_line(tmp_path, capsys):
    (tmp_path / "run").write_text("in the way")
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.format(bundle=tmp_path / "tiny.onnx"))
    assert main(["prepare", str(path), "--run-dir", str(tmp_path / "run" / "one")]) == 2
    said = capsys.readouterr().err
    assert "cannot be read or written (Not a directory)" in said and "Traceback" not in said


def test_lists_name_everything_that_is_known(capsys):
    from offline.datasets import DATASETS
    from offline.pretrain.methods import METHODS

    assert main(["datasets"]) == 0
    assert main(["methods"]) == 0
    printed = capsys.readouterr().out
    for name in (*DATASETS, *METHODS):
        assert name in printed


@pytest.mark.parametrize("command", ["run", "prepare", "evaluate", "pretrain", "finetune", "quantize", "datasets", "methods"])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert "usage: sclcm-offline" in capsys.readouterr().out


def test_help_imports_neither_torch_nor_mne_nor_scipy():
    code = (
        "import sys\nfrom offline.cli import main\n"
        "try:\n    main(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch', 'mne', 'scipy', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "a.toml", "--seeds", "a"),
        ("compare-methods", "a.toml", "--seeds", "1;2"),
        ("compare-methods", "a.toml", "--shares", "all"),
        ("few-shot", "a.toml", "--trials", "1,"),
    ],
)
def test_a_list_that_is_none_of_numbers_is_refused_with_an_example(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    said = capsys.readouterr().err
    assert f"argument {arguments[2]}: '{arguments[3]}' is no list of" in said and "by commas, such as" in said
