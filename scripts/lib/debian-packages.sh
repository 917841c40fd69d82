# shellcheck shell=bash
# Debian packages without installing them: downloaded by an apt of our own (own lists, own cache, a dpkg status that it
# only reads), and unpacked into a folder. The system's apt, its sources and its packages are never touched, no service is
# started, and root is not needed. apt checks the archive's signatures as always; only that a signed index may be old, since
# a mirror that lags by weeks still has a server to test with.

packages_cache() {
  echo "${XDG_CACHE_HOME:-${HOME:?}/.cache}/chatload"
}

# Prints the newest folder NAME-VERSION of the cache, $1 being NAME; fails when there is none.
unpacked_root() {
  local found
  found=$(compgen -G "$(packages_cache)/$1-[0-9]*" | sort -V | tail -n 1) || return 1
  [[ -n $found ]] && echo "$found"
}

# The mirror that this machine's own apt uses for its Debian release.
debian_mirror() {
  local release
  release=$(debian_release)
  # The dollars are apt's own placeholders.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$release" '($1 == release || $1 == "stable") && $2 == "main" && !found { print $3; found = 1 }'
}

debian_release() {
  . /etc/os-release && echo "${VERSION_CODENAME:-}"
}

# Sets the array named $1 to the words that start the program $3 of the folder $2 with the loader and the libraries that
# are there, which may be newer than the system's.
unpacked_command() {
  local -n started_words=$1
  local root=$2 program=$2/$3 loader
  loader=$(compgen -G "$root/usr/lib*/ld-linux*.so.*" | head -n 1)
  # The words go to the caller's array.
  # shellcheck disable=SC2034
  started_words=("$loader" --library-path "$(dirname "$(realpath "$loader")")" --argv0 "$program" "$program")
}

# Unpacks into $1/root the package $3 of the Debian suite $2, with all that it depends on, and prints the version of the
# server in it; the function $4 sets an array to the words that start it ("$4 ARRAY ROOT").
packages_unpack_server() {
  local work=$1 suite=$2 package=$3 command=$4 version words
  packages_unpack "$work" "$suite" /dev/null "$package" || return 1
  "$command" words "$work/root"
  version=$("${words[@]}" --version | sed -nE 's/.* Ver ([0-9][0-9.]*).*/\1/p')
  [[ -n $version ]] || { echo "packages: the unpacked $package does not start" >&2; return 1; }
  echo "$version"
}

# Puts packages into the cache as NAME-VERSION unless they are there: "packages_fetch NAME UNPACK", where UNPACK is a
# function that gets an empty folder, fills its folder `root` and prints VERSION. Fails, having said why on stderr, when
# they cannot be had. Whoever asks whether it failed has thereby switched "set -e" off in UNPACK, which has to check every
# step by itself.
packages_fetch() {
  local name=$1 unpack=$2 cache
  unpacked_root "$name" >/dev/null && return 0
  cache=$(packages_cache) && mkdir -p "$cache" || return 1
  (
    flock 9
    unpacked_root "$name" >/dev/null && exit 0
    work=$(mktemp -d "$cache/fetch.XXXXXX") || exit 1
    trap 'rm -rf "$work"' EXIT
    version=$("$unpack" "$work") && [[ -n $version ]] || exit 1
    mv -T "$work/root" "$cache/$name-$version"
  ) 9>"$cache/fetch.lock"
}

# Unpacks into $1/root the packages from $4 on of the Debian suite $2, and all of what they depend on that the dpkg status
# $3 does not have.
packages_unpack() {
  local work=$1 suite=$2 status=$3 mirror package
  shift 3
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || { echo "packages: this machine's apt names no Debian mirror" >&2; return 1; }
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root" || return 1
  cp "$status" "$work/status" || return 1
  cat >"$work/suite.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
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
Dir::Etc::sourcelist "$work/suite.sources";
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
  apt-get -c "$work/apt.conf" -qq --yes --download-only install "$@" >&2 || return 1
  for package in "$work"/cache/archives/*.deb; do
    case ${package##*/} in
      perl* | libperl* | libgdbm* | libdb5* | sudo_*) ;; # for side scripts, which tests and sandbox never run
      *) dpkg-deb -x "$package" "$work/root" || return 1 ;;
    esac
  done
}
