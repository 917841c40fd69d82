"""The tests of tls_test.cc on a server of their own that listens on 127.0.0.1 and has a certificate for localhost.

Environment: CHATLOAD_DB_TESTS (build/dev/tests/chatload_db_tests).
"""
# ctest: parallel

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

DB_TESTS = os.environ.get("CHATLOAD_DB_TESTS", str(support.ROOT / "build/dev/tests/chatload_db_tests"))
RUNS_OVER_TCP = (
    "OverTcpTheClientsOwnCertificateIsShown",
    "OverTcpPreferredIsEncryptedWhereTheServerCan",
    "OverTcpVerifyIdentityAsksForTheHostOfTheUrlBeItLocalhost",
)


def certificate(folder):
    """The words of a server's command line that give it a certificate; tls_test.cc knows its name."""
    path = support.make_certificate(folder)
    return f"--ssl-ca={path}", f"--ssl-cert={path}", f"--ssl-key={path}.key"


class TlsOverTcpTest(unittest.TestCase):
    def test_every_mode_does_what_it_says(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        port = support.free_port()
        listens = ("--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}")
        server = support.Server(name=f"tls-{support.SERVER_KIND}", options=(*listens, *certificate(folder)))
        words = [DB_TESTS, "--gtest_filter=TlsTest.*", "--gtest_color=no"]
        environment = {**os.environ, "CHATLOAD_TEST_URL": server.url.geturl()}
        done = subprocess.run(words, env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in RUNS_OVER_TCP:
            self.assertIn(f"[       OK ] TlsTest.{name}", done.stdout)


if __name__ == "__main__":
    unittest.main()
