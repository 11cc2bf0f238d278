import numpy as np
import onnxruntime as ort
import pytest
import torch

from offline.quantize.export import export_network
from sclcm_core.models import ClassifierHead, PatchTransformer, SclcmClassifier
from sclcm_core.models.token_pruning import PrunedTransformer, n_kept, received_attention

NAMES = ("Fp1", "F3", "T7", "T8", "Cz", "O2")


def transformer(attention="full", tokens="raw", depth=3):
    torch.manual_seed(0)
    base = PatchTransformer(
        (32, 6, 8), NAMES, sfreq=128.0, depth=depth, n_embedding=16, n_heads=2, n_hidden=32, attention=attention, tokens=tokens
    )
    return base.eval()


def windows(n=5):
    return torch.randn(n, 32, 6, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("attention", ["full", "cropa", "region"])
def test_at_rate_zero_nothing_changes(attention):
    base, x = transformer(attention), windows()
    with torch.no_grad():
        assert torch.allclose(PrunedTransformer(base, 0.0)(x), base(x), atol=1e-5)


@pytest.mark.parametrize("attention", ["full", "cropa"])
def test_a_pruned_window_does_not_depend_on_its_neighbours(attention):
    pruned, x = PrunedTransformer(transformer(attention), 0.3), windows()
    with torch.no_grad():
        assert torch.allclose(pruned(x)[2:3], pruned(x[2:3]), atol=1e-5)
        assert not torch.allclose(pruned(x), pruned.base(x), atol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_received_attention_equals_its_slow_twin(masked):
    generator = torch.Generator().manual_seed(0)
    allowed = (torch.rand(7, 7, generator=generator) > 0.4) | torch.eye(7, dtype=torch.bool) if masked else None
    scores = torch.randn(2, 3, 7, 7, generator=generator, dtype=torch.float64)
    shares = (scores if allowed is None else scores.masked_fill(~allowed, -torch.inf)).softmax(-1)
    fast = received_attention(shares, allowed)
    for i in range(2):
        for j in range(7):
            lookers = [k for k in range(7) if k != j and (allowed is None or allowed[k, j])]
            slow = np.mean([[float(shares[i, h, k, j]) for k in lookers] for h in range(3)]) if lookers else 0.0
            assert float(fast[i, j]) == pytest.approx(slow, abs=1e-12)


def test_the_tokens_that_nobody_looks_at_go():
    shares = torch.full((1, 1, 6, 6), 0.02)
    shares[..., [1, 4]] = 0.4
    kept = received_attention(shares).topk(2, dim=1).indices
    assert set(kept[0].tolist()) == {1, 4}


def test_a_share_is_kept_whatever_the_number_of_channels():
    assert [n_kept(n, 0.3) for n in (64, 224, 992)] == [45, 157, 695]


def test_gradients_reach_the_kept_tokens():
    pruned = PrunedTransformer(transformer("cropa"), 0.5)
    pruned(windows()).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in pruned.parameters() if p.grad is not None)
    assert pruned.base.embed_patch.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_rates_that_cannot_be_are_refused(rate):
    with pytest.raises(ValueError, match="rate"):
        PrunedTransformer(transformer(), rate)


@pytest.mark.slow
def test_a_pruned_network_is_exported_and_answers_the_same(tmp_path):
    torch.manual_seed(0)
    network = SclcmClassifier(PrunedTransformer(transformer("cropa", depth=2), 0.3), ClassifierHead(16, 2, n_hidden=0)).eval()
    export_network(network, (32, 6, 8), tmp_path / "x.onnx")
    x = windows(3)
    found = ort.InferenceSession(tmp_path / "x.onnx").run(["logits"], {"features": x.numpy()})[0]
    with torch.no_grad():
        np.testing.assert_allclose(found, network(x).numpy(), atol=1e-4)
