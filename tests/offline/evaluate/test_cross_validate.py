import dataclasses
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import offline.evaluate.cross_validate as module
from offline.datasets.splits import SPLITTERS, grouped_folds
from offline.evaluate.baselines import ALL_BASELINES
from offline.evaluate.cross_validate import cross_validate, default_jobs, fold_fingerprint
from offline.evaluate.fold_store import load_fold, save_fold
from offline.evaluate.report import untouched_rows
from offline.evaluate.run_fold import run_fold
from offline.evaluate.sealed import SealError, open_and_sealed
from offline.evaluate.summary import summarise
from offline.reporting import write_report
from offline.runs import open_run
from offline.seeds import Seed
from offline.stages import Run, measure, protocol_text
from sclcm_core.errors import ConfigError


@pytest.fixture
def fold(windows):
    return grouped_folds(windows, 2, seed=0, n_validation_subjects=1)[0]


def test_the_test_side_is_read_once(windows, fold, config):
    data, sealed, _ = open_and_sealed(windows, fold, config.lines)
    answer = ALL_BASELINES["majority"](data.train[0], data.validation[0], 2)
    reading = sealed.open({("majority", "population"): answer})
    assert np.array_equal(reading.label, windows.label[fold.test])
    with pytest.raises(SealError, match="read once"):
        sealed.open({("majority", "population"): answer})


def test_what_a_fit_may_see_holds_no_test_subject(windows, fold, config):
    data, _, _ = open_and_sealed(windows, fold, config.lines)
    tested = set(windows.subject[fold.test].tolist())
    for inputs in (*data.train, *data.validation):
        assert not tested & set(inputs.subject.tolist())


def test_changing_the_test_side_changes_no_fit(windows, fold, make_config):
    config = make_config(finetune={"epochs": 1}, quantize={"enabled": False})
    spoilt = windows.features.copy()
    spoilt[fold.test] = spoilt[fold.test[::-1]]
    results = [run_fold(config, dataclasses.replace(windows, features=f), fold) for f in (windows.features, spoilt)]
    assert results[0].temperatures == results[1].temperatures
    assert results[0].validation_score == results[1].validation_score


def test_both_lines_are_tested_on_the_same_windows(windows, fold, make_config):
    config = make_config(finetune={"epochs": 1}, quantize={"n_calibration": 64, "max_size_ratio": 1.0, "on_failure": []})
    result = run_fold(config, windows, fold)
    names = {"majority", "logistic_regression", "sclcm", "sclcm int8"}
    assert set(result.reading.probabilities) == {(name, line) for name in names for line in config.lines}
    assert {len(p) for p in result.reading.probabilities.values()} == {len(fold.test)}
    assert result.int8[0].agreement > 0.9
    assert result.int8[0].drop == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("name", sorted(ALL_BASELINES))
def test_every_baseline_answers_with_probabilities(name, windows, fold, config):
    data, _, _ = open_and_sealed(windows, fold, config.lines)
    answer = ALL_BASELINES[name](data.train[0], data.validation[0], 2)(data.validation[0])
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)


def test_a_time_course_tells_what_the_mean_over_time_does_not(windows, fold, config):
    course = np.sin(np.arange(windows.spec.n_frames))[None] * (2 * windows.label[:, None] - 1)
    flat = 0.2 * (windows.features - windows.features.mean(axis=-1, keepdims=True)) + course[:, None, None, :]
    data, _, _ = open_and_sealed(dataclasses.replace(windows, features=flat.astype(np.float32)), fold, ("window",))
    scores = {}
    for name in ("logistic_regression", "time_course"):
        answer = ALL_BASELINES[name](data.train[0], data.validation[0], 2)(data.validation[0])
        scores[name] = np.mean(answer.argmax(axis=1) == data.validation[0].label)
    assert scores["time_course"] == 1
    assert scores["logistic_regression"] < 0.7


def test_a_result_survives_the_disk_and_a_damaged_or_foreign_one_is_computed_again(windows, fold, make_config, tmp_path):
    result = run_fold(make_config(finetune={"epochs": 1}, quantize={"enabled": False}), windows, fold)
    path = tmp_path / "fold.npz"
    save_fold(path, result, "f1")
    found = load_fold(path, "f1")
    assert (found.epochs, found.temperatures, found.int8) == (result.epochs, result.temperatures, result.int8)
    assert np.array_equal(found.validation["personal"].logits, result.validation["personal"].logits)
    for key, values in result.reading.probabilities.items():
        assert np.array_equal(found.reading.probabilities[key], values)
    assert load_fold(path, "f2") is None
    path.write_bytes(path.read_bytes()[:100])
    assert load_fold(path, "f1") is None
    assert load_fold(tmp_path / "none.npz", "f1") is None


def test_finished_folds_are_not_computed_again(windows, make_config, tmp_path, monkeypatch):
    config = make_config(finetune={"epochs": 1}, quantize={"enabled": False})
    folder = open_run(config, tmp_path)
    first = cross_validate(config, windows, folder)
    monkeypatch.setattr(module, "run_fold", lambda *_, **__: pytest.fail("computed again"))
    second = cross_validate(config, windows, folder)
    assert [r.temperatures for r in first] == [r.temperatures for r in second]


def test_every_stage_of_every_fold_is_logged_where_that_is_wanted(windows, make_config, tmp_path, monkeypatch):
    told = {}

    class Writer:
        def __init__(self, folder):
            self._rows = told.setdefault(Path(folder).relative_to(tmp_path).as_posix(), [])

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def flush(self):
            pass

        def add_scalar(self, name, value, number):
            self._rows.append((name, number))

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    pretrain = {"epochs": 2, "n_groups": 4, "n_items": 2}
    config = make_config(finetune={"epochs": 1}, pretrain=pretrain, quantize={"enabled": False})
    cross_validate(config, windows, open_run(config, tmp_path), log="tensorboard")
    assert set(told) == {f"tensorboard/fold-00{k}/{stage}-0" for k in (0, 1) for stage in ("pretrain", "finetune")}
    assert {("loss", 1), ("loss", 2), ("score", 2)} <= set(told["tensorboard/fold-001/pretrain-0"])
    other = make_config(finetune={"epochs": 1}, pretrain=pretrain, quantize={"enabled": False}, seed=4)
    told.clear()
    cross_validate(other, windows, open_run(other, tmp_path / "other"))
    assert not told


def test_folds_run_one_by_one_are_those_of_the_whole(windows, make_config, tmp_path):
    config = make_config(finetune={"epochs": 1}, quantize={"enabled": False})
    folder = open_run(config, tmp_path)
    alone = [cross_validate(config, windows, folder, only=k)[0].temperatures for k in (1, 0)]
    assert [r.temperatures for r in cross_validate(config, windows, folder)] == alone[::-1]
    assert [r.temperatures for r in cross_validate(config, windows, open_run(config, tmp_path / "whole"))] == alone[::-1]
    with pytest.raises(ConfigError, match=r"no fold 2; the split has 2\. Say 0 to 1"):
        cross_validate(config, windows, folder, only=2)


def test_a_fold_depends_on_data_and_config(windows, fold, config, make_config):
    key = fold_fingerprint(config, windows, fold)
    assert key != fold_fingerprint(make_config(seed=9), windows, fold)
    assert key != fold_fingerprint(config, dataclasses.replace(windows, features=windows.features + 1), fold)
    for ids in ("session", "trial", "stimulus", "recording", "t0"):
        assert key != fold_fingerprint(config, dataclasses.replace(windows, **{ids: getattr(windows, ids) + 1}), fold), ids
    visits = {0: np.ones(30, np.int64)}
    assert key != fold_fingerprint(config, dataclasses.replace(windows, baseline_session=visits), fold)
    assert default_jobs() >= 1


@pytest.mark.parametrize("split", sorted(SPLITTERS))
def test_the_protocol_of_every_split_is_said_in_words(split, make_config):
    text = protocol_text(make_config(evaluate={"split": split}))
    knows_the_person = split in ("within_subject", "first_trials")
    assert ("is known from" in text) is knows_the_person
    assert ("Other people, chosen by chance" in text) is not knows_the_person


def test_the_report_holds_every_method_person_and_figure(windows, make_config, tmp_path):
    config = make_config(title="A <tiny> run", quantize={"enabled": False})
    run = Run(config, open_run(config, tmp_path), windows)
    summary = measure(run)
    page = write_report(run, summary).read_text(encoding="utf-8")
    metrics = run.folder.read_json("metrics.json")
    assert {(m["method"], m["line"]) for m in metrics["methods"]} >= {("sclcm", "personal"), ("majority", "population")}
    assert len(metrics["methods"][0]["subjects"]) == 6
    assert summary.find("majority", "population").balanced_accuracy.value == pytest.approx(summary.chance)
    assert summary.find("sclcm", "personal").balanced_accuracy.value > 0.8
    assert "A &lt;tiny&gt; run" in page
    assert "Simulated data" in page
    assert "labels permuted by trial within each person, answers kept" in page
    assert {row.line for row in summary.abstention} == set(config.lines)
    assert set(metrics["temperatures"]) == set(config.lines)
    assert page.count("data:image/png;base64") == len(list((tmp_path / "plots").glob("*.png"))) == 8


def test_folds_in_any_order_give_the_same_summary(windows, make_config):
    config = make_config(finetune={"epochs": 1}, quantize={"enabled": False})
    results = [run_fold(config, windows, f) for f in grouped_folds(windows, 2, seed=0, n_validation_subjects=1)]
    a, b = (summarise(r, windows, "p", main="sclcm", seed=Seed(0)) for r in (results, results[::-1]))
    assert a.methods[0].balanced_accuracy == b.methods[0].balanced_accuracy
    assert [row.subject for row in a.methods[0].subjects] == [row.subject for row in b.methods[0].subjects]


def test_people_on_whom_nothing_was_chosen_are_reported_by_themselves(windows, make_config):
    config = make_config(finetune={"epochs": 1}, quantize={"enabled": False})
    results = [run_fold(config, windows, f) for f in grouped_folds(windows, 2, seed=0, n_validation_subjects=1)]
    summary = summarise(results, windows, "p", main="sclcm", seed=Seed(0), design_subjects=("00", "01", "02"))
    method = summary.find("sclcm", "personal")
    others = [row.balanced_accuracy for row in method.subjects if row.subject in ("03", "04", "05")]
    assert method.untouched.value == pytest.approx(np.mean(others))
    assert len(untouched_rows(summary)) == len(summary.methods)
    without = summarise(results, windows, "p", main="sclcm", seed=Seed(0))
    assert untouched_rows(without) == []
