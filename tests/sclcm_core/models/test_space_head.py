import numpy as np
import onnxruntime as ort
import pytest
import torch

from offline.quantize.export import export_network
from sclcm_core.models import SclcmClassifier, SclcmEncoder
from sclcm_core.models.space_head import PromptHead, SpaceHead


def head(cls=SpaceHead, **options):
    torch.manual_seed(0)
    return cls(16, 3, **options)


def test_places_have_length_one_and_logits_are_scaled_cosines():
    space, x = head(n_space=5), torch.randn(7, 16)
    space.settle(torch.randn(3, 5), torch.arange(3))
    places = space.place(x)
    assert torch.allclose(places.norm(dim=1), torch.ones(7))
    assert torch.allclose(space(x), 10.0 * places @ space.anchors.T, atol=1e-5)


def test_anchors_are_the_directions_of_the_class_means():
    space = head(n_space=2)
    space.settle(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), torch.tensor([0, 0, 2]))
    assert torch.allclose(space.anchors, torch.tensor([[0.5**0.5, 0.5**0.5], [0.0, 0.0], [-1.0, 0.0]]))


def test_nothing_is_placed_without_a_nan():
    space = head(n_hidden=0)
    with torch.no_grad():
        space.into_space[0].weight.zero_()
        space.into_space[0].bias.zero_()
    assert torch.isfinite(space.place(torch.zeros(2, 16))).all()


def test_the_scale_stays_in_bounds():
    space = head()
    for log, expected in ((-5.0, 1.0), (50.0, 100.0)):
        with torch.no_grad():
            space.log_scale.fill_(log)
        assert float(space.scale.detach()) == pytest.approx(expected)


def test_prompts_are_placed_by_the_text_side():
    prompts = head(PromptHead, n_text=12, n_space=4)
    with torch.no_grad():
        prompts.prompts.copy_(torch.randn(3, 12))
        prompts.centre.copy_(torch.randn(12))
    prompts.settle_prompts()
    assert torch.allclose(prompts.anchors, prompts.place_text(prompts.prompts))


@pytest.mark.slow
def test_a_space_is_exported_and_answers_the_same(tmp_path):
    network = SclcmClassifier(SclcmEncoder((5, 2, 8), widths=(4, 6), n_embedding=16), head()).eval()
    network.head.settle(torch.randn(3, 32), torch.arange(3))
    export_network(network, (5, 2, 8), tmp_path / "x.onnx")
    x = np.random.default_rng(0).normal(size=(4, 5, 2, 8)).astype(np.float32)
    found = ort.InferenceSession(tmp_path / "x.onnx").run(["logits"], {"features": x})[0]
    with torch.no_grad():
        np.testing.assert_allclose(found, network(torch.from_numpy(x)).numpy(), atol=1e-4)
