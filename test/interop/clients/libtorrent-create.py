# Makes a torrent as libtorrent does: libtorrent-create.py PATH TORRENT v2|hybrid PIECE-LENGTH [private]
import os
import sys

import libtorrent as lt

path, torrent_file, version, piece_length = sys.argv[1:5]
files = lt.file_storage()
lt.add_files(files, path)
flags = {'v2': lt.create_torrent.v2_only, 'hybrid': 0}[version]
made = lt.create_torrent(files, int(piece_length), flags)
made.set_priv('private' in sys.argv[5:])
lt.set_piece_hashes(made, os.path.dirname(path))
with open(torrent_file, 'wb') as file:
    file.write(lt.bencode(made.generate()))
