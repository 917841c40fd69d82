"""The manifests of packaging/kubernetes/."""

import typing

import support
import yaml

FILES = ("cronjob.yaml", "indexed-job.yaml")


class Manifest(typing.NamedTuple):
    documents: list

    @property
    def job(self):
        spec = self.documents[-1]["spec"]
        return spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec

    @property
    def pod(self):
        return self.job["template"]["spec"]

    @property
    def container(self):
        (container,) = self.pod["containers"]
        return container


def read(name):
    return Manifest(list(yaml.safe_load_all((support.ROOT / "packaging/kubernetes" / name).read_text())))
