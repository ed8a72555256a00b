# Seeds with libtorrent's preset for it and unlimited upload slots: libtorrent-fast-seed.py TORRENT FOLDER PORT. Ends with its stdin.
import sys

import libtorrent as lt

torrent_file, folder, port = sys.argv[1:4]
session = lt.session({
    **lt.high_performance_seed(),
    'listen_interfaces': '0.0.0.0:' + port,
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'unchoke_slots_limit': -1,
})
what = lt.add_torrent_params()
what.ti = lt.torrent_info(torrent_file)
what.save_path = folder
# A torrent that libtorrent manages may be paused for some seconds after its check.
what.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
what.flags |= lt.torrent_flags.seed_mode
session.add_torrent(what)
sys.stdin.read()
