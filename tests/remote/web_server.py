"""nginx on ports of 127.0.0.1 of its own, which serves a folder as long as its context lasts; as the caller, no service.

What it serves is below `url()`, and with TLS below `tls_url()`, whose certificate is for localhost only and signed by an
authority that only `ca_file` knows. The same files stand below these folders too:

    whole/       without ranges: whoever asks for one gets all of the file
    private/     for USER with PASSWORD only
    forbidden/   for nobody: 403
    encoded/     with `Content-Encoding: gzip`
    moved/       by a redirect to the file
    elsewhere/   by a redirect to localhost, port ?port=PORT
    circle/      by a redirect to itself, for ever
    disk/        by a redirect to a file:// URL
"""

import contextlib
import functools
import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import support

USER, PASSWORD = "reader", "pass-word-of-the-reader"
DEADLINE_S = 20
POLL_S = 0.02
TRIES = 3  # a port that was free may be taken by now
EXIT_SKIPPED = 77
BANNER = """\
**********************************************************************
*  SKIPPED: {:56} *
*  It could not be fetched; run scripts/setup and read why.          *
**********************************************************************"""
CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {own}/nginx.pid;
error_log {own}/error.log;
{user}
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {own}/tmp;
  proxy_temp_path {own}/tmp;
  fastcgi_temp_path {own}/tmp;
  uwsgi_temp_path {own}/tmp;
  scgi_temp_path {own}/tmp;
  default_type application/octet-stream;
  absolute_redirect off;
  merge_slashes off;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {own}/server.pem;
    ssl_certificate_key {own}/server.pem.key;
    root {folder};
    location /whole/ {{ alias {folder}/; max_ranges 0; }}
    location /private/ {{ alias {folder}/; auth_basic files; auth_basic_user_file {own}/users; }}
    location /forbidden/ {{ return 403; }}
    location /encoded/ {{ alias {folder}/; add_header Content-Encoding gzip; }}
    location ~ ^/moved/(.*)$ {{ return 302 /$1; }}
    location ~ ^/elsewhere/(.*)$ {{ return 302 http://localhost:$arg_port/$1; }}
    location /circle/ {{ return 302 $uri; }}
    location ~ ^/disk/(.*)$ {{ return 302 file://{folder}/$1; }}
  }}
}}
"""


@functools.cache
def unpacked_root():
    """Where scripts/setup put nginx and the object store; None where it could not get them."""
    words = ["bash", "-c", '. "$0/scripts/lib/web-servers.sh" && web_servers_root', support.ROOT]
    found = subprocess.run(words, stdout=subprocess.PIPE, text=True).stdout.strip()
    return pathlib.Path(found) if found else None


def require(what):
    """Ends the test as skipped, and says so loudly, where the servers are not here."""
    if not unpacked_root():
        print(BANNER.format(what), file=sys.stderr)
        sys.exit(EXIT_SKIPPED)


def libraries():
    found = [path for place in ("usr/lib", "lib") for path in unpacked_root().glob(f"{place}/*-linux-gnu")]
    return ":".join(map(str, found))


def make_authority(folder):
    """The path of the certificate of an authority, which has signed server.pem for localhost, both in the folder."""
    authority = support.make_certificate(folder, "authority")
    request, certificate = folder / "server.csr", folder / "server.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{certificate}.key"]
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    sign = ["-CA", authority, "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", folder / "names"]
    for words in (["req", "-new", *key, "-subj", "/CN=localhost", "-out", request],
                  ["x509", "-req", "-in", request, *sign, "-out", certificate]):  # fmt: skip
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return authority


class WebServer:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def __enter__(self):
        self.own = tempfile.TemporaryDirectory()
        own = pathlib.Path(self.own.name)
        self.ca_file = make_authority(own)
        (own / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        for tries_left in reversed(range(TRIES)):
            self.port, self.tls_port = support.free_port(), support.free_port()
            user = "user root;" if os.getuid() == 0 else ""  # or its worker could not enter a folder of root's own
            text = CONFIGURATION.format(own=own, folder=self.folder, user=user, port=self.port, tls_port=self.tls_port)
            (own / "nginx.conf").write_text(text)
            try:
                self.start()
                break
            except RuntimeError:
                if not tries_left:
                    raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.own.cleanup()

    def start(self):
        own = pathlib.Path(self.own.name)
        # Ends with the test, however that ends.
        words = ["setpriv", "--pdeathsig", "TERM", unpacked_root() / "usr/sbin/nginx", "-e", own / "error.log",
                 "-c", own / "nginx.conf"]  # fmt: skip
        self.process = subprocess.Popen(list(map(str, words)), env={**os.environ, "LD_LIBRARY_PATH": libraries()})
        deadline = time.monotonic() + DEADLINE_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"nginx did not start: {(own / 'error.log').read_text()}")
            time.sleep(POLL_S)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        with contextlib.closing(connection):
            try:
                connection.request("HEAD", "/")
                return connection.getresponse().status > 0
            except OSError:
                return False

    def address(self):
        return "127.0.0.1", self.port

    def url(self, path):
        """`path` as it stands in a URL: percent-encoded where that is needed."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def tls_url(self, path, host="localhost"):
        return f"https://{host}:{self.tls_port}/{path}"
