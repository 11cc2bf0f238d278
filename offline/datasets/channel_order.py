"""The list of electrodes that lies beside SEED's files, where it lies there."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from sclcm_core.montage import SEED_CHANNELS, canonical_name

logger = logging.getLogger(__name__)

CHANNEL_ORDER = "channel-order.xlsx"
_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def check_channel_order(folder: Path) -> None:
    """Compare ``channel-order.xlsx``, in a folder or the one above it, with the published order, and say what differs.

    Parameters
    ----------
    folder : Path
        Where the recordings are.
    """
    path = next((place / CHANNEL_ORDER for place in (folder, folder.parent) if (place / CHANNEL_ORDER).is_file()), None)
    if path is None:
        return
    try:
        names = [name for text in cell_texts(path) if (name := canonical_name(text))]
    except (OSError, KeyError, IndexError, ValueError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        logger.warning("'%s' cannot be read (%s); the published order of the electrodes is taken", path, error)
        return
    expected = [canonical_name(name) for name in SEED_CHANNELS]
    if names != expected:
        at = next((k for k, pair in enumerate(zip(names, expected, strict=False)) if pair[0] != pair[1]), min(len(names), 62))
        found = names[at] if at < len(names) else "none"
        wanted = SEED_CHANNELS[at] if at < len(SEED_CHANNELS) else "none"
        text = "'%s' lists %d electrodes and, as number %d, %s; published is %s, whose order is taken"
        logger.warning(text, path, len(names), at + 1, found, wanted)


def cell_texts(path: Path) -> Iterator[str]:
    """Go through the texts of the first sheet of a workbook, row by row.

    Parameters
    ----------
    path : Path
        The workbook, an ``.xlsx`` file.

    Yields
    ------
    str
        Text of a cell; numbers are left out.
    """
    with zipfile.ZipFile(path) as book:
        shared = []
        if "xl/sharedStrings.xml" in book.namelist():
            items = ElementTree.fromstring(book.read("xl/sharedStrings.xml")).iter(f"{_SPACE}si")
            shared = ["".join(part.text or "" for part in item.iter(f"{_SPACE}t")) for item in items]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    for cell in sheet.iter(f"{_SPACE}c"):
        if cell.get("t") == "s":
            yield shared[int(cell.findtext(f"{_SPACE}v") or "0")]
        elif cell.get("t") == "inlineStr":
            yield "".join(part.text or "" for part in cell.iter(f"{_SPACE}t"))
