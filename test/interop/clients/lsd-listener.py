# Hears local discovery (BEP 14) on one interface and no other: lsd-listener.py INTERFACE. Prints the families that were heard as
# "INTERFACE 4 6", ends with its stdin.
import select
import socket
import struct
import sys

name = sys.argv[1]
index = socket.if_nametoindex(name)
IP_MULTICAST_ALL, IPV6_MULTICAST_ALL = 49, 29
heard = set()

four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
four.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
four.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
four.bind(('', 6771))
four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                struct.pack('4s4si', socket.inet_aton('239.192.152.143'), socket.inet_aton('0.0.0.0'), index))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
six.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
six.bind(('::', 6771))
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
               struct.pack('16si', socket.inet_pton(socket.AF_INET6, 'ff15::efc0:988f'), index))
while True:
    ready, _, _ = select.select([four, six, sys.stdin], [], [])
    if sys.stdin in ready:
        break
    for one in ready:
        text = one.recv(2000)
        if text.startswith(b'BT-SEARCH'):
            heard.add('4' if one is four else '6')
# One write: several of these share an output, and their lines must not mix.
sys.stdout.write(' '.join([name, *sorted(heard)]) + '\n')
sys.stdout.flush()
