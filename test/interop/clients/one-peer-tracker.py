# A tracker that knows one peer: one-peer-tracker.py HOST PORT, at port 6969. At port 7001 it takes connections and says nothing.
# Ends with its stdin.
import http.server
import socket
import sys
import threading

host, port = sys.argv[1], int(sys.argv[2])
peer = socket.inet_aton(host) + port.to_bytes(2, 'big')


class Tracker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'd8:intervali5e12:min intervali5e5:peers6:' + peer + b'e')

    def log_message(self, *_):
        pass


silent = socket.create_server((host, 7001))
server = http.server.HTTPServer((host, 6969), Tracker)
threading.Thread(target=server.serve_forever, daemon=True).start()
print('ready', flush=True)
sys.stdin.read()
