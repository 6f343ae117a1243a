"""The report as one HTML file without scripts: figures, and a chart by second."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from scripts.load.report import Json, lines, written

WIDTH: Final = 860
HEIGHT: Final = 240
MOST_POINTS: Final = 430

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Load test</title><style>
:root {{ color-scheme: light dark; --a: light-dark(#4338ca, #a5b0ff);
  --b: light-dark(#0d8a72, #35bfa0); --line: light-dark(#d9dce6, #333a52); }}
body {{ max-width: {width}px; margin: 40px auto; padding: 0 20px; font: 15px/1.5 system-ui; }}
table {{ border-collapse: collapse; margin: 16px 0; }}
th, td {{ padding: 4px 18px 4px 0; border-bottom: 1px solid var(--line); text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
svg {{ width: 100%; }} text {{ font-size: 12px; fill: currentcolor; }}
.a {{ stroke: var(--a); }} .b {{ stroke: var(--b); }} .axis {{ stroke: var(--line); }}
polyline {{ fill: none; stroke-width: 2; stroke-linejoin: round; }}
</style></head><body><h1>Load test</h1><ul>{lines}</ul>
<table><tr><th></th><th>p50</th><th>p95</th><th>p99</th><th>max</th></tr>{rows}</table>
<h2>Conversations a second</h2>
<svg viewBox="0 0 {width} {full}" role="img" aria-label="{label}">{drawing}</svg>
</body></html>
"""


def html(found: Json) -> str:
    """Return the whole file."""
    series = found["by_second"]
    times = {
        "Acceptance of a request": found["acceptance_seconds"],
        "Time to insight": found["time_to_insight_seconds"],
    }
    return PAGE.format(
        width=WIDTH,
        full=HEIGHT + 50,
        label="Conversations accepted and analysed in each second of the test",
        lines="".join(f"<li>{escape(line)}</li>" for line in lines(found)),
        rows="".join(_row(name, values) for name, values in times.items()),
        drawing=_drawing(series["accepted"], series["insights"]),
    )


def _row(name: str, values: Json) -> str:
    cells = "".join(f"<td>{written(values[key])}</td>" for key in ("p50", "p95", "p99", "max"))
    return f"<tr><td>{escape(name)}</td>{cells}</tr>"


def _drawing(accepted: Sequence[int], insights: Sequence[int]) -> str:
    seconds = max(len(accepted), len(insights), 2)
    step = -(-seconds // MOST_POINTS)
    groups = [grouped(one, step, seconds) for one in (accepted, insights)]
    top = max(*groups[0], *groups[1], 1.0)
    return (
        f'<line class="axis" x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/>'
        f'<text x="0" y="{HEIGHT + 18}">0 s</text><text x="0" y="12">{top:g}/s</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 18}" text-anchor="end">{seconds} s</text>'
        + _line("a", groups[0], top)
        + _line("b", groups[1], top)
        + _key("a", "accepted", 0)
        + _key("b", "analysed", 110)
    )


def grouped(counts: Sequence[int], step: int, seconds: int) -> list[float]:
    """Return the mean per second of every ``step`` seconds, so that a long test fits."""
    filled = [*counts, *([0] * (seconds - len(counts)))]
    return [sum(filled[at : at + step]) / step for at in range(0, seconds, step)]


def _line(kind: str, values: Sequence[float], top: float) -> str:
    scale = WIDTH / max(len(values) - 1, 1)
    points = (
        f"{place * scale:.1f},{HEIGHT - value / top * (HEIGHT - 20):.1f}"
        for place, value in enumerate(values)
    )
    return f'<polyline class="{kind}" points="{" ".join(points)}"/>'


def _key(kind: str, name: str, x: int) -> str:
    y = HEIGHT + 40
    return (
        f'<line class="{kind}" x1="{x}" y1="{y}" x2="{x + 20}" y2="{y}" stroke-width="3"/>'
        f'<text x="{x + 26}" y="{y + 4}">{name}</text>'
    )
