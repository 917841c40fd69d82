"""Values that are looked up in a CSV, in JSON, or by a query: as a join in SQL would have them."""

import gzip
import json
import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import mapping_oracle
import proxy
import support
from mapping_case import MappingCase

TOML = """
table = "visits"
primary_key = ["id"]

[[column]]
name = "id"
sql = "INT NOT NULL"

[[column]]
name = "region"
sql = "VARCHAR(60)"
path = "$.where.code"
lookup = "regions.name"
null_if = "-"

[[column]]
name = "wage"
sql = "DECIMAL(8,2)"
path = "$.where.code"
lookup = "regions.wage"

[[column]]
name = "opened"
sql = "DATE"
path = "$.where.code"
lookup = "regions.opened"

[[column]]
name = "is_open"
sql = "BOOLEAN"
path = "$.site"
lookup = "sites.open"

[[column]]
name = "site"
sql = "VARCHAR(20) NOT NULL DEFAULT 'none'"
lookup = "sites.title"

[[lookup]]
name = "regions"
file = "regions.csv"
key = "code"
missing = "{missing}"

[[lookup]]
name = "sites"
{sites}
key = "id"

[[only]]
column = "wage"
at_least = 0
"""
MANY_PARTS = """
table = "visits"
primary_key = ["id"]

[[column]]
name = "id"
sql = "INT NOT NULL"

[[column]]
name = "region"
sql = "VARCHAR(120) NOT NULL"
path = "$.id"
lookup = "regions.name"

[[column]]
name = "site"
sql = "VARCHAR(20) NOT NULL"

[[lookup]]
name = "regions"
file = "regions.csv"
key = "code"
"""
CSV = 'wage,code,"name",opened,other\n1.50,a,"North, ""n""\nüm",2024-02-29,x\n,b,South,,\n-2,c,,2020-01-01,y\r\n10000.25,7,7,1999-12-31,\n'
SITES = [{"id": 1, "title": "One", "open": True}, {"id": "two", "title": "Two \"q\"", "open": False, "more": []}, {"id": 3, "title": "3", "open": None}]
SMALL_RANGES = ("--range-size", "8K")


def visit_lines(seed, count=2_000):
    chance = random.Random(seed)
    for number in range(count):
        record = {"id": chance.randrange(count), "where": {"code": chance.choice(["a", "b", "c", 7, "7"] * 4 + ["-", "nowhere", None, 7.5])}}
        record["site"] = chance.choice([1, "1", "two", 3] * 5 + ["four", True])
        if chance.random() < 0.05:
            del record[chance.choice(["site", "where"])]
        yield json.dumps(record)


class LookupsTest(MappingCase):
    def setUp(self):
        super().setUp()
        self.write("regions.csv", CSV)

    def write_sites(self, how):
        if how == "query":
            self.database.sql("DROP TABLE IF EXISTS sites")
            self.database.sql("CREATE TABLE sites (id VARCHAR(9), title VARCHAR(20), open BOOLEAN)")
            for site in SITES:
                is_open = "NULL" if site["open"] is None else int(site["open"])
                self.database.sql(f"INSERT INTO sites VALUES ('{site['id']}', '{site['title']}', {is_open})")
            return 'query = "SELECT * FROM sites;"'
        text = json.dumps(SITES, indent=1) if how == "array" else "".join(json.dumps(site) + "\n" for site in SITES)
        self.write("sites.json", text)
        return 'file = "sites.json"'

    def toml(self, missing="reject", sites="array"):
        return TOML.replace("{missing}", missing).replace("{sites}", self.write_sites(sites))

    def lookup_mapping(self, toml):
        rows = [{**site, "open": None if site["open"] is None else str(int(site["open"]))} for site in SITES]
        return self.write("mapping.toml", toml), mapping_oracle.Mapping(toml, self.folder, {"sites": rows})

    def test_rows_have_what_was_looked_up(self):
        for seed, (missing, sites) in enumerate((("reject", "array"), ("null", "lines"), ("filter", "query"))):
            for order in ("file", "key"):
                with self.subTest(missing=missing, sites=sites, order=order):
                    self.database.sql("DROP TABLE IF EXISTS visits")
                    self.database.create_table()
                    path, mapping = self.lookup_mapping(self.toml(missing, sites).replace("at_least = 0", "is_null = false") if missing == "null" else self.toml(missing, sites))
                    self.apply(path)
                    lines = list(visit_lines(seed))
                    run = self.load(self.lines_file(lines), "--mapping", path, "--order", order, "--connections", 3, *SMALL_RANGES)
                    self.assert_loaded_by(mapping, run, lines, "skip")

    def test_check_says_the_same_and_asks_its_server_for_queries(self):
        path, mapping = self.lookup_mapping(self.toml("reject", "query"))
        self.apply(path)
        log = self.lines_file(list(visit_lines(9)))
        counts = mapping_oracle.load(mapping, list(visit_lines(9)))[1]
        run = support.run_chatload("check", log, "--mapping", path, "--limits-from", self.database.url)
        self.assertEqual(run.summary["rejected"], counts["rejected"], run.stderr)
        refused = support.run_chatload("check", log, "--mapping", path)
        self.assert_refused(refused, 64, "The lookup 'sites' is a query", "--limits-from")

    def test_reference_data_may_be_gzipped(self):
        (self.folder / "regions.csv.gz").write_bytes(gzip.compress(CSV.encode()))
        path, mapping = self.lookup_mapping(self.toml())
        path.write_text(path.read_text().replace("regions.csv", "regions.csv.gz"))
        self.apply(path)
        lines = list(visit_lines(3))
        self.assert_loaded_by(mapping, self.load(self.lines_file(lines), "--mapping", path), lines, "skip")

    def begin(self, words, log):
        self.assertEqual(self.load(log, *words, "--max-rejects", 20).exit_code, 2)

    def begin_in_key_order(self, words, log):
        with proxy.Proxy(self.server.socket) as server:
            server.at("^UPDATE .?chatload_fences", nth=4, before=proxy.Link.cut)
            run = self.load(log, *words, "--max-rejects", "100%", "--retry-for", "0s", to=server.url(self.database.name))
        self.assertEqual((run.exit_code, "continues with" in run.stderr), (3, False), run.stderr)

    def kept(self):
        return self.database.sql("SELECT digest, COUNT(*) FROM chatload_references GROUP BY digest ORDER BY digest")

    def test_a_load_goes_on_with_the_reference_data_that_it_began_with(self):
        changed = CSV.replace("South", "SOUTH").replace("\nc,", "\nnowhere,")
        for seed, sites, order in ((5, "array", "file"), (6, "query", "key"), (7, "query", "file")):
            with self.subTest(sites=sites, order=order):
                self.database.sql("DROP TABLE IF EXISTS visits")
                self.database.create_table()
                self.write("regions.csv", CSV)
                path, mapping = self.lookup_mapping(self.toml("reject", sites))
                self.apply(path)
                lines = list(visit_lines(seed))
                log = self.lines_file(lines)
                words = ("--mapping", path, "--order", order, *SMALL_RANGES)
                (self.begin_in_key_order if order == "key" else self.begin)(words, log)
                self.write("regions.csv", changed)
                if sites == "query":
                    self.database.sql("UPDATE sites SET title = 'other', open = NOT open; DELETE FROM sites WHERE id = 'two'")
                run = self.load(log, *words, "--max-rejects", "100%")
                changed_now = re.findall(r"the data of the lookup '(\w+)' has changed; load \d+ continues with what it began with", run.stderr)
                self.assertEqual(changed_now, ["regions", "sites"] if sites == "query" else ["regions"], run.stderr)
                self.assert_loaded_by(mapping, run, lines, "skip")
                more = list(visit_lines(seed + 20))
                self.database.sql("DELETE FROM visits")
                run = self.load(self.lines_file(more), *words)
                self.assertNotIn("began with", run.stderr)
                self.assertEqual(self.database.sql("SELECT COUNT(*) FROM visits WHERE region = 'South'"), [["0"]])

    def test_reference_data_is_kept_once_however_many_loads_begin_with_it(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        for seed in (1, 2):
            self.load(self.lines_file(list(visit_lines(seed))), "--mapping", path)
        self.assertEqual([count for _, count in self.kept()], ["1", "1"])
        whole = self.database.sql("SELECT digest, UNCOMPRESS(text) FROM chatload_references ORDER BY digest")
        self.database.sql("UPDATE chatload_references SET text = COMPRESS('1:a')")
        self.load(self.lines_file(list(visit_lines(3))), "--mapping", path)
        self.assertEqual(self.database.sql("SELECT digest, UNCOMPRESS(text) FROM chatload_references ORDER BY digest"), whole)

    def test_data_of_then_and_of_now_that_take_too_much_memory_together_are_refused(self):
        rows = "".join(f"{number},{number:0100d}\n" for number in range(200_000))
        self.write("regions.csv", f"code,name\n{rows}")
        path, log = self.write("mapping.toml", MANY_PARTS), self.lines_file(list(visit_lines(8)))
        self.apply(path)
        words = ("--mapping", path, "--order", "file", "--threads", 1, "--connections", 1, *SMALL_RANGES)
        self.begin((*words, "--memory", "400M"), log)
        self.write("regions.csv", f"code,name\n{rows}x,y\n")
        refused = self.load(log, *words, "--memory", "160M")
        self.assert_refused(refused, 64, "the recorded and the current data of the lookup 'regions'", "more than half of --memory")
        self.assertIn(self.load(log, *words, "--memory", "400M", "--max-rejects", "100%").exit_code, (0, 1))

    def test_reference_data_of_many_parts_is_kept_and_read_again(self):
        rows = [f'{number},{number:040d}{"é" * 60},2020-01-01\n' for number in range(4_000)]
        self.write("regions.csv", "code,name,opened\n" + "".join(rows))
        path = self.write("mapping.toml", MANY_PARTS)
        log = self.lines_file(list(visit_lines(8)))
        self.apply(path)
        words = ("--mapping", path, "--order", "file", *SMALL_RANGES)
        self.begin(words, log)
        self.assertEqual([count for _, count in self.kept()], ["3"])
        self.write("regions.csv", "code,name,opened\n" + "".join(rows[:2_000]))
        run = self.load(log, *words, "--max-rejects", "100%")
        self.assertIn("continues with what it began with", run.stderr)
        names = self.database.sql("SELECT COUNT(*) FROM visits WHERE region LIKE CONCAT(LPAD(id, 40, '0'), '%')")
        self.assertEqual(names, self.database.sql("SELECT COUNT(*) FROM visits"))

    def test_kept_data_that_is_damaged_is_not_used(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        log = self.lines_file(list(visit_lines(4)))
        words = ("--mapping", path, "--order", "file", *SMALL_RANGES)
        self.begin(words, log)
        self.write("regions.csv", CSV.replace("South", "SOUTH"))
        for damage in ("UNCOMPRESS(text)", "COMPRESS('1:a')", "COMPRESS(REPLACE(UNCOMPRESS(text), 'South', 'Youth'))",
                       "COMPRESS(REPLACE(UNCOMPRESS(text), 'South', 'Sou\\xFFh'))", "COMPRESS(REPLACE(UNCOMPRESS(text), '1:b', '1:a'))"):  # fmt: skip
            with self.subTest(damage):
                self.database.sql("CREATE TABLE saved SELECT * FROM chatload_references")
                self.database.sql(f"UPDATE chatload_references SET text = {damage}")
                self.assert_refused(self.load(log, *words), 3, "the data of its lookup 'regions'", "is not what was kept", "--restart")
                self.database.sql("DELETE FROM chatload_references; INSERT INTO chatload_references SELECT * FROM saved; DROP TABLE saved")
        self.assertIn(self.load(log, *words, "--max-rejects", "100%").exit_code, (0, 1))

    def test_another_mapping_is_what_is_said_where_the_data_has_changed_too(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        log = self.lines_file(list(visit_lines(4)))
        words = ("--mapping", path, "--order", "file", *SMALL_RANGES)
        self.begin(words, log)
        self.write("regions.csv", CSV.replace("South", "SOUTH"))
        opened = re.search(r'\[\[column\]\]\nname = "opened"\n(.+\n)+', path.read_text())[0]
        self.write("mapping.toml", path.read_text().replace(opened, ""))
        self.assert_refused(self.load(log, *words), 3, "--mapping says now:", "--restart")

    def test_kept_data_goes_a_day_after_the_last_load_that_needs_it(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        self.load(self.lines_file(list(visit_lines(1))), "--mapping", path)
        self.write("regions.csv", CSV.replace("South", "SOUTH"))
        log = self.lines_file(list(visit_lines(4)))
        words = ("--mapping", path, "--order", "file", *SMALL_RANGES)
        self.begin(words, log)
        self.assertEqual(len(self.kept()), 3)
        forget = ("loads", "forget", "1", "--to", self.database.url)
        self.assertEqual(support.run_chatload(*forget).exit_code, 0)
        self.assertEqual(len(self.kept()), 3)  # for a load that may be about to begin
        self.database.sql("UPDATE chatload_references SET used_at = used_at - INTERVAL 2 DAY")
        self.write("regions.csv", CSV.replace("South", "south"))
        self.load(self.lines_file(list(visit_lines(2)), "other.json.gz"), "--mapping", path)
        self.assertEqual(len(self.kept()), 3)  # the first is gone, and there is a new one
        self.assertIn("continues with what it began with", self.load(log, *words, "--max-rejects", "100%").stderr)
        self.database.sql("UPDATE chatload_references SET used_at = used_at - INTERVAL 2 DAY")
        self.assertEqual(support.run_chatload("loads", "forget", "2", "--to", self.database.url).exit_code, 0)
        self.assertEqual(self.kept(), [])
        self.database.sql("DROP TABLE chatload_references")
        self.assertEqual(support.run_chatload("loads", "forget", "3", "--to", self.database.url).exit_code, 0)

    def test_a_load_goes_on_with_the_same_reference_data_only(self):
        path, mapping = self.lookup_mapping(self.toml())
        self.apply(path)
        lines = list(visit_lines(4))
        log = self.lines_file(lines)
        words = ("--mapping", path, "--order", "file", "--lookup-store", "0", *SMALL_RANGES)
        self.assertEqual(self.load(log, *words, "--max-rejects", 20).exit_code, 2)
        self.write("regions.csv", CSV.replace("South", "SOUTH"))
        self.assert_refused(self.load(log, *words, "--max-rejects", "100%"), 3, 'lookup "regions"', "is not what it was", "--restart")
        head, *rows = CSV.splitlines(keepends=True)
        self.write("regions.csv", head + "".join([*rows[3:], *rows[2:3], *rows[:2]]))  # in another order
        self.assert_loaded_by(mapping, self.load(log, *words, "--max-rejects", "100%"), lines, "skip")
        self.write("regions.csv", CSV.replace("South", "SOUTH"))  # which is no matter once a file is done
        again = self.load(log, *words, "--max-rejects", "100%")
        self.assertEqual((again.exit_code, again.summary["this_run"]["lines"]), (1, 0), again.stderr)

    def test_what_is_wrong_with_reference_data_is_said_with_its_place(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        log = self.lines_file(["{}"])
        for text, *words in (
            ("code,name\n", "line 1", "no field `wage`"),
            ("\n", "line 1", "the names of the fields are missing"),
            ("", "is empty"),
            (CSV + "1,a,,,\n", "line 7", "the key 'a' is there twice, first in line 2"),
            (CSV + "1,d\n", "line 7", "there are 2 fields, where the first line has 5"),
            (CSV + "much,d,,,\n", "line 7", "'much' does not fit the column 'wage', which is DECIMAL(8,2)"),
            (CSV + '1,"d,,,\n', "line 7", "a quoted field does not end"),
        ):
            with self.subTest(words):
                self.write("regions.csv", text)
                self.assert_refused(self.load(log, "--mapping", path), 3, "regions.csv", *words)
        (self.folder / "regions.csv").unlink()
        self.assert_refused(self.load(log, "--mapping", path), 3, "regions.csv")
        self.write("regions.csv", CSV)
        self.write("sites.json", '{"id":1,"title":"x"}\n{"title":"y"}\n')
        self.assert_refused(self.load(log, "--mapping", path), 3, "sites.json", "record 2", "missing_field in `id`")

    def test_a_field_that_no_record_has_is_a_mistake_and_one_that_some_have_is_not(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        log = self.lines_file(['{"id":1,"where":{"code":"a"}}'])
        for text in ('{"id":1,"title":"x"}\n{"id":2,"title":"y"}\n', '[{"id":1,"title":"x"}]'):
            self.write("sites.json", text)
            for run in (self.load(log, "--mapping", path), support.run_chatload("check", log, "--mapping", path)):
                self.assert_refused(run, 3, "sites.json: there is no field `open`, in any record")
        for text in ('{"id":1,"title":"x"}\n{"id":2,"title":"y","open":null}\n', "[]"):
            self.write("sites.json", text)
            run = support.run_chatload("check", log, "--mapping", path)
            self.assertEqual(run.exit_code, 0, run.stderr)

    def test_names_of_fields_are_plain_and_paths_begin_with_a_dollar(self):
        toml = self.toml().replace('key = "id"', 'key = "site no."')
        toml = toml.replace("sites.open", "sites.$.in.open").replace("sites.title", "sites.the.title [x]")
        self.write("sites.json", json.dumps([{"site no.": 1, "in": {"open": True}, "the.title [x]": "One"}]))
        path, mapping = self.mapping(toml)
        self.apply(path)
        lines = ['{"id":1,"site":1,"where":{"code":"a"}}', '{"id":2,"site":"One","where":{"code":"a"}}']
        self.assert_loaded_by(mapping, self.load(self.lines_file(lines), "--mapping", path), lines, "skip")
        self.assertEqual(self.database.sql("SELECT is_open, site FROM visits"), [["1", "One"]])
        self.write("mapping.toml", toml.replace('"site no."', '"$.site no."'))
        refused = self.load(self.lines_file(lines, "other.json.gz"), "--mapping", path)
        self.assert_refused(refused, 64, "`$.site no.` of the lookup 'sites'", "a path is like")

    def test_a_query_that_fails_is_the_servers_own_word(self):
        path, _ = self.lookup_mapping(self.toml("reject", "query"))
        self.apply(path)
        log = self.lines_file(["{}"])
        self.database.sql("ALTER TABLE sites DROP COLUMN open")
        self.assert_refused(self.load(log, "--mapping", path), 3, "The query of the lookup 'sites' is refused", "open")
        self.database.sql("DROP TABLE sites")
        self.assert_refused(self.load(log, "--mapping", path), 3, "The query of the lookup 'sites' is refused", ".sites")

    def test_a_query_may_end_in_a_comment(self):
        path, _ = self.lookup_mapping(self.toml("reject", "query").replace("SELECT * FROM sites;", "SELECT * FROM sites -- all"))
        self.apply(path)
        self.assertEqual(self.load(self.lines_file(['{"id":1,"site":1}']), "--mapping", path).exit_code, 0)

    def test_a_column_that_cannot_be_null_in_the_table_rejects_what_has_no_row(self):
        path, _ = self.lookup_mapping(self.toml("null"))
        self.apply(path)
        self.database.sql("ALTER TABLE visits MODIFY region VARCHAR(60) NOT NULL")
        self.load(self.lines_file(['{"id":1,"where":{"code":"nowhere"}}', '{"id":2,"where":{"code":"a"}}']), "--mapping", path)
        self.assert_rejects(1, [(1, "null_field", "region")])

    def test_texts_that_are_not_utf8_are_refused(self):
        path, _ = self.lookup_mapping(self.toml("reject", "query"))
        self.apply(path)
        self.database.sql("ALTER TABLE sites MODIFY title VARBINARY(9)")
        self.database.sql("UPDATE sites SET title = x'ff' WHERE id = '3'")
        self.assert_refused(self.load(self.lines_file(["{}"]), "--mapping", path), 3, "is not UTF-8, in row 3")

    def test_reference_data_that_takes_too_much_memory_is_refused(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        rows = "".join(f"{n},{'x' * 50},1,\n" for n in range(200_000))
        for text in ("code,name,wage,opened\n" + rows, 'code,name,wage,opened\n"' + rows):
            self.write("regions.csv", text)
            run = self.load(self.lines_file(["{}"]), "--mapping", path, "--memory", "48M")
            self.assertIn("regions.csv", run.stderr)
            said = r"half of --memory\. 24 MiB of it were left for this lookup, and its data up to line [\d,]+ takes more\."
            self.assertRegex(run.stderr, "does not end" if '"' in text else said)
            self.assertIn(run.exit_code, (3, 64))

    def test_all_lookups_share_half_of_the_memory(self):
        path, _ = self.lookup_mapping(self.toml())
        self.apply(path)
        self.write("regions.csv", "code,name,wage,opened\n" + "".join(f"{n},{'x' * 50},1,\n" for n in range(110_000)))
        self.write("sites.json", "".join(f'{{"id":{n},"title":"{"y" * 19}","open":true}}\n' for n in range(110_000)))
        refused = self.load(self.lines_file(["{}"]), "--mapping", path, "--memory", "64M")
        self.assert_refused(refused, 64, "sites.json", "half of --memory", "were left for this lookup", "up to record", "join")


if __name__ == "__main__":
    unittest.main()
