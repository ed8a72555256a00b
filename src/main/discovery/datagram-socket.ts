/** A real UDP socket. */
import { createSocket } from 'node:dgram';
import type { DatagramSocket, OpenSocket } from './environment.ts';

export const openSocket: OpenSocket = (family, isShared, { onMessage, onError, onClose }): DatagramSocket => {
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr: isShared,
    ipv6Only: family === 6,
  });
  socket.on('message', onMessage).on('error', onError);
  if (onClose !== undefined) socket.on('close', onClose);
  return {
    bind: (port, address, bound) =>
      void socket.bind({ port, ...(address === null ? {} : { address }) }, bound ?? (() => {})),
    // Node calls back with an error if there is one.
    connect: (port, address, connected) =>
      socket.connect(port, address, (...failed: readonly Error[]) => connected(failed[0] ?? null)),
    send: (bytes, to, sent) => {
      if (to === null) socket.send(bytes, sent);
      else socket.send(bytes, to.port, to.address, sent);
    },
    joinGroup: (group, by) => {
      socket.addMembership(group, by);
      socket.setMulticastInterface(by);
    },
    localPort: () => socket.address().port,
    hold: (isNeeded) => void (isNeeded ? socket.ref() : socket.unref()),
    close: () => void socket.close(),
  };
};
