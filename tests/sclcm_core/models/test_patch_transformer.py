import numpy as np
import pytest
import torch

from sclcm_core.models import PatchTransformer
from sclcm_core.models.channel_code import ChannelCode, places, time_code
from sclcm_core.models.region_powers import REGIONS, RegionPowers, region_of
from sclcm_core.models.transformer_block import Attention, Block, cross_pattern
from sclcm_core.montage import DEAP_CHANNELS, SEED_CHANNELS, positions

NAMES = ("Fp1", "F3", "T7", "T8", "Cz", "O2")


def network(names=NAMES, **options):
    torch.manual_seed(0)
    return PatchTransformer(
        (32, len(names), 8), names, sfreq=128.0, depth=2, n_embedding=16, n_heads=2, n_hidden=32, **options
    ).eval()


def windows(n=3, n_channels=6, seed=0):
    return torch.randn(n, 32, n_channels, 8, generator=torch.Generator().manual_seed(seed))


def test_four_blocks_of_the_usual_size_have_the_stated_number_of_weights():
    blocks = [Block(128, 4, 512) for _ in range(4)]
    assert sum(p.numel() for block in blocks for p in block.parameters()) == pytest.approx(0.79e6, rel=0.01)


@pytest.mark.parametrize(("n_channels", "n_patches", "share"), [(8, 50, 0.14), (32, 16, 0.092), (14, 32, 0.10)])
def test_cross_pattern_attention_is_symmetric_and_as_dense_as_stated(n_channels, n_patches, share):
    channel = torch.arange(n_channels).repeat_interleave(n_patches)
    mask = cross_pattern(channel, torch.arange(n_patches).repeat(n_channels))
    assert torch.equal(mask, mask.T)
    assert mask.diagonal().all()
    density = (n_channels + n_patches - 1) / (n_channels * n_patches)
    assert float(mask.double().mean()) == pytest.approx(density, abs=1e-12)
    assert density == pytest.approx(share, abs=0.005)


def test_attention_is_its_formula_written_as_loops():
    torch.manual_seed(0)
    attention = Attention(6, 2).double()
    tokens = torch.randn(1, 5, 6, dtype=torch.float64)
    allowed = torch.rand(5, 5) < 0.5
    allowed |= torch.eye(5, dtype=torch.bool)
    weight, bias = attention.query_key_value.weight.detach().numpy(), attention.query_key_value.bias.detach().numpy()
    q, k, v = np.split(tokens[0].numpy() @ weight.T + bias, 3, axis=1)
    mixed = np.zeros((5, 6))
    for head in range(2):
        part = slice(3 * head, 3 * head + 3)
        for i in range(5):
            seen = [j for j in range(5) if allowed[i, j]]
            scores = np.array([q[i, part] @ k[j, part] / np.sqrt(3) for j in seen])
            shares = np.exp(scores) / np.exp(scores).sum()
            mixed[i, part] = sum(share * v[j, part] for share, j in zip(shares, seen, strict=True))
            found = attention.shares(tokens, allowed)[0, head, i, seen].detach().numpy()
            np.testing.assert_allclose(found, shares, atol=1e-9)
    expected = mixed @ attention.out.weight.detach().numpy().T + attention.out.bias.detach().numpy()
    np.testing.assert_allclose(attention(tokens, allowed).detach()[0], expected, atol=1e-9)


def test_the_order_of_the_channels_does_not_matter():
    encoder, order = network(), [4, 0, 5, 2, 1, 3]
    other = network(tuple(NAMES[k] for k in order))
    other.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(other(windows()[:, :, order]), encoder(windows()), atol=1e-5, rtol=1e-4)


def test_weights_learnt_with_one_cap_fit_another():
    encoder = network()
    for names in (("T7", "T8"), DEAP_CHANNELS, SEED_CHANNELS, ("F3-C3", "Cz")):
        other = network(tuple(names))
        other.load_state_dict(encoder.state_dict())
        with torch.no_grad():
            assert torch.isfinite(other(windows(n_channels=len(names)))).all()


@pytest.mark.parametrize("attention", ["full", "cropa", "region"])
def test_a_channel_that_is_missing_counts_for_nothing(attention):
    encoder = network(attention=attention)
    present = torch.tensor([[True, True, False, True, True, True]] * 3)
    changed = windows()
    changed[:, :, 2] = 77.0
    with torch.no_grad():
        torch.testing.assert_close(encoder(changed, present), encoder(windows(), present))
        torch.testing.assert_close(encoder(windows(), torch.ones_like(present)), encoder(windows()), atol=1e-5, rtol=1e-4)
        fewer = network(tuple(name for name in NAMES if name != "T7"), attention=attention)
        fewer.load_state_dict(encoder.state_dict())
        torch.testing.assert_close(fewer(windows()[:, :, [0, 1, 3, 4, 5]]), encoder(windows(), present), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("attention", ["full", "cropa", "region"])
def test_tokens_that_are_not_seen_leave_no_trace(attention):
    encoder = network(attention=attention)
    kept = torch.tensor([[0, 3, 9, 20, 47]] * 3)
    changed = windows()
    changed[:, :, 0, 1:3] = 50.0
    with torch.no_grad():
        torch.testing.assert_close(encoder.visible_tokens(changed, kept), encoder.visible_tokens(windows(), kept))
        everything = torch.arange(48).expand(3, -1)
        torch.testing.assert_close(
            encoder.visible_tokens(windows(), everything), encoder.all_tokens(windows()), atol=1e-5, rtol=1e-4
        )


def test_windows_do_not_see_each_other():
    encoder = network()
    changed = windows()
    changed[1] = 9.0
    with torch.no_grad():
        torch.testing.assert_close(encoder(changed)[[0, 2]], encoder(windows())[[0, 2]])


def test_codes_go_by_name_and_place_and_unknown_channels_have_neither():
    code = ChannelCode(("T3", "T7", "EMG"), 8)
    with torch.no_grad():
        found = code()
    assert torch.equal(found[0], found[1])
    assert (found[2] == 0).all()
    np.testing.assert_allclose(places(("T7-T8",))[0], positions(["T7", "T8"]).mean(axis=0))


def test_moments_have_codes_of_their_own():
    code = time_code(16, 8)
    distances = torch.cdist(code, code)
    assert (distances[~torch.eye(16, dtype=torch.bool)] > 0.1).all()
    with pytest.raises(ValueError, match="even"):
        time_code(4, 7)


def test_regions_part_the_scalp_and_mirror_each_other():
    found = {name: region_of(place) for name, place in zip(SEED_CHANNELS, places(SEED_CHANNELS), strict=True)}
    assert set(found.values()) == set(REGIONS)
    assert found["T7"] == "left temporal" and found["F4"] == "right frontal" and found["Oz"] == "parieto-occipital"


def test_a_sine_of_ten_hz_raises_the_alpha_power_of_its_region_alone():
    powers = RegionPowers(("F3", "O1"), 32, 128.0)
    t = torch.arange(32) / 128.0
    quiet = 0.1 * torch.randn(4, 32, 2, 1, generator=torch.Generator().manual_seed(0))
    loud = quiet.clone()
    loud[:, :, 1, 0] += torch.sin(2 * torch.pi * 10 * t)
    rise = (powers.log_power(loud) - powers.log_power(quiet))[:, :, 0].mean(dim=0)
    assert powers.n_bands == 5
    assert int(rise[1].argmax()) == 2
    assert (rise[0].abs() < 1e-5).all()


def test_the_power_of_white_noise_is_the_same_in_all_bands():
    powers = RegionPowers(("Cz",), 32, 128.0)
    noise = torch.randn(20000, 32, 1, 1, generator=torch.Generator().manual_seed(0))
    patch = noise.permute(0, 2, 3, 1)
    mean_power = (((patch @ powers.basis[0]) ** 2 + (patch @ powers.basis[1]) ** 2) @ powers.in_band).mean(dim=(0, 1, 2))
    torch.testing.assert_close(mean_power, torch.ones(5), atol=0.05, rtol=0)


def test_tokens_come_from_channels_from_regions_or_from_both():
    counts = {tokens: network(tokens=tokens).n_rows for tokens in ("raw", "hybrid", "features")}
    assert counts["hybrid"] == counts["raw"] + counts["features"] == 6 + 5
    for tokens in counts:
        with torch.no_grad():
            assert network(tokens=tokens, attention="region")(windows()).shape == (3, 16)
    with pytest.raises(ValueError, match="'raw'"):
        network(tokens="hybrid")(windows(), torch.ones(3, 6, dtype=torch.bool))


def test_names_and_channels_must_be_equally_many():
    with pytest.raises(ValueError, match="2 names"):
        PatchTransformer((32, 3, 8), ("T7", "T8"), sfreq=128.0)
