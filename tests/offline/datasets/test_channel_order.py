from __future__ import annotations

import zipfile

import pytest

from offline.datasets.channel_order import check_channel_order
from sclcm_core.montage import SEED_CHANNELS

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def write(path, names, *, shared):
    strings = "".join(f"<si><t>{name}</t></si>" for name in names)
    cells = [f'<c t="s"><v>{k}</v></c>' if shared else f'<c t="inlineStr"><is><t>{n}</t></is></c>' for k, n in enumerate(names)]
    rows = "".join(f"<row><c><v>{k}</v></c>{cell}</row>" for k, cell in enumerate(cells, start=1))
    with zipfile.ZipFile(path, "w") as book:
        if shared:
            book.writestr("xl/sharedStrings.xml", f"<sst {SPACE}>{strings}</sst>")
        book.writestr("xl/worksheets/sheet1.xml", f"<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>")


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("place", [".", ".."])
def test_the_published_order_needs_no_word(tmp_path, caplog, shared, place):
    folder = tmp_path / "Preprocessed_EEG"
    folder.mkdir()
    write(folder / place / "channel-order.xlsx", SEED_CHANNELS, shared=shared)
    check_channel_order(folder)
    assert not caplog.text


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((*SEED_CHANNELS[:3], "AF4", "AF3", *SEED_CHANNELS[5:]), "as number 4, AF4; published is AF3"),
        (SEED_CHANNELS[:60], "lists 60 electrodes and, as number 61, none"),
    ],
)
def test_another_order_is_told(tmp_path, caplog, names, message):
    write(tmp_path / "channel-order.xlsx", names, shared=True)
    check_channel_order(tmp_path)
    assert message in caplog.text


def test_a_damaged_list_is_told(tmp_path, caplog):
    (tmp_path / "channel-order.xlsx").write_bytes(b"PK")
    check_channel_order(tmp_path)
    assert "cannot be read" in caplog.text
