import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from offline.datasets.raw_windows import same_moment
from offline.engines import Engine
from offline.evaluate import compare_methods
from offline.evaluate.compare_arms import make_arms
from offline.evaluate.compare_config import CompareConfig, load_comparison, parse_comparison
from offline.evaluate.compare_methods import Plan, compare, read_views
from offline.evaluate.method_table import ACCURACY_TABLE, COST_TABLE, accuracy_rows, arm_figures, cost_rows, notes
from offline.finetune.classify import Classify
from offline.pretrain.methods import ALL
from offline.seeds import Seed
from offline.training.task import Validation
from sclcm_core.errors import ConfigError, DatasetError

TINY = """
name = "tiny"
title = "Tiny"
lines = ["personal"]
[dataset]
name = "simulated"
options = { n_subjects = 4, n_stimuli = 6, trial_s = 8.0, rest_s = 10.0, class_effect = 2.0 }
window_hop_frames = 2
[features]
kind = "de"
ch_names = ["T7", "T8"]
sfreq = 128.0
window_s = 1.0
hop_s = 0.5
n_frames = 5
[encoder]
widths = [8, 12]
n_embedding = 16
[head]
n_hidden = 0
[pretrain]
epochs = 2
n_groups = 4
n_items = 2
[finetune]
epochs = 3
batch_size = 16
head_lr = 1e-2
encoder_lr = 1e-2
[evaluate]
split = "grouped_folds"
options = { k = 2, n_validation_subjects = 1 }
[compare]
shares = [0.5, 1.0]
n_draws = 2
[compare.methods.basic]
theta = 0.1
[compare.methods.distil]
options = { teacher = "teacher.toml" }
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.toml"
    path.write_text(TINY)
    return load_comparison(path)


@pytest.fixture(scope="module")
def plan(tiny, tmp_path_factory):
    config, comparison = tiny
    folder = tmp_path_factory.mktemp("run")
    return Plan(config, comparison, tuple(make_arms(config, comparison, ["sclcm"])), (0,), folder, n_folds=1)


@pytest.fixture(scope="module")
def outcomes(plan):
    return compare(plan, Engine())


def test_every_registered_method_is_an_arm_or_the_twin_of_one(tiny):
    arms = make_arms(*tiny)
    names = {arm.name for arm in arms}
    assert {method.name for method in ALL} - names == {"ce"}  # which is what the twins are trained by
    assert {"majority", "logistic_regression"} <= names


def test_a_twin_differs_from_its_method_in_nothing_but_the_method(tiny):
    arms = {arm.name: arm for arm in make_arms(*tiny)}
    for arm in (arm for arm in arms.values() if arm.twin):
        mine, twin = (a.config.model_dump(mode="json") for a in (arm, arms[arm.twin]))
        stages = {arm.method.stage, "pretrain" if arm.start else arm.method.stage}
        assert {key for key in mine if mine[key] != twin[key]} == stages
        assert twin["pretrain"] is None and twin["finetune"]["method"] == "ce"


def test_a_finetuning_that_follows_a_pretraining_starts_from_its_encoder_and_stands_beside_it(tiny):
    for name, start in (("mrccl_joint", "mrccl"), ("triplet", "sclcm"), ("selftrain", "sclcm")):
        arms = {arm.name: arm for arm in make_arms(*tiny, [name])}
        assert arms[name].start == start and arms[name].config.pretrain == arms[start].config.pretrain
    assert not any(arm.start for arm in make_arms(*tiny) if arm.method and arm.method.stage == "pretrain")


def test_settings_of_a_method_reach_that_method_alone(tiny):
    arms = {arm.name: arm for arm in make_arms(*tiny)}
    assert (arms["basic"].config.pretrain.theta, arms["sclcm"].config.pretrain.theta) == (0.1, 0.5)


def test_an_unknown_method_key_or_a_raw_config_is_refused(tiny):
    config, comparison = tiny
    with pytest.raises(ConfigError, match="jeppa"):
        make_arms(config, comparison, ["jeppa"])
    with pytest.raises(ConfigError, match="share"):
        parse_comparison({"share": [1.0]}, "a test")
    raw = next(arm.config for arm in make_arms(config, comparison) if arm.signal == "raw")
    with pytest.raises(ConfigError, match="raw windows"):
        make_arms(raw, comparison)


def test_raw_windows_and_features_are_the_same_moments_with_the_same_ids(plan):
    views = read_views(plan)
    assert np.array_equal(*same_moment(views.features, views.raw)) and len(views.features) == len(views.raw) > 50
    ends = [windows.t0 + windows.spec.span_s for windows in (views.features, views.raw)]
    np.testing.assert_allclose(*ends, atol=1e-9)
    for name in ("label", "subject", "trial", "stimulus", "recording"):
        assert np.array_equal(getattr(views.features, name), getattr(views.raw, name))


def test_a_comparison_is_computed_once_and_anew_where_something_changes(plan, outcomes, monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(compare_methods, "run_cell", lambda arm, *rest: ran.append(arm.name) or outcomes[0].cells[0])
    assert compare(plan, Engine()) == outcomes and not ran
    copied = replace(plan, folder=shutil.copytree(plan.folder, tmp_path / "copy"))
    compare(copied, Engine())
    assert not ran
    compare(replace(copied, comparison=plan.comparison.model_copy(update={"n_draws": 1})), Engine())
    assert ran == [arm.name for arm in plan.arms]


def test_the_table_has_each_share_the_difference_to_the_twin_and_what_it_cost(plan, outcomes):
    shares = plan.comparison.shares
    figures = arm_figures(outcomes, shares, {}, Seed(0))
    by_name = {arm.name: arm for arm in figures}
    mine, twin = by_name["sclcm"], by_name["no pretraining (sclcm, bands)"]
    for share in shares:
        gaps = [mine.trained[share].people[p] - twin.trained[share].people[p] for p in mine.trained[share].people]
        assert mine.trained[share].difference.value == pytest.approx(np.mean(gaps))
    assert mine.told == pytest.approx(1 - mine.loss / mine.trivial_loss)
    assert mine.pretrain_cpu_s > 0 and twin.pretrain_cpu_s == 0 and mine.n_parameters == twin.n_parameters > 0
    assert by_name["majority"].trained[1.0].accuracy.value == pytest.approx(1 / 3)
    rows = accuracy_rows(figures, shares)
    assert len(rows) == len(figures) * len(shares) and {len(row) for row in rows} == {len(ACCURACY_TABLE)}
    assert {len(row) for row in cost_rows(figures)} == {len(COST_TABLE)}
    json.dumps([arm.as_dict() for arm in figures])


def test_a_method_that_refuses_says_why_and_the_others_go_on(plan, outcomes, monkeypatch, tmp_path):
    def cell(arm, *rest):
        if arm.name == "sclcm":
            raise DatasetError("It cannot be.", "Do otherwise.")
        return next(outcome.cells[0] for outcome in outcomes if outcome.arm.name == arm.name)

    monkeypatch.setattr(compare_methods, "run_cell", cell)
    found = compare(replace(plan, folder=tmp_path), Engine())
    rows = accuracy_rows(arm_figures(found, plan.comparison.shares, {}, Seed(0)), plan.comparison.shares)
    assert [row[3] for row in rows if row[0] == "sclcm"] == ["It cannot be. Do otherwise."]
    assert all(outcome.cells for outcome in found if outcome.arm.name != "sclcm")


def test_labelled_trials_are_the_same_for_every_arm_and_the_test_side_is_whole(outcomes):
    counts = {
        (tested, person): np.sum(table)
        for outcome in outcomes
        for tested, people in outcome.cells[0].confusions.items()
        for person, table in people.items()
    }
    by_share = {share: {int(n) for (tested, _), n in counts.items() if tested.endswith(f" {share:g}")} for share in (0.5, 1)}
    assert len(by_share[1]) == 1 and by_share[0.5] == {2 * n for n in by_share[1]}


def test_without_a_section_a_comparison_has_its_usual_shares():
    assert CompareConfig().shares == (0.05, 1.0)


def test_what_is_read_with_the_tables_says_once_what_is_simulated_and_what_chance_is(plan):
    card = read_views(plan).features.dataset
    for title in ("Heads", "Heads (simulated)"):
        first = notes(replace(card, title=title), "Held out.", 4, 2, 1 / 3, start="new")[0]
        assert first.lower().count("simulated") == 1 and "4 people tested; chance is 0.333" in first
    told = {
        start: "starts as the linear probe" in notes(card, "Held out.", 4, 2, 1 / 3, start=start)[1]
        for start in ("new", "probe")
    }
    assert told == {"new": False, "probe": True}


def test_folds_that_kept_their_probe_have_no_loss(outcomes):
    found = next(outcome for outcome in outcomes if outcome.arm.name == "sclcm")
    cell = found.cells[0]
    kept = replace(cell, pretraining=replace(cell.pretraining, loss=None, trivial_loss=9.0))
    half, none = (
        arm_figures([replace(found, cells=cells)], (0.5, 1.0), {}, Seed(0))[0] for cells in ((kept, cell), (kept, kept))
    )
    assert (half.loss, half.trivial_loss) == pytest.approx((cell.pretraining.loss, cell.pretraining.trivial_loss))
    assert (none.loss, none.told) == (None, None)
    assert cost_rows([none])[0][1:4] == ("", "", "")


def test_a_method_of_finetuning_is_shown_by_its_own_loss_not_by_what_stops_it(plan, outcomes, monkeypatch, tmp_path):
    usual = Classify.validate

    def judged(self):
        found = usual(self)
        return found and Validation(found.score, found.figures | {"validation_loss": 99.0})

    monkeypatch.setattr(Classify, "validate", judged)
    twin = tuple(arm for arm in plan.arms if arm.name.startswith("no pretraining"))
    (outcome,) = compare(replace(plan, arms=twin, folder=tmp_path / "run"), Engine())
    assert 0 < outcome.cells[0].finetuning["1"].loss < 9
