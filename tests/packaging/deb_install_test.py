# ctest: release
"""The Debian package in a bare Debian 12: it installs, works, leaves nothing when removed; lintian is silent."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import package
import support

# What apt, dpkg and ldconfig keep for themselves.
THEIRS = ("proc", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log", "tmp")


class Chroot:
    """A copy of the bare Debian."""

    def __init__(self, root):
        self.root = root
        subprocess.run(["cp", "-a", "--reflink=auto", package.debian_tree(), root], check=True)

    def run(self, *words):
        """Runs them as the only processes that are seen there."""
        confined = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.root}/proc", "chroot", self.root]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        words = [*confined, *words]
        return subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def files(self):
        found = set()
        for folder, folders, files in os.walk(self.root):
            place = pathlib.Path(folder).relative_to(self.root)
            folders[:] = [name for name in folders if str(place / name) not in THEIRS]
            found |= {str(place / name) for name in (*folders, *files)}
        return found


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.package = package.make(cls.folder / "made")

    def test_lintian_is_silent(self):
        # As nobody: lintian warns of root.
        self.folder.chmod(0o755)
        copy = shutil.copy(self.package, self.folder)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "lintian", "--info", str(copy)]
        done = subprocess.run(words, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_it_installs_works_and_leaves_nothing(self):
        bare = Chroot(self.folder / "chroot")

        def must(*words):
            done = bare.run(*words)
            self.assertEqual(done.returncode, 0, done.stdout)
            return done.stdout

        must("apt-get", "-qq", "update")
        before = bare.files()
        shutil.copy(self.package, bare.root / "tmp")
        must("apt-get", "-qq", "--yes", "--no-install-recommends", "install", f"/tmp/{self.package.name}")
        self.assertIn("usr/bin/chatload", bare.files() - before)

        self.assertRegex(must("chatload", "--version"), r"\d+\.\d+\.\d+")
        lines = [support.chat_line(number) for number in range(3)] + ["not JSON"]
        support.write_gzip(bare.root / "tmp/chat.json.gz", "".join(f"{line}\n" for line in lines).encode())
        checked = bare.run("chatload", "check", "/tmp/chat.json.gz", "--progress", "none")
        self.assertEqual(checked.returncode, 1, checked.stdout)
        self.assertRegex(checked.stdout, r"3\s+valid")

        must("apt-get", "-qq", "--yes", "purge", "--autoremove", "chatload")
        self.assertEqual(bare.files() - before, set())


if __name__ == "__main__":
    if os.geteuid() != 0:
        support.skip("a chroot takes root")
    support.need_programs("cpack", "dpkg-shlibdeps", "lintian", "debootstrap", "unshare", "setpriv")
    package.debian_tree()
    unittest.main()
