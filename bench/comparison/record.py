"""The raw figures in a JSON file, written after every pair, so that nothing is lost when a long run is interrupted.

A part holds the pairs of one work on one server, and the conditions under which they were measured. Measuring goes on
under the same conditions, and begins anew under others; the old pairs stay until the first new one is there.
"""

import json


class Record:
    def __init__(self, path):
        self.path = path
        self.parts = json.loads(path.read_text()) if path.exists() else {}

    def part(self, key, conditions):
        """The part so far: {"conditions", "pairs": [{side: figures}], "once": {side: figures}}."""
        part = self.parts.get(key)
        if part is None or part["conditions"] != conditions:
            return {"conditions": conditions, "pairs": [], "once": {}}
        return part

    def keep(self, key, part, date):
        self.parts[key] = {**part, "date": date}
        partial = self.path.with_name(f"partial-{self.path.name}")
        partial.write_text(json.dumps(self.parts, indent=1))
        partial.rename(self.path)


def key_of(name, kind):
    return f"{name} {kind}" if kind else name
