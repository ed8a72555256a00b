# Downloads with libtorrent and ends: libtorrent-get.py TORRENT FOLDER SETTINGS-AS-JSON.
import json
import sys
import time

import libtorrent as lt

torrent_file, folder, settings = sys.argv[1:4]
session = lt.session({
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'listen_interfaces': '0.0.0.0:0',
    **json.loads(settings),
})
handle = session.add_torrent({'ti': lt.torrent_info(torrent_file), 'save_path': folder})
while not handle.status().is_seeding:
    time.sleep(0.01)
