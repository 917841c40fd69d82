# shellcheck shell=bash
# A bare Debian 12 in a folder, for the tests of the package and of the compose stack. Sourced by scripts/setup.

# shellcheck source=scripts/lib/debian-packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

readonly debian_tree_suite=bookworm

# Prints the newest tree; fails when there is none.
debian_tree_root() {
  unpacked_root debian
}

# Makes the tree unless it is there. Fails, having said why on stderr, when it cannot be had.
debian_tree_fetch() {
  packages_fetch debian debian_tree_unpack
}

debian_tree_unpack() {
  local work=$1 mirror
  [[ $(id -u) -eq 0 ]] || { echo "packages: only root can make a Debian tree" >&2; return 1; }
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || { echo "packages: this machine's apt names no Debian mirror" >&2; return 1; }
  PATH=$PATH:/usr/sbin debootstrap --variant=minbase "$debian_tree_suite" "$work/root" "$mirror" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    return 1
  }
  # packages_fetch makes the folder for its owner alone, and in this one others have to find the system's files.
  chmod 0755 "$work/root" || return 1
  rm -rf "$work/root/var/cache/apt/archives" || return 1
  cat "$work/root/etc/debian_version"
}
