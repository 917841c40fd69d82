"""A container in which systemd runs chatload@chat.service of the package, on the data and the database of a stack."""

import time

import stack

NAME = "machine"
# In a container, systemd cannot let the user of a service read its credentials: /run has no ACLs there.
DROP_IN = """[Service]
LoadCredential=
Environment=CREDENTIALS_DIRECTORY=/srv
RestartSec=0
"""


class Machine:
    def __init__(self, running_stack):
        self.stack = running_stack
        context = self.stack.folder / "build"
        self.stack.must("podman", "build", "--tag", NAME, "--file", stack.HERE / "systemd/Dockerfile", context)
        data = f"--volume={self.stack.folder}/data:/data:ro"
        self.stack.must("podman", "run", "-d", f"--name={NAME}", "--systemd=always", "--privileged", data, NAME)
        self.wait_until(lambda: self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"))
        self.write("/srv/password", "chatload\n")
        self.write("/etc/systemd/system/chatload@.service.d/test.conf", DROP_IN)
        self.must("systemctl", "daemon-reload")

    def run(self, *words):
        return self.stack.run("podman", "exec", NAME, *words)

    def must(self, *words):
        return self.stack.must("podman", "exec", NAME, *words)

    def write(self, path, text):
        self.must("bash", "-c", 'mkdir -p "${0%/*}" && printf %s "$1" >"$0"', path, text)

    def wait_until(self, is_so):
        deadline = time.monotonic() + stack.DEADLINE_S
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(self.journal())
            time.sleep(0.1)

    def journal(self):
        return self.must("journalctl", "--no-pager")

    def start(self, url, inputs, flags=""):
        """Starts the service, and returns whether systemd calls it a success."""
        settings = f"CHATLOAD_TO={url}\nCHATLOAD_INPUTS={inputs}\nCHATLOAD_FLAGS={flags}\n"
        self.write("/etc/chatload/chat.env", settings)
        return self.run("systemctl", "start", "chatload@chat").returncode == 0

    def restarts(self):
        """How often systemd has started the service again until it failed for good."""
        self.wait_until(lambda: self.show("ActiveState") == "failed")
        return int(self.show("NRestarts"))

    def show(self, name):
        return self.must("systemctl", "show", "chatload@chat", f"--property={name}", "--value").strip()
