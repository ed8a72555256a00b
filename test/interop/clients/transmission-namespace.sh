# In a network namespace of its own (unshare -n), since transmission dials no loopback address: a transmission that seeds, and
# a tracker that tells it where we are, and us of somebody who never answers, so that we wait.
# transmission-namespace.sh TORRENT FOLDER ENCRYPTION COMMAND…
set -e
torrent=$1 folder=$2 encryption=$3
shift 3
ip link set lo up
ip addr add 10.9.0.1/24 dev lo
ip addr add 10.9.0.2/24 dev lo
mkfifo "$folder/tracker.pipe"
/usr/bin/python3 "$(dirname "$0")/one-peer-tracker.py" 10.9.0.1 7000 < "$folder/tracker.pipe" > "$folder/tracker.said" &
exec 3> "$folder/tracker.pipe"
until grep -q ready "$folder/tracker.said"; do sleep 0.05; done
mkdir "$folder/config" "$folder/watched"
cp "$torrent" "$folder/watched/"
cat > "$folder/config/settings.json" << END
{"bind-address-ipv4": "10.9.0.2", "dht-enabled": false, "download-dir": "$folder", "encryption": $encryption, "lpd-enabled": false,
 "peer-port": 7002, "pex-enabled": false, "port-forwarding-enabled": false, "rpc-enabled": false, "utp-enabled": false,
 "watch-dir": "$folder/watched", "watch-dir-enabled": true}
END
"$@" --port 7000 --peer 10.9.0.1:7001 > "$folder/events" &
command=$!
# Whom it does not reach at once it does not try again for minutes.
until grep -q listening "$folder/events"; do sleep 0.05; done
transmission-daemon --foreground --config-dir "$folder/config" --log-error > "$folder/transmission.log" 2>&1 &
transmission=$!
status=0
wait "$command" || status=$?
# Asked to end, it takes ten seconds.
kill -9 "$transmission"
exec 3>&-
wait
cat "$folder/events"
exit $status
