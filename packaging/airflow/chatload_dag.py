"""A nightly load. Copy it into the folder of the DAGs and change TO, INPUTS and PASSWORD_FILE.

`load` runs chatload. Exit codes 3 (a file, the database or the network failed) and 4 (interrupted) fail the task, and
Airflow starts it again: the same command continues. After any other exit code, another run would end in the same way.
So the task succeeds, and hands over {"exit_code": ..., "summary": ...} as its XCom, without the list of inputs. `judge` then fails the DAG run if
lines are missing.
"""

import json
from datetime import datetime, timedelta

from airflow import DAG
from airflow.exceptions import AirflowFailException
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

TO = "mysql://loader@db.example:3306/chat"
INPUTS = "/srv/chat/{{ ds }}/*.json.gz"
PASSWORD_FILE = "/etc/chatload/password"

# The last line of the output becomes the XCom.
LOAD = f"""
summary=$(mktemp) || exit 3
trap 'rm -f "$summary"' EXIT
chatload load '{INPUTS}' --to '{TO}' --password-file '{PASSWORD_FILE}' --summary "$summary"
code=$?
case $code in
  0 | 1 | 2 | 64) ;;
  *) exit $code ;;
esac
python3 - "$code" "$summary" <<'PYTHON'
import json, sys
text = open(sys.argv[2]).read()
summary = json.loads(text) if text else {{}}
summary.pop("inputs", None)
print(json.dumps({{"exit_code": int(sys.argv[1]), "summary": summary or None}}))
PYTHON
"""


def judge(loaded):
    """`loaded` is the XCom. Exit code 1 says that lines were rejected, within the budget."""
    exit_code = json.loads(loaded)["exit_code"]
    if exit_code > 1:
        raise AirflowFailException(f"chatload ended with exit code {exit_code}; the log of `load` says why")


with DAG("chatload", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1):
    load = BashOperator(
        task_id="load",
        bash_command=LOAD,
        retries=5,
        retry_delay=timedelta(minutes=2),
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(minutes=30),
    )
    PythonOperator(task_id="judge", python_callable=judge, op_args=[load.output])
