# A DHT of libtorrent nodes on loopback: libtorrent-dht.py COUNT FAMILY. Node i is on 127.0.1.i, or for family 6 on
# fd00:5eed::i. Prints the port of the first once all know others, ends with its stdin.
import sys
import time
import warnings

import libtorrent as lt

warnings.simplefilter('ignore')
count = int(sys.argv[1])
family = sys.argv[2]


def host(i):
    return ('fd00:5eed::%x' if family == '6' else '127.0.1.%d') % (i + 1)


sessions = []
for i in range(count):
    session = lt.session({
        'listen_interfaces': ('[%s]:0' if family == '6' else '%s:0') % host(i),
        'enable_dht': True,
        'enable_lsd': False,
        'enable_upnp': False,
        'enable_natpmp': False,
        'dht_bootstrap_nodes': '',
        'dht_restrict_routing_ips': False,
        'dht_restrict_search_ips': False,
        'dht_enforce_node_id': False,
        'dht_prefer_verified_node_ids': False,
    })
    while session.listen_port() == 0:
        time.sleep(0.01)
    sessions.append(session)
for i, session in enumerate(sessions):
    for j in range(i + 1, i + 6):
        session.add_dht_node((host(j % count), sessions[j % count].listen_port()))
while any(session.status().dht_nodes < 4 for session in sessions):
    time.sleep(0.05)
print('port', sessions[0].listen_port(), flush=True)
sys.stdin.read()
