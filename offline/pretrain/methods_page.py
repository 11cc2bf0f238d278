"""The page that says which methods there are and when to use which, written from their declarations."""

from __future__ import annotations

from collections.abc import Iterable

from offline.pretrain.method import Method

_HEAD = """\
# The methods

Written by `sclcm-offline methods --page` from the declarations; change those, not this page. A run config chooses a method by
`method = "..."` in its section `[pretrain]` or `[finetune]`, and sets options in `[pretrain.options]` or `[finetune.options]`.
"""
_TITLES = {"pretrain": "Pretraining: looks at no class label", "finetune": "Finetuning: from labelled windows"}
_TABLE = "| method | when to use it | looks at | encoders | live |\n|---|---|---|---|---|"


def methods_page(methods: Iterable[Method]) -> str:
    """Return the page.

    Parameters
    ----------
    methods : iterable of Method
        The declarations.

    Returns
    -------
    str
        Markdown: a table for each stage, then a section for each method.
    """
    chosen = list(methods)
    parts = [_HEAD]
    for stage, title in _TITLES.items():
        of_stage = [method for method in chosen if method.stage == stage]
        if of_stage:
            parts.append("\n".join([f"## {title}\n", _TABLE, *map(_row, of_stage)]) + "\n")
    return "\n".join([*parts, *map(_section, chosen)])


def _row(method: Method) -> str:
    live = "yes" if not method.refusal else "no"
    name = f"`{method.name}`" + (" (experimental)" if method.experimental else "")
    return f"| {name} | {method.when} | {method.needs} | {', '.join(method.encoders)} | {live} |"


def _section(method: Method) -> str:
    lines = [
        f"### `{method.name}`: {method.title}\n",
        f"{method.summary}\n",
        f"- loss: {method.loss}",
        f"- learning nothing means: {method.trivial}",
        f"- batches: {method.batches}",
        f"- source: {method.source}",
    ]
    if method.after:
        lines.append(f"- follows: `{method.after}`, whose encoder it starts from in comparisons")
    if method.refusal:
        lines.append(f"- not shipped as it is: {method.refusal}")
    options = method.options.model_fields
    lines += [f"- option `{name}` (default `{field.default}`): {field.description}" for name, field in options.items()]
    return "\n".join(lines) + "\n"
