"""The window of two people: a panel each, one look, keys that act on the panel in which one is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QRect, QSettings, Qt
from PyQt5.QtWidgets import QApplication, QPushButton, QWidget

from app.acquisition.source import Phase
from app.gui.main_window import MainWindow
from app.gui.two_people import PeopleWindow
from tests.app.gui.fake_session import FakeSession
from tests.app.gui.fake_workbench import FakeWorkbench

pytestmark = pytest.mark.gui


@pytest.fixture
def people(qtbot, tmp_path: Path) -> Iterator[PeopleWindow]:
    settings = [QSettings(str(tmp_path / f"{k}.ini"), QSettings.IniFormat) for k in range(2)]
    shown = PeopleWindow(
        [
            (n, MainWindow(FakeSession(), s, workbench=FakeWorkbench(), is_panel=True))
            for n, s in zip(("Ada", "Bo"), settings, strict=True)
        ]
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


def places_of(panel: QWidget, widgets: list[QWidget]) -> list[QRect]:
    """Where widgets that can be seen stand in a panel."""
    return [
        QRect(widget.mapTo(panel, widget.rect().topLeft()), widget.size())
        for widget in widgets
        if not widget.visibleRegion().isEmpty()
    ]


@pytest.mark.parametrize(("width", "height"), [(900, 510), (960, 600), (1280, 720), (1920, 1080)])
def test_at_every_size_no_part_lies_upon_another_and_none_is_cut(people: PeopleWindow, qtbot, width: int, height: int) -> None:
    people.resize(width, height)
    for panel in people.panels:
        panel.session.go(Phase.STREAMING)
        panel.follow()
    qtbot.waitUntil(lambda: all(abs(panel.width() - width / 2) < 12 for panel in people.panels))
    QApplication.processEvents()
    assert (people.width(), people.height()) == (width, height)
    for panel in people.panels:
        places = places_of(panel, [*panel.desk.cards.values(), panel.header, panel.statusBar()])
        assert len(places) >= 4 and all(panel.rect().contains(place) for place in places)
        assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])
        for inside in (panel.header, *panel.desk.cards.values()):
            shown = [w for w in inside.findChildren(QPushButton) if not w.visibleRegion().isEmpty()]
            assert all(button.width() >= button.minimumSizeHint().width() for button in shown)
            assert all(inside.rect().contains(place) for place in places_of(inside, shown))


def test_a_panel_with_little_room_has_one_menu_in_place_of_its_buttons(people: PeopleWindow, qtbot) -> None:
    header = people.panels[0].header

    def shown() -> list[str]:
        return [b.text() for b in header.findChildren(QPushButton) if b.isVisible()]

    assert shown() == ["Source", "Model", "Views", "?"]
    people.resize(900, 600)
    qtbot.waitUntil(lambda: shown() == ["Menu"])
    menu = next(b for b in header.findChildren(QPushButton) if b.isVisible()).menu()
    assert [action.text() for action in menu.actions()] == ["Source", "Model …", "Views", "Every key"]


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
