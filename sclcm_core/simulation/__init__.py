"""The simulated head: EEG with known causes, used by the headset, by the written data sets and by the tests."""

from sclcm_core.simulation.deap_files import write_deap
from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.simulation.person import Person, draw_person
from sclcm_core.simulation.seed_files import write_seed
from sclcm_core.simulation.settings import EMOTIONS, HEADSET_CHANNELS, Emotion, HeadSettings
from sclcm_core.simulation.sidecar import SIDECAR

__all__ = [
    "EMOTIONS",
    "HEADSET_CHANNELS",
    "SIDECAR",
    "Emotion",
    "HeadSettings",
    "Person",
    "SimulatedHead",
    "draw_person",
    "write_deap",
    "write_seed",
]
