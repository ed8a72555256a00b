# Seeds what is in a folder: libtorrent-seed.py TORRENT FOLDER HOST SETTINGS-AS-JSON. Prints its port, ends with its stdin.
import json
import sys
import time

import libtorrent as lt

torrent_file, folder, host, settings = sys.argv[1:5]
settings = json.loads(settings)
# An idle peer wants nothing and has nothing: it is there to know others.
idle = settings.pop('idle', False)
# A partial one has what of the folder is right and looks for the rest.
partial = settings.pop('partial', False)
# Bytes per second; the limits of a session do not hold for peers of the same network.
limit = settings.pop('limit', 0)
# A seed that dials nobody is found by the one way that a test is about: it would hear of us as well, and be first.
dials = settings.pop('dials', True)
# The files that it wants.
only = settings.pop('only', None)
# Without peer exchange it is named to others and hears of nobody.
exchanges = settings.pop('pex', True)
# BEP 16: offers each peer one piece, and the next when it has seen that one at another peer.
super_seeding = settings.pop('super_seeding', False)
session = lt.session({
    'listen_interfaces': host + ':0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True,
    'alert_mask': lt.alert.category_t.dht_operation_notification,
    'dht_bootstrap_nodes': '',
    'dht_restrict_routing_ips': False,
    'dht_restrict_search_ips': False,
    'dht_enforce_node_id': False,
    'dht_prefer_verified_node_ids': False,
    'close_redundant_connections': not idle,
    'enable_outgoing_tcp': dials,
    'enable_outgoing_utp': dials,
    **settings,
})
handle = session.add_torrent({'ti': lt.torrent_info(torrent_file), 'save_path': folder})
handle.set_upload_limit(limit)
if super_seeding:
    handle.set_flags(lt.torrent_flags.super_seeding)
if not exchanges:
    handle.set_flags(lt.torrent_flags.disable_pex)
if only is not None:
    count = lt.torrent_info(torrent_file).num_files()
    handle.prioritize_files([4 if i in only else 0 for i in range(count)])
if idle:
    handle.prioritize_files([0] * lt.torrent_info(torrent_file).num_files())


def ready():
    status = handle.status()
    checked = partial and status.state == lt.torrent_status.downloading
    return session.listen_port() != 0 and (idle or checked or status.is_seeding)


while not ready():
    time.sleep(0.02)
print('port', session.listen_port(), flush=True)


def join_dht(node):
    session.add_dht_node(node)
    for _ in range(200):
        handle.force_dht_announce()
        session.dht_get_peers(handle.info_hash())
        for _ in range(25):
            time.sleep(0.02)
            if any(isinstance(a, lt.dht_get_peers_reply_alert) and a.num_peers() > 0 for a in session.pop_alerts()):
                print('announced', flush=True)
                return


# The module has no name for this flag.
UTP_SOCKET = 1 << 17


def wait_for(count, utp):
    while True:
        peers = [p for p in handle.get_peer_info() if not p.flags & (p.connecting | p.handshake)]
        if sum(1 for p in peers if p.flags & UTP_SOCKET or not utp) >= count:
            return
        time.sleep(0.02)


# Each line that comes is an order: connect HOST PORT, dht HOST PORT, peers all|utp COUNT, which prints `peers all|utp COUNT` once it
# is connected to so many, or given, which prints how many bytes of blocks it has sent.
for line in sys.stdin:
    if line.strip() == 'given':
        print('given', handle.status().total_payload_upload, flush=True)
        continue
    order, host, port = line.split()
    if order == 'connect':
        handle.connect_peer((host, int(port)))
    elif order == 'peers':
        wait_for(int(port), host == 'utp')
        print(line.strip(), flush=True)
    else:
        join_dht((host, int(port)))
