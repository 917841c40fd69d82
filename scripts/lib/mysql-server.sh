# shellcheck shell=bash
# MySQL for the sandbox, without installing it. Sourced by scripts/setup and scripts/sandbox.
#
# Debian 12 ships MariaDB only; Debian unstable ships MySQL, linked against a newer C library. So mysql-server-core and
# everything that it depends on are downloaded by an apt of our own (own lists, own cache, and an empty dpkg status, which
# makes the closure complete), unpacked into a cache folder and started through the loader and the libraries found there.
# The system's apt, its sources and its packages are never touched, and apt checks the archive's signatures as always; only
# that a signed index may be old, since a mirror that lags by weeks still has a server to test with.

mysql_server_cache() {
  echo "${XDG_CACHE_HOME:-${HOME:?}/.cache}/chatload"
}

# Prints the newest unpacked server's folder; fails when there is none.
mysql_server_root() {
  local found
  found=$(compgen -G "$(mysql_server_cache)/mysql-[0-9]*" | sort -V | tail -n 1) || return 1
  [[ -n $found ]] && echo "$found"
}

# Sets the array named $1 to the words that start mysqld of the folder $2: loader, library path, mysqld, its folders.
mysql_server_command() {
  local -n command_words=$1
  local root=$2 loader libraries
  loader=$(compgen -G "$root/usr/lib*/ld-linux*.so.*" | head -n 1)
  libraries=$(dirname "$(realpath "$loader")")
  # The words go to the caller's array.
  # shellcheck disable=SC2034
  command_words=(
    "$loader" --library-path "$libraries" --argv0 "$root/usr/sbin/mysqld" "$root/usr/sbin/mysqld"
    --no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql"
    --character-sets-dir="$root/usr/share/mysql/charsets" --plugin-dir="$root/usr/lib/mysql/plugin"
    --secure-file-priv=NULL
  )
}

# The mirror that this machine's own apt uses for its Debian release.
debian_mirror() {
  local release
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # The dollars are apt's own placeholders.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$release" '($1 == release || $1 == "stable") && $2 == "main" && !found { print $3; found = 1 }'
}

# Downloads and unpacks the server unless it is there. Fails, having said why on stderr, when it cannot be had. Whoever
# asks whether it failed has thereby switched "set -e" off in here, so every step is checked by itself.
mysql_server_fetch() {
  mysql_server_root >/dev/null && return 0
  local cache
  cache=$(mysql_server_cache) && mkdir -p "$cache" || return 1
  (
    flock 9
    mysql_server_root >/dev/null && exit 0
    work=$(mktemp -d "$cache/fetch.XXXXXX") || exit 1
    trap 'rm -rf "$work"' EXIT
    mysql_server_unpack_into "$work" "$cache"
  ) 9>"$cache/fetch.lock"
}

mysql_server_unpack_into() {
  local work=$1 cache=$2 mirror package version words
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || { echo "mysql: this machine's apt names no Debian mirror" >&2; return 1; }
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root" || return 1
  : >"$work/status" || return 1
  cat >"$work/unstable.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: unstable
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  cat >"$work/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
Dir::State "$work/state";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/unstable.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
CONF
  apt-get -c "$work/apt.conf" -qq update >&2 || return 1
  apt-get -c "$work/apt.conf" -qq --yes --download-only install mysql-server-core >&2 || return 1
  for package in "$work"/cache/archives/*.deb; do
    case ${package##*/} in
      perl* | libperl* | libgdbm* | libdb5*) ;; # for MySQL's side scripts, which the sandbox never runs
      *) dpkg-deb -x "$package" "$work/root" || return 1 ;;
    esac
  done
  mysql_server_command words "$work/root"
  version=$("${words[@]}" --version | sed -nE 's/.* Ver ([0-9][0-9.]*).*/\1/p')
  [[ -n $version ]] || { echo "mysql: the unpacked server does not start" >&2; return 1; }
  mv -T "$work/root" "$cache/mysql-$version"
}
