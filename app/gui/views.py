"""Every view there is."""

from __future__ import annotations

from app.gui.bands_view import BandsView
from app.gui.emotion_view import EmotionView
from app.gui.history_view import HistoryView
from app.gui.traces_view import TracesView
from app.gui.view import View

VIEWS: tuple[type[View], ...] = (TracesView, EmotionView, HistoryView, BandsView)
"""In the order of the Views menu."""
