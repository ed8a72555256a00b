# In a network namespace of its own (unshare -n) without any IPv6, as in the usual container: a libtorrent seed on loopback, and a
# command that is told of 200 IPv6 addresses before it. no-ipv6-namespace.sh TORRENT FOLDER COMMAND…
set -e
torrent=$1 folder=$2
shift 2
ip link set lo up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
# The seed ends with its stdin, which is this pipe.
mkfifo "$folder/seed.pipe"
/usr/bin/python3 "$(dirname "$0")/libtorrent-seed.py" "$torrent" "$folder" 127.0.0.1 '{}' \
  < "$folder/seed.pipe" > "$folder/seed.port" &
exec 3> "$folder/seed.pipe"
until grep -q port "$folder/seed.port"; do sleep 0.05; done
port=$(sed -n 's/^port //p' "$folder/seed.port")
for i in $(seq 1 200); do echo "[2a01:$(printf %x "$i")::1]:6881"; done > "$folder/peers"
echo "127.0.0.1:$port" >> "$folder/peers"
status=0
"$@" --peers-file "$folder/peers" || status=$?
exec 3>&-
wait
exit $status
