# Seeds all torrents of a folder: libtorrent-seeds.py TORRENTS DATA HOST LIMIT. LIMIT: bytes per second of each torrent, 0 for none.
# Prints its port when all are checked, ends with its stdin.
import os
import sys
import time

import libtorrent as lt

torrents, data, host, limit = sys.argv[1:5]
session = lt.session({
    'listen_interfaces': host + ':0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True,
    'active_limit': 100000,
    'active_seeds': 100000,
    'active_checking': 8,
    'connections_limit': 4000,
    'unchoke_slots_limit': -1,
})
handles = []
for name in sorted(os.listdir(torrents)):
    handle = session.add_torrent({'ti': lt.torrent_info(os.path.join(torrents, name)), 'save_path': data})
    handle.unset_flags(lt.torrent_flags.auto_managed)
    handle.resume()
    handle.set_upload_limit(int(limit))
    handles.append(handle)
while session.listen_port() == 0 or not all(handle.status().is_seeding for handle in handles):
    time.sleep(0.05)
print('port', session.listen_port(), flush=True)
sys.stdin.read()
