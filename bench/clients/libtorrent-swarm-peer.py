# One peer of a swarm: libtorrent-swarm-peer.py TORRENT FOLDER ADDRESS SETTINGS-AS-JSON. Prints `ready`, begins at the first line of
# its stdin, prints `done` when it has all, and ends with its stdin, at the latest after `lifetime` seconds. A `seed` has all
# from the start. One that does not `stay` leaves when it has all. `gave BYTES got BYTES` is the data between it and the
# peer at the address `watch`, each time that more is known.
import json
import os
import select
import sys
import time

import libtorrent as lt

LOOK_EVERY_S = 0.5

torrent_file, folder, address, settings = sys.argv[1:5]
settings = json.loads(settings)
seed, stay, lifetime, watch = (settings.pop(name) for name in ('seed', 'stay', 'lifetime', 'watch'))
deadline = time.monotonic() + lifetime
print('ready', flush=True)
if not sys.stdin.readline():
    sys.exit(0)
session = lt.session({
    'listen_interfaces': address + ':0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    **settings,
})
what = lt.add_torrent_params()
what.ti = lt.torrent_info(torrent_file)
what.save_path = folder
# A torrent that libtorrent manages may be paused for some seconds after its check.
what.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
if seed:
    what.flags |= lt.torrent_flags.seed_mode
handle = session.add_torrent(what)

# Of the connections that are over, and of the one that is open; its figures begin with 0.
over, now = [0, 0], [0, 0]


def look():
    global over, now
    before = [a + b for a, b in zip(over, now)]
    for peer in handle.get_peer_info():
        if peer.ip[0] != watch:
            continue
        figures = [peer.total_upload, peer.total_download]
        if figures < now:
            over = before
        now = figures
    sums = [a + b for a, b in zip(over, now)]
    if sums != before:
        print('gave', sums[0], 'got', sums[1], flush=True)


done = seed
while time.monotonic() < deadline and not select.select([sys.stdin], [], [], LOOK_EVERY_S)[0]:
    look()
    if done or not handle.status().is_seeding:
        continue
    done = True
    print('done', flush=True)
    if not stay:
        # It tells the tracker and closes its connections.
        handle.pause()
        time.sleep(1)
        break
# The destructor would wait for the tracker.
os._exit(0)
