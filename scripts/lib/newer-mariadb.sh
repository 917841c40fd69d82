# shellcheck shell=bash
# The MariaDB of the next Debian release, for the long tests, without installing it. Sourced by scripts/setup and
# scripts/sandbox. As MySQL, it needs a newer C library, and is started through the loader and the libraries unpacked with it.

# shellcheck source=scripts/lib/debian-packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

# Prints the newest unpacked server's folder; fails when there is none.
newer_mariadb_root() {
  unpacked_root mariadb
}

# Sets the array named $1 to the words that start mariadbd of the folder $2.
newer_mariadb_command() {
  local -n mariadbd_words=$1
  local root=$2
  unpacked_command "$1" "$root" usr/sbin/mariadbd
  mariadbd_words+=(
    --no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mariadb"
    --character-sets-dir="$root/usr/share/mariadb/charsets" --plugin-dir="$root/usr/lib/mysql/plugin"
  )
}

# Makes a data directory, whose root has no password: "newer_mariadb_initialize ROOT WORD...", the words being
# newer_mariadb_command's with a --datadir. What mariadb-install-db does, which would start what it finds without a loader.
newer_mariadb_initialize() {
  local scripts=$1/usr/share/mariadb word
  shift
  for word in "$@"; do
    [[ $word != --datadir=* ]] || mkdir -p "${word#--datadir=}/mysql"
  done
  {
    printf '%s;\n' "CREATE DATABASE IF NOT EXISTS mysql" "USE mysql" "SET @auth_root_socket=NULL"
    cat "$scripts"/{mariadb_system_tables,mariadb_performance_tables,mariadb_system_tables_data,fill_help_tables}.sql \
      "$scripts"/{maria_add_gis_sp_bootstrap,mariadb_sys_schema}.sql
  } | "$@" --bootstrap
}

# Downloads and unpacks the server unless it is there. Fails, having said why on stderr, when it cannot be had.
newer_mariadb_fetch() {
  packages_fetch mariadb newer_mariadb_unpack
}

newer_mariadb_unpack() {
  packages_unpack_server "$1" trixie mariadb-server-core newer_mariadb_command
}
