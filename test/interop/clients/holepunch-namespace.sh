# In a network namespace of its own (unshare -n), which is the internet: a host with a public address, and two hosts behind a router
# each. The routers translate (the port stays the same where it is free) and drop whatever was not asked for.
# Prints `host NAME PID` for each host, where nsenter finds its namespace: relay 11.80.0.2, left 192.168.1.2 behind 11.81.0.2, right
# 192.168.2.2 behind 11.82.0.2; and for each router, with the counter of what it dropped. Lasts until its stdin ends.
# holepunch-namespace.sh MASQUERADE: the flags of nft's masquerade, for example fully-random. A router with this flag gives each
# destination another port.
set -e
flags=$1
pids=""
end() { for pid in $pids; do kill -9 "$pid" 2> /dev/null || true; done; }
trap end EXIT
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward

# space NAME: a namespace, held by a process.
space() {
  unshare -n sleep 300 > /dev/null 2>&1 &
  eval "$1=$!"
  pids="$pids $!"
  until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  nsenter -t "$!" -n ip link set lo up
}

# public NAME SUBNET: a namespace on the internet, at SUBNET.2.
public() {
  space "$1"
  eval "pid=\$$1"
  ip link add "$1" type veth peer name outside netns "$pid"
  ip addr add "$2.1/24" dev "$1"
  ip link set "$1" up
  nsenter -t "$pid" -n sh -c "ip addr add $2.2/24 dev outside; ip link set outside up; ip route add default via $2.1"
}

# behind ROUTER HOST SUBNET: a host at SUBNET.2 behind the router.
behind() {
  space "$2"
  eval "router=\$$1 host=\$$2"
  nsenter -t "$router" -n ip link add inside type veth peer name inside netns "$host"
  nsenter -t "$router" -n sh -c "ip addr add $3.1/24 dev inside; ip link set inside up; echo 1 > /proc/sys/net/ipv4/ip_forward"
  nsenter -t "$host" -n sh -c "ip addr add $3.2/24 dev inside; ip link set inside up; ip route add default via $3.1"
  nsenter -t "$router" -n nft -f - << END
table inet filter {
  counter unasked { }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname inside accept
  }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established,related accept
    iifname outside counter name unasked drop
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname outside masquerade $flags
  }
}
END
}

public relay 11.80.0
public leftrouter 11.81.0
public rightrouter 11.82.0
behind leftrouter left 192.168.1
behind rightrouter right 192.168.2
for name in relay leftrouter rightrouter left right; do
  eval "echo host $name \$$name"
done
echo ready
cat > /dev/null
