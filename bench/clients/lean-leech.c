/*
 * Many leeches in one thread: lean-leech HOST PORT INFO-HASH BYTES PIECE-BYTES LEECHES BYTES-EACH IN-FLIGHT LIMIT-S NETWORK.
 * Leech i has the address NETWORK + i (two bytes: 11.1), so that a seed takes it for a peer of its own. It asks for all blocks in
 * order from its own start, keeps IN-FLIGHT requests open, counts the data and forgets it. It uploads nothing and knows no
 * extension. Prints one line of JSON when all have BYTES-EACH or are closed, or after LIMIT-S.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 16384, READ_BYTES = 1 << 18, MOST_LEECHES = 20000, MOST_IN_FLIGHT = 512, HANDSHAKE = 68 };
enum { CHOKE = 0, UNCHOKE = 1, INTERESTED = 2, REQUEST = 6, PIECE = 7 };
enum phase { GREETING, LENGTH, ID, BODY };

struct leech {
  int fd;
  enum phase phase;
  uint8_t head[HANDSHAKE];
  unsigned have;
  uint32_t left;      /* of the message's body */
  int message;
  int is_unchoked;
  double unchoked_at; /* 0: never */
  uint64_t start, asked, received, in_flight; /* blocks */
};

static uint8_t info_hash[20];
static uint64_t content_bytes, piece_bytes, content_blocks, wanted_blocks;
static unsigned in_flight_most;
static uint64_t bytes_received;
static unsigned open_leeches, finished, errors, connected;
static char first_error[200];

static double now_s(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void shut(struct leech *leech, const char *why) {
  if (leech->fd < 0) return;
  close(leech->fd);
  leech->fd = -1;
  open_leeches--;
  if (why == NULL) return;
  if (errors++ == 0) snprintf(first_error, sizeof first_error, "%.80s after %llu blocks", why, (unsigned long long)leech->received);
}

/* What waits in a socket is never more than all open requests, which fits. */
static void say(struct leech *leech, const void *bytes, size_t length) {
  if (leech->fd >= 0 && send(leech->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) shut(leech, "a send failed");
}

static void put(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static void greet(struct leech *leech, unsigned i) {
  uint8_t hello[HANDSHAKE] = {19};
  memcpy(hello + 1, "BitTorrent protocol", 19);
  memcpy(hello + 28, info_hash, 20);
  snprintf((char *)hello + 48, 20, "-LL0001-%011u", i);
  hello[67] = 'x';
  say(leech, hello, sizeof hello);
}

/* A quarter of the window at once: fewer small packets. */
static void ask(struct leech *leech) {
  static uint8_t requests[17 * MOST_IN_FLIGHT];
  uint64_t room = in_flight_most - leech->in_flight, rest = wanted_blocks - leech->asked;
  if (!leech->is_unchoked || rest == 0 || (room < (in_flight_most + 3) / 4 && room < rest)) return;
  size_t length = 0;
  for (; room > 0 && leech->asked < wanted_blocks; room--, leech->asked++, leech->in_flight++, length += 17) {
    uint64_t offset = (leech->start + leech->asked) % content_blocks * BLOCK;
    uint64_t bytes = content_bytes - offset;
    put(requests + length, 13);
    requests[length + 4] = REQUEST;
    put(requests + length + 5, (uint32_t)(offset / piece_bytes));
    put(requests + length + 9, (uint32_t)(offset % piece_bytes));
    put(requests + length + 13, bytes < BLOCK ? (uint32_t)bytes : BLOCK);
  }
  say(leech, requests, length);
}

static void end_of_message(struct leech *leech) {
  static const uint8_t interested[5] = {0, 0, 0, 1, INTERESTED};
  leech->phase = LENGTH;
  leech->have = 0;
  if (leech->message == PIECE) {
    leech->received++;
    if (leech->in_flight > 0) leech->in_flight--;
    if (leech->received < wanted_blocks) return;
    finished++;
    shut(leech, NULL);
  } else if (leech->message == UNCHOKE) {
    leech->is_unchoked = 1;
    if (leech->unchoked_at == 0) leech->unchoked_at = now_s();
  } else if (leech->message == CHOKE) {
    /* Without the fast extension, open requests are gone. */
    leech->is_unchoked = 0;
    leech->asked -= leech->in_flight;
    leech->in_flight = 0;
  } else if (leech->message == HANDSHAKE) {
    if (memcmp(leech->head + 28, info_hash, 20) != 0) return shut(leech, "another info hash");
    connected++;
    say(leech, interested, sizeof interested);
  }
}

static void hear(struct leech *leech, const uint8_t *bytes, size_t length) {
  while (length > 0 && leech->fd >= 0) {
    if (leech->phase == BODY) {
      uint32_t part = length < leech->left ? (uint32_t)length : leech->left;
      if (leech->message == PIECE) bytes_received += part;
      bytes += part, length -= part, leech->left -= part;
      if (leech->left == 0) end_of_message(leech);
      continue;
    }
    leech->head[leech->have++] = *bytes++, length--;
    if (leech->phase == GREETING && leech->have == HANDSHAKE) {
      leech->message = HANDSHAKE;
      end_of_message(leech);
    } else if (leech->phase == LENGTH && leech->have == 4) {
      uint32_t value;
      memcpy(&value, leech->head, 4);
      leech->left = ntohl(value);
      if (leech->left > 1u << 24) return shut(leech, "a message is too long");
      leech->phase = leech->left == 0 ? LENGTH : ID;
      leech->have = 0;
    } else if (leech->phase == ID) {
      leech->message = leech->head[0];
      leech->phase = BODY;
      if (leech->message == PIECE) bytes_received -= 8; /* its index and offset */
      if (--leech->left == 0) end_of_message(leech);
    }
  }
  if (leech->fd >= 0) ask(leech);
}

static void dial(struct leech *leech, unsigned i, const struct sockaddr_in *to, uint32_t network, int poll) {
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(network + i + 1)};
  int one = 1;
  leech->fd = socket(AF_INET, SOCK_STREAM, 0);
  open_leeches++;
  if (leech->fd < 0) return shut(leech, "no socket");
  setsockopt(leech->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(leech->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(leech->fd, (struct sockaddr *)&from, sizeof from) != 0) return shut(leech, "its address is not here");
  fcntl(leech->fd, F_SETFL, O_NONBLOCK);
  if (connect(leech->fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS) return shut(leech, "no connection");
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = i};
  epoll_ctl(poll, EPOLL_CTL_ADD, leech->fd, &event);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void serve(struct leech *leech, uint32_t i, uint32_t events, int poll) {
  static uint8_t buffer[READ_BYTES];
  if (leech->fd < 0) return;
  if (events & EPOLLOUT) {
    struct epoll_event reading = {.events = EPOLLIN, .data.u32 = i};
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(leech->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return shut(leech, strerror(error));
    epoll_ctl(poll, EPOLL_CTL_MOD, leech->fd, &reading);
    return greet(leech, i);
  }
  ssize_t got = recv(leech->fd, buffer, sizeof buffer, 0);
  if (got > 0) hear(leech, buffer, (size_t)got);
  else if (got == 0) shut(leech, "the seed closed");
  else if (errno != EAGAIN && errno != EINTR) shut(leech, strerror(errno));
}

int main(int argc, char **argv) {
  if (argc != 11) return fprintf(stderr, "see the source for the arguments\n"), 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  struct in_addr network;
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  for (int i = 0; i < 20; i++) sscanf(argv[3] + 2 * i, "%2hhx", &info_hash[i]);
  content_bytes = strtoull(argv[4], NULL, 10), piece_bytes = strtoull(argv[5], NULL, 10);
  content_blocks = (content_bytes + BLOCK - 1) / BLOCK;
  unsigned count = (unsigned)atoi(argv[6]);
  wanted_blocks = (strtoull(argv[7], NULL, 10) + BLOCK - 1) / BLOCK;
  in_flight_most = (unsigned)atoi(argv[8]);
  double limit_s = atof(argv[9]);
  char first[32];
  snprintf(first, sizeof first, "%.20s.0.0", argv[10]);
  if (count < 1 || count > MOST_LEECHES || in_flight_most < 1 || in_flight_most > MOST_IN_FLIGHT) return 2;
  if (inet_pton(AF_INET, first, &network) != 1 || content_blocks == 0) return 2;

  struct rlimit files = {.rlim_cur = count + 64, .rlim_max = count + 64};
  struct rlimit before;
  getrlimit(RLIMIT_NOFILE, &before);
  if (before.rlim_cur < files.rlim_cur && setrlimit(RLIMIT_NOFILE, &files) != 0) perror("RLIMIT_NOFILE");

  struct leech *leeches = calloc(count, sizeof *leeches);
  double *waits = calloc(count, sizeof *waits);
  int poll = epoll_create1(0);
  double begun = now_s();
  uint64_t pieces = (content_bytes + piece_bytes - 1) / piece_bytes;
  for (unsigned i = 0; i < count; i++) {
    leeches[i].start = i * pieces / count % pieces * (piece_bytes / BLOCK);
    dial(&leeches[i], i, &to, ntohl(network.s_addr), poll);
  }
  while (open_leeches > 0 && now_s() - begun < limit_s) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 100);
    for (int e = 0; e < ready; e++) serve(&leeches[events[e].data.u32], events[e].data.u32, events[e].events, poll);
  }
  double seconds = now_s() - begun;
  unsigned unchoked = 0;
  for (unsigned i = 0; i < count; i++)
    if (leeches[i].unchoked_at > 0) waits[unchoked++] = (leeches[i].unchoked_at - begun) * 1e3;
  qsort(waits, unchoked, sizeof *waits, by_value);
  printf("{\"seconds\": %.4f, \"bytes\": %llu, \"connected\": %u, \"unchoked\": %u, \"finished\": %u, \"errors\": %u, ", seconds,
         (unsigned long long)bytes_received, connected, unchoked, finished, errors);
  printf("\"firstUnchokeMs\": {\"p50\": %.2f, \"p99\": %.2f}, \"firstError\": \"%s\"}\n", unchoked ? waits[unchoked / 2] : -1,
         unchoked ? waits[(unchoked * 99 - 1) / 100] : -1, first_error);
  return 0;
}
