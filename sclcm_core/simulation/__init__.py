"""The simulated head: EEG with known causes, used by the headset, by the written data sets and by the tests."""

from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.simulation.person import Person, draw_person
from sclcm_core.simulation.settings import EMOTIONS, HEADSET_CHANNELS, Emotion, HeadSettings

__all__ = ["EMOTIONS", "HEADSET_CHANNELS", "Emotion", "HeadSettings", "Person", "SimulatedHead", "draw_person"]
