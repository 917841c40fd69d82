# shellcheck shell=bash
# What serves files and objects over HTTP for the sandbox and the tests, without installing it: Ceph's object store, which
# speaks S3 and checks signatures as AWS does, and nginx. Sourced by scripts/setup and scripts/sandbox.
#
# Installed, both would bring system services along; nginx's would serve port 80 at once. They are this machine's Debian
# release's, so what the system has of what they depend on is not fetched again.

# shellcheck source=scripts/lib/debian-packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

# Prints the folder that they are unpacked in; fails when there is none.
web_servers_root() {
  unpacked_root web-servers
}

# Lets the programs of the folder $1 find their libraries, and python3 Ceph's modules. ceph-mon and the others are then in
# PATH, behind what the system has.
web_servers_environment() {
  local root=$1 library folders=()
  for library in "$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu; do
    [[ ! -d $library ]] || folders+=("$library" "$library/ceph")
  done
  LD_LIBRARY_PATH=$(IFS=: && echo "${folders[*]}")
  export LD_LIBRARY_PATH PYTHONPATH=$root/usr/lib/python3/dist-packages PATH=$PATH:$root/usr/sbin:$root/usr/bin
}

# Downloads and unpacks them unless they are there. Fails, having said why on stderr, when they cannot be had.
web_servers_fetch() {
  packages_fetch web-servers web_servers_unpack
}

web_servers_unpack() {
  local work=$1 version
  packages_unpack "$work" "$(debian_release)" /var/lib/dpkg/status radosgw ceph-mon ceph-osd nginx || return 1
  version=$(web_servers_environment "$work/root" && "$work/root/usr/sbin/nginx" -v >&2 &&
    "$work/root/usr/bin/radosgw" --version | sed -nE 's/^ceph version ([0-9][0-9.]*).*/\1/p')
  [[ -n $version ]] || { echo "web servers: what was unpacked does not start" >&2; return 1; }
  echo "$version"
}
