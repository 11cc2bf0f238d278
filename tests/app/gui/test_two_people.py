"""The window of two people: a panel each, one look, keys that act on the panel in which one is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QSettings, Qt

from app.gui.main_window import MainWindow
from app.gui.two_people import PeopleWindow
from tests.app.gui.fake_session import FakeSession

pytestmark = pytest.mark.gui


@pytest.fixture
def people(qtbot, tmp_path: Path) -> Iterator[PeopleWindow]:
    settings = [QSettings(str(tmp_path / f"{k}.ini"), QSettings.IniFormat) for k in range(2)]
    shown = PeopleWindow(
        [(n, MainWindow(FakeSession(), s, is_panel=True)) for n, s in zip(("Ada", "Bo"), settings, strict=True)]
    )
    qtbot.addWidget(shown)
    shown.resize(1280, 800)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    shown.close()


def test_panels_stand_beside_each_other_under_the_names_of_the_people(people: PeopleWindow) -> None:
    first, second = people.panels
    assert not first.isWindow() and first.x() + first.width() <= second.mapTo(people, second.rect().topLeft()).x()
    assert [panel.header.title.text() for panel in people.panels] == ["Ada", "Bo"]
    assert people.windowTitle().startswith("Ada and Bo")


def test_nothing_in_a_panel_is_wider_than_the_panel(people: PeopleWindow, qtbot) -> None:
    for panel in people.panels:
        shown = [card for card in panel.desk.cards.values() if card.isVisible()]
        assert {"emotion", "traces"} <= {card.view.key for card in shown}
        qtbot.waitUntil(lambda cards=shown, panel=panel: all(c.x() + c.width() <= panel.width() for c in cards))
        assert panel.desk.cards["emotion"].height() >= 200


def test_a_look_that_one_panel_takes_on_is_everybodys(people: PeopleWindow) -> None:
    people.panels[1].set_theme("light")
    assert [panel.theme.name for panel in people.panels] == ["light", "light"]


def test_a_key_acts_on_the_panel_in_which_one_is(people: PeopleWindow, qtbot) -> None:
    _, second = people.panels
    second.desk.views["traces"].setFocus()
    before = [len(panel.desk.history.events) for panel in people.panels]
    key = next(command.keys[0] for command in second.commands if command.act == second.note_moment)
    qtbot.keyClick(second.desk.views["traces"], getattr(Qt, f"Key_{key}"))
    assert [len(panel.desk.history.events) for panel in people.panels] == [before[0], before[1] + 1]


def test_closing_the_window_ends_every_session(people: PeopleWindow) -> None:
    people.close()
    assert all(panel.session.stopped for panel in people.panels)
