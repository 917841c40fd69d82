"""The sandbox's object store, which is Ceph's radosgw, and buckets of one's own in it.

A store of this name that runs already is left running, as ctest has one for all tests; else one is started and stopped at
exit. Objects are put by botocore, whose signatures owe nothing to chatload's.
"""

import atexit
import concurrent.futures
import contextlib
import itertools
import os
import re
import subprocess
import urllib.parse

import botocore.config
import botocore.session
import support

NAME = "test-s3"
PUTS_AT_ONCE = 8
DELETES_AT_ONCE = 1000  # most that a request takes


def sandbox(command, *more):
    words = [str(support.ROOT / "scripts/sandbox"), command, "--store", "s3", "--name", NAME, *more]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=command != "status")


class ObjectStore:
    def __init__(self):
        if sandbox("status").returncode != 0:
            atexit.register(sandbox, "stop", "--fresh")
            sandbox("start")
        self.environment = dict(re.findall(r"^export (\w+)=(.*)$", sandbox("url").stdout, re.MULTILINE))
        self.client = self.client_for(self.environment["AWS_ENDPOINT_URL"])
        atexit.register(self.client.close)
        self.numbers = itertools.count()

    def client_for(self, endpoint):
        variables = self.environment
        return botocore.session.Session(profile=None).create_client(
            "s3", region_name=variables["AWS_REGION"], endpoint_url=endpoint,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"], aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(s3={"addressing_style": "path"}, max_pool_connections=PUTS_AT_ONCE),
        )  # fmt: skip

    def address(self):
        url = urllib.parse.urlsplit(self.environment["AWS_ENDPOINT_URL"])
        return url.hostname, url.port

    def variables(self, home, port=None, **others):
        """The environment of a command that reads from the store, through a proxy's port if one is given."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        own = dict(self.environment)
        if port:
            own["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        changed = {**kept, **own, "HOME": str(home), **others}
        return {name: value for name, value in changed.items() if value is not None}

    @contextlib.contextmanager
    def bucket(self):
        name = f"test-{os.getpid()}-{next(self.numbers)}"
        self.client.create_bucket(Bucket=name)
        bucket = Bucket(self, name)
        try:
            yield bucket
        finally:
            bucket.delete()


class Bucket:
    def __init__(self, store, name):
        self.store, self.name, self.client = store, name, store.client

    def url(self, key=""):
        return f"s3://{self.name}/{key}"

    def put(self, key, body):
        return self.client.put_object(Bucket=self.name, Key=key, Body=body)["ETag"]

    def get(self, key):
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def put_all(self, bodies):
        """From a dict of key and bytes."""
        with concurrent.futures.ThreadPoolExecutor(PUTS_AT_ONCE) as pool:
            list(pool.map(lambda one: self.put(*one), bodies.items()))

    def put_in_parts(self, key, parts):
        """As large objects are: its ETag is then no digest of its bytes. All parts but the last have 5 MiB at least."""
        what = {"Bucket": self.name, "Key": key}
        upload = self.client.create_multipart_upload(**what)["UploadId"]
        done = [
            {"PartNumber": number, "ETag": self.client.upload_part(
                **what, UploadId=upload, PartNumber=number, Body=part)["ETag"]}
            for number, part in enumerate(parts, 1)
        ]  # fmt: skip
        self.client.complete_multipart_upload(**what, UploadId=upload, MultipartUpload={"Parts": done})

    def keys(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def delete(self):
        keys = self.keys()
        for begin in range(0, len(keys), DELETES_AT_ONCE):
            some = [{"Key": key} for key in keys[begin : begin + DELETES_AT_ONCE]]
            self.client.delete_objects(Bucket=self.name, Delete={"Objects": some, "Quiet": True})
        self.client.delete_bucket(Bucket=self.name)
