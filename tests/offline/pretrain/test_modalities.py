"""Contrast between modalities: the second modality, the losses, pretraining and finetuning with it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from offline.datasets.dataset import LabelledRecording
from offline.datasets.frames import compute_frames
from offline.datasets.other_electrodes import window_other_electrodes
from offline.datasets.peripherals import CAP, VALUES, Peripherals, load_peripherals, peripheral_features, windows_key
from offline.datasets.window_set import build_window_set
from offline.evaluate.scores import confusion, macro_f1
from offline.finetune.classify import network_outputs
from offline.finetune.fit import FitData, fit_member
from offline.finetune.privileged import oversampling
from offline.finetune.soft_vote import best_weights, soft_vote
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.pretrain.modalities import ModalityNetwork, OtherModalities, modality_losses, second_view
from offline.pretrain.mrccl_options import MrcclOptions
from offline.pretrain.ntxent import ntxent_loss
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder
from sclcm_core.errors import ConfigError, DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.models.modality import VectorEncoder
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec

FINETUNE = {"method": "mrccl_joint", "epochs": 10, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2, "patience": 10}


def sides(windows):
    parts = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, parts[0])
    return [normalised(windows, part, "population", population) for part in parts]


def test_the_losses_average_over_modalities_and_leave_out_pairs_of_one_trial():
    torch.manual_seed(0)
    a, b, c, d = torch.randn(4, 6, 5, dtype=torch.float64)
    trial = torch.tensor([0, 0, 1, 2, 3, 3])
    across, against = modality_losses((a, b), (c, d), trial, tau=0.2)
    assert float(across) == pytest.approx(float(ntxent_loss(a, b, tau=0.2, group=trial)))
    halves = ntxent_loss(a, c, tau=0.2, group=trial) + ntxent_loss(b, d, tau=0.2, group=trial)
    assert float(against) == pytest.approx(float(halves) / 2)


def test_a_sample_does_not_depend_on_its_neighbours_in_evaluation_mode():
    torch.manual_seed(0)
    encoder, values = VectorEncoder(7, 16).eval(), torch.randn(9, 7)
    with torch.no_grad():
        assert torch.allclose(encoder(values)[3:4], encoder(values[3:4]), atol=1e-6)


def test_the_second_view_is_left_minus_right_and_spread_over_time():
    spec = FeatureSpec(ch_names=("T7", "Cz", "T8"), sfreq=128.0, n_frames=8)
    features = np.random.default_rng(0).normal(size=(2, 5, 3, 8)).astype(np.float32)
    view = second_view(features, spec)
    means = features.mean(-1)
    np.testing.assert_allclose(view[:, :5], means[:, :, 0] - means[:, :, 2], atol=1e-6)
    np.testing.assert_allclose(view[:, 5:], features.std(-1).reshape(2, -1), atol=1e-6)


@torch.no_grad()
def test_three_modalities_are_also_contrasted_each_expanded_against_the_others_together():
    torch.manual_seed(0)
    network = ModalityNetwork([3, 4], 5).eval()
    trial = torch.tensor([0, 0, 1, 2, 3, 3])
    a, b, c = torch.randn(6, 5), *network.embed([torch.randn(6, 3), torch.randn(6, 4)])
    across, _ = network.losses((a, b, c), (a, b, c), trial, tau=0.2)
    p = network.projector
    terms = [ntxent_loss(p(x), p(y), tau=0.2, group=trial) for x, y in ((a, b), (a, c), (b, c))]
    for layer, own, rest in zip(network.expand, (a, b, c), ((b, c), (a, c), (a, b)), strict=True):
        assert (layer.in_features, layer.out_features) == (5, 10)
        terms.append(ntxent_loss(own @ layer.weight.T + layer.bias, torch.cat(rest, dim=1), tau=0.2, group=trial))
    assert float(across) == pytest.approx(sum(map(float, terms)) / 6, rel=1e-5)
    assert not len(ModalityNetwork([3], 5).expand)  # two modalities: each is the other's rest


def test_peripherals_and_the_eegs_own_second_view_make_three_modalities(config, windows, tmp_path):
    train, _ = sides(windows)
    path = tmp_path / "p.npz"
    Peripherals(np.random.default_rng(0).normal(size=(len(windows), 3)).astype(np.float32), windows.t0).save(path)
    others = OtherModalities(config, MrcclOptions(peripherals=path, own_view=True), train)
    own = OtherModalities(config, MrcclOptions(), train)
    assert others.n_values == (3, *own.n_values)
    assert torch.equal(others.of(train)[1], own.of(train)[0])


@pytest.mark.parametrize(("name", "stage"), [("mrccl", "pretrain"), ("mrccl_joint", "finetune")])
def test_both_stages_train_every_part_of_three_modalities(make_config, windows, tmp_path, name, stage):
    train, validation = sides(windows)
    Peripherals(np.random.default_rng(0).normal(size=(len(windows), 3)).astype(np.float32), windows.t0).save(tmp_path / "p.npz")
    options = {"peripherals": str(tmp_path / "p.npz"), "own_view": True}
    section = {"method": name, "epochs": 1, "options": options}
    config = make_config(**{stage: section | ({"batch_size": 32} if stage == "finetune" else {})})
    setting = Setting(config, build_encoder(config, Seed(1)), train, train, (validation,), 2, Seed(1))
    task = find_method(name, stage).build()(setting)
    task.network.train()
    task.loss(next(task.batches(np.random.default_rng(0))), torch.Generator().manual_seed(0)).backward()
    trained = [p for group in task.parameter_groups() for p in group["params"]]
    assert sum(p.shape == (32, 16) for p in trained) >= 3  # the expansions, 16 -> 2 * 16
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in trained)


def test_the_other_modalities_are_standardised_by_the_training_windows_alone(config, windows):
    train, validation = sides(windows)
    others = OtherModalities(config, MrcclOptions(), train)
    (values,), (n_values,) = others.of(train), others.n_values
    assert torch.allclose(values.mean(0), torch.zeros(n_values), atol=0.05)
    assert values.std(0).mean() == pytest.approx(1.0, abs=0.1)
    assert others.of(validation)[0].shape == (len(validation), n_values)


def test_peripherals_come_from_a_file_by_the_number_of_the_window(config, windows, tmp_path):
    train, validation = sides(windows)
    values = np.arange(len(windows), dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    path = tmp_path / "p.npz"
    Peripherals(values, windows.t0).save(path)
    others = OtherModalities(config, MrcclOptions(peripherals=path), train)
    order = np.argsort(others.of(validation)[0][:, 0].numpy())
    assert np.array_equal(order, np.argsort(validation.window))
    Peripherals(values, windows.t0 + 1).save(path)
    with pytest.raises(ConfigError, match="other windows"):
        OtherModalities(config, MrcclOptions(peripherals=path), train)


def test_peripherals_of_other_people_are_refused_though_their_windows_start_at_the_same_times(make_config, windows, tmp_path):
    dataset = {"name": "simulated", "without_subjects": ["01"]}
    made_for = windows_key(make_config(dataset=dataset).dataset.model_dump(mode="json"), make_config().features)
    Peripherals(np.zeros((len(windows), 3), np.float32), windows.t0, made_for).save(tmp_path / "p.npz")
    options, train = MrcclOptions(peripherals=tmp_path / "p.npz"), sides(windows)[0]
    assert OtherModalities(make_config(dataset=dataset | {"root": "elsewhere"}), options, train).n_values == (3,)
    with pytest.raises(ConfigError, match="other windows"):
        OtherModalities(make_config(dataset={"name": "simulated"}), options, train)


def test_the_rest_of_the_cap_is_refused_where_the_features_use_its_electrodes(make_config, windows, tmp_path):
    values = np.zeros((len(windows), 2), np.float32)
    Peripherals(values, windows.t0, names=("Cz alpha", "Oz alpha"), of=CAP).save(tmp_path / "p.npz")
    options, train = MrcclOptions(peripherals=tmp_path / "p.npz"), sides(windows)[0]
    assert OtherModalities(make_config(), options, train).n_values == (2,)
    with pytest.raises(ConfigError, match=r"holds Oz, which the features use\. .*--of cap"):
        OtherModalities(make_config(features={"ch_names": ["T7", "O1", "Oz"], "sfreq": 128.0, "n_frames": 8}), options, train)


def test_what_was_not_measured_in_a_window_is_the_mean_of_those_in_which_it_was(config, windows, tmp_path):
    values = np.random.default_rng(0).normal(5.0, 2.0, (len(windows), 3)).astype(np.float32)
    values[::2, 1], values[:, 2] = np.nan, np.nan
    Peripherals(values, windows.t0).save(tmp_path / "p.npz")
    train, _ = sides(windows)
    (found,) = OtherModalities(config, MrcclOptions(peripherals=tmp_path / "p.npz"), train).of(train)
    lost = np.isnan(values[train.window, 1])
    assert (found[lost, 1] == 0).all() and (found[:, 2] == 0).all()
    assert float(found[~lost, 1].mean()) == pytest.approx(0.0, abs=0.02)
    assert float(found[~lost, 1].std()) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("of", "own_scale"), [(CAP, None), (CAP, True), ("peripherals", True)])
def test_by_their_own_scale_people_do_not_differ_in_level_and_part_of_a_persons_windows_changes_nothing(
    config, leveled, of, own_scale
):
    windows, path = leveled(of)
    train, validation = sides(windows)
    others = OtherModalities(config, MrcclOptions(peripherals=path, own_scale=own_scale), train)
    for inputs in (train, validation):
        (found,) = others.of(inputs)
        for person in np.unique(inputs.subject):
            mine = found[inputs.subject == person].numpy()
            np.testing.assert_allclose((mine.mean(0), mine.std(0)), ([0, 0], [1, 1]), atol=1e-4)
    known = train.select(np.arange(5))
    assert torch.equal(others.of(known)[0], others.of(train)[0][:5])


@pytest.mark.parametrize(("of", "own_scale"), [("peripherals", None), (CAP, False)])
def test_by_everybodys_scale_people_keep_their_levels(config, leveled, of, own_scale):
    windows, path = leveled(of)
    train, _ = sides(windows)
    (found,) = OtherModalities(config, MrcclOptions(peripherals=path, own_scale=own_scale), train).of(train)
    np.testing.assert_allclose((found.mean(0), found.numpy().std(0)), ([0, 0], [1, 1]), atol=1e-4)
    assert np.ptp([float(found[train.subject == person].mean()) for person in range(4)]) > 2


@pytest.fixture
def leveled(windows, tmp_path):
    """Windows, and a function that writes a file of values at another level for each person."""

    def write(of):
        values = np.random.default_rng(0).normal(10 * windows.subject[:, None], 1.0, (len(windows), 2))
        Peripherals(values.astype(np.float32), windows.t0, of=of).save(tmp_path / "p.npz")
        return windows, tmp_path / "p.npz"

    return write


def test_a_missing_or_foreign_file_of_peripherals_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no file"):
        load_peripherals(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(DatasetError, match="does not hold what else was measured"):
        load_peripherals(tmp_path / "other.npz")


def test_peripheral_features_find_rate_and_slope():
    t = np.arange(0, 20, 1 / 128)
    channels = np.random.default_rng(0).normal(0, 1e-3, (8, len(t)))
    channels[4] += 2.0 * t
    channels[5] += np.sin(2 * np.pi * 0.25 * t)
    channels[6] += np.sin(2 * np.pi * 1.2 * t)
    channels[7] += 30.0
    found = dict(zip(VALUES, peripheral_features(channels, 128.0), strict=True))
    assert found["GSR slope"] == pytest.approx(2.0, abs=0.01)
    assert found["breath rate"] == pytest.approx(0.25, abs=0.02)
    assert found["pulse rate"] == pytest.approx(1.2, abs=0.03)
    assert found["temperature mean"] == pytest.approx(30.0, abs=0.01)


@pytest.mark.slow
def test_pretraining_brings_modalities_together_below_the_loss_of_learning_nothing(make_config, make_windows):
    windows = make_windows(n_per_class=30, n_subjects=12, effect=3.0)
    train, validation = sides(windows)
    config = make_config(pretrain={"method": "mrccl", "epochs": 12, "lr": 5e-3, "options": {"batch_size": 16, "tau": 0.3}})
    encoder = build_encoder(config, Seed(1))
    task = find_method("mrccl").build()(Setting(config, encoder, train, None, (validation,), 0, Seed(1)))
    n_trials = len(np.unique(validation.trial))  # one window of each in a batch
    assert task.trivial_loss() == pytest.approx(2 * np.log(2 * n_trials - 1))
    history = Trainer(task, config.pretrain, Seed(2)).fit()
    assert history.rows[-1]["loss"] < 0.9 * task.trivial_loss()
    assert history.rows[-1]["collapsed"] == 0


def aroused(n_subjects=6, n_trials=8):
    """Trials of noise at four electrodes and a pulse; in each trial low and high bands have an amplitude of their own on the whole cap."""
    rng = np.random.default_rng(0)
    for subject in range(n_subjects):
        for trial in range(n_trials):
            spectrum = np.fft.rfft(rng.normal(size=(768, 5)), axis=0)
            low, high = rng.lognormal(1.0, 0.6, 2)
            samples = np.fft.irfft(spectrum * np.where(np.arange(385) < 84, low, high)[:, None], axis=0)  # 14 Hz parts them
            spec = StreamSpec(128.0, ("T7", "T8", "Cz", "Oz", "ECG"), origin="replay")
            recording = Recording(spec, samples.astype(np.float32), np.arange(768) / 128.0, (), Path("made"))
            yield LabelledRecording(recording, f"{subject}", 1, f"{trial}", f"{trial}", trial % 2)


def test_pretraining_finds_a_window_by_the_rest_of_its_cap(make_config, windows, tmp_path):
    pretrain = {
        "method": "mrccl",
        "epochs": 8,
        "lr": 1e-2,
        "options": {"peripherals": str(tmp_path / "p.npz"), "batch_size": 16},
    }
    config = make_config(pretrain=pretrain | {"warmup_share": 0.0})
    frames = [compute_frames(each, config.features) for each in aroused()]
    windows = build_window_set(frames, config.features, class_names=("a", "b"), card=windows.dataset)
    window_other_electrodes(windows, aroused(), config.dataset.model_dump(mode="json")).save(tmp_path / "p.npz")
    train, validation = sides(windows)
    task = find_method("mrccl").build()(Setting(config, build_encoder(config, Seed(1)), train, None, (validation,), 0, Seed(1)))
    rows = Trainer(task, config.pretrain, Seed(2)).fit().rows
    assert rows[-1]["validation_loss"] < 0.9 * task.trivial_loss()
    assert rows[-1]["collapsed"] == 0


def test_what_is_kept_is_the_eegs_own_classifier_and_what_it_would_be_worth_together_is_told(
    make_config, make_windows, tmp_path
):
    windows = make_windows(effect=2.0)
    knowing = np.random.default_rng(0).normal(0, 0.3, (len(windows), 4)).astype(np.float32) + windows.label[:, None]
    Peripherals(knowing.astype(np.float32), windows.t0).save(tmp_path / "p.npz")
    config = make_config(finetune={**FINETUNE, "options": {"peripherals": str(tmp_path / "p.npz")}})
    train, validation = sides(windows)
    data = FitData((train,), (train,), (validation,), 2)
    network, history = fit_member(config, data, build_encoder(config, Seed(1)), Seed(2))
    assert {name.split(".")[0] for name in network.state_dict()} == {"encoder", "head"}
    assert macro_f1(confusion(validation.label, network_outputs(network, validation.features).argmax(1), 2)) > 0.9
    last = history.rows[-1]
    assert {"eeg", "fused", "fused_without_others", "other_1", "vote"} <= set(last)
    assert last["other_1"] > 0.9 and last["fused"] > 0.9 and last["fused_without_others"] > 0.8


def test_learning_nothing_costs_the_class_shares_twice_and_the_contrasts_of_places_that_are_alike(make_config, windows):
    train, validation = sides(windows)

    def trivial(contrast_weight):
        section = {**FINETUNE, "options": {"contrast_weight": contrast_weight}}
        config = make_config(finetune=section)
        setting = Setting(config, build_encoder(config, Seed(1)), train, train, (validation,), 2, Seed(1))
        return find_method("mrccl_joint", "finetune").build()(setting).trivial_loss()

    assert trivial(0.0) == pytest.approx(2 * np.log(2), abs=1e-6)
    assert np.log(8) < (trivial(1.0) - trivial(0.0)) / 2 < np.log(63)


def test_oversampling_makes_classes_and_trials_equally_likely():
    label, trial = np.array([0, 0, 0, 0, 0, 1]), np.array([0, 0, 0, 1, 1, 2])
    weight = oversampling(label, trial)
    assert weight[label == 1].sum() == pytest.approx(0.5)
    assert weight[trial == 0].sum() == pytest.approx(weight[trial == 1].sum()) == pytest.approx(0.25)


def test_a_vote_weighs_probabilities_and_ignores_who_knows_nothing():
    right, wrong = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.1, 0.9], [0.9, 0.1]])
    np.testing.assert_allclose(soft_vote([right, wrong], [0.7, 0.35]), (2 * right + wrong) / 3)
    weights = best_weights([right, wrong], np.array([0, 1]))
    assert soft_vote([right, wrong], weights).argmax(1).tolist() == [0, 1]
    with pytest.raises(ValueError, match="positive in sum"):
        soft_vote([right], [0.0])
