"""Writes short recordings in every format, byte by byte, so that no file needs to be kept."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import scipy.io

SFREQ = 128.0
CHANNELS = ("T7", "T8", "O1")
MARKERS = ((0.5, "rest"), (2.0, "task"))
N_SAMPLES = 512


def small_samples() -> np.ndarray:
    """Whole µV, shape (512, 3), so that every format keeps them nearly exactly."""
    t = np.arange(N_SAMPLES) / SFREQ
    noise = np.random.default_rng(7).standard_normal((N_SAMPLES, 3))
    return np.rint(20 * noise + 30 * np.sin(2 * np.pi * 10 * t)[:, None])


def _field(text: object, width: int) -> bytes:
    return str(text).ljust(width)[:width].encode("ascii")


def edf_bytes(samples: np.ndarray, n_bytes: int = 2, onsets: list[float] | None = None, n_records: int | None = None) -> bytes:
    """An EDF+ (2 bytes a sample) or BDF+ (3 bytes) file of one-second records at 128 Hz with its annotations."""
    n = round(SFREQ)
    records = samples.reshape(-1, n, samples.shape[1])
    digital = 2 ** (8 * n_bytes - 1) - 1
    kind, note = (b"0       ", "EDF") if n_bytes == 2 else (b"\xffBIOSEMI", "BDF")
    signals = [*CHANNELS, f"{note} Annotations"]
    n_note = 40
    fields = [
        (16, signals), (80, [""] * 4), (8, ["uV"] * 3 + [""]), (8, [-1000] * 3 + [-1]), (8, [1000] * 3 + [1]),
        (8, [-digital] * 4), (8, [digital] * 4), (80, [""] * 4), (8, [n] * 3 + [n_note]), (32, [""] * 4),
    ]  # fmt: skip
    times = onsets or [float(k) for k in range(len(records))]
    head = kind + _field("X X X X", 80) + _field("Startdate 01-JAN-2024 X X X", 80) + b"01.01.2412.00.00"
    head += _field(256 * 5, 8) + _field(note + ("+D" if onsets else "+C"), 44)
    head += _field(len(records) if n_records is None else n_records, 8) + _field(1, 8) + _field(4, 4)
    head += b"".join(_field(value, width) for width, values in fields for value in values)
    body = b""
    for k, record in enumerate(records):
        stored = np.rint(record.T / 1000 * digital).astype("<i4")
        body += b"".join(stored[ch].astype("<i4").view("u1").reshape(-1, 4)[:, :n_bytes].tobytes() for ch in range(3))
        notes = f"+{times[k]:g}\x14\x14\x00" + "".join(f"+{t:g}\x14{text}\x14\x00" for t, text in MARKERS if int(t) == k)
        body += notes.encode().ljust(n_note * n_bytes, b"\x00")
    return head + body


def _chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<I", len(content) + 2) + struct.pack("<H", tag) + content


def xdf_header(
    stream: int, name: str, kind: str, channels: list[tuple[str, str]], sfreq: float, form: str = "float32"
) -> bytes:
    """The header chunk of a stream; channels are (label, unit)."""
    described = "".join(f"<channel><label>{a}</label><unit>{u}</unit><type>EEG</type></channel>" for a, u in channels if a or u)
    xml = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>{len(channels)}</channel_count>"
        f"<nominal_srate>{sfreq:g}</nominal_srate><channel_format>{form}</channel_format><source_id>{name}-1</source_id>"
        f"<desc><channels>{described}</channels></desc></info>"
    )
    return _chunk(2, struct.pack("<I", stream) + b'<?xml version="1.0"?>' + xml.encode())


def xdf_samples(stream: int, stamps: np.ndarray, rows: np.ndarray | list[str]) -> bytes:
    """A chunk of samples, each with its time stamp; rows are numbers (n, n_channels) or one string each."""
    content = struct.pack("<I", stream) + b"\x04" + struct.pack("<I", len(stamps))
    for t, row in zip(stamps, rows, strict=True):
        content += b"\x08" + struct.pack("<d", t)
        if isinstance(row, str):
            content += b"\x01" + bytes([len(row.encode())]) + row.encode()
        else:
            content += np.asarray(row, "<f4").tobytes()
    return _chunk(3, content)


def xdf_bytes(
    samples: np.ndarray,
    stamps: np.ndarray,
    units: str = "microvolts",
    sfreq: float = SFREQ,
    kind: str = "EEG",
    name: str = "Cap",
) -> bytes:
    """An XDF file with an EEG stream, in chunks of 64 samples, and a marker stream, both on a clock that began at 1000 s."""
    channels = [(label, units) for label in CHANNELS]
    parts = [b"XDF:", _chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")]
    parts += [xdf_header(1, name, kind, channels, sfreq), xdf_header(2, "Stim", "Markers", [("", "")], 0, "string")]
    parts.append(xdf_samples(2, np.array([1000 + t for t, _ in MARKERS]), [text for _, text in MARKERS]))
    for at in range(0, len(samples), 64):
        parts.append(xdf_samples(1, stamps[at : at + 64], samples[at : at + 64]))
    return b"".join(parts)


def even_stamps() -> np.ndarray:
    return 1000 + np.arange(N_SAMPLES) / SFREQ


def write_brainvision(folder: Path, samples: np.ndarray) -> Path:
    """Header, markers and data of a BrainVision file."""
    (folder / "small.eeg").write_bytes(samples.astype("<f4").tobytes())
    marks = "".join(f"Mk{k + 1}=Comment,{text},{round(t * SFREQ) + 1},1,0\n" for k, (t, text) in enumerate(MARKERS))
    (folder / "small.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=small.eeg\n"
        f"[Marker Infos]\n{marks}"
    )
    channels = "".join(f"Ch{k + 1}={name},,1,µV\n" for k, name in enumerate(CHANNELS))
    path = folder / "small.vhdr"
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=small.eeg\n"
        "MarkerFile=small.vmrk\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=3\n"
        f"SamplingInterval={1e6 / SFREQ}\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n[Channel Infos]\n{channels}",
        encoding="utf-8",
    )
    return path


def write_set(path: Path, samples: np.ndarray) -> Path:
    """An EEGLAB file with its signal inside."""
    events = np.array(
        [(round(t * SFREQ) + 1.0, text, 0.0) for t, text in MARKERS], [("latency", "O"), ("type", "O"), ("duration", "O")]
    )
    places = np.array([(name,) for name in CHANNELS], [("labels", "O")])
    scipy.io.savemat(path, {
        "data": samples.T.astype("f4"), "setname": "small", "nbchan": 3.0, "pnts": float(N_SAMPLES), "trials": 1.0, "srate": SFREQ,
        "xmin": 0.0, "xmax": (N_SAMPLES - 1) / SFREQ, "ref": "common", "chanlocs": places, "event": events,
        "icawinv": [], "icasphere": [], "icaweights": [],
    }, appendmat=False)  # fmt: skip
    return path


def write_fif(path: Path, samples: np.ndarray) -> Path:
    """A FIF file, by mne."""
    import mne

    info = mne.create_info(list(CHANNELS), SFREQ, "eeg", verbose="ERROR")
    raw = mne.io.RawArray(samples.T * 1e-6, info, verbose="ERROR")
    raw.set_annotations(mne.Annotations([t for t, _ in MARKERS], 0.0, [text for _, text in MARKERS]))
    raw.save(path, fmt="single", overwrite=True, verbose="ERROR")
    return path


def csv_text(samples: np.ndarray, stamps: np.ndarray) -> str:
    """A table as muselsl writes it."""
    numbers = {round(t * SFREQ): k + 1 for k, (t, _) in enumerate(MARKERS)}
    rows = [
        f"{t:.6f},{a:.3f},{b:.3f},{c:.3f},{numbers.get(k, 0)}"
        for k, (t, (a, b, c)) in enumerate(zip(stamps, samples, strict=True))
    ]
    return "timestamps,T7,T8,O1,Marker0\n" + "\n".join(rows) + "\n"


def openbci_text(samples: np.ndarray, index: np.ndarray | None = None) -> str:
    """A text file as the OpenBCI GUI writes it."""
    count = np.arange(len(samples)) % 256 if index is None else index
    numbers = {round(t * SFREQ): k + 1 for k, (t, _) in enumerate(MARKERS)}
    head = "%OpenBCI Raw EXG Data\n%Number of channels = 3\n%Sample Rate = 128 Hz\n%Board = test\n"
    head += "Sample Index, EXG Channel 0, EXG Channel 1, EXG Channel 2, Accel Channel 0, Timestamp, Marker Channel, Timestamp (Formatted)\n"
    rows = [
        f"{count[k]}, {a:.2f}, {b:.2f}, {c:.2f}, 0.1, {1557936113210 + round(1000 * k / SFREQ)}, {numbers.get(k, 0)}, 12:01:53.210"
        for k, (a, b, c) in enumerate(samples)
    ]
    return head + "\n".join(rows) + "\n"
