"""Results on the wire."""

from __future__ import annotations

import numpy as np
import pytest

from app.acquisition.lsl_network import Resolver, load_lsl, local_clock
from app.acquisition.result_outlets import ResultOutlets
from app.acquisition.stream_description import parse_description
from sclcm_core.types import Prediction, StreamSpec

CLASSES = ("rest", "task")


def prediction(probabilities: tuple[float, float], t_end: float, withheld: str | None = None) -> Prediction:
    return Prediction(np.array(probabilities, np.float32), CLASSES, 0, t_end - 1, t_end, t_end, t_end, withheld)


@pytest.mark.lsl
def test_predictions_are_heard_under_the_stamp_of_their_last_sample():
    source = StreamSpec(250.0, ("T7", "T8"), "box", "box-7")
    resolver, t = Resolver(), local_clock()
    with ResultOutlets(source, CLASSES, ("T7", "T8"), model="m", target="workload") as outlets:
        inlets = {}
        while len(inlets) < 3:
            for description, info in resolver.infos():
                if description.source_id.startswith("box-7") and description.name not in inlets:
                    inlets[description.name] = load_lsl().StreamInlet(info)
                    inlets[description.name].open_stream(timeout=2.0)
        outlets.publish(prediction((0.25, 0.75), t))
        outlets.publish(prediction((np.nan, np.nan), t + 0.5, "gap at T7"))
        outlets.publish_quality(np.array([1.0, 0.5]), t)
        outlets.publish_event("stream lost", t + 1)
        heard = {name: [inlet.pull_sample(timeout=1.0) for _ in range(n)] for (name, inlet), n in _counts(inlets)}
        description = parse_description(inlets["SCLCM probabilities"].info(timeout=1.0).as_xml())
    inlets.clear()
    resolver.close()
    (first, t_first), (second, t_second) = heard["SCLCM probabilities"]
    assert (first, t_first) == ([0.25, 0.75], pytest.approx(t))
    assert np.isnan(second).all()
    assert t_second == pytest.approx(t + 0.5)
    assert heard["SCLCM quality"][0][0] == [1.0, 0.5]
    assert [sample[0] for sample, _ in heard["SCLCM events"]] == ["label: task", "withheld: gap at T7", "stream lost"]
    assert (description.labels, description.source_id) == (CLASSES, "box-7-probabilities")


def _counts(inlets):
    n = {"SCLCM probabilities": 2, "SCLCM quality": 1, "SCLCM events": 3}
    return [((name, inlet), n[name]) for name, inlet in inlets.items()]
