"""Every view there is."""

from __future__ import annotations

from app.gui.bands_view import BandsView
from app.gui.compare_view import CompareView
from app.gui.emotion_view import EmotionView
from app.gui.events_view import EventsView
from app.gui.history_view import HistoryView
from app.gui.quality_view import QualityView
from app.gui.scalp_view import ScalpView
from app.gui.spectrogram_view import SpectrogramView
from app.gui.spectrum_view import SpectrumView
from app.gui.traces_view import TracesView
from app.gui.view import View
from app.gui.words_view import WordsView

VIEWS: tuple[type[View], ...] = (
    TracesView,
    EmotionView,
    HistoryView,
    BandsView,
    SpectrogramView,
    SpectrumView,
    ScalpView,
    QualityView,
    EventsView,
    CompareView,
    WordsView,
)
"""In the order of the Views menu."""
