import html
import logging

import pytest

import offline.code_origin as module
from offline.code_origin import CodeOrigin, code_origin, mixture_sentence, source_hash, warn_of_other_code
from offline.evaluate.ablation_table import ablation_notes
from offline.evaluate.cross_validate import cross_validate
from offline.evaluate.curves import Point, Variant, mixed_code
from offline.evaluate.protocols_report import protocols_html
from offline.evaluate.run_fold import run_fold
from offline.final_fit import finetune_final
from offline.reporting import write_report
from offline.runs import open_run
from offline.stages import Run, measure

OTHER = CodeOrigin("0123456789ab", "another")


@pytest.fixture
def quick(make_config):
    return make_config(finetune={"epochs": 1}, quantize={"enabled": False})


@pytest.fixture
def as_if_other(monkeypatch):
    """Have what is computed inside said to be of other code."""

    def of(wanted):
        monkeypatch.setattr("offline.evaluate.run_fold.code_origin", lambda: wanted)
        monkeypatch.setattr("offline.final_fit.code_origin", lambda: wanted)

    return of


def test_the_source_hash_follows_statements_and_neither_comments_nor_docstrings(tmp_path):
    def of(text):
        (tmp_path / "a.py").write_text(text)
        return source_hash([tmp_path])

    first = of('"""A."""\n\ndef f(x):\n    """B."""\n    return x + 1\n')
    assert of('"""C."""\n# D\ndef f(x):\n    """E."""\n    return (x\n            + 1)\n') == first
    assert of('"""A."""\n\ndef f(x):\n    """B."""\n    return x + 2\n') != first


def test_everything_that_a_fold_depends_on_is_there_to_be_hashed():
    assert all((module._ROOT / part).exists() for part in module._SOURCES)
    assert len(code_origin().source) == 16 and code_origin() is code_origin()


def test_nothing_is_said_of_what_this_code_computed(tmp_path, caplog):
    warn_of_other_code("folds", [code_origin()] * 2, tmp_path)
    assert not caplog.records
    assert mixture_sentence([code_origin()] * 2) == ""


def test_folds_of_other_code_are_used_and_the_run_says_of_which_and_what_to_delete(
    quick, windows, tmp_path, caplog, as_if_other
):
    folder = open_run(quick, tmp_path)
    as_if_other(OTHER)
    cross_validate(quick, windows, folder, only=0)
    as_if_other(code_origin())
    with caplog.at_level(logging.WARNING):
        results = cross_validate(quick, windows, folder)
    assert [result.code for result in results] == [OTHER, code_origin()]
    (record,) = caplog.records
    said = record.getMessage()
    assert said.startswith(
        f"1 of the folds kept in '{tmp_path}' were computed by other code (commit 0123456789ab, source another)"
    )
    assert f"than runs now ({code_origin()})" in said and said.endswith(f"delete '{tmp_path}'.")


def test_the_report_says_when_its_folds_are_of_mixed_code(quick, windows, tmp_path, as_if_other):
    run = Run(quick, open_run(quick, tmp_path), windows)
    as_if_other(OTHER)
    cross_validate(quick, windows, run.folder, only=0)
    as_if_other(code_origin())
    summary = measure(run)
    page = write_report(run, summary).read_text(encoding="utf-8")
    assert (
        "The folds were computed by code that changed in between (1 by commit 0123456789ab, source another; 1 by commit" in page
    )
    assert [fold["code"]["commit"] for fold in run.folder.read_json("metrics.json")["folds"]] == [
        "0123456789ab",
        code_origin().commit,
    ]


def test_curves_protocols_and_ablations_say_when_their_folds_are_of_mixed_code(quick, windows, tmp_path, as_if_other):
    points = []
    for number, origin in enumerate((OTHER, code_origin())):
        as_if_other(origin)
        summary = measure(Run(quick, open_run(quick, tmp_path / str(number)), windows))
        points.append(Point(Variant("original, 2 channels", number, False, quick), summary, windows.dataset))
    (sentence,) = mixed_code(points)
    assert "(2 by commit 0123456789ab, source another; 2 by commit" in sentence
    assert html.escape(sentence) in protocols_html(quick, points)
    assert sentence in ablation_notes(points)
    assert mixed_code(points[1:]) == [] and "changed in between" not in protocols_html(quick, points[1:])


def test_folds_that_note_no_code_are_said_to_be_of_the_commit_that_opened_the_folder(
    quick, windows, tmp_path, caplog, as_if_other
):
    folder = open_run(quick, tmp_path)
    folder.write_json("origin.json", {"commit": "fedcba987654"})
    as_if_other(CodeOrigin())
    cross_validate(quick, windows, folder, only=0)
    cross_validate(quick, windows, folder, only=0)
    assert "(commit fedcba987654, source not noted)" in caplog.text


def test_a_network_that_other_code_trained_is_used_and_said_to_be(quick, windows, tmp_path, caplog, as_if_other):
    run = Run(quick, open_run(quick, tmp_path), windows)
    as_if_other(OTHER)
    finetune_final(run, 1)
    assert not caplog.records
    finetune_final(run, 1)
    assert "networks kept in" in caplog.text and "finetune-0.safetensors'." in caplog.text


def test_what_is_kept_of_other_data_is_computed_again_and_the_run_says_so(quick, windows, make_windows, tmp_path, caplog):
    folder = open_run(quick, tmp_path)
    cross_validate(quick, windows, folder, only=0)
    cross_validate(quick, make_windows(seed=1), folder, only=0)
    assert "1 folds kept in" in caplog.text and "computed again" in caplog.text


def test_a_fold_notes_the_code_that_computed_it(quick, windows):
    from offline.datasets.splits import grouped_folds

    fold = grouped_folds(windows, 2, seed=0, n_validation_subjects=1)[0]
    assert run_fold(quick, windows, fold).code == code_origin()
