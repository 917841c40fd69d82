# ctest: optimised
"""The Debian package: what is in it, what it depends on, and that its version is that of the command."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import package
import support

FILES = """
    lib/systemd/system/chatload@.service lib/systemd/system/chatload@.timer lib/systemd/system/chatload-failed@.service
    usr/bin/chatload usr/share/bash-completion/completions/chatload usr/share/man/man1/chatload.1.gz
    usr/share/chatload/schema/chat.toml usr/share/chatload/sql/reconciliation.sql
    usr/share/doc/chatload/README.md usr/share/doc/chatload/docs/flags.md usr/share/doc/chatload/schema/row-contract.md
    usr/share/doc/chatload/changelog.gz usr/share/doc/chatload/copyright
    usr/share/doc/chatload/examples/cron/chatload usr/share/doc/chatload/examples/airflow/chatload_dag.py
    usr/share/doc/chatload/examples/kubernetes/cronjob.yaml
"""


def output(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.package = package.make(cls.folder / "made")
        cls.root = cls.folder / "root"
        output("dpkg-deb", "-x", str(cls.package), str(cls.root))

    def field(self, name):
        return output("dpkg-deb", "-f", str(self.package), name).strip()

    def test_it_has_the_command_its_pages_and_its_examples(self):
        for name in FILES.split():
            with self.subTest(name):
                self.assertTrue((self.root / name).is_file())

    def test_the_version_is_that_of_the_command_and_of_the_changelog(self):
        shown = output(self.root / "usr/bin/chatload", "--version")
        self.assertIn(self.field("Version"), shown.split())
        changelog = (support.ROOT / "packaging/debian/changelog").read_text()
        self.assertEqual(re.match(r"chatload \((.*?)\)", changelog)[1], self.field("Version"))
        self.assertEqual(self.package.name, f"chatload_{self.field('Version')}_{self.field('Architecture')}.deb")

    def test_it_depends_on_the_libraries_of_the_command(self):
        linked = output("objdump", "-p", self.root / "usr/bin/chatload")
        depends = self.field("Depends")
        packages = {"libmariadb.so": "libmariadb3", "libtbb.so": "libtbb12", "libisal.so": "libisal2"}
        for library, name in packages.items():
            with self.subTest(library):
                self.assertIn(library, linked)
                self.assertIn(name, depends)

    def test_the_command_is_stripped(self):
        self.assertNotIn(".symtab", output("objdump", "-h", self.root / "usr/bin/chatload"))


if __name__ == "__main__":
    support.need_programs("cpack", "dpkg-deb", "dpkg-shlibdeps", "file")
    unittest.main()
