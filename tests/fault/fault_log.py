"""The chat log of the fault tests, made from a seed: write_log("log.json.gz", lines=3_750, seed=1).

It has what a crash could get wrong: ids that come again with another text (in the same range, the next, far off), lines
that the server refuses (the first of an id, the last, the only one, and a stretch of every second line), malformed,
filtered and blank lines, and gzip members that end anywhere. PROTECT_SQL makes a table refuse; `refuses` is the
oracle's idea of it.
"""

import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

REPEATED_SHARE = 0.05
LINES_PER_RANGE = 300 if support.IS_LONG else 75  # as harness.py has them, about
REFUSED_WORD = "refuse"
CONSTRAINT = "takes_anything_else"
PROTECT_SQL = f"ALTER TABLE chat_messages ADD CONSTRAINT {CONSTRAINT} CHECK (`data` NOT LIKE '%{REFUSED_WORD}%')"
WORDS = ("order", "thanks", "hello", "délivré", "待って", "\U0001f600", "it's", 'say "no"', "back\\slash", "tab\there")
MALFORMED = (
    "{",
    "not json\r",
    '"no UTF-8: \udcff"',  # a byte that stands alone, as encode(errors="surrogateescape") writes it
    "[1,2]",
    '{"type":"message"}',
    '{"id":"x","type":"message","from":null,"site_id":"1","timestamp":1,"data":{"message":"m"}}',
    '{"id":"","type":"message","from":"v","site_id":"1","timestamp":1,"data":{"message":"m"}}',
    '{"id":"x","type":"message","from":"v","site_id":"1","timestamp":-1,"data":{"message":"m"}}',
    '{"id":"x","type":"message","from":"v","site_id":"1","timestamp":1,"data":{"message":"%s"}}' % ("long" * 64),
)


def refuses(row):
    """Which constraint refuses the row, for oracle.apply; what each server says then is refusal_detail's."""
    return CONSTRAINT if REFUSED_WORD in row[4] else None


def refusal_detail(kind, database):
    if kind == "mysql":
        return f"SQLSTATE HY000: Check constraint '{CONSTRAINT}' is violated."
    return f"SQLSTATE 23000: CONSTRAINT `{CONSTRAINT}` failed for `{database}`.`chat_messages`"


def distance_back(dice, number):
    """How many lines before line `number` the id stands that it repeats: same range, next one, anywhere."""
    ranges = dice.choice(((1, 40), (LINES_PER_RANGE // 2, 2 * LINES_PER_RANGE), (1, number)))
    return min(dice.randint(*ranges), number)


def ids_of(dice, lines):
    ids = []
    for number in range(lines):
        if number > 0 and dice.random() < REPEATED_SHARE:
            ids.append(ids[number - distance_back(dice, number)])
        else:
            ids.append(f"{dice.getrandbits(64):016x}-{number}")
    return ids


def refused_numbers(dice, ids, refusals):
    """A quarter of the repeated ids lose their first line, a quarter their last; one in a hundred of the others. All
    that, and the length of the stretch, times `refusals`."""
    first, last = {}, {}
    for number, key in enumerate(ids):
        first.setdefault(key, number)
        last[key] = number
    stretch_begin = len(ids) * 2 // 5
    refused = set(range(stretch_begin, stretch_begin + int(2 * LINES_PER_RANGE * refusals), 2))
    for key in first:
        share = refusals * (0.25 if first[key] != last[key] else 0.01)
        refused.update(number for number in (first[key], last[key]) if dice.random() < share)
    return refused


def line_of(dice, number, key, is_refused):
    chance = dice.random()
    if chance < 0.02:
        return dice.choice(MALFORMED)
    if chance < 0.03:
        return dice.choice(("", " \t"))
    kind = "typing" if chance < 0.05 else "status" if chance < 0.15 else "message"
    words = [dice.choice(WORDS) for _ in range(dice.randint(3, 12))] + [REFUSED_WORD] * is_refused
    data = {"status" if kind == "status" else "message": f"{number} {' '.join(words)}"}
    sender, site = f"visitor{dice.randint(1, 500)}", dice.choice(("3", 17, "shop"))
    line = {"id": key, "type": kind, "from": sender, "site_id": site, "timestamp": 1479816000 + number, "data": data}
    return json.dumps(line, ensure_ascii=dice.random() < 0.5)


def write_log(path, lines, seed, refusals=1.0, members=5):
    dice = random.Random(seed)
    ids = ids_of(dice, lines)
    refused = refused_numbers(dice, ids, refusals)
    lines = (line_of(dice, n, key, n in refused) + "\n" for n, key in enumerate(ids))
    content = "".join(lines).encode(errors="surrogateescape")
    cuts = sorted(dice.randrange(len(content)) for _ in range(members - 1))
    return support.write_gzip(path, *(content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)])), b"")
