"""The rows that a server's binary log (ROW format, full images) says were inserted into a table.

It is read from the server's files, so that neither server's own reader is needed. The format is the manuals' "binary
log", version 4: a magic number, then events, each a header of 19 bytes, a body and, with checksums on, 4 bytes of CRC32.
A table map names the table and its columns' types for the row events after it.

    body of a table map     table id 6, flags 2, database (length 1, text, NUL), table (the same), columns (packed),
                            a type each, length of the metadata (packed), metadata
    body of inserted rows   table id 6, flags 2, with type 30 also 2 + extra bytes, columns (packed), bitmap of those
                            there, then for each row a bitmap of NULLs and the columns
"""

import pathlib
import struct

MAGIC = b"\xfebin"
HEADER = struct.Struct("<IBIIIH")  # time, type, server, length, position of the next event, flags
FORMAT_DESCRIPTION, TABLE_MAP, WRITE_ROWS_1, WRITE_ROWS_2 = 15, 19, 23, 30
# MySQL's compressed transactions and MariaDB's compressed row events, of which no row would be seen.
COMPRESSED = {40, *range(165, 172)}
CHECKSUM_BYTES = 4
TIMESTAMP, VARCHAR, TIMESTAMP_2 = 7, 15, 17
METADATA_BYTES = {TIMESTAMP: 0, VARCHAR: 2, TIMESTAMP_2: 1}


class Cursor:
    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, length):
        self.at += length
        return self.body[self.at - length : self.at]

    def number(self, length):
        return int.from_bytes(self.take(length), "little")

    def packed(self):
        first = self.number(1)
        return first if first < 251 else self.number({252: 2, 253: 3, 254: 8}[first])

    def name(self):
        return self.take(self.number(1) + 1)[:-1].decode()


def forget_past(server):
    """Begins a new log file and removes those before it."""
    server.sql("FLUSH BINARY LOGS")
    server.sql(f"PURGE BINARY LOGS TO '{server.sql('SHOW BINARY LOGS')[-1][0]}'")


def inserted_ids(server, database, table="chat_messages"):
    """The first column of every row that was inserted into the table since forget_past, in the log's order."""
    folder = pathlib.Path(server.sql("SELECT @@log_bin_basename")[0][0]).parent
    for row in server.sql("SHOW BINARY LOGS"):
        yield from ids_in_file(folder / row[0], (database, table))


def ids_in_file(path, wanted):
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise ValueError(f"{path} is no binary log")
    begin, checksum_bytes, tables = len(MAGIC), 0, {}
    while begin < len(content):
        _, kind, _, length, _, _ = HEADER.unpack_from(content, begin)
        body = content[begin + HEADER.size : begin + length - checksum_bytes]
        begin += length
        if kind == FORMAT_DESCRIPTION:
            checksum_bytes = CHECKSUM_BYTES if body[-CHECKSUM_BYTES - 1] == 1 else 0
        elif kind == TABLE_MAP:
            read_table_map(Cursor(body), wanted, tables)
        elif kind in (WRITE_ROWS_1, WRITE_ROWS_2):
            yield from ids_of_rows(Cursor(body), kind, tables)
        elif kind in COMPRESSED:
            raise ValueError(f"{path} has a compressed event, of type {kind}")


def read_table_map(cursor, wanted, tables):
    table_id = cursor.number(6)
    cursor.take(2)
    tables[table_id] = None
    if (cursor.name(), cursor.name()) != wanted:
        return
    types = list(cursor.take(cursor.packed()))
    cursor.packed()
    tables[table_id] = [(kind, cursor.number(METADATA_BYTES[kind])) for kind in types]


def ids_of_rows(cursor, kind, tables):
    columns = tables[cursor.number(6)]
    if columns is None:
        return
    cursor.take(2)
    if kind == WRITE_ROWS_2:
        cursor.take(cursor.number(2) - 2)
    bitmap_bytes = (cursor.packed() + 7) // 8
    all_columns = (1 << len(columns)) - 1
    if cursor.number(bitmap_bytes) & all_columns != all_columns:
        raise ValueError("the binary log holds rows without all of their columns")
    while cursor.at < len(cursor.body):
        nulls = cursor.number(bitmap_bytes)
        values = [value_of(cursor, *column) for i, column in enumerate(columns) if not nulls >> i & 1]
        yield values[0]


def value_of(cursor, kind, metadata):
    if kind == VARCHAR:
        return cursor.take(cursor.number(1 if metadata < 256 else 2))
    return cursor.take(4 + (metadata + 1) // 2)
