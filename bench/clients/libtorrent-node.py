# One of several libtorrents that know each other: libtorrent-node.py TORRENT FOLDER PEER.... Prints its progress as `get --json` does, and gives
# what it has until it is killed.
import json
import sys
import time

import libtorrent as lt

torrent_file, folder, *peers = sys.argv[1:]
session = lt.session({
    'listen_interfaces': '0.0.0.0:6881',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True,
})
what = lt.add_torrent_params()
what.ti = lt.torrent_info(torrent_file)
what.save_path = folder
what.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(what)


def dial():
    for peer in peers:
        host, port = peer.rsplit(':', 1)
        handle.connect_peer((host, int(port)))


dial()
done = False
looks = 0
while True:
    time.sleep(0.1)
    looks += 1
    if looks % 20 == 0 and looks < 200:
        dial()
    status = handle.status()
    print(json.dumps({'type': 'progress', 'bytes': status.total_wanted_done}), flush=True)
    if status.is_seeding and not done:
        done = True
        print(json.dumps({'type': 'complete'}), flush=True)
