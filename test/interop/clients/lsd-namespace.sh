# In a network namespace of its own (unshare -n): a libtorrent seed that announces itself on the local network, and a command
# that is to find it there. lsd-namespace.sh TORRENT FOLDER COMMAND…
set -e
torrent=$1 folder=$2
shift 2
ip link set lo up multicast on
ip addr add 10.9.0.1/24 dev lo
ip addr add 10.9.0.2/24 dev lo
ip route add 224.0.0.0/4 dev lo
# The seed ends with its stdin, which is this pipe.
mkfifo "$folder/lsd.pipe"
/usr/bin/python3 "$(dirname "$0")/libtorrent-seed.py" "$torrent" "$folder" 10.9.0.2 '{"enable_lsd": true}' \
  < "$folder/lsd.pipe" > "$folder/lsd.port" &
exec 3> "$folder/lsd.pipe"
until grep -q port "$folder/lsd.port"; do sleep 0.05; done
status=0
"$@" || status=$?
exec 3>&-
wait
exit $status
