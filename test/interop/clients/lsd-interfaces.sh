# In a network namespace of its own (unshare -n): two networks that are up, a third that comes later, and a command that is to
# speak on all of them over IPv4 and IPv6. lsd-interfaces.sh COMMAND… Prints a line for each network with the families that were heard there.
here=$(dirname "$0")
ip link set lo up
# A network is a pair of interfaces, of which the other end only makes it one.
make() { ip link add "$1" type veth peer name "$1-end"; }
network() {
  ip link set "$1-end" up
  ip link set "$1" up
  ip addr add "10.9.$2.1/24" dev "$1"
  ip addr add "fd00:$2::1/64" dev "$1" nodad
}
make one
make two
make late
network one 1
network two 2
listen() { sleep 14 | /usr/bin/python3 "$here/lsd-listener.py" "$1" & }
listen one
listen two
listen late
sleep 0.5
"$@" > /dev/null 2>&1 &
sleep 2
network late 3
wait
