# Says for each .torrent in base64 on a line of stdin whether libtorrent reads it: "reads" or "refuses: why".
import base64
import sys

import libtorrent as lt

for line in sys.stdin:
    try:
        lt.load_torrent_buffer(base64.b64decode(line))
        print('reads', flush=True)
    except RuntimeError as error:
        print('refuses: ' + str(error), flush=True)
