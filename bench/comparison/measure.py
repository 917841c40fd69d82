"""The sides of the comparisons: each fills an empty table or reads a log, and counts only if the oracle agrees."""

import contextlib
import functools
import gzip
import hashlib
import json
import pathlib
import re
import shlex
import subprocess

import support
from comparison import table
from comparison.cost import Cost
from remote import faults, web_server
from remote.fault_proxy import FaultProxy

COLUMNS = "`id`, `from`, `type`, `site_id`, `data`"
LOADER = pathlib.Path(__file__).resolve().parents[1] / "executemany_loader.py"
# One connection took 1.2 to 1.4 times as long, 1,000 rows up to 1.1 times.
CONNECTOR_CONNECTIONS, CONNECTOR_BATCH_ROWS = 2, 5_000
LINES_TO_TSV = (
    'select(.type == "message" or .type == "status") | [.id, .from, .type, .site_id, .data[.type], .timestamp] | @tsv'
)
STOP_AFTER_S = 30 * 60
STANDARD_ERROR = "standard-error.log"


class WrongResult(Exception):
    """A side ended otherwise than the oracle; the message is a sentence."""


def connector_loader():
    """It is built beside chatgen."""
    return pathlib.Path(support.CHATGEN).with_name("connector_loader")


class Site:
    """Where it is measured: the work folder, the server and its empty database where there is one, and the flags for
    every `chatload load`."""

    def __init__(self, folder, flags, database=None):
        self.folder, self.flags, self.database = folder, flags, database

    def fresh_database(self):
        self.database.create_table()
        if self.database.server.kind == "mysql":
            # Its binary log holds every row a second time.
            self.database.sql("RESET BINARY LOGS AND GTIDS")
        return self.database


def loading(site, name, log, starts, good_codes=(0,), **cost_options):
    """The figures of processes that fill the table, which has to equal the oracle's."""
    cost = Cost(starts, site.database.server.pid(), **cost_options)
    if cost.was_stopped:
        rows, wrong = table.rows_of_whole_batches(site.database, log)
    else:
        require_exit_codes(site, name, cost, good_codes)
        rows, wrong = log.sums[0], table.difference(site.database, log.sums)
    if wrong is not None:
        raise WrongResult(f"{name} did not load {log.path.name}: {wrong}")
    return figures(cost, rows)


def reading(site, name, lines, words, good_codes=(0,)):
    """The figures of a process that only reads a log."""
    cost = Cost([functools.partial(start, site, words)])
    require_exit_codes(site, name, cost, good_codes)
    return figures(cost, lines)


def start(site, words, stdin=subprocess.DEVNULL):
    """Its standard error goes to the work folder."""
    with open(site.folder / STANDARD_ERROR, "wb") as errors:
        return subprocess.Popen(words, stdin=stdin, stdout=subprocess.DEVNULL, stderr=errors)


def require_exit_codes(site, name, cost, good_codes):
    bad = [code for code in cost.exit_codes if code not in good_codes]
    if bad:
        said = (site.folder / STANDARD_ERROR).read_text(errors="replace").strip().splitlines()
        raise WrongResult(f"{name} ended with exit code {bad[0]}: {said[-1] if said else 'without a word'}")


def figures(cost, rows):
    return {
        "seconds": cost.seconds,
        "rows": rows,
        "client_cpu": cost.client_cpu,
        "server_cpu": cost.server_cpu,
        "peak_mib": cost.peak_mib,
        "samples": cost.samples,
        "was_stopped": cost.was_stopped,
    }


def require_counts(name, log, summary, keys):
    found = support.loader_counts(json.loads(summary.read_text()))
    for key in keys:
        if found[key] != log.counts[key]:
            raise WrongResult(f"{name} counted {found[key]} as {key} of {log.path.name}, the oracle {log.counts[key]}")


@contextlib.contextmanager
def served(log, late_s=0):
    """The log's URL on a web server; each answer may begin so much later than it would."""
    with web_server.WebServer(log.path.parent) as web:
        if not late_s:
            yield web.url(log.path.name)
            return
        with FaultProxy(web.address(), lambda number, _: faults.Late(late_s)) as door:
            yield door.url(log.path.name)


def chatload_web_load(site, log, late_s=0):
    with served(log, late_s) as url:
        return chatload_load(site, log, inputs=[url])


def chatload_folder_load(site, log, files):
    return chatload_load(site, log, inputs=log.cut(files))


def chatload_load(site, log, flags=(), samples=False, inputs=None):
    database = site.fresh_database()
    summary = site.folder / "summary.json"
    words = [support.CHATLOAD, "load", *map(str, inputs or [log.path]), "--to", database.url, "--progress", "none"]
    words += ["--summary", str(summary), *flags, *site.flags]
    with rows_inserted(database.server, samples) as sample:
        measured = loading(site, "chatload", log, [functools.partial(start, site, words)], (0, 1), sample=sample)
    require_counts("chatload", log, summary, log.counts)
    return measured


def load_data(site, log, stop_after_s=None, samples=False):
    """Two sessions; each batch is a statement and a transaction."""
    database = site.fresh_database()
    starts = []
    for number, batches in enumerate(log.sessions()):
        script = site.folder / f"session-{number}.sql"
        statements = (
            f"LOAD DATA LOCAL INFILE '{log.batch_path(batch)}' INTO TABLE `chat_messages` CHARACTER SET utf8mb4"
            f" ({COLUMNS}, `timestamp`);\n"
            for batch in batches
        )
        script.write_text("".join(statements))
        starts.append(functools.partial(start_client, site, script))
    with rows_inserted(database.server, samples) as sample:
        return loading(site, "LOAD DATA", log, starts, sample=sample, stop_after_s=stop_after_s)


def start_client(site, script):
    with open(script, "rb") as file:
        return start(site, site.database.server.client(site.database.name, "--local-infile=1"), stdin=file)


def jq_load(site, log):
    database = site.fresh_database()
    statement = (
        f"LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE `chat_messages` CHARACTER SET utf8mb4 ({COLUMNS}, @seconds)"
        " SET `timestamp` = FROM_UNIXTIME(@seconds)"
    )
    client = database.server.client(database.name, "--local-infile=1", "--execute", statement)
    words = (["zcat", str(log.path)], ["jq", "-r", LINES_TO_TSV], client)
    shell = ["bash", "-o", "pipefail", "-c", " | ".join(shlex.join(part) for part in words)]
    return loading(site, "jq", log, [functools.partial(start, site, shell)])


def executemany_load(site, log):
    database = site.fresh_database()
    words = [str(LOADER), str(log.path), "--socket", database.server.socket]
    words += ["--database", database.name]
    return loading(site, "executemany", log, [functools.partial(start, site, words)])


def connector_load(site, log):
    database = site.fresh_database()
    words = [str(connector_loader()), str(log.path), database.server.socket, database.name]
    words += [str(CONNECTOR_CONNECTIONS), str(CONNECTOR_BATCH_ROWS)]
    return loading(site, "connector", log, [functools.partial(start, site, words)])


def chatload_check(site, log):
    summary = site.folder / "summary.json"
    words = [support.CHATLOAD, "check", str(log.path), "--progress", "none", "--summary", str(summary)]
    measured = reading(site, "chatload check", log.counts["lines"], words, (0, 1))
    require_counts(
        "chatload check", log, summary, ("lines", "valid", "filtered", "rejected", "blank", "rejects_by_reason")
    )
    return measured


def gzip_decompress(site, log):
    return reading(site, "gzip -dc", log.counts["lines"], ["gzip", "-dc", str(log.path)])


# Of bgzip's size at the same level, at most.
COPY_SIZE_MAX = 1.03


def copy(site, name, log, words):
    """The figures of processes that write a gzip to the work folder, and its path."""
    out = site.folder / f"{name.split()[0]}.json.gz"
    out.unlink(missing_ok=True)
    return reading(site, name, log.counts["lines"], words(out), (0, 1)), out


def piped(*parts):
    pipe = " | ".join(map(shlex.join, parts))
    return lambda out: ["bash", "-o", "pipefail", "-c", f"{pipe} > {shlex.quote(str(out))}"]


def chatload_copy(site, log):
    words = [support.CHATLOAD, "copy", str(log.path), "--keep-rejected", "--progress", "none", "-o"]
    measured, out = copy(site, "chatload copy", log, lambda path: [*words, str(path)])
    if text_digest(out) != log_digest(log.path):
        raise WrongResult(f"chatload copy wrote another text than that of {log.path.name}")
    size, most = out.stat().st_size, COPY_SIZE_MAX * bgzip_bytes(log)
    if size > most:
        raise WrongResult(f"chatload copy wrote {size} bytes, and bgzip -l 6 no more than {most / COPY_SIZE_MAX:.0f}")
    return measured


def pigz(site, log):
    return copy(site, "pigz", log, piped(["zcat", str(log.path)], ["pigz", "-p2", "-6"]))[0]


def chatload_filter(site, log, level=6):
    words = [support.CHATLOAD, "copy", str(log.path), "--type", "status", "--level", str(level)]
    words += ["--progress", "none", "-o"]
    measured, out = copy(site, "chatload copy", log, lambda path: [*words, str(path)])
    require_status_lines(out, log)
    return measured


def chatload_fast_filter(site, log):
    return chatload_filter(site, log, level=1)


def jq_filter(site, log):
    parts = ["zcat", str(log.path)], ["jq", "-c", 'select(.type == "status")'], ["pigz", "-p2", "-6"]
    measured, out = copy(site, "jq", log, piped(*parts))
    require_status_lines(out, log)
    return measured


def text_digest(path):
    with gzip.open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


log_digest = functools.cache(text_digest)


@functools.cache
def bgzip_bytes(log):
    text = subprocess.Popen(["zcat", str(log.path)], stdout=subprocess.PIPE)
    return len(subprocess.run(["bgzip", "-c", "-l", "6"], stdin=text.stdout, capture_output=True, check=True).stdout)


@functools.cache
def status_lines(path):
    with gzip.open(path) as file:
        return [line for line in file if json.loads(line)["type"] == "status"]


def require_status_lines(out, log):
    with gzip.open(out) as file:
        if list(map(json.loads, file)) != list(map(json.loads, status_lines(log.path))):
            raise WrongResult(f"{out.name} does not have the status lines of {log.path.name}")


class rows_inserted:
    """`with rows_inserted(server, wanted) as sample`: sample() is how many rows the server has inserted since; None
    instead where it is not wanted. One client stays connected, so a sample costs the server one small query."""

    QUERY = "SHOW GLOBAL STATUS LIKE 'Innodb_rows_inserted';\n"

    def __init__(self, server, wanted):
        self.server, self.wanted = server, wanted

    def __enter__(self):
        if not self.wanted:
            return None
        words = [*self.server.client(), "--unbuffered"]
        self.client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        before = self.count()
        return lambda: self.count() - before

    def count(self):
        self.client.stdin.write(self.QUERY)
        self.client.stdin.flush()
        return int(re.search(r"\d+", self.client.stdout.readline())[0])

    def __exit__(self, *_):
        if self.wanted:
            self.client.communicate()
