"""Keys of every kind: which rows are duplicates, in file order and by key, undisturbed and killed at random.

The oracle compares keys as Python compares values. CHATLOAD_LONG=1: 200,000 records of each mapping, skip and replace
in both orders.
"""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mapping_oracle
import support
from mapping_case import MappingCase, dumped

RECORDS = 200_000 if support.IS_LONG else 800
RANGE_SIZE = "1M" if support.IS_LONG else "16K"
KILLS = 3 if support.IS_LONG else 1
IS_MARIADB = support.SERVER_KIND == "mariadb"

COLUMNS = {
    "n": 'sql = "INT NOT NULL"\naccept = "string"',
    "big": 'sql = "BIGINT UNSIGNED NOT NULL"\naccept = "string"',
    "tiny": 'sql = "TINYINT NOT NULL"',
    "at": 'sql = "DATETIME(3) NOT NULL"\ntime = ["rfc3339", "epoch_ms"]',
    "seen": 'sql = "TIMESTAMP NOT NULL"\ntime = "epoch_s"',
    "day": 'sql = "DATE NOT NULL"',
    "name": 'sql = "VARCHAR(40) NOT NULL"',
    "padded": 'sql = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"\npath = "$.name"',
    "loose": 'sql = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"\npath = "$.word"',
    "code": 'sql = "CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"',
    "token": 'sql = "BINARY(16) NOT NULL"\ndecode = "uuid"',
    "raw": 'sql = "VARBINARY(6) NOT NULL"\ndecode = "hex"',
    "level": "sql = \"ENUM('debug','info','it''s','error') NOT NULL\"",
    "tags": "sql = \"SET('a','b','c') NOT NULL\"",
    "price": 'sql = "DECIMAL(8,2) NOT NULL"\naccept = "string"',
    "ratio": 'sql = "DOUBLE NOT NULL"',
    "flag": 'sql = "BOOLEAN NOT NULL"',
    "note": 'sql = "VARCHAR(60)"',
    "more": 'sql = "JSON"',
}
if IS_MARIADB:
    COLUMNS["uid"] = 'sql = "UUID NOT NULL"'
KEYS = {
    "no key": [],
    "an integer": ["n"],
    "an unsigned integer": ["big"],
    "a time": ["at"],
    "a timestamp": ["seen", "tiny"],
    "texts and a day": ["name", "day", "code"],
    "a CHAR": ["code"],
    "a padded text": ["padded"],
    "bytes": ["raw"],
    "fixed bytes": ["token"],
    "members": ["tags", "level", "flag", "n"],
    "bytes in front of bytes": ["raw", "name", "big"],
    "a loose text": ["loose"],
    "a decimal": ["price"],
    "a floating-point number": ["ratio"],
}
if IS_MARIADB:
    KEYS["a UUID"] = ["uid"]
# One connection writes these in file order, as only the server says which of their values are equal.
INEXACT = {"a loose text", "a decimal", "a floating-point number"}


def mapping_of(key, table="keyed"):
    lines = [f'table = "{table}"', f"primary_key = {key!r}".replace("'", '"')]
    for name, text in COLUMNS.items():
        lines.append(f'\n[[column]]\nname = "{name}"\n{text}')
    return "\n".join(lines) + "\n"


def record(chance, domain):
    """Each value comes again now and then, by another spelling where there is one."""
    pick = lambda: chance.randrange(domain)
    number, moment = pick(), pick()
    good = {
        "n": chance.choice([number - domain // 2, str(number - domain // 2)]),
        "big": chance.choice([2**64 - 1 - pick(), pick(), f"00{pick()}"]),
        "tiny": chance.randrange(-128, 128),
        "at": chance.choice([f"2024-05-01T{moment % 24:02}:00:00.{moment % 1000:03}Z", 1714521600_000 + moment]),
        "seen": 1714521600 + pick() // 50,
        "day": f"2024-{1 + pick() % 12:02}-{1 + pick() % 28:02}",
        "name": chance.choice(["", "a", "b\0c", "b\0", "x "]) + chance.choice(["", " ", "\t", "ü", f"{pick() % 50}"]),
        "word": chance.choice(["Alpha", "alpha", "ALPHA ", "beta"]) + str(pick()),
        "code": chance.choice(["", "c", "C"]) + str(pick()),
        "token": f"00112233-4455-6677-8899-{pick():012x}".replace("a", chance.choice("aA")),
        "raw": chance.choice(["", "00", "0001", "00ff"]) + f"{pick() % 100:04x}",
        "uid": f"{pick():08x}-4455-6677-8899-00aabbccddee".replace("a", chance.choice("aA")),
        "level": chance.choice(["debug", "info", "it's", "error"]),
        "tags": chance.choice(["", "a", "b", "a,b", "a,b,c", "c"]),
        "price": chance.choice([pick() / 4, f"{pick()}.50", f"{pick()}.5", pick()]),
        "ratio": chance.choice([pick() / 8, -pick(), 1e300]),
        "flag": chance.choice([True, False]),
        "note": chance.choice([None, "", f"note {pick()}"]),
        "more": chance.choice([None, [1, {"a": "b"}], "text"]),
    }
    odd = {
        "n": [2**31, 1.5, "x", None], "big": [-1, 2**64, "", None], "tiny": [128, "1", None], "at": ["yesterday", 5.5, None],
        "seen": [0, 2**31, "1"], "day": ["2024-02-30", "", None], "name": ["y" * 41, 5, None], "word": [None, "z" * 41],
        "code": ["trail ", "toolong99", 7, None], "token": ["0011", 7, None], "raw": ["0", "00112233445566", None],
        "level": ["Info", "", None], "tags": ["b,a", "a,", "d", ",", None], "price": [1.234, 10**6, "x", None],
        "uid": ["00112233445566778899aabbccddeeff", None],
        "ratio": ["1", None], "flag": [2, "true", None], "note": ["n" * 61, 3], "more": [],
    }  # fmt: skip
    for name in chance.sample(sorted(odd), chance.choice([0, 0, 0, 0, 1])):
        if chance.random() < 0.3 or not odd[name]:
            del good[name]
        else:
            good[name] = chance.choice(odd[name])
    return dumped(good)


def records(seed, count=RECORDS, domain=None):
    chance = random.Random(seed)
    return [record(chance, domain or count // 2) for _ in range(count)]


class KeysTest(MappingCase):
    def fresh(self):
        self.database.sql("DROP TABLE IF EXISTS keyed")
        self.database.create_table()

    def ways(self, name):
        for order in ("file", "key"):
            for mode in ("skip", "replace"):
                if name == "no key" and (order, mode) != ("file", "skip"):
                    continue
                if name in INEXACT and order == "key":
                    continue
                if not support.IS_LONG and name not in INEXACT and (order == "key") != (mode == "replace"):
                    continue
                yield order, mode

    def flags(self, name, path, order, mode):
        words = ["--mapping", path, "--connections", 3, "--range-size", RANGE_SIZE]
        return words if name == "no key" else [*words, "--order", order, "--on-duplicate", mode]

    def test_rows_are_duplicates_where_the_server_calls_their_keys_equal(self):
        for seed, (name, key) in enumerate(KEYS.items()):
            path, mapping = self.mapping(mapping_of(key))
            lines = records(seed)
            log = self.lines_file(lines)
            for order, mode in self.ways(name):
                with self.subTest(key=name, order=order, mode=mode):
                    self.fresh()
                    self.apply(path)
                    run = self.load(log, *self.flags(name, path, order, mode))
                    self.assert_loaded_by(mapping, run, lines, mode)
                    self.assertEqual("One connection writes in file order" in run.stderr, name in INEXACT, run.stderr)

    def test_a_load_that_was_killed_ends_as_an_undisturbed_one(self):
        chance = random.Random(17)
        self.partial_kills = 0
        for seed, (name, key) in enumerate(KEYS.items()):
            path, mapping = self.mapping(mapping_of(key))
            lines = records(100 + seed)
            log = self.lines_file(lines)
            for order, mode in self.ways(name):
                if not support.IS_LONG and chance.random() < 0.5:
                    continue
                with self.subTest(key=name, order=order, mode=mode):
                    self.fresh()
                    self.apply(path)
                    words = self.flags(name, path, order, mode)
                    for _ in range(KILLS):
                        self.kill_in_its_midst(self.loader(log, *words), chance.randrange(1, 6))
                    self.assert_loaded_by(mapping, self.load(log, *words), lines, mode)
        self.assertGreater(self.partial_kills, 3)

    def kill_in_its_midst(self, loader, wanted):
        """After it has committed so many ranges, unless it has ended."""
        while loader.process.poll() is None and self.committed_ranges() < wanted:
            pass
        loader.kill()
        self.partial_kills += self.database.sql("SELECT state FROM chatload_loads") == [["running"]]

    def test_the_server_itself_finds_as_many_different_keys(self):
        for seed, (name, key) in enumerate(KEYS.items()):
            if not key:
                continue
            with self.subTest(key=name):
                self.fresh()
                self.database.sql("DROP TABLE IF EXISTS free")
                keyed, _ = self.mapping(mapping_of(key))
                free, _ = self.mapping(mapping_of([], "free"), "free.toml")
                self.apply(keyed)
                self.apply(free)
                columns = ", ".join(key)
                # The key's texts have a collation of their own, which decides what is equal.
                for text in set(key) & {"name"}:
                    self.database.sql(
                        f"ALTER TABLE free MODIFY {text} VARCHAR(40) CHARACTER SET utf8mb4 COLLATE"
                        f" {'utf8mb4_nopad_bin' if IS_MARIADB else 'utf8mb4_0900_bin'} NOT NULL"
                    )
                log = self.lines_file(records(200 + seed, 500, domain=12))
                run = self.load(log, "--mapping", keyed, "--connections", 3, "--range-size", RANGE_SIZE)
                self.load(log, "--mapping", free)
                groups = self.database.sql(f"SELECT COUNT(*) FROM (SELECT 1 FROM free GROUP BY {columns}) AS g")
                self.assertEqual(str(run.summary["inserted"]), groups[0][0])
                self.assertGreater(run.summary["duplicate"], 0)


class SurrogateTest(MappingCase):
    """The server makes the primary key, and another unique key tells which records are equal."""

    def surrogate(self, counter="INT UNSIGNED", key=("name", "day")):
        path, mapping = self.mapping(mapping_of(list(key)))
        self.apply(path)
        self.database.sql(
            f"ALTER TABLE keyed DROP PRIMARY KEY, ADD UNIQUE KEY by_name ({', '.join(key)}),"
            f" ADD COLUMN row_id {counter} NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST"
        )
        return path, mapping

    def test_the_other_unique_key_serves(self):
        for order, mode in (("file", "skip"), ("file", "replace"), ("key", "skip"), ("key", "replace")):
            with self.subTest(order=order, mode=mode):
                self.database.sql("DROP TABLE IF EXISTS keyed")
                self.database.create_table()
                path, mapping = self.surrogate()
                lines = records(31)
                words = ("--mapping", path, "--on-duplicate", mode, "--order", order, "--connections", 3)
                run = self.load(self.lines_file(lines), *words, "--range-size", RANGE_SIZE)
                self.assert_loaded_by(mapping, run, lines, mode)

    def test_rows_go_on_in_file_order_unless_key_order_is_asked_for(self):
        path, _ = self.surrogate()
        run = self.load(self.lines_file(records(32, 100)), "--mapping", path)
        self.assertIn("loads in file order, because the server itself makes the primary key", run.stderr)

    def test_no_row_is_lost_where_the_servers_numbers_end(self):
        path, mapping = self.surrogate(counter="TINYINT")
        lines = [dumped({**GOOD, "name": f"{number}"}) for number in range(200)]
        run = self.load(self.lines_file(lines), "--mapping", path, "--range-size", "64K")
        self.assert_refused(run, 3, "`row_id`", "TINYINT", "127", "larger type")
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM keyed"), [["0"]])
        self.database.sql("ALTER TABLE keyed MODIFY row_id INT NOT NULL AUTO_INCREMENT")
        run = self.load(self.lines_file(lines), "--mapping", path, "--range-size", "64K")
        self.assert_loaded_by(mapping, run, lines, "skip")

    def test_a_table_whose_numbers_have_ended_is_refused_at_once(self):
        path, _ = self.surrogate(counter="TINYINT")
        self.database.sql(
            "INSERT INTO keyed SET row_id = 127, n=1, big=1, tiny=1, at='2024-01-01', seen='2024-01-01', day='2024-01-01',"
            " name='', padded='', loose='', code='', token=REPEAT('a', 16), raw='', level='info', tags='', price=1, ratio=1,"
            " flag=1" + (", uid='00112233-4455-6677-8899-aabbccddeeff'" if IS_MARIADB else "")
        )
        run = self.load(self.lines_file(records(33, 10)), "--mapping", path)
        self.assert_refused(run, 3, "`row_id`", "127")

    def test_a_number_that_is_taken_makes_no_record_a_duplicate(self):
        path, _ = self.surrogate()
        self.database.sql("CREATE TRIGGER taken BEFORE INSERT ON keyed FOR EACH ROW SET NEW.row_id = 1")
        for mode in ("skip", "replace"):
            with self.subTest(mode=mode):
                lines = [dumped({**GOOD, "name": f"{mode}{number}"}) for number in range(2)]
                run = self.load(self.lines_file(lines, f"{mode}.json.gz"), "--mapping", path, "--on-duplicate", mode)
                self.assert_refused(run, 3, "20201129")
                self.assertEqual(self.database.sql("SELECT COUNT(*) FROM keyed"), [["0"]])

    def test_two_unique_keys_are_written_in_file_order(self):
        path, mapping = self.surrogate()
        self.database.sql("ALTER TABLE keyed ADD UNIQUE KEY another (row_id, n)")
        lines = records(34, 500)
        run = self.load(self.lines_file(lines), "--mapping", path, "--connections", 3)
        self.assertIn("`keyed` has another unique key", run.stderr)
        self.assert_loaded_by(mapping, run, lines, "skip")

    def test_a_key_that_is_not_there_is_said(self):
        path, _ = self.surrogate(key=("name", "code"))
        other, _ = self.mapping(mapping_of(["name", "day"]), "other.toml")
        run = self.load(self.lines_file(records(35, 10)), "--mapping", other)
        self.assert_refused(run, 3, "it has no unique key of just `name`, `day`")


class PartitionTest(MappingCase):
    def test_a_partitioned_table_is_loaded_by_its_composite_key(self):
        path, mapping = self.mapping(mapping_of(["n", "day"]))
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.sql("DROP TABLE IF EXISTS keyed")
                self.database.create_table()
                self.apply(path)
                self.database.sql(
                    "ALTER TABLE keyed PARTITION BY RANGE COLUMNS(day) (PARTITION p1 VALUES LESS THAN ('2024-07-01'),"
                    " PARTITION p2 VALUES LESS THAN (MAXVALUE))"
                )
                lines = records(41)
                run = self.load(self.lines_file(lines), "--mapping", path, "--order", order, "--range-size", "64K")
                self.assert_loaded_by(mapping, run, lines, "skip")

    def test_the_tables_order_of_the_keys_columns_is_taken(self):
        path, mapping = self.mapping(mapping_of(["n", "day"]))
        self.apply(path)
        self.database.sql("ALTER TABLE keyed DROP PRIMARY KEY, ADD PRIMARY KEY (day, n)")
        lines = records(42)
        run = self.load(self.lines_file(lines), "--mapping", path, "--order", "key", "--range-size", "64K")
        self.assert_loaded_by(mapping, run, lines, "skip")


class TriggerTest(MappingCase):
    def test_duplicates_fire_no_trigger(self):
        path, mapping = self.mapping(mapping_of(["n", "day"]))
        self.apply(path)
        self.database.sql("CREATE TABLE fired (n INT)")
        self.database.sql("CREATE TRIGGER fires AFTER UPDATE ON keyed FOR EACH ROW INSERT INTO fired VALUES (NEW.n)")
        lines = records(51, 1_000)
        run = self.load(self.lines_file(lines), "--mapping", path)
        self.assert_loaded_by(mapping, run, lines, "skip")
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM fired"), [["0"]])


GOOD = {
    "n": 1, "big": 1, "tiny": 1, "at": "2024-05-01T00:00:00Z", "seen": 1714521600, "day": "2024-05-01", "name": "", "word": "",
    "code": "c", "token": "00112233-4455-6677-8899-aabbccddeeff", "raw": "", "level": "info", "tags": "", "price": 1,
    "ratio": 1, "flag": True, "uid": "00112233-4455-6677-8899-aabbccddeeff",
}  # fmt: skip


class WithoutKeyTest(MappingCase):
    def setUp(self):
        super().setUp()
        self.path, self.no_key = self.mapping(mapping_of([]))
        self.apply(self.path)
        self.lines = [dumped({**GOOD, "n": number % 50}) for number in range(500)]
        self.log = self.lines_file(self.lines)

    def load_log(self, *words, log=None, **options):
        return self.load(log or self.log, "--mapping", self.path, *words, **options)

    def count(self):
        return int(self.database.sql("SELECT COUNT(*) FROM keyed")[0][0])

    def test_each_record_is_a_row_once(self):
        self.assert_loaded_by(self.no_key, self.load_log(), self.lines, "skip")
        again = self.load_log()
        self.assertEqual((again.exit_code, again.summary["this_run"]["lines"]), (0, 0), again.stderr)
        self.assertEqual(self.count(), 500)

    def test_what_needs_a_key_is_refused(self):
        for words in (("--on-duplicate", "skip"), ("--on-duplicate", "replace"), ("--order", "key")):
            with self.subTest(words=words):
                self.assert_refused(self.load_log(*words), 64, "no primary_key", words[0])

    def test_nothing_is_loaded_again_unless_doubles_are_meant(self):
        self.load_log()
        for flag in ("--reload", "--restart"):
            self.assert_refused(self.load_log(flag), 64, flag, "--allow-doubles")
        self.assertEqual(self.load_log("--reload", "--allow-doubles").exit_code, 0)
        self.assertEqual(self.count(), 1_000)

    def test_a_load_without_a_key_is_not_forgotten_by_accident(self):
        self.load_log()
        forget = lambda *words: support.run_chatload("loads", "forget", "1", "--to", self.database.url, *words)
        refused = forget()
        self.assertEqual(refused.exit_code, 3)
        self.assertIn("--allow-doubles", refused.stderr)
        self.assertEqual(self.load_log().summary["this_run"]["lines"], 0)
        self.assertEqual(forget("--allow-doubles").exit_code, 0)

    def test_doubles_are_no_matter_of_a_mapping_with_a_key(self):
        path, _ = self.mapping(mapping_of(["n"]), "keyed.toml")
        self.assert_refused(self.load(self.log, "--mapping", path, "--allow-doubles"), 64, "--allow-doubles")

    def test_standard_input_needs_a_name(self):
        self.assert_refused(self.load_log(log="-"), 64, "--source-id")
        with open(self.log, "rb") as log:
            self.assertEqual(self.load_log("--source-id", "night", log="-", stdin=log).exit_code, 0)
        self.assertEqual(self.count(), 500)

    def stop_in_its_midst(self):
        """Some ranges are committed, and bad lines have ended the load far in front of the last one."""
        self.lines = self.lines * 40
        self.lines[400:400] = ["{"] * 6
        self.log = self.lines_file(self.lines)
        run = self.load_log("--max-rejects", 5, "--range-size", "64K", "--connections", 1)
        self.assertEqual(run.exit_code, 2, run.stderr)

    def test_a_file_that_has_grown_goes_on_where_it_was(self):
        self.stop_in_its_midst()
        self.lines += [dumped({**GOOD, "n": 7})] * 20
        self.lines_file(self.lines)
        run = self.load_log("--max-rejects", "100%")
        self.assert_loaded_by(self.no_key, run, self.lines, "skip")

    def test_a_file_that_was_read_and_has_grown_is_refused(self):
        log = self.write("plain.json", "".join(line + "\n" for line in self.lines))
        self.assertEqual(self.load_log(log=log).exit_code, 0)
        self.write("plain.json", "".join(line + "\n" for line in self.lines + self.lines[:3]))
        self.assert_refused(self.load_log(log=log), 3, "when it was shorter", "--allow-doubles")
        self.assertEqual(self.count(), 500)

    def test_another_night_of_the_same_name_is_loaded(self):
        log = self.write("plain.json", "".join(line + "\n" for line in self.lines))
        self.load_log(log=log)
        self.write("plain.json", "".join(line + "\n" for line in reversed(self.lines + [dumped({**GOOD, "n": 99})])))
        self.assertEqual(self.load_log(log=log).exit_code, 0)
        self.assertEqual(self.count(), 1_001)

    def test_a_part_that_was_let_go_of_is_not_loaded_again_under_another_name(self):
        self.stop_in_its_midst()
        done = support.run_chatload("loads", "release", "1", "--to", self.database.url)
        self.assertEqual(done.exit_code, 0, done.stderr)
        copy = self.folder / "copy.json.gz"
        copy.write_bytes(self.log.read_bytes())
        self.assert_refused(self.load_log("--max-rejects", "100%", log=copy), 3, "--allow-doubles")

    def test_another_file_of_the_name_of_one_that_is_half_loaded_is_refused(self):
        self.stop_in_its_midst()
        self.lines_file([dumped({**GOOD, "n": 8})] * 300)
        before = self.count()
        self.assertGreater(before, 0)
        self.assert_refused(self.load_log(), 3, "without a primary_key", "--allow-doubles")
        self.assertEqual(self.count(), before)
        self.assertEqual(self.load_log("--allow-doubles").exit_code, 0)
        self.assertEqual(self.count(), before + 300)

    def test_a_table_that_was_altered_is_whole_if_it_has_enough_rows(self):
        self.stop_in_its_midst()
        self.database.sql("ALTER TABLE keyed ADD INDEX by_n (n)", )
        self.database.sql("UPDATE chatload_loads SET started_at = started_at - INTERVAL 1 HOUR")
        run = self.load_log("--max-rejects", "100%")
        self.assert_loaded_by(self.no_key, run, self.lines, "skip")

    def test_a_table_that_has_lost_rows_is_noticed(self):
        self.stop_in_its_midst()
        self.database.sql("DELETE FROM keyed WHERE n = 7")
        self.database.sql("ALTER TABLE keyed ADD INDEX by_n (n)")
        self.database.sql("UPDATE chatload_loads SET started_at = started_at - INTERVAL 1 HOUR")
        self.assert_refused(self.load_log("--max-rejects", "100%"), 3, "--restart --allow-doubles")

    def test_a_unique_key_is_refused_because_it_would_refuse_rows(self):
        self.database.sql("ALTER TABLE keyed ADD UNIQUE KEY only_n (n)")
        self.assert_refused(self.load_log(), 3, "`only_n`", "primary_key names no column")

    def test_the_server_may_make_a_primary_key(self):
        self.database.sql("ALTER TABLE keyed ADD COLUMN row_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY")
        self.assert_loaded_by(self.no_key, self.load_log(), self.lines, "skip")


if __name__ == "__main__":
    unittest.main()
