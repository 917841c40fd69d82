"""The logs to measure with: chatgen makes each from a seed, the oracle says what must become of it.

What the oracle finds (its figures) is kept in the work folder under the digest of the log's bytes and of the oracle, so
it outlives the log and is never taken for that of another. A log of 32 million lines does not fit into the oracle's memory as rows:
worker processes apply the oracle to chunks of lines, and one process keeps the ids that it has seen, the sums that
`table.py` compares a table with, and, where LOAD DATA is to be measured, writes the rows that remain as TSV files.
"""

import collections
import dataclasses
import functools
import gzip
import hashlib
import itertools
import json
import multiprocessing
import operator
import shutil
import signal
import sys
import zlib

import oracle
import support

SESSIONS = 2
BATCH_ROWS = 10_000
LINES_MIN = 100
LEVEL = 6  # of gzip
CHUNK_BYTES = 4 << 20
CHUNKS_AHEAD = 8
NO_SUMS = (0, 0, 0, 0)


class OracleFailed(Exception):
    """A fault of the oracle's, whose traceback is on standard error."""


@dataclasses.dataclass(frozen=True)
class LogShape:
    """What distinguishes one log from another; `is_plain` means no malformed and no odd lines."""

    lines: int
    ids: str = "v1"
    is_plain: bool = False

    def name(self):
        return f"chat-{self.lines}-{self.ids}{'-plain' if self.is_plain else ''}"

    def scaled(self, scale):
        return dataclasses.replace(self, lines=max(LINES_MIN, round(self.lines * scale)))


class Log:
    """A log at `path`, its figures, and where asked for its TSV files; made now unless the work folder has them."""

    def __init__(self, folder, shape, needs_tsv):
        self.shape = shape
        self.path = folder / f"{shape.name()}.json.gz"
        if not self.path.exists():
            say(f"making {self.path.name}")
            partial = folder / f"partial-{self.path.name}"
            support.generate(partial, lines=shape.lines, ids=shape.ids, **({"malformed": 0} if shape.is_plain else {}))
            partial.rename(self.path)
        with open(self.path, "rb") as file, open(oracle.__file__, "rb") as rules:
            whole = hashlib.file_digest(file, "sha256")
            whole.update(rules.read())
        digest = whole.hexdigest()[:16]
        self.tsv = folder / f"tsv-{digest}"
        figures = folder / f"figures-{digest}.json"
        if not figures.exists() or (needs_tsv and not self.tsv.exists()):
            say(f"asking the oracle about {self.path.name}")
            # In a process of its own: a child's peak memory, which is measured, begins with its parent's.
            maker = multiprocessing.get_context("fork").Process(target=self.make, args=(figures, needs_tsv))
            maker.start()
            try:
                maker.join()
            finally:
                maker.terminate()
            if maker.exitcode != 0:
                raise OracleFailed(f"the oracle failed on {self.path.name}")
        content = json.loads(figures.read_text())
        self.counts, self.sums, self.batch_sums = content["counts"], content["sums"], content["batch_sums"]

    def make(self, figures, needs_tsv):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the workers end too
        folder = self.tsv.with_name(f"partial-{self.tsv.name}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        counts, batch_sums = apply_oracle(self.path, folder if needs_tsv else None)
        sums = functools.reduce(plus, batch_sums)
        partial = figures.with_name(f"partial-{figures.name}")
        partial.write_text(json.dumps({"counts": counts, "sums": sums, "batch_sums": batch_sums}))
        partial.rename(figures)
        folder.rename(self.tsv) if needs_tsv else folder.rmdir()

    def sessions(self):
        """The numbers of the batches that each LOAD DATA session gets: the first half and the second."""
        batches = range(len(self.batch_sums))
        bounds = [len(batches) * session // SESSIONS for session in range(SESSIONS + 1)]
        return [batches[begin:end] for begin, end in itertools.pairwise(bounds)]

    def batch_path(self, batch):
        return batch_path(self.tsv, batch)

    def cut(self, files):
        """The paths of about as many gzips that have its lines, one behind the other; made now unless they are there."""
        folder = self.path.with_name(f"{self.shape.name()}-in-{files}")
        if not folder.exists():
            say(f"cutting {self.path.name} into {files:,} files")
            partial = folder.with_name(f"partial-{folder.name}")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            lines_each = -(-self.shape.lines // files)
            with gzip.open(self.path) as lines:
                for number in itertools.count():
                    some = b"".join(itertools.islice(lines, lines_each))
                    if not some:
                        break
                    (partial / f"{number:05}.json.gz").write_bytes(gzip.compress(some, LEVEL))
            partial.rename(folder)
        return sorted(folder.iterdir())

    def remove(self):
        """All but the figures."""
        self.path.unlink(missing_ok=True)
        for folder in (self.tsv, *self.path.parent.glob(f"{self.shape.name()}-in-*")):
            shutil.rmtree(folder, ignore_errors=True)


def say(what):
    print(f"{what} ...", flush=True)


def batch_path(folder, batch):
    return folder / f"{batch:05}.tsv"


def row_sums(columns):
    """What one row adds to the sums: 1, and the CRC-32 of what the primary key and either index hold of it."""
    key, _, _, site, _, seconds = columns
    texts = (columns, (site, key), (seconds, key))
    return (1, *[zlib.crc32(oracle.SEPARATOR.join(text)) for text in texts])


def apply_oracle(path, tsv_folder):
    """The oracle's counts, and the sums of every BATCH_ROWS rows of the final table, in file order."""
    seen, totals, batch_sums = set(), oracle.Result().counts(), [NO_SUMS]
    tsv = None
    with multiprocessing.Pool(None, signal.signal, (signal.SIGTERM, signal.SIG_DFL)) as pool:
        for counts, rows in applied_chunks(pool, path, tsv_folder is not None):
            totals = added(totals, counts)
            for key, sums, line in rows:
                if key in seen:
                    totals["inserted"] -= 1
                    totals["duplicate"] += 1
                    continue
                seen.add(key)
                if batch_sums[-1][0] == BATCH_ROWS:
                    batch_sums.append(NO_SUMS)
                if line is not None:
                    if batch_sums[-1][0] == 0:
                        tsv = reopened(tsv, batch_path(tsv_folder, len(batch_sums) - 1))
                    tsv.write(line)
                batch_sums[-1] = plus(batch_sums[-1], sums)
    if tsv is not None:
        tsv.close()
    return totals, batch_sums


def applied_chunks(pool, path, needs_tsv):
    """apply_to_lines of every chunk, in file order; at most CHUNKS_AHEAD are in memory."""
    pending = collections.deque()
    with oracle.open_input(path) as file:
        while lines := file.readlines(CHUNK_BYTES):
            pending.append(pool.apply_async(apply_to_lines, (lines, needs_tsv)))
            if len(pending) == CHUNKS_AHEAD:
                yield pending.popleft().get()
    while pending:
        yield pending.popleft().get()


def reopened(file, path):
    if file is not None:
        file.close()
    return open(path, "wb")


def apply_to_lines(lines, needs_tsv):
    """The counts of some lines by themselves, and (id, sums, TSV line) of each row that they leave; chatgen's logs have
    no byte order mark at their beginning."""
    result, line_filter = oracle.Result(), oracle.Filter()
    for line in lines:
        oracle.apply_line(result, line, 0, 0, line_filter)
    rows = [
        (columns[0], row_sums(columns), oracle.load_data_line(columns) if needs_tsv else None)
        for columns in result.columns()
    ]
    return result.counts(), rows


def plus(sums, more):
    return tuple(map(operator.add, sums, more))


def added(counts, more):
    return {
        name: added(count, more[name]) if isinstance(count, dict) else count + more[name]
        for name, count in counts.items()
    }
