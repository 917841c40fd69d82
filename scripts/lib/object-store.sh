# shellcheck shell=bash
# The sandbox's object store: Ceph's radosgw over one monitor and one object daemon, all as the caller and in the folder
# $dir. Objects are kept in memory and go when it stops. Sourced by scripts/sandbox, whose variables and functions it uses.
#
# cephx stays on although nobody else is there: without it radosgw never connects (get_initial_auth_request -13). There is
# no manager daemon, which only counts and balances.
# shellcheck disable=SC2154

readonly store_access_key=CHATLOADSANDBOX store_secret_key=sandbox+secret/0123456789abcdefghijklmno
readonly store_region=us-east-1
readonly store_daemons=(radosgw osd mon) # in the order in which they are stopped

# The process id of the daemon $1, if that very daemon lives, as running_pid has it for servers.
store_daemon_pid() {
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
  { tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -e "--conf=$dir/ceph.conf"; } 2>/dev/null || return 1
  echo "$pid"
}

store_runs() {
  local daemon
  for daemon in "${store_daemons[@]}"; do
    store_daemon_pid "$daemon" >/dev/null || return 1
  done
}

store_answers() {
  # Whatever it answers: without a signature that is a list of no buckets.
  python3 - "$(<"$dir/port")" 2>/dev/null <<'PYTHON'
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
connection.request("GET", "/")
sys.exit(connection.getresponse().status != 200)
PYTHON
}

# Two ports of 127.0.0.1 that nobody listens on, below those that connections get (ip_local_port_range), so that they are
# still free when the daemons come to them.
free_ports() {
  python3 - <<'PYTHON'
import contextlib, random, socket
listeners = []
while len(listeners) < 2:
    with contextlib.suppress(OSError):
        listeners.append(socket.create_server(("127.0.0.1", random.randrange(20000, 32768))))
print(*(listener.getsockname()[1] for listener in listeners))
PYTHON
}

# A store that is started again keeps its port, unless somebody has taken it.
store_choose_ports() {
  local port
  read -r monitor_port port < <(free_ports)
  port=${store_port:-$port}
  if [[ -f $dir/port ]] && ! (: <"/dev/tcp/127.0.0.1/$(<"$dir/port")") 2>/dev/null; then
    return
  fi
  echo "$port" >"$dir/port"
}

store_configure() {
  cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $(</proc/sys/kernel/random/uuid)
mon host = v2:127.0.0.1:$monitor_port/0
public addr = 127.0.0.1
ms bind msgr1 = false
keyring = $dir/keyring
mon data = $dir/mon
osd data = $dir/osd
run dir = $dir
admin socket =
log file = $dir/\$type.log
mon cluster log file = $dir/cluster.log
plugin dir = $web_root/usr/lib/$web_libraries/ceph
erasure code dir = $web_root/usr/lib/$web_libraries/ceph/erasure-code
osd class dir = $web_root/usr/lib/$web_libraries/rados-classes
osd objectstore = memstore
memstore device bytes = 1G
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
# It waits a second before each change, of which a start makes some twenty.
paxos propose interval = 0.05
# Without tcp_nodelay each answer to a small GET waits 40 ms for an acknowledgement.
rgw frontends = beast endpoint=$store_address:$(<"$dir/port") tcp_nodelay=1
CONF
}

store_make_keys() {
  local keyring=$dir/keyring
  ceph-authtool --create-keyring "$keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  ceph-authtool "$keyring" --gen-key -n client.radosgw --cap mon 'allow *' --cap osd 'allow *'
}

store_launch() {
  local daemon=$1
  shift
  setsid "$@" -f --conf="$dir/ceph.conf" </dev/null >>"$dir/server.log" 2>&1 9>&- &
  echo $! >"$dir/$daemon.pid"
}

# Makes a store of no objects, starts its daemons and makes the user. A failure ends it.
store_boot() {
  local osd_uuid
  osd_uuid=$(</proc/sys/kernel/random/uuid)
  rm -rf "$dir/mon" "$dir/osd" "$dir/keyring" "$dir/monmap"
  mkdir "$dir/osd"
  store_configure
  store_make_keys
  monmaptool --create --fsid "$(sed -n 's/^fsid = //p' "$dir/ceph.conf")" --addv a "[v2:127.0.0.1:$monitor_port]" \
    "$dir/monmap"
  ceph-mon --conf="$dir/ceph.conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
  store_launch mon ceph-mon -i a
  ceph --conf="$dir/ceph.conf" --connect-timeout "$start_deadline_s" osd new "$osd_uuid"
  ceph-osd --conf="$dir/ceph.conf" --mkfs -i 0 --osd-uuid "$osd_uuid"
  store_launch osd ceph-osd -i 0
  store_launch radosgw radosgw -n client.radosgw
  timeout "$start_deadline_s" radosgw-admin --conf="$dir/ceph.conf" -n client.admin user create --uid=sandbox \
    --display-name=sandbox --access-key="$store_access_key" --secret-key="$store_secret_key"
}

store_give_up() {
  show_log
  store_stop
  fail "the object store '$name' $1"
}

store_start() {
  local booted deadline monitor_port web_root web_libraries
  mkdir -p "$dir"
  chmod 0700 "$dir"
  if ! store_runs || [[ $fresh == yes ]]; then
    web_root=$(web_servers_root) ||
      fail "no object store here: run scripts/setup first (its messages say why if it cannot get it)"
    web_libraries=$(basename "$(dirname "$(compgen -G "$web_root/usr/lib/*/ceph" | head -n 1)")")
    web_servers_environment "$web_root"
    store_stop
    echo s3 >"$dir/kind"
    store_choose_ports
    # Not as a condition, which would switch "set -e" off in it.
    set +e
    (set -e && store_boot) >"$dir/server.log" 2>&1
    booted=$?
    set -e
    [[ $booted -eq 0 ]] || store_give_up "did not start"
  fi
  deadline=$((SECONDS + start_deadline_s))
  until store_answers; do
    store_runs || store_give_up "did not start"
    [[ $SECONDS -lt $deadline ]] || store_give_up "does not answer after $start_deadline_s s"
    sleep "$poll_s"
  done
  echo "object store '$name' answers at http://127.0.0.1:$(<"$dir/port"); its credentials: scripts/sandbox url --name $name"
}

# SIGKILL for the daemons that have nothing to lose: the objects are in memory, and go.
store_stop() {
  local daemon pid deadline stopped=no
  for daemon in "${store_daemons[@]}"; do
    pid=$(store_daemon_pid "$daemon") || continue
    kill -KILL "$pid" 2>/dev/null || true
    stopped=yes
    deadline=$((SECONDS + stop_deadline_s))
    while store_daemon_pid "$daemon" >/dev/null; do
      [[ $SECONDS -lt $deadline ]] || fail "'$name' ($daemon, process $pid) still runs $stop_deadline_s s after SIGKILL"
      sleep "$poll_s"
    done
    rm -f "$dir/$daemon.pid"
  done
  [[ $stopped == no ]] || echo "'$name' stopped" >&2
}

store_status() {
  if store_runs; then
    echo "$name: s3 runs (process $(store_daemon_pid radosgw)) at http://127.0.0.1:$(<"$dir/port")"
  else
    echo "$name: stopped"
    return 1
  fi
}

store_url() {
  [[ -f $dir/port ]] || fail "'$name' was never started: scripts/sandbox start --store s3 --name $name"
  cat <<URL
export AWS_ENDPOINT_URL=http://127.0.0.1:$(<"$dir/port")
export AWS_ACCESS_KEY_ID=$store_access_key
export AWS_SECRET_ACCESS_KEY=$store_secret_key
export AWS_REGION=$store_region
URL
}

store_shell() {
  fail "an object store has no shell; scripts/sandbox url --name $name is what its clients need" 64
}
