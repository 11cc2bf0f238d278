import pytest

from offline.evaluate.ablations import ABLATIONS, ablations
from offline.pretrain.methods import find_method
from sclcm_core.errors import ConfigError
from tests.contracts.method_cases import config_for


def config_of(name):
    return config_for(find_method(name, "finetune" if name == "sicleer_joint" else "pretrain"))


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_is_a_config_that_can_run_and_the_first_is_the_config_itself(name):
    config = config_of(name)
    variants = ablations(config)
    assert [variant.name for variant in variants] == list(ABLATIONS[name])
    assert variants[0].config == config
    assert len({variant.config.model_dump_json() for variant in variants}) >= len(variants) - 1


def test_the_three_first_experiments_of_sicleer_are_what_they_are_called():
    found = {variant.name: variant.config for variant in ablations(config_of("sicleer_joint"))}
    assert found["classification only"].finetune.options["contrast_weight"] == 0
    alone = found["contrast only"]
    assert (alone.pretrain.method, alone.finetune.method, alone.finetune.mode) == ("sicleer", "ce", "probe")
    assert found["without masking"].finetune.options["keep"] == 1
    assert {c.finetune.options.get("class_weight") for c in found.values()} >= {0.1, 0.3, 3.0, 10.0}


def test_the_ablation_of_the_hybrid_compares_signal_band_powers_and_both():
    found = {v.name: (v.config.pretrain, v.config.encoder.patches.tokens) for v in ablations(config_of("jepa_hybrid"))}
    assert found["without pretraining"][0] is None
    assert {found[name][1] for name in ("signal alone", "signal and band powers", "band powers alone")} == {
        "raw",
        "hybrid",
        "features",
    }


@pytest.mark.parametrize("name", ["stmem", "jepa", "jepa_hybrid"])
def test_what_dropping_tokens_costs_is_asked_of_every_transformer(name):
    config = config_of(name)
    found = {variant.name: variant.config for variant in ablations(config)}["tokens dropped"]
    assert (config.encoder.patches.prune, found.encoder.patches.prune) == (0.0, 0.3)
    assert found.pretrain == config.pretrain


def test_a_method_without_ablations_is_refused_with_those_that_have_some():
    with pytest.raises(ConfigError, match="sicleer_joint"):
        ablations(config_of("sclcm"))
