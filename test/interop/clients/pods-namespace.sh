# In namespaces of its own (unshare --mount --net --pid --fork --kill-child --mount-proc): a network of pods. Each has its own network, host
# name and folder, and all have one name, whose addresses are those of the pods that run, as with a headless service of Kubernetes or a
# service of docker compose. A libtorrent is the world outside. The last pod begins when the first one gets data. What pod N prints is in
# FOLDER/pod-N.out and FOLDER/pod-N.err; $POD in the command is FOLDER/pod-N, SEED is the address of the libtorrent.
# pods-namespace.sh FOLDER TORRENT DATA SEED-SETTINGS COUNT NODE COMMAND
set -e
folder=$1 torrent=$2 data=$3 settings=$4 count=$5 node=$6 command=$7
clients=$(dirname "$0")
ip link set lo up
ip link add pods type bridge
ip addr add 10.77.0.1/24 dev pods
ip link set pods up
echo 'nameserver 10.77.0.1' > "$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf
: > "$folder/addresses"

# Both servers end with their stdin, which is this pipe.
mkfifo "$folder/pipe"
"$node" "$clients/pods-resolver.mjs" "$folder/addresses" 10.77.0.1 < "$folder/pipe" > "$folder/resolver.out" &
/usr/bin/python3 "$clients/libtorrent-seed.py" "$torrent" "$data" 10.77.0.1 "$settings" < "$folder/pipe" > "$folder/seed.out" &
exec 3> "$folder/pipe"
until grep -q ready "$folder/resolver.out" && grep -q port "$folder/seed.out"; do sleep 0.05; done
command=$(echo "$command" | sed "s/SEED/10.77.0.1:$(sed -n 's/^port //p' "$folder/seed.out")/")

# pod N: its namespaces are held by a process.
pod() {
  unshare -nu sleep 120 > /dev/null 2>&1 3>&- &
  until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  ip link add "pod$1" type veth peer name eth0 netns "$!"
  ip link set "pod$1" master pods up
  nsenter -t "$!" -n -u sh -c "hostname pod-$1; ip link set lo up; ip addr add 10.77.0.1$1/24 dev eth0; ip link set eth0 up"
  echo "10.77.0.1$1" >> "$folder/addresses"
  POD="$folder/pod-$1" XDG_STATE_HOME="$folder/pod-$1 state" nsenter -t "$!" -n -u sh -c "$command" > "$folder/pod-$1.out" 2> "$folder/pod-$1.err" 3>&- &
  nodes="$nodes $!"
}

nodes=""
for i in $(seq 1 $((count - 1))); do pod "$i"; done
until grep -q '"type":"first-unchoke"' "$folder/pod-1.out"; do sleep 0.05; done
pod "$count"
status=0
for pid in $nodes; do wait "$pid" || status=$?; done
exec 3>&-
exit $status
