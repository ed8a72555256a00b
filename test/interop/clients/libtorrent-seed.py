# Seeds what is in a folder: libtorrent-seed.py TORRENT FOLDER HOST SETTINGS-AS-JSON. Prints its port, ends with its stdin.
import json
import sys
import time

import libtorrent as lt

torrent_file, folder, host, settings = sys.argv[1:5]
session = lt.session({
    'listen_interfaces': host + ':0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True,
    **json.loads(settings),
})
handle = session.add_torrent({'ti': lt.torrent_info(torrent_file), 'save_path': folder})
while session.listen_port() == 0 or not handle.status().is_seeding:
    time.sleep(0.02)
print('port', session.listen_port(), flush=True)
# Each line that comes names a peer to connect to.
for line in sys.stdin:
    host, port = line.split()
    handle.connect_peer((host, int(port)))
