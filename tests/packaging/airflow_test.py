"""The DAG: what its command makes of exit codes, and what it hands over. Airflow itself is not here."""

import ast
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import recipe

SUMMARY = '{\n  "status": "done",\n  "lines": 7\n}'
RETRIED = (recipe.FAILED, recipe.INTERRUPTED)


class AirflowFailException(Exception):
    """What Airflow takes for a failure that no retry mends."""


def read_dag():
    """What the file defines but for its DAG: constants and functions."""
    tree = ast.parse((recipe.PACKAGING / "airflow/chatload_dag.py").read_text())
    tree.body = [node for node in tree.body if isinstance(node, (ast.Assign, ast.FunctionDef))]
    found = {"AirflowFailException": AirflowFailException, "json": json}
    exec(compile(tree, "chatload_dag.py", "exec"), found)
    return found


class AirflowTest(recipe.RecipeCase):
    def setUp(self):
        super().setUp()
        dag = read_dag()
        self.command, self.judge = dag["LOAD"], dag["judge"]

    def run_load(self, code, summary=SUMMARY):
        # BashOperator runs bash.
        return self.run_shell(self.here(self.command), "bash", STUB_EXIT=str(code), STUB_SUMMARY=summary)

    def test_only_what_may_pass_is_tried_again(self):
        for code in recipe.EXIT_CODES:
            with self.subTest(code):
                self.assertEqual(self.run_load(code).returncode, code if code in RETRIED else 0)

    def test_the_last_line_is_the_exit_code_with_the_summary(self):
        for code in set(recipe.EXIT_CODES) - set(RETRIED):
            with self.subTest(code):
                *_, last = self.run_load(code).stdout.splitlines()
                self.assertEqual(json.loads(last), {"exit_code": code, "summary": json.loads(SUMMARY)})

    def test_without_a_summary_it_is_null(self):
        *_, last = self.run_load(recipe.WRONG_USAGE, summary="").stdout.splitlines()
        self.assertEqual(json.loads(last), {"exit_code": recipe.WRONG_USAGE, "summary": None})

    def test_the_run_fails_for_good_if_lines_are_missing(self):
        def xcom(code):
            return self.run_load(code).stdout.splitlines()[-1]

        for code in (recipe.LOADED, recipe.REJECTED):
            self.judge(xcom(code))
        for code in (recipe.BUDGET, recipe.WRONG_USAGE):
            with self.assertRaises(AirflowFailException):
                self.judge(xcom(code))

    def test_chatload_takes_the_flags(self):
        self.assert_no_server(self.run_with_chatload(self.command, "bash"))


if __name__ == "__main__":
    unittest.main()
