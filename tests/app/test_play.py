import pytest

from app.acquisition.transport import check_speed
from app.play import pass_commands


class Player:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def __getattr__(self, name: str):
        return lambda *values: self.told.append((name, *values))

    def set_speed(self, speed: float) -> None:
        self.told.append(("set_speed", check_speed(speed)))


def test_what_is_typed_is_passed_to_the_player():
    player = Player()
    pass_commands(["pause\n", "\n", "play\n", " seek  12.5 \n", "speed 0.25\n", "loop on\n", "loop off\n"], player)
    assert player.told == [
        ("pause",), ("play",), ("seek", 12.5), ("set_speed", 0.25), ("set_loop", True), ("set_loop", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fast", "'fast' is no command."),
        ("pause now", "'pause now' is no command."),
        ("loop maybe", "'loop maybe' is no command."),
        ("seek", "'seek' needs a number after it."),
        ("seek x", "'seek' needs a number after it."),
        ("speed 100", "runs at 0.25 to 20 times the clock; got 100."),
        ("speed nan", "got nan."),
    ],
)
def test_what_cannot_be_done_is_said_and_not_passed_on(line, said, capsys):
    player = Player()
    pass_commands([line, "play"], player)
    assert player.told == [("play",)]
    complaint = capsys.readouterr().err
    assert said in complaint and "'seek SECONDS'" in complaint
