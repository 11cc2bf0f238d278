import dataclasses
import json

import numpy as np
import pytest
import torch

from offline.datasets.splits import grouped_folds
from offline.evaluate.compare_runs import method_rows, paired_rows, read_runs
from offline.evaluate.curves import changed_config, channel_variants, label_variants
from offline.evaluate.gains import GAIN_TABLE, gain_rows
from offline.evaluate.run_fold import run_fold
from offline.evaluate.sealed import open_and_sealed
from offline.runs import open_run
from offline.seeds import Seed
from offline.stages import Run, follow_curve, measure
from sclcm_core.errors import ConfigError

PRETRAIN = {"epochs": 1, "n_groups": 4, "n_items": 3, "augmentations": ["add_noise"]}


def test_a_label_curve_has_both_starts_at_every_share(make_config):
    variants = label_variants(make_config(pretrain=PRETRAIN), (0.1, 1.0))
    assert [(v.place, v.pretrained, v.config.finetune.label_share) for v in variants] == [
        (10, True, 0.1),
        (10, False, 0.1),
        (100, True, 1.0),
        (100, False, 1.0),
    ]
    assert [v.config.pretrain is not None for v in variants] == [True, False, True, False]
    with pytest.raises(ConfigError, match="does not pretrain"):
        label_variants(make_config())


def test_a_channel_curve_keeps_the_order_of_the_whole_and_understands_aliases(make_config):
    whole = make_config(
        features={"ch_names": ["F3", "F4", "T7", "T8"], "sfreq": 128.0, "n_frames": 8},
        encoder={"layout": "2d", "widths": [8, 8]},
    )
    everything, few = channel_variants(whole, [["T4", "T3"]])
    assert everything.config.features.ch_names == ("F3", "F4", "T7", "T8")
    assert (few.config.features.ch_names, few.config.encoder.layout, few.place) == (("T7", "T8"), "1d", 2)
    with pytest.raises(ConfigError, match="no channel Oz"):
        channel_variants(whole, [["Oz"]])


def test_fewer_labels_mean_fewer_windows_to_fit(windows, make_config, monkeypatch):
    seen = []
    import offline.evaluate.run_fold as module

    fit = module.fit_ensemble
    monkeypatch.setattr(module, "fit_ensemble", lambda c, data, seed, **where: seen.append(data) or fit(c, data, seed, **where))
    config = make_config(finetune={"epochs": 1, "label_share": 0.4}, quantize={"enabled": False})
    run_fold(config, windows, grouped_folds(windows, 3, seed=0, n_validation_subjects=1)[0])
    (data,) = seen
    assert len(data.train[0]) == 3 * 24
    assert len(data.labelled[0]) == 24


def test_a_curve_is_drawn_and_kept(make_config, tmp_path):
    config = make_config(
        lines=["population"],
        dataset={"name": "simulated", "options": {"n_subjects": 4, "n_stimuli": 3, "trial_s": 8.0, "rest_s": 8.0}},
        finetune={"epochs": 1, "batch_size": 16},
        quantize={"enabled": False},
        pretrain=PRETRAIN,
    )
    points = follow_curve(label_variants(config, (1.0,)), tmp_path / "curve")
    assert (tmp_path / "curve" / "curve.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads((tmp_path / "curve" / "curve.json").read_text())
    assert [p.variant.pretrained for p in points] == [True, False]
    assert {row["Pretraining"] for row in rows} == {"yes", "no"}
    gains = gain_rows(points, "sclcm", Seed(0))
    assert [row[2:4] for row in gains] == [
        ("sclcm", "sclcm"),
        ("linear probe", "sclcm"),
        ("nearest neighbours", "sclcm"),
        ("linear probe", "untrained probe"),
    ]
    for row in gains:
        table = dict(zip(GAIN_TABLE, row, strict=True))
        gain = float(table["Balanced accuracy"]) - float(table["Without pretraining"])
        assert abs(gain - float(table["Gain [95 %]"].split()[0])) < 2e-3
        assert (table["Labels in %"], table["People"]) == ("100", "4")
        assert 0 < int(table["Labelled trials"]) < 4 * 3
    assert gain_rows(points[:1], "sclcm", Seed(0)) == []


def test_points_that_differ_in_their_labels_alone_share_their_pretraining(make_config, windows, tmp_path, monkeypatch):
    import offline.finetune.fit as module

    config, _, other, _ = (
        v.config for v in label_variants(make_config(pretrain=PRETRAIN, quantize={"enabled": False}), (0.1, 1.0))
    )
    data, _, _ = open_and_sealed(windows, grouped_folds(windows, 3, seed=0, n_validation_subjects=1)[0], config.lines)
    first = module.fit_encoder(config, data, Seed(1), encoder_dir=tmp_path)
    apart = [
        module.fit_encoder(other, data, Seed(2), encoder_dir=tmp_path),
        module.fit_encoder(
            changed_config(other, lines=["personal"]),
            dataclasses.replace(data, train=data.train[:1]),
            Seed(1),
            encoder_dir=tmp_path,
        ),
    ]
    assert len(list(tmp_path.iterdir())) == 1 + len(apart)
    monkeypatch.setattr(module, "pretrain", lambda *_, **__: pytest.fail("pretrained again"))
    again, history = module.fit_encoder(other, data, Seed(1), encoder_dir=tmp_path)
    assert history == first[1]
    for mine, yours in zip(first[0].state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(mine, yours)


def test_runs_are_compared_on_the_people_they_share(windows, make_config, tmp_path):
    for seed in (1, 2):
        config = make_config(name=f"run-{seed}", seed=seed, finetune={"epochs": 1}, quantize={"enabled": False})
        measure(Run(config, open_run(config, tmp_path / str(seed)), windows))
    runs = read_runs([tmp_path / "1", tmp_path / "2"])
    assert [run.name for run in runs] == ["run-1", "run-2"]
    assert {row[1] for row in method_rows(runs)} == {"sclcm", "logistic_regression"}
    rows = paired_rows(runs, Seed(0))
    assert {(row[0], row[-1]) for row in rows} == {("run-1 - run-2", "6")}
    assert np.isfinite(float(rows[0][4]))
    with pytest.raises(ConfigError, match="no evaluated run"):
        read_runs([tmp_path])
