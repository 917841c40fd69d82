# shellcheck shell=bash
# Prometheus' promtool, which checks metrics and alert rules, without installing Prometheus: that would start a service.
# Sourced by scripts/setup.

# shellcheck source=scripts/lib/debian-packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

# Prints its path, be it the system's or an unpacked one; fails when there is none.
promtool_path() {
  command -v promtool || { local root && root=$(unpacked_root promtool) && echo "$root/promtool"; }
}

# Downloads and unpacks it unless it is there. Fails, having said why on stderr, when it cannot be had.
promtool_fetch() {
  packages_fetch promtool promtool_unpack
}

promtool_unpack() {
  local work=$1 version
  packages_unpack "$work" "$(debian_release)" /var/lib/dpkg/status prometheus || return 1
  mv "$work/root/usr/bin/promtool" "$work/promtool" && rm -rf "$work/root" && mkdir "$work/root" &&
    mv "$work/promtool" "$work/root/" || return 1
  version=$("$work/root/promtool" --version 2>&1 | sed -nE 's/^promtool, version ([0-9][0-9.]*).*/\1/p')
  [[ -n $version ]] || { echo "promtool: what was unpacked does not start" >&2; return 1; }
  echo "$version"
}
