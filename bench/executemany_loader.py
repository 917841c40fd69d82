#!/usr/bin/python3
"""A chat log into chat_messages as one writes it in Python: json, executemany, a commit a batch.

bench/compare measures chatload against it. It takes Debian's python3-mysqldb, so Debian's Python.
"""

import argparse
import datetime
import gzip
import json

import MySQLdb

INSERT = (
    "INSERT IGNORE INTO chat_messages (`id`, `from`, `type`, `site_id`, `data`, `timestamp`)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)


def row_of(line):
    kind = line["type"]
    if kind not in ("message", "status"):
        return None
    moment = datetime.datetime.utcfromtimestamp(int(line["timestamp"]))
    return line["id"], line["from"], kind, line["site_id"], line["data"][kind], moment


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="JSON lines, gzipped")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--batch", type=int, default=5000, metavar="ROWS")
    options = parser.parse_args()

    connection = MySQLdb.connect(
        user="root", unix_socket=options.socket, database=options.database, charset="utf8mb4",
        init_command="SET time_zone = '+00:00'",
    )  # fmt: skip
    cursor = connection.cursor()

    def write(batch):
        cursor.executemany(INSERT, batch)
        connection.commit()

    batch = []
    with gzip.open(options.file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = row_of(json.loads(line))
            if row is not None:
                batch.append(row)
            if len(batch) == options.batch:
                write(batch)
                batch = []
    if batch:
        write(batch)
    connection.close()


if __name__ == "__main__":
    main()
