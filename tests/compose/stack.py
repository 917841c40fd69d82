"""The stack of docker-compose.yml under podman-compose, with its own storage for images, containers and volumes."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "packaging"))
import package
import support

DEADLINE_S = 120
MYSQL = "chatload_mysql_1"  # as podman-compose names the container of the service mysql


def mysql_server():
    """The MySQL that scripts/setup unpacked; the script is skipped where there is none."""
    words = ["bash", "-c", '. "$0/scripts/lib/mysql-server.sh" && mysql_server_root', support.ROOT]
    found = subprocess.run(words, stdout=subprocess.PIPE, text=True).stdout.strip()
    if not found:
        support.skip("there is no MySQL; run scripts/setup")
    return found


class Stack:
    """Its folders: data and out, which docker-compose.yml mounts; storage, which is podman's; build."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("storage", "build/packages", "data", "out"):
            (folder / name).mkdir(parents=True)
        # The user of the image is none of this machine.
        (folder / "out").chmod(0o777)
        self.environment = {
            **os.environ,
            "PATH": f"{HERE}:{os.environ['PATH']}",
            "COMPOSE_STORAGE": str(folder / "storage"),
            "COMPOSE_BUILD_STAGE": str(folder / "build"),
            "CHATLOAD_DATA": str(folder / "data"),
            "CHATLOAD_OUT": str(folder / "out"),
        }

    def run(self, *words):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.run(list(map(str, words)), cwd=support.ROOT, env=self.environment, **streams)

    def must(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def compose(self, *words):
        """The output, and the exit code of the last podman that it ran, which podman-compose 1.0 does not end with."""
        output = self.must("podman-compose", "--project-name", "chatload", *words)
        return output, int(re.findall(r"^exit code: (\d+)", output, re.MULTILINE)[-1])

    def run_service(self, *words):
        # podman-compose 1.0 does not wait for what a service depends on. The tests do.
        return self.compose("run", "--rm", "--no-deps", *words)

    def make_images(self):
        """Debian of the bare tree, the stand-in for mysql:9, and chatload."""
        tar = 'tar -C "$0" -c . | podman import --quiet - docker.io/library/debian:12'
        self.must("bash", "-o", "pipefail", "-c", tar, package.debian_tree())
        self.must("podman", "tag", "docker.io/library/debian:12", "docker.io/library/debian:12-slim")

        context = self.folder / "mysql"
        shutil.copytree(HERE / "mysql", context)
        shutil.copytree(support.ROOT / "scripts/lib", context / "scripts-lib")
        self.must("cp", "-a", "--reflink=auto", mysql_server(), context / "server")
        self.must("podman", "build", "--tag", "docker.io/library/mysql:9", context)

        packages = self.folder / "build/packages"
        shutil.copy(package.make(self.folder / "made"), packages)
        self.must("install", "--strip", support.CHATGEN, packages / "chatgen")
        output, code = self.compose("build", "schema")
        if code != 0:
            raise AssertionError(output)

    def wait_until_healthy(self):
        """As the service's own health check has it; nothing else runs that check where there is no systemd."""
        deadline = time.monotonic() + DEADLINE_S
        while self.run("podman", "healthcheck", "run", MYSQL).returncode != 0:
            if time.monotonic() > deadline:
                raise TimeoutError(self.run("podman", "logs", MYSQL).stdout)
            time.sleep(0.2)

    def sql(self, statement):
        """The words of the answer."""
        client = ["mysql", "--no-defaults", "--host=127.0.0.1", "--user=chatload", "--password=chatload", "--batch"]
        words = [*client, "--skip-column-names", f"--execute={statement}", "chatload"]
        return self.must("podman", "exec", MYSQL, *words).split()

    def close(self):
        self.run("podman", "rm", "--all", "--force", "--time", "0")
        self.run("podman", "volume", "rm", "--all", "--force")
