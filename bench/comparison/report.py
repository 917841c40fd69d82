"""RESULTS.md and results.svg, made anew of all raw figures that there are."""

import statistics

from comparison import plot
from comparison.record import key_of

from comparison.works import (
    CLIENT_CPU, CLIENT_CPU_OF, CLIENT_CPU_S_MAX, MEMORY_MIB_MAX, MILLION, SERVERS, WORKS, ratio, verdict,
)  # fmt: skip

INTRODUCTION = """# Measured

`bench/compare` wrote this file of its raw figures. The sides take turns, pair after pair, and a run counts only if the
oracle agrees with the table that it left (rows, and checksums through all three indexes) or with its counts. A bar
holds if the median does and at most one of five pairs exceeds it by 0.05; if only single pairs forbid it, eleven are
run.
"""
GRAPH_NOTE = """Each point stands for a sixtieth of the rows and for all the time since the point before it, so the
sorting is in the first and the building of the indexes in the last.
"""
BAR_HEAD = "| work | server | median | bar | pairs | held |\n|---|---|---|---|---|---|\n"
RUN_HEAD = (
    "| pair | side | s | rows/s | client CPU, s | server CPU, s | peak MiB | ratio |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def write(record, folder, scale):
    folder.mkdir(parents=True, exist_ok=True)
    parts = record.parts
    text = [INTRODUCTION]
    if scale != 1:
        text.append(f"**Logs scaled by {scale:g}: these figures say nothing about the bars.**\n")
    text += ["## The bars\n", BAR_HEAD + "".join(bar_rows(parts))]
    graph = plot_of(parts)
    if graph is not None:
        (folder / "results.svg").write_text(graph)
        text.append("![Rows a second over rows loaded](results.svg)\n")
        text.append(GRAPH_NOTE)
    for name, work in WORKS.items():
        for kind in work.bars:
            if key_of(name, kind) in parts:
                text += section(name, work, parts[key_of(name, kind)])
    partial = folder / "partial-RESULTS.md"
    partial.write_text("\n".join(text).rstrip("\n") + "\n")
    partial.rename(folder / "RESULTS.md")


def ratios_of(work, part):
    """By pair; the one run of a side that is measured once stands beside each run of the other."""
    sides = [{**part["once"], **pair} for pair in part["pairs"]]
    return [ratio(work, pair[work.own.name], pair[work.other.name]) for pair in sides]


def bar_rows(parts):
    for name, work in WORKS.items():
        for kind, bar in work.bars.items():
            if work.other is not None:
                part = parts.get(key_of(name, kind))
                yield bar_row(name, kind, ratios_of(work, part) if part else [], bar, work.at_least)
    for kind in SERVERS:
        part = parts.get(key_of(CLIENT_CPU_OF, kind))
        yield bar_row(CLIENT_CPU, kind, client_cpu_of(part) if part else [], CLIENT_CPU_S_MAX)
    for kind in (*SERVERS, None):
        yield from memory_rows(parts, kind)


def bar_row(name, kind, values, bar, at_least=False):
    bound = f"{'at least' if at_least else 'at most'} {bar:g}"
    median = f"{statistics.median(values):.3f}" if values else ""
    held = verdict(values, bar, at_least) if values else "not measured"
    return f"| {name} | {kind or ''} | {median} | {bound} | {len(values)} | {held} |\n"


def client_cpu_of(part):
    """chatload's CPU seconds for a million rows, by pair."""
    own = [pair[WORKS[CLIENT_CPU_OF].own.name] for pair in part["pairs"]]
    return [run["client_cpu"] / run["rows"] * MILLION for run in own]


def memory_rows(parts, kind):
    """The peak of every run of chatload with the default bound, and of the one with half of it."""
    peaks = {}
    for name, work in WORKS.items():
        if kind not in work.bars:
            continue
        part = parts.get(key_of(name, kind), {"pairs": [], "once": {}})
        bound = work.bars[kind] if name == "memory" else MEMORY_MIB_MAX
        for runs in (*part["pairs"], part["once"]):
            own = [run["peak_mib"] for side, run in runs.items() if side in own_names(work)]
            peaks.setdefault(bound, []).extend(own)
    for bound, values in sorted(peaks.items()):
        highest = f"{max(values):.1f} MiB, the highest" if values else ""
        held = ("yes" if max(values) <= bound else "no") if values else "not measured"
        row = f"{highest} | at most {bound} MiB | {len(values)} runs | {held}"
        yield f"| memory, --memory {bound}M | {kind or 'check'} | {row} |\n"


def own_names(work):
    """The sides that are chatload: both where it is compared with itself."""
    return {side.name for side in work.sides()} if work.at_least else {work.own.name}


def section(name, work, part):
    conditions = part["conditions"]
    lines = ", ".join(f"{count:,} lines" for count in conditions["lines"])
    yield f"## {name}{', ' + conditions['server_name'] if conditions['server_name'] else ''}\n"
    yield f"{work.title[0].upper()}{work.title[1:]}; {lines}.\n"
    yield f"{'; '.join(conditions['facts'])}; {part['date']}.\n"
    runs = [(str(number), pair) for number, pair in enumerate(part["pairs"], 1)]
    runs += [("once", part["once"])] if part["once"] else []
    yield RUN_HEAD + "".join(run_rows(work, part, runs))


def run_rows(work, part, runs):
    ratios = ratios_of(work, part) if work.other is not None else []
    for number, pair in runs:
        for side, run in pair.items():
            is_last = side == list(pair)[-1] and number != "once"
            value = f"{ratios[int(number) - 1]:.3f}" if ratios and is_last else ""
            stopped = " (stopped)" if run["was_stopped"] else ""
            times = f"{run['seconds']:.2f}{stopped} | {run['rows'] / run['seconds']:,.0f}"
            cpu = f"{run['client_cpu']:.2f} | {run['server_cpu']:.2f}"
            yield f"| {number} | {side} | {times} | {cpu} | {run['peak_mib']:.1f} | {value} |\n"


def plot_of(parts):
    part = parts.get(key_of("small-pool", "mysql"))
    if part is None or not part["pairs"]:
        return None
    work = WORKS["small-pool"]
    loads = {**part["once"], **part["pairs"][-1]}
    facts = part["conditions"]
    title = f"{facts['lines'][0]:,} lines, random ids, {facts['server_name']}, 128 MiB buffer pool"
    return plot.svg(title, [(side.name, loads[side.name]) for side in work.sides()])
