import pytest
import torch

from offline.pretrain.views import (
    AUGMENTATIONS,
    augmentations,
    mask_channels,
    mix_windows,
    random_view,
    shift_level,
    warp_magnitude,
)
from sclcm_core.errors import ConfigError

GROUP = torch.tensor([0, 0, 0, 1, 1, 2])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(n_columns=10):
    return torch.randn(6, 5, n_columns, 8, generator=generator(9))


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_every_augmentation_keeps_shape_and_input_and_repeats_with_its_seed(name):
    features = batch()
    kept = features.clone()
    once = AUGMENTATIONS[name](features, GROUP, generator())
    again = AUGMENTATIONS[name](features, GROUP, generator())
    assert once.shape == features.shape
    assert torch.equal(once, again)
    assert torch.equal(features, kept)
    assert not torch.equal(once, features)


def test_mixing_stays_within_the_group_and_leaves_the_lonely_alone():
    features = GROUP.float()[:, None, None, None].expand(6, 5, 4, 8)
    mixed = mix_windows(features, GROUP, generator())
    torch.testing.assert_close(mixed, features)
    noisy = batch()
    assert torch.equal(mix_windows(noisy, GROUP, generator())[5], noisy[5])


def test_mixing_keeps_at_least_half_of_the_window():
    features = torch.eye(6)[:, :, None, None]
    mixed = mix_windows(features, torch.zeros(6, dtype=torch.int64), generator())
    own = mixed[torch.arange(6), torch.arange(6), 0, 0]
    assert (own > 0.5).all()
    torch.testing.assert_close(mixed.sum(dim=1).flatten(), torch.ones(6))


def test_masking_silences_whole_columns_and_each_is_as_likely():
    features = torch.ones(4000, 5, 10, 2)
    masked = mask_channels(features, torch.zeros(4000, dtype=torch.int64), generator())
    silent = (masked == 0).all(dim=3).all(dim=1)
    assert torch.equal(silent[:, None, :, None].expand_as(masked), masked == 0)
    assert set(silent.sum(dim=1).tolist()) == {1, 2}
    share = silent.float().mean(dim=0)
    assert (share - 0.15).abs().max() < 0.03


def test_masking_leaves_few_channels_alone():
    features = batch(n_columns=5)
    assert torch.equal(mask_channels(features, GROUP, generator()), features)


def test_a_warp_is_shared_by_bands_and_columns_and_a_shift_by_frames():
    ones = torch.ones(6, 5, 4, 8)
    warped = warp_magnitude(ones, GROUP, generator())
    assert torch.equal(warped, warped[:, :1, :1].expand_as(ones))
    shifted = shift_level(ones, GROUP, generator())
    assert torch.equal(shifted, shifted[..., :1].expand_as(ones))


def test_a_random_view_draws_one_augmentation_a_window():
    choices = augmentations(("flip_sign", "roll_bands"))
    features = batch()
    view = random_view(features, GROUP, choices, generator())
    flipped = [torch.equal(view[i], -features[i]) for i in range(6)]
    rolled = [torch.equal(view[i], features[i].roll(2, dims=0)) for i in range(6)]
    assert all(a != b for a, b in zip(flipped, rolled, strict=True))
    assert torch.equal(random_view(features, GROUP, (), generator()), features)


def test_an_unknown_augmentation_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'add_noise'"):
        augmentations(("ad_noise",))
