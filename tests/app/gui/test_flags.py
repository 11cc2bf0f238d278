import pytest
from PyQt5.QtCore import QRect

from app.gui.flags import MOST, Flag, Flags
from app.gui.theme import DARK

pytestmark = pytest.mark.gui

PLOT = QRect(50, 0, 400, 200)


def arranged(flags: Flags, span: tuple[int, int] = (0, 400), shift: float = 0.0) -> bool:
    return flags.arrange(span, PLOT, DARK, lambda sample: sample - shift)


def test_texts_that_would_cover_each_other_stand_in_rows(qapp):
    flags = Flags()
    for sample, text in ((10, "eyes open"), (20, "eyes closed"), (300, "rest")):
        flags.add(Flag(sample, text))
    assert arranged(flags)
    first, second, third = (placed.box for placed in flags._placed)
    assert second.top() > first.bottom()
    assert third.top() == first.top()


def test_places_are_found_anew_only_when_other_flags_are_on_the_paper_or_it_rolls(qapp):
    flags = Flags()
    flags.add(Flag(10, "one"))
    assert arranged(flags)
    assert not arranged(flags)
    assert arranged(flags, shift=5.0)
    assert arranged(flags, span=(11, 400), shift=5.0)
    assert flags._placed == []
    flags.add(Flag(50, "two"))
    assert arranged(flags, span=(11, 400), shift=5.0)


def test_a_text_stays_inside_the_plot_on_the_right(qapp):
    flags = Flags()
    flags.add(Flag(395, "a long text at the edge"))
    arranged(flags)
    assert flags._placed[0].box.right() <= PLOT.right()


def test_of_too_many_flags_the_oldest_are_forgotten():
    flags = Flags()
    for sample in range(MOST + 20):
        flags.add(Flag(sample, "x"))
    assert len(flags.held) == MOST
    assert flags.held[0].sample == 20
