"""An SVG of rows/s over rows loaded, one curve a load."""

import html

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 92, 62
POINTS = 60
COLOURS = ("#0b5cad", "#b3261e")
DASHES = ("none", "7 4")


def curve(samples, seconds, rows):
    """(rows, rows/s) of about POINTS equal parts of the rows, each with all of the time from the part before it, so the
    time in which no row comes in (sorting first, indexes last) is in the first and the last one."""
    points, begin_s, begin_rows = [], 0.0, 0
    inside = [sample for sample in samples if sample[1] < rows and sample[0] < seconds]
    for at_s, at_rows in [*inside, (seconds, rows)]:
        if at_rows - begin_rows < rows / POINTS and at_rows != rows:
            continue
        points.append(((begin_rows + at_rows) / 2, (at_rows - begin_rows) / (at_s - begin_s)))
        begin_s, begin_rows = at_s, at_rows
    return points


def step_for(highest, parts):
    """A round step, of which about `parts` make `highest`."""
    power = 1
    while power * 10 * parts <= highest:
        power *= 10
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power * parts >= highest or factor == 10)


def svg(title, loads):
    """`loads`: (name, figures with samples), at most as many as COLOURS."""
    curves = [curve(load["samples"], load["seconds"], load["rows"]) for _, load in loads]
    rows_max = max(load["rows"] for _, load in loads)
    rate_max = max(rate for points in curves for _, rate in points)
    rows_step, rate_step = step_for(rows_max, 8), step_for(rate_max, 6)
    rate_top = rate_step * -(-rate_max // rate_step)
    plot_width, plot_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x_of(rows):
        return LEFT + plot_width * rows / rows_max

    def y_of(rate):
        return TOP + plot_height * (1 - rate / rate_top)

    def text(x, y, words, anchor="middle", more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{html.escape(words)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="13" fill="#1f2328">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 24, title, "start", 'font-size="15" font-weight="bold"'),
    ]
    for rate in range(0, int(rate_top) + 1, rate_step):
        parts.append(f'<path d="M{LEFT} {y_of(rate):.1f}h{plot_width}" stroke="#d8dee4"/>')
        parts.append(text(LEFT - 8, y_of(rate) + 4, f"{rate:,}", "end"))
    for rows in range(0, rows_max + 1, rows_step):
        parts.append(f'<path d="M{x_of(rows):.1f} {TOP + plot_height}v5" stroke="#57606a"/>')
        parts.append(text(x_of(rows), TOP + plot_height + 20, in_millions(rows)))
    parts.append(f'<path d="M{LEFT} {TOP}v{plot_height}h{plot_width}" fill="none" stroke="#57606a"/>')
    parts.append(text(LEFT + plot_width / 2, HEIGHT - 16, "rows loaded"))
    parts.append(text(22, TOP + plot_height / 2, "rows/s", more=f'transform="rotate(-90 22 {TOP + plot_height / 2})"'))
    for number, ((name, load), points) in enumerate(zip(loads, curves)):
        style = f'stroke="{COLOURS[number]}" stroke-width="2.5" stroke-dasharray="{DASHES[number]}"'
        path = " ".join(f"{x_of(rows):.1f},{y_of(rate):.1f}" for rows, rate in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke-linejoin="round" {style}/>')
        y = 46 + 20 * number
        parts.append(f'<path d="M{LEFT} {y}h36" {style}/>')
        whole = f"{load['rows'] / load['seconds']:,.0f} rows/s over all of its {load['seconds']:,.0f} s"
        stopped = ", stopped" if load["was_stopped"] else ""
        parts.append(text(LEFT + 44, y + 4, f"{name}: {whole}{stopped}", "start"))
    return "\n".join([*parts, "</svg>", ""])


def in_millions(rows):
    return f"{rows / 1e6:g} M" if rows >= 100_000 else f"{rows:,}"
