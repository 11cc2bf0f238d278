import pytest
import torch

from sclcm_core.models import DilatedTcn, StepClassifier, StepHead


def network(shape=(5, 3, 20), **options):
    torch.manual_seed(0)
    return DilatedTcn(shape, width=8, n_embedding=12, **options).eval()


@pytest.mark.parametrize(("n_blocks", "seen"), [(1, 5), (2, 13), (5, 125), (7, 509)])
def test_blocks_see_as_many_steps_as_stated(n_blocks, seen):
    encoder = network((1, 1, 2 * seen), n_blocks=n_blocks).double()
    assert encoder.n_steps_seen == seen
    steps = torch.randn(1, 2 * seen, 1, dtype=torch.float64)
    with torch.no_grad():
        before = encoder.represent(steps)[0]
        steps[0, seen] += 1000.0
        changed = (encoder.represent(steps)[0] - before).abs().sum(dim=1) > 0
    reached = changed.nonzero()[:, 0]
    half = seen // 2
    assert (int(reached.min()), int(reached.max())) == (seen - half, seen + half)


def test_a_raw_window_is_laid_out_sample_after_sample():
    encoder = network((4, 2, 3), is_raw=True)
    signal = torch.arange(24.0).reshape(1, 2, 12)
    frames = signal.reshape(1, 2, 3, 4).permute(0, 3, 1, 2)
    assert torch.equal(encoder.sequence(frames), signal.transpose(1, 2))


def test_a_frame_is_a_step_with_all_bands_and_columns():
    encoder = network((5, 3, 20))
    frames = torch.randn(2, 5, 3, 20)
    assert torch.equal(encoder.sequence(frames)[1, 7], frames[1, :, :, 7].flatten())


def test_a_masked_step_says_nothing_of_what_it_held():
    encoder, steps = network(), torch.randn(2, 20, 15)
    keep = torch.ones(2, 20, dtype=torch.bool)
    keep[:, 5] = False
    other = steps.clone()
    other[:, 5] = 99.0
    with torch.no_grad():
        torch.testing.assert_close(encoder.represent(other, keep), encoder.represent(steps, keep))
        assert not torch.allclose(encoder.represent(other), encoder.represent(steps))


def test_lost_steps_count_as_masked_and_the_callers_array_stays_as_it_was():
    encoder, steps = network(), torch.randn(2, 20, 15)
    keep = torch.ones(2, 20, dtype=torch.bool)
    keep[0, 3] = False
    lost = steps.clone()
    lost[0, 3, 1] = torch.nan
    with torch.no_grad():
        torch.testing.assert_close(encoder.represent(lost), encoder.represent(steps, keep))
    assert lost[0, 3, 1].isnan()


def test_pooling_averages_steps_after_the_blocks():
    plain, pooled = network(), network(pool=4)
    pooled.load_state_dict(plain.state_dict())
    frames = torch.randn(3, 5, 3, 20)
    with torch.no_grad():
        expected = plain.steps(frames).unflatten(1, (5, 4)).mean(dim=2)
        torch.testing.assert_close(pooled.steps(frames), expected)
    with pytest.raises(ValueError, match="divide"):
        network(pool=3)


def test_both_heads_answer_for_each_window():
    classifier = StepClassifier(network(), StepHead(12, 3)).eval()
    with torch.no_grad():
        assert classifier(torch.randn(4, 5, 3, 20)).shape == (4, 3)
    assert classifier.input_shape == (5, 3, 20)
    with pytest.raises(ValueError, match="two classes"):
        StepHead(12, 1)


def test_the_usual_shape_has_about_the_stated_number_of_weights():
    assert 0.1e6 < sum(p.numel() for p in DilatedTcn((32, 14, 16), is_raw=True).parameters()) < 0.3e6
