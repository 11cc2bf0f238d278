"""What every registered method owes: nobody slips past."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from offline.config import parse_config
from offline.pretrain.builders import BUILDERS
from offline.pretrain.method import Method
from offline.pretrain.methods import ALL, FINETUNING, METHODS
from offline.pretrain.methods_page import methods_page
from offline.quantize.export import export_network
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.networks import build_classifier
from sclcm_core.errors import ConfigError
from tests.contracts.method_cases import config_for, setting_for

PAGE = Path(__file__).parents[2] / "offline" / "pretrain" / "METHODS.md"
_EXPORTED: set[str] = set()
every_method = pytest.mark.parametrize("method", ALL, ids=lambda method: f"{method.stage}-{method.name}")


def section_of(config, method: Method):
    return config.pretrain if method.stage == "pretrain" else config.finetune


def test_names_are_unique_and_each_has_one_builder() -> None:
    assert len({method.name for method in ALL}) == len(METHODS) + len(FINETUNING) == len(ALL)
    assert set(BUILDERS) == {method.name for method in ALL}


def test_a_declaration_is_read_without_torch() -> None:
    code = "import sys, offline.pretrain.methods as m; print('torch' in sys.modules, len(m.ALL))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.split() == ["False", str(len(ALL))]


@every_method
def test_the_pretraining_that_it_follows_can_train_its_encoder_on_its_windows(method: Method) -> None:
    if method.after:
        before = METHODS[method.after]
        assert method.stage == "finetune"
        assert set(method.encoders) <= set(before.encoders) and set(method.signals) <= set(before.signals)


@every_method
def test_its_declaration_says_everything(method: Method) -> None:
    texts = (method.title, method.summary, method.when, method.loss, method.trivial, method.batches, method.source)
    assert all(len(text.strip()) > 3 for text in texts)
    assert method.signals and method.encoders
    assert all(field.description for field in method.options.model_fields.values())


@every_method
def test_its_config_survives_writing_and_reading(method: Method) -> None:
    config = config_for(method)
    assert parse_config(config.model_dump(mode="json"), "a copy") == config
    assert section_of(config, method).method == method.name


@every_method
def test_an_option_that_it_does_not_have_is_refused(method: Method) -> None:
    content = config_for(method).model_dump(mode="json")
    content[method.stage]["options"]["no_such_option"] = 1
    with pytest.raises(ConfigError, match="no_such_option"):
        parse_config(content, "a config with a mistake")


@every_method
def test_it_learns_with_finite_gradients_and_knows_the_price_of_learning_nothing(method: Method) -> None:
    setting = setting_for(method)
    task = method.build()(setting)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    task.network.train()
    loss = task.loss(next(task.batches(np.random.default_rng(0))), torch.Generator().manual_seed(0))
    loss.backward()
    gradients = [p.grad for p in task.network.parameters() if p.grad is not None]
    assert torch.isfinite(loss) and loss.ndim == 0
    assert gradients and all(torch.isfinite(g).all() for g in gradients) and any(g.abs().sum() > 0 for g in gradients)
    Trainer(task, section_of(setting.config, method), Seed(0)).fit(stop_after=2)
    after = task.network.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert np.isfinite(task.trivial_loss())


@every_method
def test_two_builds_of_one_seed_are_the_same(method: Method) -> None:
    losses = []
    for _ in range(2):
        task = method.build()(setting_for(method))
        indices = next(task.batches(np.random.default_rng(0)))
        task.network.eval()
        with torch.no_grad():
            losses.append(float(task.loss(indices, torch.Generator().manual_seed(0))))
    assert losses[0] == losses[1]


@every_method
def test_it_watches_for_collapse_or_scores_the_validation_people(method: Method) -> None:
    task = method.build()(setting_for(method))
    task.network.eval()
    with torch.no_grad():
        found = task.validate()
        again = task.validate()
    assert found == again, "validation must look at the same masks and views each time"
    wanted = {"spread", "effective_rank", "collapsed"} if method.stage == "pretrain" else {"balanced_accuracy"}
    assert wanted <= set(found.figures)
    assert np.isfinite([found.score, *found.figures.values()]).all()


@every_method
def test_pretraining_looks_at_no_label(method: Method) -> None:
    if method.stage != "pretrain" or {"label", "text"} & set(method.looks_at):
        return
    losses = []
    for value in (0, 1):
        setting = setting_for(method)
        setting.train.label[:] = value
        task = method.build()(setting)
        indices = next(task.batches(np.random.default_rng(0)))
        task.network.eval()
        with torch.no_grad():
            losses.append(float(task.loss(indices, torch.Generator().manual_seed(0))))
    assert losses[0] == losses[1]


@every_method
def test_its_answer_to_a_window_depends_neither_on_the_others_nor_on_their_order(method: Method) -> None:
    setting = setting_for(method)
    task = method.build()(setting)
    network = (setting.encoder if method.stage == "pretrain" else task.network).eval()
    windows = torch.from_numpy(setting.train.features[:5])
    order = torch.tensor([3, 0, 4, 2, 1])
    with torch.no_grad():
        together = network(windows)
        torch.testing.assert_close(network(windows[order]), together[order], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(torch.cat([network(one[None]) for one in windows]), together, atol=1e-5, rtol=1e-4)


@every_method
def test_it_is_shipped_or_says_why_not_and_what_to_ship_instead(method: Method) -> None:
    assert not method.refusal or len(method.refusal.split()) > 8


@pytest.mark.slow
@every_method
def test_its_network_answers_the_same_once_exported(method: Method, tmp_path: Path) -> None:
    if method.refusal:
        return
    setting = setting_for(method)
    task = method.build()(setting)
    network = task.network if method.stage == "finetune" else build_classifier(setting.config, setting.encoder, 2, Seed(0))
    network.eval()
    if (made := str(network)) in _EXPORTED:
        return  # another method's network is made of the same parts
    _EXPORTED.add(made)
    export_network(network, setting.config.features.input_shape, tmp_path / "network.onnx")
    windows = setting.train.features[:3]
    session = onnxruntime.InferenceSession(str(tmp_path / "network.onnx"), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"features": windows})
    with torch.no_grad():
        np.testing.assert_allclose(logits, network(torch.from_numpy(windows)).numpy(), atol=1e-4)


def test_the_page_of_the_methods_is_what_the_registry_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == methods_page(ALL), "write it anew: sclcm-offline methods --page"


@every_method
def test_its_page_names_every_option(method: Method) -> None:
    page = methods_page([method])
    assert f"`{method.name}`" in page
    assert all(f"`{name}`" in page for name in method.options.model_fields)
    assert ("follows" in page) == bool(method.after)
