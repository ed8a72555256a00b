# Downloads a torrent from one peer: libtorrent-get.py TORRENT FOLDER HOST PORT. Ends when it is complete.
import sys
import time

import libtorrent as lt

torrent_file, folder, host, port = sys.argv[1:5]
session = lt.session({
    'listen_interfaces': '127.0.0.1:0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'enable_outgoing_utp': False,
    'out_enc_policy': 2,
})
handle = session.add_torrent({'ti': lt.torrent_info(torrent_file), 'save_path': folder})
while not handle.status().is_seeding:
    if handle.status().num_peers == 0:
        handle.connect_peer((host, int(port)))
    time.sleep(0.05)
# What it has received lies in memory until then.
handle.flush_cache()
handle.save_resume_data()
while not any(isinstance(alert, lt.save_resume_data_alert) for alert in session.pop_alerts()):
    time.sleep(0.02)
