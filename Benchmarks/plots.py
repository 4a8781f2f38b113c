"""Bar and line charts as SVG."""

import math
from html import escape

WIDTH, LEFT, RIGHT, TOP, BAR = 760, 210, 110, 44, 24
COLOURS = ["#d1495b", "#30638e", "#edae49", "#00798c", "#66717e", "#8f6593"]
STYLE = "<style>text{font:13px sans-serif;fill:#222}.t{font-weight:bold;font-size:15px}.a{fill:#666;font-size:11px}</style>"


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e3:
        return f"{value / 1e3:.3g} k"
    return f"{value:.3g}"


def frame(title, height, body):
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
            STYLE,
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text class="t" x="14" y="24">{escape(title)}</text>',
            *body,
            "</svg>\n",
        ]
    )


def bars(title, values):
    """Horizontal bars on a logarithmic scale: (name, summary) with the lowest and highest as a whisker."""
    low = math.floor(math.log10(min(s["low"] for _, s in values)))
    high = max(math.ceil(math.log10(max(s["high"] for _, s in values))), low + 1)

    def x(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    bottom = TOP + BAR * len(values)
    body = []
    for power in range(low, high + 1):
        at = x(10.0**power)
        body.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="#ddd"/>')
        body.append(f'<text class="a" x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">{short(10.0**power)}</text>')
    for index, (name, summary) in enumerate(values):
        y = TOP + BAR * index
        middle = y + BAR / 2 - 2
        end = x(summary["median"])
        body.append(f'<text x="{LEFT - 8}" y="{middle + 4:.0f}" text-anchor="end">{escape(name)}</text>')
        body.append(
            f'<rect x="{LEFT}" y="{y + 2}" width="{max(end - LEFT, 1):.1f}" height="{BAR - 8}" '
            f'fill="{COLOURS[index % len(COLOURS)]}"/>'
        )
        body.append(
            f'<line x1="{x(summary["low"]):.1f}" x2="{x(summary["high"]):.1f}" y1="{middle}" y2="{middle}" stroke="#222"/>'
        )
        body.append(f'<text x="{x(summary["high"]) + 6:.1f}" y="{middle + 4:.0f}">{short(summary["median"])}</text>')
    return frame(title, bottom + 24, body)


def lines(title, series, x_label, logarithmic=False):
    """Lines through points: name -> [(x, y)]. Logarithmic on both axes, or linear from zero."""
    points = [point for line in series.values() for point in line]
    height, bottom, left, right = 340, 290, 70, 170
    scale = math.log10 if logarithmic else float
    xs, ys = [scale(p[0]) for p in points], [scale(p[1]) for p in points]
    x_low, x_high = (min(xs), max(xs)) if logarithmic else (0, max(xs))
    y_low, y_high = (min(ys), max(ys)) if logarithmic else (0, 1.15 * max(ys))

    def place(value, low, high, start, end):
        return start + (scale(value) - low) / ((high - low) or 1) * (end - start)

    body = [f'<rect x="{left}" y="{TOP}" width="{WIDTH - left - right}" height="{bottom - TOP}" fill="none" stroke="#999"/>']
    for value in sorted({p[0] for p in points}):
        at = place(value, x_low, x_high, left, WIDTH - right)
        body.append(f'<text class="a" x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{short(value) if value else 0}</text>')
    for step in range(5):
        at = y_low + (y_high - y_low) * step / 4
        y = bottom - (bottom - TOP) * step / 4
        label = short(10**at if logarithmic else at) if at or logarithmic else "0"
        body.append(f'<line x1="{left}" x2="{WIDTH - right}" y1="{y}" y2="{y}" stroke="#eee"/>')
        body.append(f'<text class="a" x="{left - 6}" y="{y + 4}" text-anchor="end">{label}</text>')
    for index, (name, line) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        at = [
            (place(px, x_low, x_high, left, WIDTH - right), place(py, y_low, y_high, bottom, TOP)) for px, py in sorted(line)
        ]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in at)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in at]
        y = TOP + 14 + 20 * index
        body.append(f'<rect x="{WIDTH - right + 12}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        body.append(f'<text x="{WIDTH - right + 28}" y="{y}">{escape(name)}</text>')
    body.append(f'<text class="a" x="{(left + WIDTH - right) / 2}" y="{bottom + 34}" text-anchor="middle">{escape(x_label)}</text>')
    return frame(title, height, body)


def all_plots(summaries, reference):
    """File name -> (title, SVG) for everything that was measured."""
    plots = {}

    def add_bars(name, title, metric, reverse=False):
        values = [(row, metrics[metric]) for row, metrics in summaries.items() if metric in metrics]
        if values:
            plots[name] = (title, bars(title, sorted(values, key=lambda v: v[1]["median"], reverse=reverse)))

    def series(prefix, suffix, metrics):
        """The points (number in the metric's name, median)."""
        numbered = ((m.removeprefix(prefix).removesuffix(suffix), s) for m, s in metrics.items()
                    if m.startswith(prefix) and m.endswith(suffix))
        return [(int(text), s["median"]) for text, s in numbered if text.isdigit()]

    add_bars("latency.svg", "Round trip of a no-op, load-balanced, p50, ms", "latency_loadbalanced_p50_ms")
    add_bars("throughput.svg", "No-ops per second, load-balanced", "throughput_loadbalanced_tasks_per_s", reverse=True)
    payload = {row: series("payload_", "_gb_per_s", metrics) for row, metrics in summaries.items()}
    payload = {row: points for row, points in payload.items() if len(points) > 1}
    if payload:
        title = "Payload there and back, GB/s"
        plots["payload.svg"] = (title, lines(title, payload, "bytes", logarithmic=True))
    memory = series("controller_rss_after_", "_mb", summaries.get(reference, {}))
    if len(memory) > 1:
        title = "Memory of the controller, MB"
        plots["memory.svg"] = (title, lines(title, {"resident": memory}, "tasks done"))
    broadcast = {
        kind: series(f"broadcast_{kind}_1mb_", "_simulated_engines_ms", summaries.get(reference, {}))
        for kind in ("direct", "tree", "coalescing")
    }
    broadcast = {kind: points for kind, points in broadcast.items() if len(points) > 1}
    if broadcast:
        title = "1 MB to many simulated engines, ms"
        plots["broadcast.svg"] = (title, lines(title, broadcast, "engines", logarithmic=True))
    return plots
