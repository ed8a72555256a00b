# Downloads a torrent: libtorrent-leech.py ORDER-AS-JSON. Prints `port N`, then `complete` with its peers once it has everything;
# ends with its stdin. It finds only the peers that stdin names (`connect HOST PORT`). `bytes` prints what it has got, and when;
# `got BYTES` prints the same words once it has got so many, and `missed HOST` once a dial of that host over TCP has failed: uTP failed
# before.
import json
import sys
import threading
import time
import warnings

import libtorrent as lt

warnings.simplefilter('ignore')
order = json.loads(sys.argv[1])
host = order['host']
session = lt.session({
    'listen_interfaces': ('[%s]:0' if ':' in host else '%s:0') % host,
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True,
    'min_reconnect_time': 1,
    'alert_mask': lt.alert.category_t.status_notification | lt.alert.category_t.connect_notification,
    **order['settings'],
})
if 'magnet' in order:
    parameters = lt.parse_magnet_uri(order['magnet'])
else:
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(order['torrent'])
parameters.save_path = order['folder']
if 'only' in order:
    # The files that it wants.
    count = parameters.ti.num_files()
    parameters.file_priorities = [4 if i in order['only'] else 0 for i in range(count)]
handle = session.add_torrent(parameters)
while session.listen_port() == 0:
    time.sleep(0.01)
print('port', session.listen_port(), flush=True)


# The module has no name for this flag.
UTP_SOCKET = 1 << 17


def peer_of(info):
    return {
        'address': '%s:%d' % info.ip,
        'client': info.client.decode('utf8', 'replace'),
        'utp': bool(info.flags & UTP_SOCKET),
        'rc4': bool(info.flags & lt.peer_info.rc4_encrypted),
        'pex': bool(info.source & lt.peer_info.pex),
        'got': info.total_download,
    }


def tell():
    seen = {}
    while True:
        done = handle.status().is_finished and handle.has_metadata()
        for info in handle.get_peer_info():
            # A connection that begins anew has the bytes of the one before, and no name yet.
            if info.flags & (lt.peer_info.connecting | lt.peer_info.handshake):
                continue
            if info.total_download > 0 or info.source & lt.peer_info.pex:
                seen[info.ip] = peer_of(info)
        if done:
            break
        time.sleep(0.02)
    handle.flush_cache()
    while not any(isinstance(alert, lt.cache_flushed_alert) for alert in session.pop_alerts()):
        time.sleep(0.02)
    print('complete', json.dumps(list(seen.values())), flush=True)


threading.Thread(target=tell, daemon=True).start()
def wait_for_miss(host):
    while True:
        time.sleep(0.02)
        for alert in session.pop_alerts():
            text = alert.message()
            if isinstance(alert, lt.peer_disconnected_alert) and host in text and '(TCP) [connect]' in text:
                return


for line in sys.stdin:
    words = line.split()
    if words[0] == 'connect':
        handle.connect_peer((words[1], int(words[2])))
    if words[0] == 'got':
        while handle.status().total_payload_download < int(words[1]):
            time.sleep(0.01)
        print(line.strip(), flush=True)
    if words[0] == 'missed':
        wait_for_miss(words[1])
        print(line.strip(), flush=True)
    if words[0] == 'bytes':
        print('bytes', time.monotonic(), handle.status().total_payload_download, flush=True)
