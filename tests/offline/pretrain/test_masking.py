import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.pretrain.masking import MASKS, draw_mask, hidden_moments, n_kept, visible_numbers
from sclcm_core.models.channel_code import places
from sclcm_core.montage import DEAP_CHANNELS

PLACE = torch.tensor(places(DEAP_CHANNELS))


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=40)
@given(
    name=st.sampled_from([*MASKS, "mixed"]), ratio=st.floats(0.1, 0.95), n_patches=st.integers(2, 20), seed=st.integers(0, 99)
)
def test_every_window_hides_equally_many_and_never_all_nor_none(name, ratio, n_patches, seed):
    hidden = draw_mask(name, 3, PLACE, n_patches, ratio=ratio, generator=chance(seed))
    assert hidden.shape == (3, 32, n_patches)
    counts = hidden.flatten(1).sum(dim=1)
    assert (counts == counts[0]).all()
    assert 0 < counts[0] < 32 * n_patches
    assert visible_numbers(hidden.flatten(1)).shape == (3, 32 * n_patches - counts[0])


@pytest.mark.parametrize("name", [*MASKS, "mixed"])
def test_one_patch_of_every_channel_stays(name):
    hidden = draw_mask(name, 20, PLACE, 16, ratio=0.75, generator=chance())
    assert (~hidden).any(dim=2).all()


def test_a_channel_keeps_the_stated_share_and_channels_differ():
    hidden = draw_mask("per_channel", 50, PLACE, 16, ratio=0.75, generator=chance())
    assert ((~hidden).sum(dim=2) == 4).all()
    assert not (hidden == hidden[:, :1]).all()


def test_a_tube_hides_the_same_moments_everywhere_and_fewer_of_them():
    hidden = draw_mask("tube", 50, PLACE, 16, ratio=0.75, generator=chance())
    assert (hidden == hidden[:, :1]).all()
    assert hidden[0, 0].sum() == 16 - n_kept(16, 0.6)


def test_a_block_hides_neighbours_together():
    hidden = draw_mask("block", 400, PLACE, 16, ratio=0.3, generator=chance()).float()
    together = (hidden[:, :, None] * hidden[:, None]).mean(dim=(0, 3))
    near = torch.cdist(PLACE, PLACE)
    off = ~torch.eye(32, dtype=torch.bool)
    assert together[(near < 0.6) & off].mean() > 1.4 * together[near > 1.4].mean()


@pytest.mark.parametrize("name", ["block", "random"])
def test_every_moment_is_hidden_sometimes_the_last_included(name):
    generator = chance()
    drawn = torch.stack([hidden_moments(name, 16, generator) for _ in range(500)])
    assert (drawn.float().mean(dim=0) > 0.05).all()
    assert ((~drawn).sum(dim=1) >= 4).all()
    assert (drawn.sum(dim=1) >= 2).all()
    assert 0.4 < drawn.float().mean() < 0.7


def test_a_window_too_short_to_hide_anything_is_refused():
    with pytest.raises(ValueError, match="6 patches"):
        hidden_moments("block", 5, chance())
