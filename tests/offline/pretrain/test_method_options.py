"""Every option of every method can be set: with each value that it may take, a step can be trained."""

from dataclasses import replace
from typing import Literal, get_args, get_origin

import numpy as np
import pytest
import torch

from offline.config import parse_config
from offline.pretrain.methods import ALL
from tests.contracts.method_cases import setting_for

NEEDS_MORE = {"peripherals", "own_scale", "captions", "class_words", "held_out_words", "without_classes", "encoder", "teacher"}
"""Options that need a file, texts or other data: their own tests set them."""


def other_values(field):
    """Values that differ from the usual one: all others of a choice, the other of a switch, half of a number (0.1 instead of 0)."""
    if get_origin(field.annotation) is Literal:
        return [value for value in get_args(field.annotation) if value != field.default]
    if isinstance(field.default, bool):
        return [not field.default]
    return [field.default / 2 or 0.1] if field.annotation is float and field.default is not None else []


CASES = [
    pytest.param(method, name, value, id=f"{method.name}-{name}-{value}")
    for method in ALL
    for name, field in method.options.model_fields.items()
    if name not in NEEDS_MORE
    for value in other_values(field)
]


@pytest.mark.parametrize(("method", "name", "value"), CASES)
def test_a_step_can_be_trained_with_another_value(method, name, value):
    setting = setting_for(method)
    content = setting.config.model_dump(mode="json")
    content[method.stage]["options"] |= {name: value}
    task = method.build()(replace(setting, config=parse_config(content, "test")))
    task.network.train()
    indices = next(task.batches(np.random.default_rng(0)))
    loss = task.loss(indices, torch.Generator().manual_seed(0))
    loss.backward()
    gradients = [p.grad for p in task.network.parameters() if p.grad is not None]
    assert torch.isfinite(loss)
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
