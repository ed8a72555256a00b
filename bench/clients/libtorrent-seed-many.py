# Seeds every torrent of a folder out of another: libtorrent-seed-many.py TORRENTS FOLDER HOST. Prints its port, ends with its stdin.
import os
import sys
import time

import libtorrent as lt

torrents, folder, host = sys.argv[1:4]
session = lt.session({
    'listen_interfaces': host + ':0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True,
    'active_limit': -1,
    'active_seeds': -1,
    'active_checking': 4,
    'unchoke_slots_limit': -1,
    # Fifty connections at one moment: with the default of 5, the kernel drops most of the first requests for a second.
    'listen_queue_size': 512,
})
handles = [
    session.add_torrent({'ti': lt.torrent_info(os.path.join(torrents, name)), 'save_path': folder})
    for name in sorted(os.listdir(torrents))
]
# Torrents that libtorrent manages may be paused for some seconds after their check, and close the connections of peers.
for handle in handles:
    handle.unset_flags(lt.torrent_flags.auto_managed)
    handle.resume()
while session.listen_port() == 0 or not all(handle.status().is_seeding for handle in handles):
    time.sleep(0.05)
print('port', session.listen_port(), flush=True)
sys.stdin.read()
