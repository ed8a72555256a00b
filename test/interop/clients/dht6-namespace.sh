# In a network namespace of its own (unshare -n), since libtorrent takes one DHT node an IPv6 address only: a DHT of 20
# libtorrent nodes and a seed that announces itself there, and a command that is to find it.
# dht6-namespace.sh TORRENT FOLDER COMMAND…; the first node is put behind the command as --dht-bootstrap.
set -e
torrent=$1 folder=$2
here=$(dirname "$0")
shift 2
ip link set lo up
for i in $(seq 1 21); do ip -6 addr add "fd00:5eed::$(printf %x "$i")/128" dev lo; done
# Both end with their stdin, which are these pipes.
mkfifo "$folder/nodes.pipe" "$folder/seed.pipe"
/usr/bin/python3 "$here/libtorrent-dht.py" 20 6 < "$folder/nodes.pipe" > "$folder/nodes.port" &
exec 3> "$folder/nodes.pipe"
until grep -q port "$folder/nodes.port"; do sleep 0.05; done
port=$(sed -n 's/^port //p' "$folder/nodes.port")
/usr/bin/python3 "$here/libtorrent-seed.py" "$torrent" "$folder" '[fd00:5eed::15]' '{"enable_dht": true, "dials": false}' \
  < "$folder/seed.pipe" > "$folder/seed.said" &
exec 4> "$folder/seed.pipe"
echo "dht fd00:5eed::1 $port" >&4
until grep -q announced "$folder/seed.said"; do sleep 0.05; done
status=0
"$@" --dht-bootstrap "[fd00:5eed::1]:$port" || status=$?
exec 3>&- 4>&-
wait
exit $status
