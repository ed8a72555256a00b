# Suggests what it has read (BEP 6), a seed or a leech, by what is in the folder: libtorrent-suggestions.py TORRENT FOLDER HOST
# SETTINGS-AS-JSON. Prints its port, and `complete` once it has everything; ends with its stdin. Each line there is an order:
# `connect HOST PORT`; `slots HOST COUNT`, which unchokes so many peers from now on, after that host has become interested; `tell HOST
# WHAT`, which prints what it said on its last connection with that host, and heard there: `told WHAT [[sent or heard, SUGGEST or REQUEST, piece], ...]`.
import json
import re
import sys
import threading
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
    'alert_mask': lt.alert.category_t.peer_log_notification | lt.alert.category_t.status_notification,
    'alert_queue_size': 1000000,
    'suggest_mode': 1,
    'unchoke_interval': 1,
    # It would be unchoked at once for these.
    'allowed_fast_set_size': 0,
    **json.loads(settings),
})
# Without this, peers of our own network are unchoked as soon as they connect, before anything can be suggested.
anybody = lt.ip_filter()
anybody.add_rule('0.0.0.0', '255.255.255.255', 1 << lt.session.global_peer_class_id)
session.set_peer_class_filter(anybody)
handle = session.add_torrent({'ti': lt.torrent_info(torrent_file), 'save_path': folder})


def is_ready():
    state = handle.status().state
    return session.listen_port() != 0 and state in (lt.torrent_status.downloading, lt.torrent_status.seeding)


while not is_ready():
    time.sleep(0.02)
print('port', session.listen_port(), flush=True)

LINE = re.compile(r'\[(\S+:\d+)\] (==>|<==) (SUGGEST|REQUEST)\w* \[ piece: (\d+)')
told = []


def listen():
    while True:
        # Not wait_for_alert: its Python binding reads an alert that the network thread may move meanwhile, and crashes.
        time.sleep(0.02)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.torrent_finished_alert):
                print('complete', flush=True)
            found = LINE.search(alert.message()) if isinstance(alert, lt.peer_log_alert) else None
            if found is not None:
                told.append((found[1], 'sent' if found[2] == '==>' else 'heard', found[3], int(found[4])))


threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    order, where, what = line.split()
    if order == 'connect':
        handle.connect_peer((where, int(what)))
    elif order == 'slots':
        while int(what) > 0 and not any(p.ip[0] == where and p.flags & lt.peer_info.remote_interested
                                        for p in handle.get_peer_info()):
            time.sleep(0.02)
        session.apply_settings({'unchoke_slots_limit': int(what)})
    else:
        ends = [peer for peer, *_ in told if peer.startswith(where + ':')]
        print('told', what, json.dumps([rest for peer, *rest in told if peer == ends[-1]]), flush=True)
