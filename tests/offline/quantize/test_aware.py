import dataclasses

import numpy as np
import onnx
import pytest
import torch

from offline.datasets.splits import grouped_folds
from offline.evaluate.sealed import open_and_sealed
from offline.finetune.classify import network_outputs
from offline.finetune.fit import fit_ensemble
from offline.quantize.aware import RoundedLayer, finetune_rounded, rounded_values, with_rounding
from offline.quantize.compare import Int8Cost
from offline.quantize.export import export_network, exportable
from offline.quantize.ladder import chosen_rung, climb, rungs, write_int8
from offline.quantize.static_int8 import named_limits
from offline.seeds import Seed
from offline.training.networks import build_classifier, build_encoder
from sclcm_core.inference.onnx_runtime import OnnxPredictor

N_SPIKES, SPIKE = 6, 3000.0


@pytest.fixture(scope="module")
def spoilt():
    """A good network, and training windows of which a few hold a spike: ranges that hold it leave everything else no steps."""
    from tests.offline.conftest import _config, _windows

    windows = _windows(effect=0.4, n_per_class=60)
    quantize = {"n_calibration": 512, "max_size_ratio": 1.0}
    config = _config(
        lines=["population"], quantize=quantize, finetune={"epochs": 6, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2}
    )
    fold = grouped_folds(windows, 2, seed=0, n_validation_subjects=1)[0]
    data, _, _ = open_and_sealed(windows, fold, config.lines)
    ensemble = fit_ensemble(config, data, Seed(3)).ensemble
    logits = [network_outputs(ensemble, inputs.features) for inputs in data.validation]
    features = data.train[0].features.copy()
    features[:: len(features) // N_SPIKES, 0, 0, 0] = SPIKE
    train = (dataclasses.replace(data.train[0], features=features),)
    return config, dataclasses.replace(data, train=train, labelled=train), ensemble, logits


def climbed(spoilt, folder, *ways):
    config, data, ensemble, logits = spoilt
    changed = config.model_copy(update={"quantize": config.quantize.model_copy(update={"on_failure": ways})})
    return climb(changed, ensemble, data, logits, seed=Seed(3), folder=folder)


@pytest.mark.slow
def test_outliers_break_static_int8_and_finetuning_under_rounding_mends_it(spoilt, tmp_path):
    predictor, (static, aware) = climbed(spoilt, tmp_path, "aware")
    assert (static.rung, aware.rung) == ("static", "aware")
    assert static.agreement < 0.9
    assert aware.agreement >= 0.97
    assert aware.drop <= 0.01
    answers = predictor.logits(spoilt[1].validation[0].features).argmax(axis=1)
    assert np.mean(answers == spoilt[3][0].argmax(axis=1)) == pytest.approx(aware.agreement)


@pytest.mark.slow
def test_every_way_is_tried_in_turn_until_one_is_accepted(spoilt, tmp_path):
    _, costs = climbed(spoilt, tmp_path, "mixed", "aware")
    assert [cost.rung for cost in costs] == ["static", "mixed", "aware"][: len(costs)]
    assert costs[-1].agreement > costs[0].agreement


def test_without_further_ways_the_failure_is_reported_as_it_is(spoilt, tmp_path):
    _, costs = climbed(spoilt, tmp_path)
    assert [cost.rung for cost in costs] == ["static"]


def test_the_final_network_takes_the_first_way_that_is_good_enough_over_the_folds(config):
    good, bad = Int8Cost("static", 0.8, 0.8, 1.0), Int8Cost("static", 0.8, 0.6, 0.8)
    assert chosen_rung(_rows([good], [good]), config)[0] == "static"
    mended = Int8Cost("mixed", 0.8, 0.8, 0.99)
    rung, mean, problems = chosen_rung(_rows([good], [bad, mended]), config)
    assert (rung, problems) == ("mixed", [])
    assert mean.agreement == pytest.approx(0.995)
    rung, _, problems = chosen_rung(_rows([good], [bad, bad, bad]), config)
    assert rung == "aware"
    assert "points" in problems[0]
    assert rungs(_quantizing(config, keep_outer_layers=True)) == ("static", "aware")


def _quantizing(config, **changes):
    return config.model_copy(update={"quantize": config.quantize.model_copy(update=changes)})


def test_of_a_transformer_the_linear_layers_alone_become_int8(make_config, tmp_path):
    config = make_config(
        features={"kind": "raw", "ch_names": ["T7", "T8"], "sfreq": 128.0, "window_s": 0.25, "hop_s": 0.25, "n_frames": 8},
        encoder={"kind": "patches", "n_embedding": 32, "patches": {"depth": 1, "n_hidden": 64, "n_heads": 2}},
    )
    assert rungs(config) == ("dynamic",)
    network = build_classifier(config, build_encoder(config, Seed(0)), 2, Seed(0)).eval()
    export_network(network, config.features.input_shape, tmp_path / "float.onnx")
    path = write_int8("dynamic", config, network, None, seed=Seed(0), float_path=tmp_path / "float.onnx")
    windows = np.random.default_rng(0).standard_normal((64, *config.features.input_shape)).astype(np.float32)
    of_float, of_int8 = (OnnxPredictor(p).logits(windows) for p in (tmp_path / "float.onnx", path))
    assert np.corrcoef(of_float[:, 0] - of_float[:, 1], of_int8[:, 0] - of_int8[:, 1])[0, 1] > 0.97
    assert {"MatMulInteger"} <= {node.op_type for node in onnx.load(str(path)).graph.node}


def _rows(*folds):
    return [{"int8": [dataclasses.asdict(cost) for cost in costs]} for costs in folds]


def test_rounding_is_to_whole_steps_and_passes_gradients_straight_through():
    values = torch.tensor([0.04, -0.26, 500.0], requires_grad=True)
    rounded = rounded_values(values, torch.tensor(0.1))
    torch.testing.assert_close(rounded.detach(), torch.tensor([0.0, -0.3, 12.7]))
    rounded.sum().backward()
    assert values.grad.tolist() == [1.0, 1.0, 0.0]


def test_a_rounded_network_answers_much_as_the_plain_one_before_any_training(spoilt):
    _, data, ensemble, logits = spoilt
    rounded = with_rounding(exportable(ensemble), data.validation[0].features)
    assert all(layer.is_rounding for layer in rounded.modules() if isinstance(layer, RoundedLayer))
    close = network_outputs(rounded, data.validation[0].features)
    assert np.corrcoef(close[:, 0] - close[:, 1], logits[0][:, 0] - logits[0][:, 1])[0, 1] > 0.95


def test_finetuning_under_rounding_leaves_the_network_it_came_from_as_it_was(spoilt):
    config, data, ensemble, logits = spoilt
    fit = finetune_rounded(config, ensemble, data, data.train[0].features, Seed(3))
    np.testing.assert_array_equal(network_outputs(ensemble, data.validation[0].features), logits[0])
    again = finetune_rounded(config, ensemble, data, data.train[0].features, Seed(3))
    for a, b in zip(fit.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert fit.limits == again.limits


def test_ranges_belong_to_the_layers_of_the_file(spoilt, tmp_path):
    config, data, ensemble, _ = spoilt
    fit = finetune_rounded(config, ensemble, data, data.train[0].features, Seed(3))
    export_network(fit.network, config.features.input_shape, tmp_path / "x.onnx")
    named = named_limits(tmp_path / "x.onnx", fit.limits)
    assert named["features"] == fit.limits[0][0]
    assert named["logits"] == fit.limits[-1][1]
    passed_on = [n for n in onnx.load(str(tmp_path / "x.onnx")).graph.node if n.op_type in ("Relu", "MaxPool")]
    assert passed_on  # a spike must not come back by a tensor between two layers
    assert all(named[node.output[0]] <= max(max(pair) for pair in fit.limits) for node in passed_on)
    with pytest.raises(ValueError, match="there are ranges for 1"):
        named_limits(tmp_path / "x.onnx", fit.limits[:1])
