# shellcheck shell=bash
# MySQL for the sandbox, without installing it. Sourced by scripts/setup and scripts/sandbox.
#
# Debian 12 ships MariaDB only; Debian unstable ships MySQL, linked against a newer C library. So mysql-server-core and
# everything that it depends on (an empty dpkg status makes the closure complete) are unpacked into a cache folder and
# started through the loader and the libraries found there.

# shellcheck source=scripts/lib/debian-packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

# Prints the newest unpacked server's folder; fails when there is none.
mysql_server_root() {
  unpacked_root mysql
}

# Sets the array named $1 to the words that start mysqld of the folder $2: loader, library path, mysqld, its folders.
mysql_server_command() {
  local -n mysqld_words=$1
  local root=$2
  unpacked_command "$1" "$root" usr/sbin/mysqld
  mysqld_words+=(
    --no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql"
    --character-sets-dir="$root/usr/share/mysql/charsets" --plugin-dir="$root/usr/lib/mysql/plugin"
    --secure-file-priv=NULL
  )
}

# Downloads and unpacks the server unless it is there. Fails, having said why on stderr, when it cannot be had.
mysql_server_fetch() {
  packages_fetch mysql mysql_server_unpack
}

mysql_server_unpack() {
  packages_unpack_server "$1" unstable mysql-server-core mysql_server_command
}
