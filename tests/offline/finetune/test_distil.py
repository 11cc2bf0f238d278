import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from offline.config import parse_config
from offline.finetune import distil
from offline.finetune.classify import network_outputs
from offline.finetune.distil import distillation_loss, teacher_logits
from offline.finetune.fit import FitData, fit_member
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.seeds import Seed
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder
from sclcm_core.errors import ConfigError


def logits(seed, n=6):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LABEL = torch.tensor([0, 1, 2, 0, 1, 2])


def test_the_loss_equals_its_slow_twin():
    s, t = logits(0), logits(1)
    slow = 0.0
    for i in range(6):
        p, q = (torch.exp(x[i] / 2) / torch.exp(x[i] / 2).sum() for x in (t, s))
        ce = -torch.log(torch.exp(s[i]) / torch.exp(s[i]).sum())[LABEL[i]]
        slow += 0.7 * float(ce) + 0.3 * 4 * float((p * (p / q).log()).sum())
    assert float(distillation_loss(s, t, LABEL, temperature=2.0, share=0.3)) == pytest.approx(slow / 6, abs=1e-12)


def test_without_a_teacher_it_is_cross_entropy():
    s = logits(0)
    nobody = torch.full_like(s, float("nan"))
    assert float(distillation_loss(s, nobody, LABEL)) == pytest.approx(float(cross_entropy(s, LABEL)), abs=1e-12)


def test_a_student_like_its_teacher_costs_the_label_alone_and_gradients_are_finite():
    s = logits(0).requires_grad_(True)
    some = logits(1)
    some[0] = float("nan")
    distillation_loss(s, some, LABEL).backward()
    assert torch.isfinite(s.grad).all()
    same = distillation_loss(s.detach(), s.detach(), LABEL, share=1.0)
    assert float(same) == pytest.approx(0.0, abs=1e-12)


def test_where_the_label_is_hidden_the_teacher_alone_is_followed():
    s, t = logits(0), logits(1)
    hidden = torch.full_like(LABEL, -1)
    alone = float(distillation_loss(s, t, LABEL, share=1.0))
    assert float(distillation_loss(s, t, hidden, share=0.3)) == pytest.approx(alone, abs=1e-12)
    assert float(distillation_loss(s, torch.full_like(s, float("nan")), hidden)) == 0.0


def sides(windows):
    parts = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, parts[0])
    return [normalised(windows, part, "population", population) for part in parts]


def write_teacher(path, config, **changes):
    def toml(section, values):
        lines = [f"[{section}]"] if section else []
        return "\n".join(lines + [f"{k} = {json.dumps(v)}" for k, v in values.items() if not isinstance(v, dict)])

    content = {"name": "teacher", "title": "Teacher", "lines": ["population"]}
    features = {"ch_names": ["T7", "T8"], "sfreq": 128.0, "n_frames": 8} | changes
    parts = [
        toml("", content),
        toml("dataset", {"name": "simulated"}),
        toml("features", features),
        toml("encoder", {"widths": [8, 12], "n_embedding": 16}),
        toml("head", {"n_hidden": 0}),
        toml("finetune", {"epochs": 5, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2}),
    ]
    path.write_text("\n".join(parts))
    return str(path)


def test_a_student_learns_from_a_teacher_trained_on_the_same_people(make_config, make_windows, tmp_path):
    windows = make_windows(effect=2.0)
    teacher = write_teacher(tmp_path / "teacher.toml", make_config())
    section = {"epochs": 5, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2, "method": "distil"}
    config = make_config(finetune={**section, "options": {"teacher": teacher, "share": 0.9}})
    train, validation = sides(windows)
    network, _ = fit_member(config, FitData((train,), (train,), (validation,), 2), build_encoder(config, Seed(1)), Seed(2))
    right = network_outputs(network, validation.features).argmax(1) == validation.label
    assert right.mean() > 0.9


def test_a_student_follows_its_teacher_on_windows_without_labels_too(make_config, windows, tmp_path):
    teacher = write_teacher(tmp_path / "teacher.toml", make_config())
    section = {"epochs": 1, "batch_size": 16, "method": "distil", "options": {"teacher": teacher}}
    config = make_config(finetune=section)
    train, validation = sides(windows)
    few = train.select(np.flatnonzero(train.trial < 4))
    setting = Setting(config, build_encoder(config, Seed(1)), train, few, (validation,), 2, Seed(2))
    task = find_method("distil", "finetune").build()(setting)
    seen = np.concatenate(list(task.batches(np.random.default_rng(0))))
    assert seen.max() >= len(few) and len(np.unique(seen)) > len(train) - 16
    everything = np.arange(len(train))
    assert torch.isfinite(task.loss(everything, torch.Generator()))
    counts, last = np.bincount(few.label), task.network.head.layers[-1]
    with torch.no_grad():  # whatever the window, it then answers with the shares of the classes
        last.weight.zero_()
        last.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))
    assert task.loss(everything, torch.Generator()).item() == pytest.approx(task.trivial_loss(), rel=1e-5)


def test_a_teacher_of_other_features_is_paired_by_the_moment(make_config, make_windows, monkeypatch):
    from sclcm_core.features.spec import FeatureSpec

    mine = make_windows(effect=2.0, n_per_class=6)
    longer = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, n_frames=12)
    theirs = make_windows(effect=2.0, n_per_class=6, spec=longer)
    theirs.t0[:] = mine.t0 + mine.spec.span_s - longer.span_s
    config = make_config(lines=["population"])
    other = make_config(
        lines=["population"],
        features={"ch_names": ["T7", "T8"], "sfreq": 128.0, "n_frames": 12},
        finetune={"epochs": 5, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2},
    )
    monkeypatch.setattr(distil, "_windows", lambda asked: mine if asked is config else theirs)
    train, validation = sides(mine)
    found = teacher_logits(
        other, Setting(config, build_encoder(config, Seed(1)), train, train, (validation,), 2, Seed(2)), train
    )
    assert found.shape == (len(train), 2) and np.isfinite(found).all()
    assert (found.argmax(1) == train.label).mean() > 0.9


def test_without_a_teacher_or_with_one_of_another_data_set_it_is_refused(make_config, windows, tmp_path):
    train, validation = sides(windows)
    data = FitData((train,), (train,), (validation,), 2)
    lacking = make_config(finetune={"method": "distil", "epochs": 1, "batch_size": 32})
    with pytest.raises(ConfigError, match="needs a teacher"):
        fit_member(lacking, data, build_encoder(lacking, Seed(1)), Seed(2))
    foreign = tmp_path / "foreign.toml"
    foreign.write_text(Path(write_teacher(tmp_path / "t.toml", None)).read_text().replace('"simulated"', '"eegmat"'))
    config = make_config(finetune={"method": "distil", "epochs": 1, "batch_size": 32, "options": {"teacher": str(foreign)}})
    with pytest.raises(ConfigError, match="same data set"):
        fit_member(config, data, build_encoder(config, Seed(1)), Seed(2))


def test_the_config_of_either_side_can_be_read_again(make_config):
    config = make_config()
    text = config.model_dump_json(include={"name", "title", "dataset", "features"})
    assert parse_config(json.loads(text), "x").features == config.features
