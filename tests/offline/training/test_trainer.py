import numpy as np
import pytest
import torch
from torch import nn

from offline.config import TrainerConfig
from offline.seeds import Seed
from offline.training import Trainer, Validation
from offline.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from offline.training.collapse import collapse_figures


class LineFit:
    """Fits a line; the score is what the test says it is."""

    def __init__(self, scores=None, dropout=0.0):
        self.network = nn.Sequential(nn.Linear(3, 8), nn.Dropout(dropout), nn.Linear(8, 1))
        with torch.no_grad():
            for k, parameter in enumerate(self.network.parameters()):
                parameter.copy_(torch.sin(torch.arange(parameter.numel()) + k).reshape(parameter.shape))
        self.x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
        self.y = self.x.sum(dim=1, keepdim=True)
        self.scores = scores
        self.n_batches = 4
        self.n_judged = 0

    def parameter_groups(self):
        return [{"params": list(self.network.parameters()), "lr": 1e-2}]

    def batches(self, rng):
        yield from np.array_split(rng.permutation(64), 4)

    def loss(self, indices, generator):
        noise = 0.01 * torch.randn(len(indices), 1, generator=generator)
        return ((self.network(self.x[torch.from_numpy(indices)]) - self.y[torch.from_numpy(indices)] + noise) ** 2).mean()

    def validate(self):
        if self.scores is None:
            return None
        self.n_judged += 1
        return Validation(self.scores[min(self.n_judged, len(self.scores)) - 1])


class ImageFit(LineFit):
    """The same with a convolution; it notes how the weights lie in memory while they are trained."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.network = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(1)
        )
        self.x = torch.randn(64, 3, 4, 6, generator=torch.Generator().manual_seed(0))
        self.y = self.x.mean(dim=(1, 2, 3))[:, None]
        self.network(self.x)
        self.layouts = []

    def loss(self, indices, generator):
        self.layouts.append(self.network[0].weight.is_contiguous(memory_format=torch.channels_last))
        return super().loss(indices, generator)


def weights(task):
    return torch.cat([p.detach().flatten() for p in task.network.parameters()])


def test_training_lowers_the_loss():
    history = Trainer(LineFit(), TrainerConfig(epochs=20), Seed(0)).fit()
    assert history.rows[-1]["loss"] < 0.3 * history.rows[0]["loss"]


def test_training_stops_when_patience_is_over_and_keeps_the_best_weights():
    task, reference = LineFit([0.1, 0.9, 0.5, 0.5, 0.5, 0.5]), LineFit([0.0])
    history = Trainer(task, TrainerConfig(epochs=50, patience=3), Seed(0)).fit()
    assert (len(history.rows), history.best_epoch, history.best_score) == (5, 2, 0.9)
    Trainer(reference, TrainerConfig(epochs=50, patience=3), Seed(0)).fit(stop_after=2)
    assert torch.equal(weights(task), weights(reference))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    tasks = [LineFit(dropout=0.3) for _ in range(3)]
    for task, seed in zip(tasks, (1, 1, 2), strict=True):
        Trainer(task, TrainerConfig(epochs=3), Seed(seed)).fit()
    assert torch.equal(weights(tasks[0]), weights(tasks[1]))
    assert not torch.equal(weights(tasks[0]), weights(tasks[2]))


def test_training_leaves_torchs_own_generator_alone():
    task = LineFit(dropout=0.5)
    before = torch.random.get_rng_state()
    Trainer(task, TrainerConfig(epochs=2), Seed(0)).fit()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_convolutions_are_trained_channels_last_and_given_back_as_they_came():
    task = ImageFit()
    Trainer(task, TrainerConfig(epochs=2, device="cpu"), Seed(0)).fit()
    assert all(task.layouts)
    assert all(tensor.is_contiguous() for tensor in task.network.state_dict().values())


@pytest.mark.parametrize("make", [lambda: LineFit(dropout=0.3), ImageFit], ids=["dense", "convolutions"])
def test_an_interrupted_run_ends_in_the_same_weights(tmp_path, make):
    class InterruptionError(Exception):
        pass

    def interrupt(done, total, figures):
        if done == 3:
            raise InterruptionError

    path = tmp_path / "state.safetensors"
    whole, again = make(), make()
    Trainer(whole, TrainerConfig(epochs=6), Seed(4)).fit()
    with pytest.raises(InterruptionError):
        Trainer(make(), TrainerConfig(epochs=6), Seed(4), state_path=path, on_epoch=interrupt).fit()
    history = Trainer(again, TrainerConfig(epochs=6), Seed(4), state_path=path).fit()
    assert len(history.rows) == 6
    assert torch.equal(weights(whole), weights(again))


def test_bfloat16_trains_too():
    history = Trainer(LineFit(), TrainerConfig(epochs=10, precision="bfloat16"), Seed(0)).fit()
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]


def test_a_checkpoint_keeps_tensors_and_facts(tmp_path):
    path = tmp_path / "deep" / "x.safetensors"
    save_checkpoint(path, Checkpoint({"a.b": torch.arange(3)}, {"seed": 7}))
    found = load_checkpoint(path)
    assert torch.equal(found.weights["a.b"], torch.arange(3))
    assert found.facts["seed"] == 7


def test_a_missing_or_foreign_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_checkpoint(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"not a checkpoint at all")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "bad.safetensors")


def test_collapse_is_seen():
    generator = torch.Generator().manual_seed(0)
    healthy = collapse_figures(torch.randn(400, 16, generator=generator))
    collapsed = collapse_figures(torch.ones(400, 16) + 1e-3 * torch.randn(400, 16, generator=generator))
    assert healthy["spread"] == pytest.approx(1, abs=0.05)
    assert healthy["effective_rank"] > 15
    assert (healthy["collapsed"], collapsed["collapsed"]) == (0, 1)
