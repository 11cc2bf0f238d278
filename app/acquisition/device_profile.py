"""What the user once said of a device: which column is which electrode, and how large its unit is."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.acquisition.source import SampleSource, SourceStatus
from app.acquisition.stream_description import StreamDescription
from sclcm_core.errors import ConfigError
from sclcm_core.montage import canonical_name
from sclcm_core.types import Chunk, Marker, StreamSpec

log = logging.getLogger(__name__)


class DeviceProfile(BaseModel):
    """Corrections of what a device says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    electrodes: dict[str, str] = Field(default_factory=dict, description="label of a channel, or its number from 1: electrode")
    scale: float = Field(default=1.0, gt=0, description="what samples are multiplied by to give µV")

    @field_validator("electrodes")
    @classmethod
    def _are_electrodes(cls, value: dict[str, str]) -> dict[str, str]:
        for label, name in value.items():
            if canonical_name(name) is None:
                raise ValueError(f"'{name}' (for '{label}') is no electrode of the 10-10 system")
        if twice := [name for name, n in Counter(canonical_name(name) for name in value.values()).items() if n > 1]:
            raise ValueError(
                f"{twice[0]} is said of {sum(canonical_name(name) == twice[0] for name in value.values())} channels"
            )
        return value

    @property
    def text(self) -> str:
        """What it says, for the user."""
        named = [f"'{label}' is {name}" for label, name in self.electrodes.items()]
        return ", ".join([*named, *([f"samples times {self.scale:g} are µV"] if self.scale != 1.0 else [])])

    def updated(self, stated: DeviceProfile) -> DeviceProfile:
        """Return the profile with what is stated now in place of what was stated before; the rest stays."""
        return self.model_copy(update={name: getattr(stated, name) for name in stated.model_fields_set})

    def apply(self, spec: StreamSpec) -> StreamSpec:
        """Return what the stream is with the electrodes that the user named.

        Raises
        ------
        ConfigError
            When the profile names a channel that the stream does not have.
        """
        assigned = {_column(label, spec.ch_names): name for label, name in self.electrodes.items()}
        taken = {canonical_name(name) for name in assigned.values()}
        labels = [
            assigned.get(column) or (f"{label} (not used)" if canonical_name(label) in taken else label)
            for column, label in enumerate(spec.ch_names)
        ]
        return replace(spec, ch_names=tuple(labels))


def _column(label: str, ch_names: Sequence[str]) -> int:
    if label in ch_names:
        return list(ch_names).index(label)
    if label.isdecimal() and 1 <= int(label) <= len(ch_names):
        return int(label) - 1
    raise ConfigError(
        f"The stream has no channel '{label}'; it has {', '.join(ch_names[:12])}{' …' if len(ch_names) > 12 else ''}.",
        "Name a channel by its label, or by its number from 1.",
    )


def parse_electrodes(text: str) -> dict[str, str]:
    """Read ``LABEL=ELECTRODE,...``.

    Parameters
    ----------
    text : str
        For example ``"3=T7,4=T8"``.

    Examples
    --------
    >>> parse_electrodes("EXG Channel 2=T7, 4=T8")
    {'EXG Channel 2': 'T7', '4': 'T8'}
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or not all(label.strip() and sign and name.strip() for label, sign, name in pairs):
        raise ConfigError(f"'{text}' is not LABEL=ELECTRODE[,LABEL=ELECTRODE].", "Write --electrodes 3=T7,4=T8, say.")
    return {label.strip(): name.strip() for label, _, name in pairs}


def profile_path(folder: Path, spec: StreamSpec) -> Path:
    """Return where the profile of a device is kept: by its name, number of channels and rate."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", spec.name).strip("-").lower() or "unnamed"
    return folder / f"{slug}-{spec.n_channels}ch-{spec.sfreq:g}hz.json"


def load_profile(path: Path) -> DeviceProfile | None:
    """Read a profile; None when there is none.

    Raises
    ------
    ConfigError
        When the file is wrong.
    """
    if not path.is_file():
        return None
    try:
        return DeviceProfile.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The device profile '{path}' is wrong ({error}).", "Delete it and say --electrodes again."
        ) from error


def as_known(stream: StreamDescription, folder: Path) -> tuple[StreamDescription, str]:
    """Describe a stream with the electrodes that the user once named.

    Parameters
    ----------
    stream : StreamDescription
        What it says of itself.
    folder : Path
        Where profiles are kept.

    Returns
    -------
    stream : StreamDescription
        With the names that its profile gives; unchanged without one, or where the profile does not fit it.
    said : str
        What the profile says, for the user; empty when nothing was used.
    """
    spec = StreamSpec(stream.sfreq, stream.labels, stream.name, stream.source_id)
    try:
        profile = load_profile(profile_path(folder, spec))
        return (stream, "") if profile is None else (replace(stream, ch_names=profile.apply(spec).ch_names), profile.text)
    except ConfigError:
        return stream, ""


def make_profile(electrodes: str | None, scale: float | None) -> DeviceProfile | None:
    """Return the profile that the command line states; None when it states none."""
    if electrodes is None and scale is None:
        return None
    named = {} if electrodes is None else {"electrodes": parse_electrodes(electrodes)}
    try:
        return DeviceProfile.model_validate(named if scale is None else {**named, "scale": scale})
    except ValidationError as error:
        raise ConfigError(
            f"{error.errors()[0]['msg'].removeprefix('Value error, ')}.", "Use names such as T7, T8, Fp1, each once."
        ) from error


def _keep(path: Path, profile: DeviceProfile) -> None:
    """Keep a profile for the next time; where that cannot be done, it still holds for this one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(profile.model_dump(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        log.warning("What you said of the device holds this time only: '%s' cannot be written (%s).", path, error.strerror)


class ProfiledSource:
    """A source as the user describes it.

    Parameters
    ----------
    source : SampleSource
        What delivers the samples.
    folder : Path
        Where profiles are kept.
    stated : DeviceProfile, optional
        What the user says now; it is kept for the next time. What is not said now stays as it was kept.
    """

    def __init__(self, source: SampleSource, folder: Path, stated: DeviceProfile | None = None) -> None:
        self._source, self._folder, self._stated = source, folder, stated
        self._profile = DeviceProfile()

    @property
    def transport(self) -> object | None:
        """What pauses and moves the source, if it can be."""
        return getattr(self._source, "transport", None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know about a recording."""
        return getattr(self._source, "notes", ())

    @property
    def realtime(self) -> bool:
        """See `SampleSource.realtime`."""
        return self._source.realtime

    def open(self, timeout_s: float) -> StreamSpec:
        """Open the source and apply the profile; see `SampleSource.open`."""
        return self._take(self._source.open(timeout_s))

    def read(self, timeout_s: float) -> list[Chunk]:
        """See `SampleSource.read`."""
        chunks = self._source.read(timeout_s)
        scale = self._profile.scale
        return chunks if scale == 1.0 else [replace(chunk, samples=chunk.samples * scale) for chunk in chunks]

    def markers(self) -> list[Marker]:
        """See `SampleSource.markers`."""
        return self._source.markers()

    def status(self) -> SourceStatus:
        """See `SampleSource.status`."""
        return self._source.status()

    def accept_change(self) -> StreamSpec:
        """See `SampleSource.accept_change`."""
        return self._take(self._source.accept_change())

    def close(self) -> None:
        """See `SampleSource.close`."""
        self._source.close()

    def _take(self, spec: StreamSpec) -> StreamSpec:
        path = profile_path(self._folder, spec)
        kept = load_profile(path) or DeviceProfile()
        self._profile = kept.updated(self._stated) if self._stated is not None else kept
        described = self._profile.apply(spec)
        if self._stated is not None:
            _keep(path, self._profile)
        elif kept.text:
            log.warning("As you once said of '%s': %s. To forget it, delete '%s'.", spec.name, kept.text, path)
        return described
