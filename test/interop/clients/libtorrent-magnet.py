# A client with nothing but an info hash: libtorrent-magnet.py HASH FOLDER HOST. Prints its port, and `metadata` once a peer has
# given it; ends with its stdin. `connect HOST PORT` on stdin is the only way by which it finds anybody.
import sys
import threading
import time

import libtorrent as lt

info_hash, folder, host = sys.argv[1:4]
session = lt.session({
    'listen_interfaces': host + ':0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
})
handle = session.add_torrent({'info_hash': bytes.fromhex(info_hash), 'save_path': folder})
while session.listen_port() == 0:
    time.sleep(0.01)
print('port', session.listen_port(), flush=True)


def tell():
    while not handle.has_metadata():
        time.sleep(0.02)
    print('metadata', handle.get_torrent_info().name(), flush=True)


threading.Thread(target=tell, daemon=True).start()
for line in sys.stdin:
    _, to, port = line.split()
    handle.connect_peer((to, int(port)))
