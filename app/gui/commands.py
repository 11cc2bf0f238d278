"""Everything that can be done with a key: one list for the shortcuts, the menus and the help sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt5.QtGui import QKeySequence

from app.gui.saving import ask_for_picture, ask_for_report
from app.gui.traces_view import TracesView

if TYPE_CHECKING:
    from app.gui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do.

    Parameters
    ----------
    group, title : str
        Where it belongs, and what it does.
    keys : tuple of str
        Key sequences as Qt writes them.
    act : callable
        Does it.
    """

    group: str
    title: str
    keys: tuple[str, ...]
    act: Callable[[], object]

    @property
    def keys_text(self) -> str:
        """The keys as the platform writes them."""
        return "  ".join(QKeySequence(key).toString(QKeySequence.NativeText) for key in self.keys)


def commands_of(window: MainWindow) -> tuple[Command, ...]:
    """Return everything that can be done in a window."""
    return (*_trace_commands(window), *_window_commands(window), *_session_commands(window), *_look_commands(window))


def _traces(window: MainWindow) -> TracesView:
    view = window.desk.views["traces"]
    if not isinstance(view, TracesView):
        raise TypeError(f"the view 'traces' is a {type(view).__name__}")
    return view


def _trace_commands(window: MainWindow) -> tuple[Command, ...]:
    group = "Traces"
    return (
        Command(group, "Pause and look back; go on", ("Space",), lambda: _traces(window).toggle_pause()),
        Command(group, "While paused: a second back", ("Left",), lambda: _traces(window).look_back(-1.0)),
        Command(group, "While paused: a second on", ("Right",), lambda: _traces(window).look_back(1.0)),
        Command(group, "Larger traces", ("Up", "+"), lambda: _traces(window).change_scale(-1)),
        Command(group, "Smaller traces", ("Down", "-"), lambda: _traces(window).change_scale(1)),
        Command(group, "Fit the scale", ("F",), lambda: _traces(window).fit()),
        Command(group, "All channels, or the model's", ("A",), lambda: _traces(window).toggle_all()),
        Command(group, "Sweep, or scroll", ("S",), lambda: _traces(window).toggle_scrolling()),
        Command(group, "Next filter", ("D",), lambda: _traces(window).next_filter()),
        Command(group, "Less time", ("[",), lambda: _traces(window).change_span(-1)),
        Command(group, "More time", ("]",), lambda: _traces(window).change_span(1)),
    )


def _window_commands(window: MainWindow) -> tuple[Command, ...]:
    group = "Window"
    return (
        Command(group, "Audience mode: the answer alone, full screen", ("F11",), window.toggle_audience),
        Command(group, "Undo the last change of layout", ("Ctrl+Z",), window.undo_layout),
        Command(group, "First layout", ("Ctrl+0",), window.reset_layout),
        Command(group, "Save a picture of the window", ("Ctrl+S",), lambda: ask_for_picture(window)),
        Command(group, "Save a report of the last minutes", ("Ctrl+E",), lambda: ask_for_report(window)),
        Command(group, "Put away what lies in front", ("Esc",), window.put_away),
        Command(group, "This sheet", ("F1", "?"), window.show_help),
        Command(group, "Quit", ("Ctrl+Q",), window.close),
    )


def _session_commands(window: MainWindow) -> tuple[Command, ...]:
    group = "Session"
    return (
        Command(group, "Choose a stream", ("Ctrl+L",), window.choose_stream),
        Command(group, "Open a recording", ("Ctrl+O",), window.choose_recording),
        Command(group, "The model, and other models", ("Ctrl+M",), window.show_models),
        Command(group, "Calibrate the model to a person", ("Ctrl+K",), window.calibrate),
        Command(group, "Play or pause the recording", ("P",), window.transport.toggle),
        Command(group, "Note this moment in the event log", ("N",), window.note_moment),
    )


def _look_commands(window: MainWindow) -> tuple[Command, ...]:
    group = "Look"
    return (
        Command(group, "Dark, light, high contrast", ("T",), window.next_theme),
        Command(group, "Larger letters", ("Ctrl++", "Ctrl+="), lambda: window.change_letters(1.1)),
        Command(group, "Smaller letters", ("Ctrl+-",), lambda: window.change_letters(1 / 1.1)),
    )
