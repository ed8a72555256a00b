/*
 * What the system needs to give data from a file: bare-seed INFO-HASH PORT FILE PIECE-BYTES. One thread unchokes everybody at once.
 * It reads up to 16 blocks that follow each other in one call, with their heads between them, and sends them in one call. For
 * leeches that ask for whole blocks of 16 KiB and keep at most 512 requests open.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCK = 16384, HEAD = 13, STRIDE = HEAD + BLOCK, BLOCKS = 16, QUEUE = 1024, HANDSHAKE = 68, MOST = 65536 };

struct peer {
  int fd, is_greeted;
  uint8_t in[4096];
  size_t have;
  struct { uint32_t piece, begin; } queue[QUEUE];
  unsigned first, end; /* of the queue, modulo its size */
  uint8_t *batch;
  size_t sent, length; /* of the batch */
};

static struct peer *peers[MOST];
static uint8_t greeting[HANDSHAKE + 5] = {19};
static int content, poll_fd;
static uint64_t piece_bytes;

static uint32_t get(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void put(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static void watch(int fd, uint32_t events, int how) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  epoll_ctl(poll_fd, how, fd, &event);
}

static void read_batch(struct peer *peer) {
  struct iovec views[BLOCKS];
  uint32_t piece = peer->queue[peer->first % QUEUE].piece, begin = peer->queue[peer->first % QUEUE].begin;
  int count = 0;
  for (; count < BLOCKS && peer->first != peer->end; count++, peer->first++) {
    uint32_t at = begin + (uint32_t)count * BLOCK;
    if (peer->queue[peer->first % QUEUE].piece != piece || peer->queue[peer->first % QUEUE].begin != at) break;
    uint8_t *head = peer->batch + count * STRIDE;
    put(head, 9 + BLOCK), head[4] = 7, put(head + 5, piece), put(head + 9, at);
    views[count] = (struct iovec){head + HEAD, BLOCK};
  }
  if (preadv(content, views, count, (off_t)(piece * piece_bytes + begin)) < 0) perror("read"), exit(1);
  peer->sent = 0, peer->length = (size_t)count * STRIDE;
}

static void give(struct peer *peer) {
  for (;;) {
    if (peer->sent == peer->length && peer->first == peer->end) return watch(peer->fd, EPOLLIN, EPOLL_CTL_MOD);
    if (peer->sent == peer->length) read_batch(peer);
    ssize_t sent = send(peer->fd, peer->batch + peer->sent, peer->length - peer->sent, MSG_NOSIGNAL);
    if (sent < 0) return watch(peer->fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    peer->sent += (size_t)sent;
  }
}

/* Returns 0 if the peer has gone. */
static int hear(struct peer *peer) {
  ssize_t got = recv(peer->fd, peer->in + peer->have, sizeof peer->in - peer->have, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN)) return 0;
  if (got > 0) peer->have += (size_t)got;
  size_t used = 0;
  if (!peer->is_greeted && peer->have >= HANDSHAKE) {
    peer->is_greeted = 1, used = HANDSHAKE;
    send(peer->fd, greeting, sizeof greeting, MSG_NOSIGNAL);
  }
  while (peer->is_greeted && peer->have - used >= 4 && peer->have - used >= 4 + get(peer->in + used)) {
    const uint8_t *at = peer->in + used;
    if (get(at) == 13 && at[4] == 6) {
      unsigned place = peer->end++ % QUEUE;
      peer->queue[place].piece = get(at + 5), peer->queue[place].begin = get(at + 9);
    }
    used += 4 + get(at);
  }
  memmove(peer->in, peer->in + used, peer->have -= used);
  return 1;
}

static void meet(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
  if (fd < 0 || fd >= MOST) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  peers[fd] = calloc(1, sizeof *peers[fd]);
  peers[fd]->fd = fd;
  peers[fd]->batch = malloc(BLOCKS * STRIDE);
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "see the source for the arguments\n"), 2;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  memcpy(greeting + 1, "BitTorrent protocol", 19);
  for (int i = 0; i < 20; i++) sscanf(argv[1] + 2 * i, "%2hhx", &greeting[28 + i]);
  memcpy(greeting + 48, "-XX0001-000000000000", 20);
  greeting[HANDSHAKE + 3] = 1, greeting[HANDSHAKE + 4] = 1;
  content = open(argv[3], O_RDONLY);
  piece_bytes = strtoull(argv[4], NULL, 10);
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (content < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 512) != 0)
    return perror("bare-seed"), 1;
  poll_fd = epoll_create1(0);
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    struct epoll_event events[64];
    int ready = epoll_wait(poll_fd, events, 64, -1);
    for (int e = 0; e < ready; e++) {
      int fd = events[e].data.fd;
      if (fd == listener) meet(listener);
      else if ((events[e].events & EPOLLIN) && !hear(peers[fd])) close(fd), free(peers[fd]->batch), free(peers[fd]);
      else give(peers[fd]);
    }
  }
}
