"""Whether chat_messages holds what the oracle says: rows, and a sum of CRC-32s that no order of rows changes.

The server computes one sum through each index (FORCE INDEX, over what the index covers), so a secondary index that is
missing or incomplete is noticed too; `logs.py` computes the same from the file.
"""

import itertools
import operator
import subprocess

from comparison import logs

# In the order of logs.row_sums. One binary string keeps the server from reading the separator as UTF-8.
COLUMNS_OF_INDEX = {
    "PRIMARY": "CAST(`id` AS BINARY), `from`, `type`, `site_id`, `data`, UNIX_TIMESTAMP(`timestamp`)",
    "site_id": "`site_id`, CAST(`id` AS BINARY)",
    "timestamp": "UNIX_TIMESTAMP(`timestamp`), CAST(`id` AS BINARY)",
}


def difference(database, sums):
    """What tells the table from one with these sums, as a sentence; None if nothing does."""
    found, error = sums_found(database)
    if error is not None:
        return f"the table cannot be read through its indexes: {error}"
    for index, rows, total, expected in zip(COLUMNS_OF_INDEX, *found, sums[1:]):
        if (rows, total) != (sums[0], expected):
            return f"index {index} has {rows} rows with the sum {total}, the oracle {sums[0]} with {expected}"
    return None


def rows_of_whole_batches(database, log):
    """Of LOAD DATA sessions that were stopped: how many rows they left, and None; or None, and a sentence if these are
    not the first batches of either session. Waits until the server has rolled the statement in flight back."""
    found, error = sums_found(database)
    if error is not None:
        return None, f"the table cannot be read through its indexes: {error}"
    rows, totals = found
    wanted = (rows[0], *totals)
    of_first, of_second = (prefix_sums(log, batches) for batches in log.sessions())
    is_there = any(tuple(map(operator.sub, wanted, sums)) in of_second for sums in of_first)
    if not is_there or len(set(rows)) != 1:
        return None, f"the {rows[0]} rows are not those of whole batches"
    return rows[0], None


def prefix_sums(log, batches):
    """The sums of the first none, one, two ... batches."""
    return set(itertools.accumulate((log.batch_sums[batch] for batch in batches), logs.plus, initial=logs.NO_SUMS))


def sums_found(database):
    """((rows by index, sums by index), None), or (None, what the server said). The lock waits for whoever writes."""
    queries = ["LOCK TABLES `chat_messages` READ"]
    for index, columns in COLUMNS_OF_INDEX.items():
        crc = f"CRC32(CONCAT_WS(X'FF', {columns}))"
        queries.append(f"SELECT COUNT(*), COALESCE(SUM({crc}), 0) FROM `chat_messages` FORCE INDEX (`{index}`)")
    client = database.server.client(database.name)
    done = subprocess.run(client, input=";\n".join(queries), capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[-1]
    return tuple(zip(*[map(int, line.split("\t")) for line in done.stdout.splitlines()])), None
