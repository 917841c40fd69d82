"""What of the password a server gets, in every TLS mode: a server without TLS behind a recording proxy, and one that asks.

Environment: CHATLOAD_BIN; CHATLOAD_TEST_SERVER.
"""
# ctest: parallel

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from asking_server import NONCE, AskingServer
from fault.proxy import Proxy
import support

PASSWORD = "correct-horse-7f3a"
USER = "chatload_someone"
MODES = ("", "disabled", "preferred", "required", "verify_identity")
MODES_WITH_TLS = ("required", "verify_identity")
IS_MYSQL = support.SERVER_KIND == "mysql"
ONLY_MYSQL = "MariaDB 10.11 has no plugin that wants the whole password"
DEADLINE_S = 60


def in_the_clear(sent):
    """Whether the password stands in what was sent, as it is or masked by a nonce that the server knows."""
    text = PASSWORD.encode()
    masked = bytes(byte ^ NONCE[place % len(NONCE)] for place, byte in enumerate(text))
    return text in sent or masked in sent


class PasswordCase(unittest.TestCase):
    database_name = "chat"

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.certificate = support.make_certificate(cls.folder)

    def setUp(self):
        self.home = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def url(self, port, mode, host="localhost"):
        """For `host`, the name in the certificate; without a mode the URL has none."""
        more = f"&ssl-ca={self.certificate}" if mode == "verify_identity" else ""
        return f"mysql://{USER}@{host}:{port}/{self.database_name}" + (f"?ssl-mode={mode}{more}" if mode else "")

    def run_command(self, *words):
        environment = {**os.environ, "HOME": str(self.home), "MYSQL_PWD": PASSWORD}
        return support.run_chatload(*words, env=environment, timeout=DEADLINE_S)

    def log_in(self, port, mode, *words):
        return self.run_command("loads", "--to", self.url(port, mode), *words)

    def assert_refused(self, run, *parts):
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertNotIn(PASSWORD, run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)


class ServerWithoutTlsTest(PasswordCase):
    """Over TCP; MySQL's account has caching_sha2_password, MariaDB's mysql_native_password."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = support.free_port()
        options = ["--skip-networking=0", "--bind-address=127.0.0.1", f"--port={cls.port}", "--local-infile=1"]
        options += ["--tls-version="] if IS_MYSQL else ["--skip-ssl"]
        cls.server = support.Server(name=f"plain-{support.SERVER_KIND}", options=options)
        cls.database = cls.enterClassContext(support.Database(cls.server))
        cls.database.create_table()
        cls.database_name = cls.database.name

    def setUp(self):
        super().setUp()
        self.create_user(f"IDENTIFIED BY '{PASSWORD}'")

    def create_user(self, proof):
        self.server.sql(
            f"DROP USER IF EXISTS {USER}@'%'; CREATE USER {USER}@'%' {proof}; GRANT ALL ON `{self.database.name}`.* TO"
            f" {USER}@'%'; FLUSH PRIVILEGES"  # empties caching_sha2_password's cache
        )

    def public_key(self):
        """The server's, written to a file."""
        lines = self.server.sql(
            "SELECT VARIABLE_VALUE FROM performance_schema.global_status"
            " WHERE VARIABLE_NAME = 'Caching_sha2_password_rsa_public_key'"
        )
        path = self.home / "public_key.pem"
        path.write_text("".join(f"{line}\n" for (line,) in lines))
        return path

    def log_in_recorded(self, mode, *words):
        """The run, and what it sent."""
        with Proxy(("127.0.0.1", self.port), records=True) as proxy:
            run = self.log_in(proxy.port, mode, *words)
        self.assertFalse(in_the_clear(proxy.received), f"{mode} {words}")
        return run, bytes(proxy.received)

    def test_default_mode_logs_in_whether_the_server_has_the_password_cached_or_not(self):
        for mode in ("", "preferred"):
            self.create_user(f"IDENTIFIED BY '{PASSWORD}'")
            for cache in ("cold", "warm"):
                with self.subTest(mode=mode, cache=cache):
                    run, _ = self.log_in_recorded(mode)
                    self.assertEqual(run.exit_code, 0, run.stderr)

    def test_required_and_verify_identity_send_nothing(self):
        for mode in MODES_WITH_TLS:
            with self.subTest(mode):
                run, sent = self.log_in_recorded(mode)
                self.assert_refused(run, "TLS with the server at localhost", "no TLS")
                self.assertEqual(sent, b"")

    def test_disabled_sends_a_digest_and_asks_for_leave_to_take_a_key(self):
        run, _ = self.log_in_recorded("disabled")
        if not IS_MYSQL:
            return self.assertEqual(run.exit_code, 0, run.stderr)
        self.assert_refused(run, "--get-server-public-key", "--server-public-key-file")
        run, _ = self.log_in_recorded("disabled", "--get-server-public-key")
        self.assertEqual(run.exit_code, 0, run.stderr)
        run, _ = self.log_in_recorded("disabled")
        self.assertEqual(run.exit_code, 0, "the server has the password cached now\n" + run.stderr)

    @unittest.skipUnless(IS_MYSQL, ONLY_MYSQL)
    def test_named_key_is_the_one_that_counts(self):
        for mode in ("", "disabled"):
            with self.subTest(mode):
                self.create_user(f"IDENTIFIED BY '{PASSWORD}'")
                other = support.make_public_key(self.home / "other.pem")
                run, _ = self.log_in_recorded(mode, "--server-public-key-file", other, "--get-server-public-key")
                self.assert_refused(run, "denied access")
                run, _ = self.log_in_recorded(mode, "--server-public-key-file", self.public_key())
                self.assertEqual(run.exit_code, 0, run.stderr)

    @unittest.skipUnless(IS_MYSQL, ONLY_MYSQL)
    def test_options_file_names_a_key_as_mysqls_clients_have_it(self):
        (self.home / ".my.cnf").write_text(f"[client]\nserver-public-key-path={self.public_key()}\n")
        run, _ = self.log_in_recorded("disabled")
        self.assertEqual(run.exit_code, 0, run.stderr)

    @unittest.skipUnless(IS_MYSQL, ONLY_MYSQL)
    def test_sha256_password_logs_in_by_the_servers_key(self):
        self.create_user(f"IDENTIFIED WITH sha256_password BY '{PASSWORD}'")
        run, _ = self.log_in_recorded("")
        self.assertEqual(run.exit_code, 0, run.stderr)
        run, _ = self.log_in_recorded("disabled")
        self.assert_refused(run, "--get-server-public-key")

    def test_every_connection_of_a_load_keeps_the_password_to_itself(self):
        path = support.generate(self.home / "log.json.gz", lines=2000)
        with Proxy(("127.0.0.1", self.port), records=True) as proxy:
            url = self.url(proxy.port, "")
            words = ("--connections", 3, "--range-size", "16K", "--indexes", "defer")
            run = self.run_command("load", path, "--to", url, *words)
        self.assertIn(run.exit_code, (0, 1), run.stderr)
        self.assertFalse(in_the_clear(proxy.received))

    def test_options_files_wish_for_tls_counts_unless_the_url_has_one(self):
        for wish in ("ssl-mode=REQUIRED", "ssl", "ssl_verify_server_cert\nssl_ca=/ca.pem", "ssl-ca=/ca.pem"):
            with self.subTest(wish):
                (self.home / ".my.cnf").write_text(f"[client]\n{wish}\n")
                run, sent = self.log_in_recorded("")
                self.assert_refused(run, "no TLS")
                self.assertEqual(sent, b"")
                run, _ = self.log_in_recorded("preferred")
                self.assertEqual(run.exit_code, 0, run.stderr)

    def test_an_authority_in_the_options_file_does_not_keep_a_socket_from_connecting(self):
        (self.home / ".my.cnf").write_text(f"[client]\nssl-ca={self.certificate}\n")
        run = self.run_command("loads", "--to", self.database.url.replace("root@", f"{USER}@"))
        self.assertEqual(run.exit_code, 0, run.stderr)

    def test_denied_access_adds_that_the_account_may_require_tls(self):
        self.create_user(f"IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
        run, _ = self.log_in_recorded("")
        self.assert_refused(run, "denied access", "The account may require TLS (REQUIRE SSL)", "does not offer it")


class AskingServerTest(PasswordCase):
    """No server is told the password by asking for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.public_key = support.make_public_key(cls.folder / "key.pem").read_bytes()

    def asked(self, asks, mode, **options):
        """The run, and what the server got."""
        with AskingServer(asks, public_key=self.public_key, **options) as server:
            return self.log_in(server.port, mode), bytes(server.received)

    def test_server_without_tls_gets_it_by_no_plugin_in_no_mode(self):
        plugins = ("mysql_clear_password", "dialog", "mysql_old_password", "sha256_password", "caching_sha2_password",
                   "no plugins", "no_such_plugin", "mysql", "")  # fmt: skip
        for mode in MODES:
            for asks in plugins:
                with self.subTest(mode=mode, asks=asks):
                    run, sent = self.asked(asks, mode)
                    self.assert_refused(run)
                    self.assertFalse(in_the_clear(sent))
                    if mode in MODES_WITH_TLS:
                        self.assertEqual(sent, b"")

    def test_clear_text_is_named_for_what_it_is(self):
        for certificate in (None, self.certificate):
            run, _ = self.asked("mysql_clear_password", "", certificate=certificate)
            self.assert_refused(run, "in clear text (mysql_clear_password)", "ssl-mode=VERIFY_IDENTITY")
        run, _ = self.asked("dialog", "")
        self.assert_refused(run, "a login that chatload does not do (dialog)")

    def test_server_whose_certificate_nobody_checked_gets_it_by_no_plugin_that_asks_for_clear_text(self):
        for mode in ("", "preferred", "required"):
            for asks in ("mysql_clear_password", "dialog", "mysql_old_password", "no plugins"):
                with self.subTest(mode=mode, asks=asks):
                    run, sent = self.asked(asks, mode, certificate=self.certificate)
                    self.assert_refused(run)
                    self.assertFalse(in_the_clear(sent))

    def test_disabled_uses_no_tls_and_gives_nothing_away(self):
        for asks in ("mysql_clear_password", "sha256_password", "caching_sha2_password"):
            run, sent = self.asked(asks, "disabled", certificate=self.certificate)
            self.assert_refused(run)
            self.assertFalse(in_the_clear(sent))

    def test_verified_server_gets_it_as_mysqls_own_clients_give_it(self):
        for asks in ("mysql_clear_password", "sha256_password", "caching_sha2_password"):
            with self.subTest(asks):
                run, sent = self.asked(asks, "verify_identity", certificate=self.certificate)
                self.assert_refused(run, "denied access")
                self.assertTrue(in_the_clear(sent))

    def test_certificate_of_another_host_ends_the_login_before_the_user_is_named(self):
        with AskingServer("mysql_clear_password", certificate=self.certificate) as server:
            run = self.run_command("loads", "--to", self.url(server.port, "verify_identity", "127.0.0.1"))
        self.assert_refused(run, "TLS with the server")
        self.assertNotIn(USER.encode(), server.received)
        self.assertFalse(in_the_clear(server.received))

    def test_odd_nonces_and_keys_end_the_login(self):
        for nonce in (b"", b"\0" * 20, b"x" * 19, b"x" * 300):
            for asks in ("sha256_password", "caching_sha2_password"):
                with self.subTest(asks=asks, nonce=nonce):
                    run, _ = self.asked(asks, "", nonce=nonce)
                    self.assert_refused(run)
        with AskingServer("caching_sha2_password", public_key=b"-----BEGIN PUBLIC KEY-----\n") as server:
            run = self.log_in(server.port, "")
        self.assert_refused(run, "sent no RSA public key")


if __name__ == "__main__":
    unittest.main()
