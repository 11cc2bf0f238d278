import math

import pytest
import torch
from torch import nn

from sclcm_core.models import (
    ClassifierHead,
    Ensemble,
    Projector,
    SclcmClassifier,
    SclcmEncoder,
    fold_batchnorm,
    pool_before_relu,
    serpentine,
)
from sclcm_core.montage import SEED_CHANNELS


def classifier(shape=(5, 2, 10), layout="1d", n_hidden=16, pooling="flatten"):
    encoder = SclcmEncoder(shape, layout=layout, widths=(8, 12), n_embedding=16, pooling=pooling)
    return SclcmClassifier(encoder, ClassifierHead(16, 3, n_hidden=n_hidden))


def with_used_statistics(network, shape, generator):
    """Let every BatchNorm see data that are not standard normal."""
    network.train()
    for _ in range(5):
        network(3 * torch.randn(32, *shape, generator=generator) + 1)
    return network.eval()


def test_the_original_shape_has_the_published_number_of_parameters():
    encoder = SclcmEncoder((5, 2, 250))
    network = SclcmClassifier(encoder, ClassifierHead(128, 3))
    assert sum(p.numel() for p in network.parameters()) == 2_195_331
    assert encoder.n_flat == 15_872


@pytest.mark.parametrize(
    ("columns", "frames", "layout", "n_flat"),
    [(62, 250, "2d", 119_040), (32, 62, "2d", 15_360), (62, 129, "2d", 61_440), (2, 250, "1d", 15_872)],
)
def test_the_dense_layer_takes_what_the_convolutions_leave(columns, frames, layout, n_flat):
    assert SclcmEncoder((5, columns, frames), layout=layout, n_embedding=2).n_flat == n_flat


@pytest.mark.parametrize("layout", ["1d", "2d"])
@pytest.mark.parametrize("pooling", ["flatten", "mean"])
@pytest.mark.parametrize("n_hidden", [0, 16])
def test_a_batch_in_gives_logits_out(layout, pooling, n_hidden):
    network = classifier((5, 8, 11), layout, n_hidden, pooling).eval()
    assert network(torch.zeros(7, 5, 8, 11)).shape == (7, 3)


def test_two_frames_are_refused_with_the_size_in_words():
    with pytest.raises(ValueError, match="at least 4 frames"):
        SclcmEncoder((5, 2, 3))
    with pytest.raises(ValueError, match="4 columns"):
        SclcmEncoder((5, 3, 10), layout="2d")


def test_time_pooling_takes_any_number_of_frames():
    network = classifier((5, 2, 10), pooling="mean").eval()
    assert network(torch.zeros(4, 5, 2, 37)).shape == (4, 3)


def test_time_pooling_leaves_at_most_a_tenth_of_the_original():
    def size(pooling, n_hidden):
        network = SclcmClassifier(SclcmEncoder((5, 2, 250), pooling=pooling), ClassifierHead(128, 3, n_hidden=n_hidden))
        return sum(p.numel() for p in network.parameters())

    assert size("mean", 128) <= size("flatten", 1024) / 10


def test_in_evaluation_mode_an_answer_does_not_depend_on_its_batch_mates():
    generator = torch.Generator().manual_seed(1)
    network = with_used_statistics(classifier(), (5, 2, 10), generator)
    batch = torch.randn(9, 5, 2, 10, generator=generator)
    torch.testing.assert_close(network(batch)[4:5], network(batch[4:5]))


@pytest.mark.parametrize("layout", ["1d", "2d"])
@pytest.mark.parametrize("n_hidden", [0, 16])
def test_folding_batchnorm_changes_no_answer(layout, n_hidden):
    generator = torch.Generator().manual_seed(2)
    network = with_used_statistics(classifier((5, 4, 12), layout, n_hidden), (5, 4, 12), generator)
    folded = fold_batchnorm(network)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in folded.modules())
    batch = torch.randn(6, 5, 4, 12, generator=generator)
    torch.testing.assert_close(folded(batch), network(batch), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layout", ["1d", "2d"])
def test_pooling_before_the_relu_changes_no_bit(layout):
    generator = torch.Generator().manual_seed(4)
    network = fold_batchnorm(with_used_statistics(classifier((5, 6, 13), layout), (5, 6, 13), generator))
    swapped = pool_before_relu(network)
    kinds = [type(module).__name__ for module in swapped.encoder.blocks[0]]
    assert kinds.index("MaxPool2d") < kinds.index("ReLU")
    batch = torch.randn(6, 5, 6, 13, generator=generator)
    assert torch.equal(swapped(batch), network(batch))


def test_a_batchnorm_that_cannot_fold_is_named():
    with pytest.raises(ValueError, match=r"without a foldable layer before it: 1\.1"):
        fold_batchnorm(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.BatchNorm1d(2))))


def test_an_ensemble_answers_with_the_mean_of_its_members():
    members = [classifier().eval() for _ in range(3)]
    batch = torch.randn(4, 5, 2, 10, generator=torch.Generator().manual_seed(3))
    expected = sum(member(batch) for member in members) / 3
    torch.testing.assert_close(Ensemble(members)(batch), expected)
    torch.testing.assert_close(Ensemble(members[:1])(batch), members[0](batch))
    with pytest.raises(ValueError, match="at least one"):
        Ensemble([])


def test_a_projector_maps_embeddings_to_projections():
    assert Projector(16, 8)(torch.zeros(3, 16)).shape == (3, 8)


def test_one_class_is_no_classification():
    with pytest.raises(ValueError, match="at least two classes"):
        ClassifierHead(16, 1)


def test_serpentine_keeps_all_of_seeds_channels_and_puts_neighbours_side_by_side():
    ordered = serpentine(SEED_CHANNELS)
    assert sorted(ordered) == sorted(SEED_CHANNELS)
    assert ordered[:5] == ["Fp1", "Fpz", "Fp2", "AF4", "AF3"]
    assert math.isclose(abs(ordered.index("T7") - ordered.index("C5")), 1)


def test_serpentine_places_an_electrode_off_the_grid_in_the_nearest_row():
    assert serpentine(["O1", "AF7", "Fp1", "Cz"]) == ["Fp1", "AF7", "Cz", "O1"]
    with pytest.raises(ValueError, match="ECG"):
        serpentine(["T7", "ECG"])
