# ctest: release
"""The stack of docker-compose.yml, the containers of the manifests, and the units, run by podman: from images to rows.

Of the Dockerfile all is used but the stage that compiles: the package of the release build stands in for it. The images
that it starts from are made here.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import machine
import stack
import support
import manifest  # of tests/packaging, where `stack` has made it known

LOADED, REJECTED, INTERRUPTED = 0, 1, 4
LINES = 20_000
SAMPLE_LINES = 200_000  # docker-compose.yml, "sample"
MYSQL_PORT = 3306
# The database of the stack, in place of the one in the manifests.
URL = "mysql://chatload@mysql:3306/chatload"


class ComposeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = stack.Stack(folder)
        cls.addClassCleanup(cls.stack.close)
        cls.stack.make_images()
        cls.stack.compose("up", "-d", "mysql")
        cls.stack.wait_until_healthy()
        output, code = cls.stack.run_service("schema")
        assert code == LOADED, output

    @classmethod
    def tearDownClass(cls):
        cls.stack.compose("down", "--volumes")
        left = cls.stack.must("podman", "ps", "--all", "--quiet") + cls.stack.must("podman", "volume", "ls", "--quiet")
        assert not left, left

    def pod(self, name, *options):
        """The words that start the container of a manifest as Kubernetes would."""
        container, pod = manifest.read(name).container, manifest.read(name).pod
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
        user = "{runAsUser}:{runAsGroup}".format(**pod["securityContext"])
        places = {"logs": self.stack.folder / "data", "password": self.password()}
        mounts = [(mount["name"], mount["mountPath"]) for mount in container["volumeMounts"]]
        volumes = [f"--volume={places[name]}:{path}:ro" for name, path in mounts if name in places]
        volumes += [f"--tmpfs={path}:mode=1777" for name, path in mounts if name == "spill"]
        confined = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", f"--user={user}"]
        shell, *flags = container["command"]
        (command,) = container["args"]
        command = command.replace("mysql://loader@db.example:3306/chat", URL)
        return ["podman", "run", *options, *confined, *volumes, f"--entrypoint={shell}", "chatload", *flags, command]

    def password(self):
        folder = self.stack.folder / "password"
        folder.mkdir(exist_ok=True)
        (folder / "password").write_text("chatload\n")
        return folder

    def count(self):
        return int(self.stack.sql("SELECT COUNT(*) FROM chat_messages")[0])

    def test_a_file_is_loaded_by_load_data(self):
        support.generate(self.stack.folder / "data/chat.json.gz", lines=LINES)
        before = self.count()
        output, code = self.stack.run_service("load", "chat.json.gz", "--summary", "/out/summary.json")
        self.assertEqual(code, REJECTED, output)
        summary = json.loads((self.stack.folder / "out/summary.json").read_text())
        self.assertEqual(summary["lines"], LINES)
        self.assertEqual(self.count() - before, summary["inserted"])
        self.assertNotIn("not LOAD DATA", output)
        self.assertGreater(int(self.stack.sql("SHOW GLOBAL STATUS LIKE 'Com_load'")[1]), 0)

    def test_the_sample_is_loaded(self):
        output, code = self.stack.run_service("sample")
        self.assertEqual(code, LOADED, output)
        self.assertIn(f"{SAMPLE_LINES:,}  lines", output)

    def test_pods_load_on_a_read_only_root(self):
        for seed, name in enumerate(manifest.FILES, 2):
            with self.subTest(name):
                for part in (1, 2):
                    path = self.stack.folder / f"data/{name}.{part}.json.gz"
                    support.generate(path, lines=LINES, seed=10 * seed + part)
                before = self.count()
                done = self.stack.run(*self.pod(name, "--rm"))
                self.assertEqual(done.returncode, LOADED, done.stdout)
                self.assertGreater(self.count(), before)

    def test_a_pod_that_is_stopped_ends_as_interrupted(self):
        support.generate(self.stack.folder / "data/stopped.json.gz", lines=LINES, seed=99)
        *words, command = self.pod(manifest.FILES[0], "--name=stopped")
        # It pauses for ever, and says so.
        command = command.replace("--threads 2", "--threads 2 --max-load Threads_running=0")
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen([*words, command], env=self.stack.environment, **streams) as pod:
            said = next((line for line in pod.stdout if "Threads_running" in line), None)
            self.assertIsNotNone(said)
            self.stack.must("podman", "stop", "--time", "60", "stopped")
            output = pod.stdout.read()
            self.assertEqual(pod.wait(), INTERRUPTED, output)
        self.stack.must("podman", "rm", "stopped")

    def test_systemd_tries_again_only_what_may_pass(self):
        service = machine.Machine(self.stack)
        support.generate(self.stack.folder / "data/systemd.json.gz", lines=LINES, seed=77)
        before = self.count()
        # Some lines are rejected: exit code 1.
        self.assertTrue(service.start(URL.replace("@mysql:", "@127.0.0.1:"), "/data/systemd.json.gz"), service.journal())
        self.assertGreater(self.count(), before)

        self.assertFalse(service.start("mysql://nobody@127.0.0.1:1/nothing", "/data/*", "--no-such-flag"))
        self.assertEqual(service.restarts(), 0)
        self.assertIn("chatload@chat has failed", service.journal())
        self.assertFalse(service.start("mysql://nobody@127.0.0.1:1/nothing", "/data/*", "--retry-for 0s"))
        self.assertGreater(service.restarts(), 1)
        self.stack.must("podman", "rm", "--force", "--time", "10", machine.NAME)


if __name__ == "__main__":
    if os.geteuid() != 0:
        support.skip("podman without root is not set up here")
    support.need_programs("podman", "podman-compose", "runc", "cpack", "dpkg-shlibdeps", "debootstrap")
    with socket.socket() as client:
        if client.connect_ex(("127.0.0.1", MYSQL_PORT)) == 0:
            support.skip(f"port {MYSQL_PORT} is taken")
    stack.package.debian_tree()
    stack.mysql_server()
    unittest.main()
