import numpy as np
import pytest
import torch

from offline.pretrain.codebook import Codebook, nearest_code, perplexity


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def book(n_codes=64, *, restart_after=20, decay=0.9):
    return Codebook(n_codes, 8, decay=decay, restart_share=0.03, restart_after=restart_after)


def clusters(n, seed=0):
    centres = torch.randn(4, 8, generator=chance(99))
    chosen = torch.randint(4, (n,), generator=chance(seed))
    return centres[chosen] + 0.05 * torch.randn(n, 8, generator=chance(seed + 1))


def step(codebook, tokens, seed):
    _, unit, chosen = codebook(tokens)
    codebook.follow(unit.detach(), chosen, chance(seed))


def test_the_nearest_word_is_the_one_that_loops_find():
    rng = np.random.default_rng(0)
    vectors, codes = rng.normal(0, 1, (30, 5)), rng.normal(0, 1, (9, 5))
    slow = [int(np.argmin([np.sum((v - e) ** 2) for e in codes])) for v in vectors]
    assert nearest_code(torch.from_numpy(vectors), torch.from_numpy(codes)).tolist() == slow


def test_perplexity_counts_words_used_alike():
    assert float(perplexity(torch.tensor([5.0, 5.0, 5.0, 0.0]))) == pytest.approx(3.0)
    assert float(perplexity(torch.tensor([7.0, 0.0, 0.0]))) == pytest.approx(1.0)


def test_no_word_is_the_zero_vector_after_the_first_step():
    codebook = book()
    codebook.start(torch.randn(640, 8, generator=chance()), chance())
    step(codebook, clusters(200), 1)
    torch.testing.assert_close(codebook.codes.norm(dim=1), torch.ones(64), atol=1e-5, rtol=0)


def test_the_averages_are_the_stated_ones():
    codebook = book(8, decay=0.75)
    codebook.start(torch.randn(80, 8, generator=chance()), chance())
    before, tokens = codebook.codes.double().clone(), torch.randn(50, 8, generator=chance(3))
    _, unit, chosen = codebook(tokens)
    codebook.follow(unit, chosen, chance())
    for k in range(8):
        mine = unit.double()[chosen == k]
        usage = 0.75 * 1.0 + 0.25 * len(mine)
        total = 0.75 * before[k] + 0.25 * mine.sum(dim=0)
        assert float(codebook.usage[k]) == pytest.approx(usage, abs=1e-5)
        torch.testing.assert_close(codebook.codes[k].double(), total / total.norm(), atol=1e-5, rtol=0)


def test_starving_words_are_replaced_so_that_most_stay_in_use_on_random_data():
    alive = {}
    for restart_after in (20, 10**9):
        codebook = book(64, restart_after=restart_after)
        codebook.start(-torch.randn(640, 8, generator=chance()).abs(), chance())
        codebook.codes[:8] *= -1  # eight words look where the tokens are, the others away from them
        codebook.total[:8] *= -1
        for number in range(200):
            step(codebook, torch.randn(256, 8, generator=chance(number)).abs(), number)
        used = torch.bincount(codebook(torch.randn(2000, 8, generator=chance(7)).abs())[2], minlength=64) > 0
        alive[restart_after] = float(used.float().mean())
    assert alive[20] > 0.5 > alive[10**9]


def test_gradients_pass_to_the_tokens_and_not_to_the_words():
    codebook = book(8)
    tokens = torch.randn(10, 8, generator=chance()).requires_grad_()
    straight, _, chosen = codebook(tokens)
    torch.testing.assert_close(straight, codebook.codes[chosen])
    straight.sum().backward()
    assert tokens.grad.abs().sum() > 0
    assert not list(codebook.parameters())


def test_fewer_tokens_than_words_cannot_start_a_vocabulary():
    with pytest.raises(ValueError, match="64 words"):
        book().start(torch.randn(10, 8), chance())
