"""The manifests: fields that Kubernetes has, with values of their types; and what their shell makes of exit codes."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import recipe
import support

try:
    from kubernetes.client import models
    from manifest import FILES, read
except ImportError as error:
    support.skip(f"{error}; run scripts/setup")


# python3-kubernetes of Debian 12 is of Kubernetes 1.22, and jobs have a failure policy for pods since 1.25.
class PodFailurePolicy:
    openapi_types = {"rules": "list[PodFailurePolicyRule]"}


class PodFailurePolicyRule:
    openapi_types = {
        "action": "str",
        "on_exit_codes": "PodFailurePolicyOnExitCodes",
        "on_pod_conditions": "list[PodFailurePolicyOnPodCondition]",
    }


class PodFailurePolicyOnExitCodes:
    openapi_types = {"container_name": "str", "operator": "str", "values": "list[int]"}


class PodFailurePolicyOnPodCondition:
    openapi_types = {"type": "str", "status": "str"}


SCALARS = {"str": str, "int": int, "bool": bool, "object": (str, int)}


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def fields(model):
    """{name in a manifest: type} of a class of models, or of one above."""
    names = getattr(model, "attribute_map", None) or {name: camel(name) for name in model.openapi_types}
    found = {names[name]: kind for name, kind in model.openapi_types.items()}
    if model is models.V1JobSpec:
        found["podFailurePolicy"] = "PodFailurePolicy"
    return found


def faults(value, kind, place):
    """What is wrong with a value that has to be of a kind: "V1JobSpec", "list[str]", "dict(str, str)", "str"."""
    if of := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return [f"{place}: not a list"]
        return [fault for number, each in enumerate(value) for fault in faults(each, of[1], f"{place}[{number}]")]
    if of := re.fullmatch(r"dict\(str, (.*)\)", kind):
        return [fault for name, each in value.items() for fault in faults(each, of[1], f"{place}.{name}")]
    if kind in SCALARS:
        is_right = isinstance(value, SCALARS[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if is_right else [f"{place}: {value!r} is not of the type {kind}"]
    model = getattr(models, kind, None) or globals()[kind]
    known = fields(model)
    found = [f"{place}.{name}: {kind} has no such field" for name in value if name not in known]
    for name in value.keys() & known.keys():
        found += faults(value[name], known[name], f"{place}.{name}")
    if hasattr(model, "attribute_map"):
        snake = {name: attribute for attribute, name in model.attribute_map.items()}
        try:  # it refuses a required field that is missing, and a name that an enumeration does not have
            model(**{snake[name]: each for name, each in value.items() if name in snake})
        except ValueError as error:
            found.append(f"{place}: {error}")
    return found


class ManifestTest(unittest.TestCase):
    def test_kubernetes_has_each_field(self):
        for name in FILES:
            for document in read(name).documents:
                kind = {"Secret": "V1Secret", "CronJob": "V1CronJob", "Job": "V1Job"}[document["kind"]]
                with self.subTest(name, kind=kind):
                    self.assertEqual(document["apiVersion"], "v1" if kind == "V1Secret" else "batch/v1")
                    self.assertEqual(faults(document, kind, document["kind"]), [])

    def test_a_wrong_field_would_be_seen(self):
        job = read("indexed-job.yaml").documents[-1]
        job["spec"]["paralelism"] = 4
        job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = True
        job["spec"]["podFailurePolicy"]["rules"][0]["onExitCode"] = {}
        del job["spec"]["template"]["spec"]["containers"][0]["name"]
        self.assertEqual(len(faults(job, "V1Job", "Job")), 4)

    def test_wrong_usage_and_an_exceeded_budget_end_the_job(self):
        for name in FILES:
            with self.subTest(name):
                job = read(name).job
                rules = job["podFailurePolicy"]["rules"]
                (codes,) = (rule["onExitCodes"]["values"] for rule in rules if rule["action"] == "FailJob")
                self.assertEqual(codes, [recipe.BUDGET, recipe.WRONG_USAGE])
                self.assertEqual(rules[0]["onExitCodes"]["containerName"], read(name).container["name"])
                # Without it there may be no failure policy.
                self.assertEqual(read(name).pod["restartPolicy"], "Never")

    def test_each_mount_has_its_volume(self):
        for name in FILES:
            with self.subTest(name):
                mounts = {mount["name"] for mount in read(name).container["volumeMounts"]}
                self.assertEqual(mounts, {volume["name"] for volume in read(name).pod["volumes"]})


class ShellTest(recipe.RecipeCase):
    def for_each_command(self, check):
        for name in FILES:
            container = read(name).container
            self.assertEqual(container["command"], ["sh", "-c"])
            (command,) = container["args"]
            with self.subTest(name):
                check(command)

    def test_a_pod_ends_as_chatload_but_with_0_for_1(self):
        def check(command):
            for code in recipe.EXIT_CODES:
                with self.subTest(code):
                    done = self.run_shell(command, STUB_EXIT=str(code))
                    self.assertEqual(done.returncode, recipe.LOADED if code == recipe.REJECTED else code)

        self.for_each_command(check)

    def test_the_signal_that_ends_a_pod_reaches_chatload(self):
        waits = self.folder / "waits"
        os.mkfifo(waits)
        environment = self.environment(STUB_WAITS=str(waits))

        def check(command):
            with subprocess.Popen(["sh", "-c", command], env=environment, stdout=subprocess.DEVNULL) as shell:
                waits.read_bytes()  # it returns when chatload waits
                shell.send_signal(signal.SIGTERM)
                self.assertEqual(shell.wait(), recipe.INTERRUPTED)

        self.for_each_command(check)

    def test_chatload_takes_the_flags(self):
        # One file alone cannot be shared.
        support.write_gzip(self.folder / "logs/2.json.gz", support.chat_line(2).encode() + b"\n")
        self.for_each_command(lambda command: self.assert_no_server(self.run_with_chatload(command)))


if __name__ == "__main__":
    unittest.main()
