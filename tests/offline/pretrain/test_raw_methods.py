"""What masked prediction, joint embedding and the vocabulary promise."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from offline.config import parse_config
from offline.pretrain.fit import pretrain
from offline.pretrain.jepa import token_norm
from offline.pretrain.method import Method
from offline.pretrain.methods import find_method
from offline.pretrain.patch_decoder import ChannelDecoder
from offline.pretrain.patch_targets import log_spectrum, masked_mse, norm_patch, patches
from offline.pretrain.teacher import Teacher, momentum_at
from offline.pretrain.vqvae import FEWEST_WORDS, PATIENCE, CollapseError
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.networks import build_encoder
from sclcm_core.errors import ConfigError
from tests.contracts.method_cases import config_for, setting_for


def task_of(name, stage="pretrain"):
    method: Method = find_method(name, stage)
    setting = setting_for(method)
    return method.build()(setting), setting


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("pretrained", [False, True])
def test_band_powers_are_standardised_by_the_training_windows_with_and_without_pretraining(pretrained):
    setting = setting_for(find_method("jepa_hybrid"))
    config = setting.config if pretrained else setting.config.model_copy(update={"pretrain": None})
    encoder, _ = pretrain(config, setting.train, None, Seed(0), stop_after=1)
    powers = encoder.powers(torch.from_numpy(setting.train.features))  # (n, n_regions, n_patches, n_bands)
    torch.testing.assert_close(powers.mean(dim=(0, 2)), torch.zeros(powers.shape[1], powers.shape[3]), atol=1e-3, rtol=0)
    torch.testing.assert_close(powers.std(dim=(0, 2)), torch.ones(powers.shape[1], powers.shape[3]), atol=1e-2, rtol=0)


def test_visible_patches_have_no_part_in_the_loss_nor_in_its_gradient():
    rng = torch.Generator().manual_seed(0)
    predicted = torch.randn(3, 4, 5, 8, generator=rng).requires_grad_()
    hidden = torch.rand(3, 4, 5, generator=rng) < 0.5
    masked_mse(predicted, torch.zeros_like(predicted), hidden).backward()
    assert (predicted.grad[~hidden] == 0).all()
    assert (predicted.grad[hidden] != 0).all()


def test_the_masked_error_is_its_formula_written_as_loops():
    rng = np.random.default_rng(0)
    predicted, target = rng.normal(0, 1, (2, 3, 4, 6)), rng.normal(0, 1, (2, 3, 4, 6))
    hidden = rng.random((2, 3, 4)) < 0.5
    costs = [np.mean((predicted[i] - target[i]) ** 2) for i in np.ndindex(hidden.shape) if hidden[i]]
    ours = masked_mse(torch.from_numpy(predicted), torch.from_numpy(target), torch.from_numpy(hidden))
    assert float(ours) == pytest.approx(np.mean(costs), abs=1e-12)


def test_targets_are_their_formulas_written_with_numpy():
    patch = np.random.default_rng(0).normal(3, 2, (5, 32))
    expected = (patch - patch.mean(1, keepdims=True)) / np.sqrt(patch.var(1, ddof=1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(norm_patch(torch.from_numpy(patch)), expected, atol=1e-12)
    spectrum = np.log(np.abs(np.fft.rfft(patch)) / np.sqrt(32) + 1e-3)
    np.testing.assert_allclose(log_spectrum(torch.from_numpy(patch)), spectrum, atol=1e-9)


def test_the_spectrum_knows_the_level_that_the_waveform_forgets():
    patch = torch.randn(4, 32, generator=chance())
    torch.testing.assert_close(norm_patch(3 * patch + 1), norm_patch(patch), atol=1e-4, rtol=0)
    assert (log_spectrum(3 * patch) - log_spectrum(patch)).mean() == pytest.approx(np.log(3), abs=0.01)


def test_predicting_nothing_of_normalised_patches_costs_nearly_one():
    setting = setting_for(find_method("stmem"))
    waveform = norm_patch(patches(torch.from_numpy(setting.train.features)))
    assert float((waveform**2).mean()) == pytest.approx(31 / 32, abs=1e-3)


def test_the_teacher_is_the_moving_average_of_its_student_and_is_never_trained():
    student = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout(0.5)).double()
    teacher = Teacher(student)
    first = [p.clone() for p in teacher.network.parameters()]
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(1.0)
    teacher.follow(student, 0.9)
    teacher.train()
    assert not teacher.network.training
    assert not any(p.requires_grad for p in teacher.parameters())
    for mine, before, theirs in zip(teacher.network.parameters(), first, student.parameters(), strict=True):
        torch.testing.assert_close(mine, 0.9 * before + 0.1 * theirs.detach(), atol=1e-12, rtol=0)


def test_the_momentum_rises_on_a_line_to_one():
    assert momentum_at(0, 1000) == 0.95
    assert momentum_at(0, 5000) == 0.99
    assert momentum_at(0, 50_000) == 0.996
    assert momentum_at(500, 1000, 0.9) == pytest.approx(0.95)
    assert momentum_at(2000, 1000) == 1.0


def test_no_gradient_reaches_the_teacher_and_it_follows_once_a_step():
    task, _ = task_of("jepa")
    task.network.train()
    for number in range(3):
        task.loss(np.arange(16), chance(number)).backward()
    teacher = task.network["teacher"]
    assert int(teacher.n_followed) == 3
    assert all(p.grad is None for p in teacher.parameters())
    grouped = {id(p) for group in task.parameter_groups() for p in group["params"]}
    assert not grouped & {id(p) for p in teacher.parameters()}


def test_a_teacher_that_says_the_same_of_everything_scores_nothing():
    task, _ = task_of("jepa")
    task.network.eval()
    with torch.no_grad():
        for parameter in task.network["teacher"].network.encode.norm.parameters():
            parameter.zero_()
        found = task.validate()
    assert found.figures["trivial_loss"] == pytest.approx(0.0, abs=1e-6)
    assert found.score < 0.05


@pytest.mark.slow
def test_jepa_tells_the_size_of_a_wave_better_than_the_mean_token_does():
    task, setting = task_of("jepa")
    size = np.random.default_rng(0).normal(0, 2, (192, 6, 1))
    wave = (size * np.sin(0.3 * np.arange(256))).reshape(192, 6, 8, 32).transpose(0, 3, 1, 2)
    task._train = task._judges = torch.from_numpy(wave.astype(np.float32))
    config = setting.config.pretrain.model_copy(update={"epochs": 60, "lr": 3e-3})
    figures = Trainer(task, config, Seed(0)).fit(stop_after=60).rows
    assert figures[-1]["told"] > 0.2 > figures[0]["told"]


def test_the_loss_of_jepa_is_the_smooth_difference_of_hidden_tokens_written_as_loops():
    task, setting = task_of("jepa")
    task.network.eval()
    features = torch.from_numpy(setting.train.features[:4])
    with torch.no_grad():
        loss = float(task.batch_loss(features, chance(3)))
        predicted, target = task._sides(features, chance(3))
    costs = [
        0.5 * gap * gap if abs(gap) < 1 else abs(gap) - 0.5 for gap in (predicted.double() - target.double()).flatten().tolist()
    ]
    assert loss == pytest.approx(sum(costs) / len(costs), rel=1e-6)
    assert max(costs) > 0.5 > min(costs), "both forms of the cost occur"


def test_a_decoder_fills_in_unseen_tokens_and_leaves_channels_apart():
    torch.manual_seed(0)
    decoder = ChannelDecoder(6, 8, 1, 4, 3).eval()
    kept = torch.tensor([[0, 3, 5, 6]])
    tokens = torch.randn(1, 4, 6)
    with torch.no_grad():
        out = decoder(tokens, kept, 2)
        tokens[0, 2:] += 1.0
        changed = decoder(tokens, kept, 2)
    assert out.shape == (1, 2, 4, 3)
    assert torch.equal(out[:, 0], changed[:, 0])
    assert not torch.allclose(out[:, 1], changed[:, 1])


def test_a_vocabulary_of_which_a_few_words_are_used_ends_the_training():
    task, _ = task_of("vqvae")
    task.network.eval()
    with torch.no_grad():
        task.network["narrow"].weight.zero_()
        for _ in range(PATIENCE - 1):
            assert task.validate().figures["perplexity"] < FEWEST_WORDS
        with pytest.raises(CollapseError, match="words"):
            task.validate()


def test_teacher_tokens_have_mean_0_and_variance_1():
    tokens = token_norm(torch.randn(5, 7, 16, generator=chance()) * 4 + 2)
    assert float(tokens.mean(dim=-1).abs().max()) < 1e-5
    torch.testing.assert_close(tokens.var(dim=-1, unbiased=False), torch.ones(5, 7), atol=1e-3, rtol=0)


def test_band_powers_are_standardised_by_training_windows_before_the_teacher_is_copied():
    task, setting = task_of("jepa_hybrid")
    powers = setting.encoder.powers
    seen = powers(torch.from_numpy(setting.train.features)).transpose(0, 1).flatten(1, 2)
    assert float(seen.mean(dim=1).abs().max()) < 1e-3
    torch.testing.assert_close(task.network["teacher"].network.powers.mean, powers.mean)


@pytest.mark.parametrize(("name", "tokens"), [("stmem", "hybrid"), ("vqvae", "features"), ("jepa_hybrid", "raw")])
def test_an_encoder_with_the_wrong_tokens_is_refused_with_what_to_write(name, tokens):
    method = find_method(name)
    content = config_for(method).model_dump(mode="json")
    content["encoder"]["patches"]["tokens"] = tokens
    setting = setting_for(method)
    config = parse_config(content, "a config")
    with pytest.raises(ConfigError, match=r"encoder\.patches"):
        method.build()(replace(setting, config=config, encoder=build_encoder(config, Seed(0))))


def test_a_method_on_raw_windows_refuses_band_features_when_the_config_is_read():
    content = config_for(find_method("jepa")).model_dump(mode="json")
    content["features"] = {"kind": "de", "ch_names": ["T7", "T8"], "sfreq": 128.0, "n_frames": 8}
    with pytest.raises(ConfigError, match="'raw' windows"):
        parse_config(content, "a config")


def test_joint_training_uses_only_labels_that_may_be_used():
    method = find_method("sicleer_joint", "finetune")
    setting = setting_for(method)
    few = setting.train.select(np.flatnonzero(setting.train.subject < 2))
    losses = []
    for flip in (False, True):
        train = replace(setting.train, label=setting.train.label.copy())
        if flip:
            train.label[setting.train.subject >= 2] = 0
        task = method.build()(replace(setting_for(method), train=train, labelled=few))
        task.network.eval()
        with torch.no_grad():
            losses.append(float(task.loss(np.arange(0, 32, 4), chance())))
    assert losses[0] == losses[1]
