"""The Debian package of the build that the command under test is in."""

import pathlib
import subprocess

import support


def make(folder):
    """Makes it in a folder and returns its path."""
    config = pathlib.Path(support.CHATLOAD).resolve().parent / "CPackConfig.cmake"
    words = ["cpack", "-G", "DEB", "--config", config, "-B", folder]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    (package,) = pathlib.Path(folder).glob("*.deb")
    return package


def debian_tree():
    """The bare Debian 12 that scripts/setup --packaging made; the script is skipped where there is none."""
    words = ["bash", "-c", '. "$0/scripts/lib/debian-tree.sh" && debian_tree_root', support.ROOT]
    found = subprocess.run(words, stdout=subprocess.PIPE, text=True).stdout.strip()
    if not found:
        support.skip("there is no bare Debian; run scripts/setup --packaging as root")
    return pathlib.Path(found)
