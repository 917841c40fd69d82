"""Signatures of random requests are those that botocore, of AWS's own tools, makes."""

import os
import random
import subprocess
import time
import unittest
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

SIGN_REQUESTS = os.environ["SIGN_REQUESTS_BIN"]
REQUESTS = 1000
LETTERS = "abzAZ09-_.~ /+=%&?#;:@,$!*'()[]{}|\\^`<>\"\x01\x7fäß€日😀"
HOSTS = ["bucket.s3.eu-west-1.amazonaws.com", "localhost:8080", "host:443", "host:80", "[::1]:7480"]
NAMES = ["range", "if-match", "content-type", "x-amz-request-payer", "x-amz-meta-a", "x-amz-meta-b"]
VALUES = "abc  ,;=\"-*"


def encoded(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def random_text(chance, letters, longest):
    return "".join(chance.choice(letters) for _ in range(chance.randrange(longest)))


class Request:
    def __init__(self, chance):
        text = lambda longest: random_text(chance, LETTERS, longest)
        scheme = chance.choice(["http", "https"])
        host = chance.choice(HOSTS)
        names = [chance.choice(LETTERS) + text(8) for _ in range(chance.randrange(5))]
        query = [encoded(name) + chance.choice(["", "=" + encoded(text(8))]) for name in names]
        self.url = f"{scheme}://{host}/{encoded(text(30), '/')}" + ("?" + "&".join(query) if query else "")
        self.method = chance.choice(["GET", "HEAD", "PUT", "POST", "DELETE"])
        self.body = text(20).replace("\t", "")
        self.time = chance.randrange(0, 4_000_000_000)
        self.region = chance.choice(["us-east-1", "eu-west-1", "default"])
        self.credentials = [f"AKID{self.time}", "secret/" + encoded(text(20)), chance.choice(["", "tok/en+="])]
        self.is_signed = chance.random() < 0.8
        names = chance.sample(NAMES, 3)
        self.headers = {name: random_text(chance, VALUES, 12).strip() or "v" for name in names}

    def line(self):
        words = [str(self.time), self.region, *self.credentials, "hashed" if self.is_signed else "unsigned"]
        words += [self.method, self.url, self.body]
        for name, value in self.headers.items():
            words += [name, value]
        return "\t".join(words)

    def authorization(self):
        request = AWSRequest(self.method, self.url, dict(self.headers), self.body.encode())
        request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.time))
        request.context["client_config"] = Config(s3={"payload_signing_enabled": self.is_signed})
        key_id, secret, token = self.credentials
        auth = S3SigV4Auth(Credentials(key_id, secret, token or None), "s3", self.region)
        # What its add_auth() does, at a time of ours.
        auth._modify_request_before_signing(request)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        auth._inject_signature_to_request(request, auth.signature(text, request))
        return request.headers["Authorization"]


class S3SignatureTest(unittest.TestCase):
    def test_random_requests_are_signed_as_botocore_signs_them(self):
        chance = random.Random(2013)
        requests = [Request(chance) for _ in range(REQUESTS)]
        lines = "\n".join(request.line() for request in requests)
        signed = subprocess.run([SIGN_REQUESTS], input=lines, stdout=subprocess.PIPE, encoding="utf-8", check=True)
        signed = signed.stdout.splitlines()
        self.assertEqual(len(signed), REQUESTS)
        for request, ours in zip(requests, signed):
            self.assertEqual(ours.replace(",S", ", S"), request.authorization(), request.line())


if __name__ == "__main__":
    unittest.main()
