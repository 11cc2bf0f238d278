"""The SCLCM encoder: two convolutions over time (and scalp), then one dense layer."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from sclcm_core.models.contract import Encoder

Layout = Literal["1d", "2d"]
Pooling = Literal["flatten", "mean"]


class SclcmEncoder(Encoder):
    """Turns a window of feature frames into an embedding.

    Parameters
    ----------
    input_shape : (int, int, int)
        (n_bands, n_columns, n_frames) of one window.
    layout : {'1d', '2d'}
        ``"1d"`` convolves over time alone: for few channels. ``"2d"`` convolves over neighbouring columns too: for six
        channels and more, in an order in which neighbours on the scalp are neighbours (`serpentine`).
    widths : (int, int)
        Planes after the first and the second convolution.
    n_embedding : int
        Length of the embedding.
    dropouts : (float, float)
        Share of values dropped after each convolution while training.
    pooling : {'flatten', 'mean'}
        What is done with the time steps left over before the dense layer. ``"flatten"`` keeps each (the original);
        ``"mean"`` averages them: about a tenth of the weights, and any number of frames.

    Notes
    -----
    The blocks are Conv -> BatchNorm -> ReLU -> MaxPool instead of the original's Conv -> LeakyReLU -> MaxPool -> BatchNorm, so
    that each BatchNorm folds into its convolution before quantization. The number of values before the dense layer is computed
    from the shape; nothing about a data set is built in.

    Examples
    --------
    >>> SclcmEncoder((5, 62, 250), layout="2d").n_flat, SclcmEncoder((5, 2, 250)).n_flat
    (119040, 15872)
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        *,
        layout: Layout = "1d",
        widths: tuple[int, int] = (64, 128),
        n_embedding: int = 128,
        dropouts: tuple[float, float] = (0.2, 0.25),
        pooling: Pooling = "flatten",
    ) -> None:
        super().__init__()
        n_bands, n_columns, n_frames = input_shape
        self.input_shape = input_shape
        self.layout = layout
        self.pooling = pooling
        self.n_embedding = n_embedding
        self.n_flat = widths[1] * flat_positions(n_columns, n_frames, layout, pooling)
        self.blocks = nn.Sequential(
            _block(n_bands, widths[0], layout, dropouts[0]), _block(widths[0], widths[1], layout, dropouts[1])
        )
        self.embed = nn.Sequential(nn.Linear(self.n_flat, n_embedding), nn.BatchNorm1d(n_embedding))

    def forward(self, features: Tensor) -> Tensor:
        """Embed windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Embeddings, without unit.
        """
        planes = self.blocks(features)  # (n, widths[1], n_columns or a quarter of them, n_frames // 4)
        if self.pooling == "mean":
            planes = planes.mean(dim=-1)  # (n, widths[1], n_columns or a quarter of them)
        embedding: Tensor = self.embed(planes.flatten(1))  # (n, n_flat) -> (n, n_embedding)
        return embedding


def flat_positions(n_columns: int, n_frames: int, layout: Layout, pooling: Pooling) -> int:
    """Return at how many places of (columns x time) the dense layer looks.

    Parameters
    ----------
    n_columns, n_frames : int
        Size of the window.
    layout : {'1d', '2d'}
        Whether the pooling halves the columns too.
    pooling : {'flatten', 'mean'}
        Whether the time steps are averaged.

    Raises
    ------
    ValueError
        When pooling by two, twice, leaves nothing.

    Examples
    --------
    >>> flat_positions(32, 62, "2d", "flatten"), flat_positions(2, 10, "1d", "mean")
    (120, 2)
    """
    columns = n_columns // 2 // 2 if layout == "2d" else n_columns
    times = n_frames // 2 // 2
    if not (columns and times):
        raise ValueError(
            f"The {layout} encoder halves its input twice: it needs at least 4 frames"
            f"{' and 4 columns' if layout == '2d' else ''}; got {n_columns} columns x {n_frames} frames."
        )
    return columns * (1 if pooling == "mean" else times)


def _block(n_in: int, n_out: int, layout: Layout, dropout: float) -> nn.Sequential:
    kernel, padding, pool = ((1, 3), (0, 1), (1, 2)) if layout == "1d" else ((3, 3), (1, 1), (2, 2))
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, padding=padding),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
        nn.MaxPool2d(pool),
        nn.Dropout(dropout),
    )
