# In a network namespace of its own (unshare -n), which becomes a router: miniupnpd between a network inside, where the command runs,
# and one outside, where peers are. nat-namespace.sh TORRENT HASH FOLDER PROTOCOL HOW COMMAND…
# PROTOCOL: pcp, nat-pmp, upnp, upnp1 (version 1 of the device), or none: the router is there and helps nobody. HOW: term ends the
# command by SIGTERM; seed ends it by a libtorrent seed outside that gives it everything, over a connection to the router; taken is
# term, and another machine inside has the port 7000 of the router.
# Writes into FOLDER: events of the command, rules of the router before, during and after, what a handshake from outside got.
set -e
torrent=$1 hash=$2 folder=$3 protocol=$4 how=$5
shift 5
here=$(dirname "$0")
pids=""
end() { for pid in $pids; do kill -9 "$pid" 2> /dev/null || true; done; }
trap end EXIT
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward

# A network is a namespace, held by a process, and a line to it.
network() {
  unshare -n sleep 300 > /dev/null 2>&1 &
  eval "$1=$!"
  pids="$pids $!"
  until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  ip link add "$1" type veth peer name eth0 netns "$!"
  ip addr add "$2.1/24" dev "$1"
  ip link set "$1" up multicast on
  nsenter -t "$!" -n sh -c "ip link set lo up; ip addr add $2.2/24 dev eth0; ip link set eth0 up multicast on"
}
network inside 192.168.77
network outside 11.77.0
nsenter -t "$inside" -n ip route add default via 192.168.77.1

nft -f - << END
table inet filter {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname inside accept
    jump miniupnpd
  }
  chain miniupnpd { }
  chain input {
    type filter hook input priority 0; policy accept;
    $([ "$protocol" = nat-pmp ] && echo "udp dport 5351 @th,64,8 2 counter drop")
  }
  chain prerouting { type nat hook prerouting priority -100; policy accept; jump prerouting_miniupnpd; }
  chain prerouting_miniupnpd { }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    jump postrouting_miniupnpd
    oifname outside masquerade
  }
  chain postrouting_miniupnpd { }
}
END
case $protocol in
  upnp*) pmp=no upnp=yes ;;
  *) pmp=yes upnp=no ;;
esac
cat > "$folder/miniupnpd.conf" << END
ext_ifname=outside
listening_ip=inside
http_port=0
enable_natpmp=$pmp
enable_upnp=$upnp
secure_mode=yes
min_lifetime=120
max_lifetime=86400
lease_file=$folder/leases
force_igd_desc_v1=$([ "$protocol" = upnp1 ] && echo yes || echo no)
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
uuid=00000000-1111-2222-3333-444444444444
system_uptime=yes
allow 1024-65535 192.168.77.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
END
if [ "$how" = taken ]; then
  until=$(($(date +%s) + 3600))
  printf 'TCP:7000:192.168.77.3:7000:%s:theirs\nUDP:7000:192.168.77.3:7000:%s:theirs\n' "$until" "$until" > "$folder/leases"
fi
if [ "$protocol" != none ]; then
  miniupnpd -d -4 -f "$folder/miniupnpd.conf" -P "$folder/miniupnpd.pid" > "$folder/miniupnpd.log" 2>&1 &
  pids="$pids $!"
  case $protocol in upnp*) port=1900 ;; *) port=5351 ;; esac
  tries=0
  until ss -lnu | grep -q ":$port "; do
    sleep 0.05
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { cat "$folder/miniupnpd.log" >&2; exit 90; }
  done
fi

nft list ruleset > "$folder/before"
nsenter -t "$inside" -n "$@" > "$folder/events" 2> "$folder/said" &
command=$!
pids="$pids $command"
tries=0
until grep -q mapped "$folder/events"; do
  sleep 0.05
  tries=$((tries + 1))
  [ $tries -lt 500 ] && kill -0 "$command" 2> /dev/null || { cat "$folder/events" "$folder/said" >&2; exit 91; }
done
nft list ruleset > "$folder/during"
cp "$folder/leases" "$folder/leases.during" 2> /dev/null || true
external=$(sed -n 's/.*"externalPort":\([0-9]*\).*/\1/p' "$folder/events" | head -1)
if [ -n "$external" ]; then
  nsenter -t "$outside" -n timeout 20 node "$here/handshake.mjs" 11.77.0.1 "$external" "$hash" > "$folder/handshake"
fi
case $how in
  term | taken) kill -TERM "$command" ;;
  seed)
    mkfifo "$folder/seed.pipe"
    nsenter -t "$outside" -n /usr/bin/python3 "$here/libtorrent-seed.py" "$torrent" "$folder" 11.77.0.2 '{}' \
      < "$folder/seed.pipe" > "$folder/seed.port" 2>&1 &
    pids="$pids $!"
    exec 3> "$folder/seed.pipe"
    echo "connect 11.77.0.1 $external" >&3
    ;;
esac
status=0
wait "$command" || status=$?
nft list ruleset > "$folder/after"
echo "$status" > "$folder/status"
