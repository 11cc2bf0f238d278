import pytest

from offline.quantize.export import export_network
from offline.quantize.live_budget import LiveBudgetError, require_live
from offline.seeds import Seed
from offline.training.networks import build_classifier, build_encoder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    from tests.offline.conftest import _config

    config, tmp_path = _config(), tmp_path_factory.mktemp("live")
    network = build_classifier(config, build_encoder(config, Seed(0)), 2, Seed(0)).eval()
    export_network(network, config.features.input_shape, tmp_path / "network.onnx")
    return tmp_path / "network.onnx", config


def test_a_small_network_meets_the_live_budget(exported):
    assert 0 < require_live(*exported).p99_ms <= 20


def test_a_network_over_the_budget_is_refused_with_what_it_takes_and_the_way_out(exported):
    with pytest.raises(LiveBudgetError, match=r"takes .* ms of one thread .* may take 1e-06") as refused:
        require_live(*exported, budget_ms=1e-6)
    assert "distil" in str(refused.value) and "fewer channels" in str(refused.value)


def test_a_transformer_is_told_of_tokens_that_can_be_dropped_unless_it_drops_some(exported):
    path, config = exported

    def remedy(prune):
        patches = config.encoder.patches.model_copy(update={"prune": prune})
        encoder = config.encoder.model_copy(update={"kind": "patches", "patches": patches})
        with pytest.raises(LiveBudgetError) as refused:
            require_live(path, config.model_copy(update={"encoder": encoder}), budget_ms=1e-6)
        return str(refused.value)

    assert "encoder.patches.prune, 0.3 to 0.6" in remedy(0.0) and "costs accuracy" in remedy(0.0)
    assert "encoder.patches.depth = 2" in remedy(0.0)
    assert "prune" not in remedy(0.3)
