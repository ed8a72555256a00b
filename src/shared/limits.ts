/**
 * Every limit of unchoke in one place. Each name ends with its unit, and the reason is beside the value. LIMITS.md has one row for each
 * limit; a unit test compares names and values.
 */

// --- Torrent files and bencode -------------------------------------------------------------------------------

/** BEP 3 leaves it open. Every client in use requests 16 KiB, and many close the connection on more. */
export const BLOCK_BYTES = 16_384;
/** libtorrent refuses more pieces; 2^21 pieces of 16 MiB are 32 TiB. */
export const MAX_PIECES = 2_097_152;
/** libtorrent's limit is 32,767 blocks. One piece must fit into the arena anyway. */
export const MAX_PIECE_BYTES = 536_870_912;
/** 2^21 piece hashes take 40 MiB. The rest is room for file names. */
export const MAX_TORRENT_FILE_BYTES = 67_108_864;
/** libtorrent's depth; real torrents need 5. With this limit a recursive reader cannot overflow its stack. */
export const MAX_BENCODE_DEPTH_LEVELS = 100;
/** libtorrent's limit: a torrent with several hundred thousand files. A value costs 16 bytes until it is read. */
export const MAX_BENCODE_TOKENS = 2_500_000;
/** Values in one bencoded message from a tracker, a node or a peer: 30,000 peers in dictionaries. Each becomes an object of about 100 bytes. */
export const MAX_MESSAGE_TOKENS = 200_000;
/** Folders and file in one path of a torrent. Real ones have about a dozen; the longest path of Linux, 4,096 bytes, has no more than this. */
export const MAX_PATH_DEPTH_LEVELS = 2_048;
/** The longest name on the usual file systems (ext4, XFS, APFS, NTFS). */
export const MAX_PATH_ELEMENT_BYTES = 255;
/** The part of a name in a torrent that is read. No file system has longer names, so the rest would only cost time and memory. */
export const MAX_NAME_BYTES = 1_024;

/** A text file of sources (`@FILE`): ten thousand magnet links. */
export const MAX_LIST_FILE_BYTES = 16_777_216;
/** Folders in which `verify` looks for files that are not in the folder that the user named. */
export const MAX_SEARCHED_FOLDERS = 200;
/** Files of the torrent that `verify` looks for in each of these folders. */
export const MAX_SEARCHED_FILES = 20;
/** `create` doubles the piece length until there are at most this many pieces: a .torrent of 40 KiB. */
export const MAX_AUTO_PIECES = 2_048;
/** The first piece length that `create` tries: two blocks. */
export const MIN_AUTO_PIECE_BYTES = 32_768;
/** The largest piece length that `create` chooses: larger pieces are slow to verify and to share. */
export const MAX_AUTO_PIECE_BYTES = 16_777_216;

// --- The wire ------------------------------------------------------------------------------------------------

/** An extended message (BEP 10): a metadata part of 16 KiB with its header, a PEX message, a long handshake. */
export const MAX_EXTENDED_BYTES = 32_768;
/** A message with an unknown id is skipped and never kept. A longer one is not a message. */
export const MAX_UNKNOWN_MESSAGE_BYTES = 1_048_576;
/** One read from a socket: large enough for about 16 blocks, small enough for the L2 cache. One buffer per shard. */
export const READ_BUFFER_BYTES = 262_144;
/** Requests that a peer may queue with us, sent in the extended handshake (BEP 10 `reqq`). libtorrent and transmission send 500. */
export const OUR_REQUEST_QUEUE_BLOCKS = 500;
/** The size of a metadata part (BEP 9). */
export const METADATA_PART_BYTES = 16_384;
/** Metadata of a magnet link; the limit of libtorrent and rain. 2^21 piece hashes would take 40 MiB, but such magnet links do not exist. */
export const MAX_METADATA_BYTES = 31_457_280;
/** Metadata parts that one peer gets from us: the largest metadata once. */
export const MAX_METADATA_REQUESTS = 1_920;
/** Peers that are asked for each metadata part at one time: the metadata is raced as well. */
export const METADATA_ASKED_PEERS = 3;
/** Metadata parts that one peer is asked for at one time; aria2 has one, transmission queues 64. */
export const METADATA_ASKED_PARTS = 4;
/** Hashes of one layer in one message of version 2 (BEP 52): those of a piece of 128 MiB, as in libtorrent. */
export const MAX_HASHES = 8_192;
/** Layers of a tree: of the largest file that a number can count. */
export const MAX_TREE_LAYERS = 40;
/** Hashes of a piece layer that a peer is asked for in one message: no more, says BEP 52. */
export const HASHES_PART = 512;
/** Peers that are asked for each such part at one time. */
export const HASHES_ASKED_PEERS = 3;
/** Such parts that one peer is asked for at one time. */
export const HASHES_ASKED_PARTS = 4;
/** Parts that nobody is asked for, of which so many are looked at in one step: each peer may have refused them. */
export const HASHES_LOOKED_PARTS = 256;
/** A part that has not arrived after this time is asked of another peer, as in libtorrent. */
export const HASHES_TIMEOUT_MS = 3_000;
/** A peer that refused a part, or did not answer, is not asked for it again before this time. */
export const HASHES_RETRY_MS = 10_000;
/** Pieces whose blocks a shard is to hash for peers, one after the other, for each torrent. More are refused. */
export const MAX_LEAF_READS = 32;
/** Peers that are asked for the hashes of the blocks of a bad piece. */
export const MAX_LEAF_ASKS = 16;
/** Peers that are asked for the hashes of the blocks of one piece at one time. */
export const LEAF_ASKS_AT_ONCE = 4;
/** The next ones are asked when these have been silent for this time. */
export const LEAF_ASK_MORE_MS = 750;
/** Requests for hashes to one peer that we remember: its answers may be late. */
export const MAX_ASKED_HASHES = 64;
/** Bytes of hashes that one peer gets at once: of half a million pieces. What it requests beyond is rejected. */
export const HASHES_BURST_BYTES = 16_777_216;
/** And per second over time: of 8,192 pieces. */
export const HASHES_BYTES_PER_S = 262_144;
/** Pieces that are read at one time to hash their blocks for one peer. */
export const MAX_PEER_LEAF_READS = 4;
/** Requests for hashes of one peer that wait at one time. More are rejected. */
export const MAX_HASH_REQUESTS = 16;
/** A metadata part that has not arrived after this time is requested from other peers. */
export const METADATA_PART_TIMEOUT_MS = 5_000;
/** First wait before a peer is asked again for a metadata part that it refused or left out; doubles. libtorrent waits one second. */
export const METADATA_RETRY_MS = 1_000;
/** The longest wait before a peer is asked again for a metadata part. */
export const METADATA_RETRY_MAX_MS = 30_000;
/** Times that one peer may send wrong metadata as a whole before it is not asked again. libtorrent never bans for this: a peer that restarts may send a mixture. */
export const MAX_WRONG_METADATA = 3;
/** Peers at one address that may send wrong metadata before the address is banned: many peers may share an address, most of them honest. */
export const MAX_METADATA_LIARS_PER_HOST = 3;
/** A peer that gives no metadata size is asked after this time if no other peer sends any. */
export const METADATA_UNSIZED_MS = 10_000;
/** A size of the metadata that peers name holds up the other sizes for so long: it may be false, and come slowly. */
export const METADATA_SIZE_MS = 5_000;
/** Peers in one message of peer exchange (BEP 11); libtorrent's number. We accept twice as many. */
export const MAX_PEX_PEERS = 50;
/** Time between two messages of peer exchange to one peer. */
export const PEX_INTERVAL_MS = 60_000;
/** Extended messages from one peer that we did not request and do not need. A late metadata part or a second greeting makes a few. */
export const MAX_USELESS_EXTENDED = 256;
/** Bitfields of all peers of a shard that are kept before the number of pieces is known. */
export const EARLY_PIECES_BYTES = 16_777_216;
/** Single pieces that one peer may announce before the number of pieces is known. */
export const MAX_EARLY_HAVES = 4_096;
/** Pieces checked in one search for a piece that we want from a peer. */
export const USEFULNESS_LOOK_PIECES = 16_384;
/** Cost of small messages that one peer may send at once: a burst after a pause. */
export const MESSAGE_BURST_COST = 16_384;
/** Cost of small messages that one peer may send per second over time. */
export const MESSAGE_COST_PER_S = 1_024;
/** Cost that one wanted block pays for. */
export const BLOCK_EARNS_COST = 64;
/** Cost of an extended message, because it is decoded. */
export const EXTENDED_MESSAGE_COST = 8;
/** Repeated HAVE messages that cost as much as one small message: some clients send thousands of them after their bitfield. */
export const HAVES_AGAIN_PER_COST = 8;
/** Bytes of an extended message or a bitfield that cost as much as one small message. */
export const BYTES_PER_COST = 64;
/** Unchokes of one peer that take effect at once, without counting those after which it sent blocks. */
export const UNCHOKE_BURST = 8;
/** After that burst, one unchoke takes effect in this time; the others wait. */
export const UNCHOKE_INTERVAL_MS = 2_000;
/** Client names (BEP 10 `v`) are cut to this length before they are kept or shown. */
export const MAX_CLIENT_NAME_CHARS = 64;
/** Bytes waiting in one socket because the peer does not read. Beyond this the peer is closed. */
export const MAX_UNSENT_BYTES = 1_048_576;
/** Answers beside pieces, metadata and hashes, wait until less than this is unsent: the peer asked for them, and takes them as it can. A batch of blocks is less. */
export const ANSWER_AHEAD_BYTES = 393_216;

// --- uTP -----------------------------------------------------------------------------------------------------

/** TCP is dialled first; after this time uTP (BEP 29) is tried as well. rqbit waits 1 s. */
export const UTP_HEAD_START_MS = 500;
/** Peers that are tried over uTP in one uTP tick, so that thousands of dead addresses do not make one long turn. */
export const UTP_DIALS_PER_TICK = 32;
/** All uTP time-outs are checked at this interval. */
export const UTP_TICK_MS = 50;
/** Stream bytes in one packet. With its headers it passes any line that passes 1,440 bytes, also over IPv6. */
export const UTP_PAYLOAD_BYTES = 1_372;
/** One Ethernet frame. A longer packet is not uTP. */
export const MAX_UTP_PACKET_BYTES = 1_500;
/** Memory that a reordered packet takes besides its bytes. */
export const UTP_KEPT_PACKET_BYTES = 200;
/** Bytes that a peer may send before we acknowledge them; libtorrent and libutp also use 1 MiB. */
export const UTP_WINDOW_BYTES = 1_048_576;
/** Packets that may arrive ahead of the next one of their connection: a window of small packets. */
export const MAX_UTP_REORDERED_PACKETS = 1_023;
/** Bytes of such packets over all connections of a shard. Beyond this they are dropped, and the peer sends them again. */
export const MAX_UTP_REORDERED_BYTES = 16_777_216;
/** A packet without acknowledgement is sent again after this time, until the round trip is known (BEP 29). */
export const UTP_FIRST_TIMEOUT_MS = 1_000;
/** The shortest such time, however short the round trip (BEP 29). */
export const UTP_MIN_TIMEOUT_MS = 500;
/** Tries to open a connection: the second comes after one second, and two seconds later the connection has failed. */
export const UTP_SYN_TRIES = 2;
/** Tries to send any other packet: the connection is lost 15 s after the first. */
export const UTP_DATA_TRIES = 5;
/** Packets that are acknowledged together; fewer at the end of a turn. */
export const UTP_PACKETS_PER_ACK = 8;
/** A peer without a receive window is probed after this time (libutp's number). */
export const UTP_ZERO_WINDOW_MS = 15_000;
/** A uTP connection says something at least this often, so that the routers on its way keep it (libutp's number). */
export const UTP_KEEP_ALIVE_MS = 29_000;
/** Peers that requested a uTP connection and have not yet proved that they receive our answers. */
export const MAX_UTP_STRANGERS = 256;
/** Answers to packets of unknown connections in one tick, so that we cannot be used to send packets to others. */
export const UTP_RESETS_PER_TICK = 16;
/** Packets that wait until a UDP socket is bound: the first turns of a race. */
export const MAX_UTP_UNBOUND_PACKETS = 1_024;
/** uTP bytes that the system may buffer for us between two turns; it may grant less. */
export const UTP_RECEIVE_BUFFER_BYTES = 4_194_304;

// --- Holepunching --------------------------------------------------------------------------------------------

/** A dial without an answer for this time: if another peer knows that peer, it is asked to introduce us (BEP 55). */
export const UNANSWERED_DIAL_MS = 3_000;
/** Requests of one peer at once: that we introduce it to another one, and that we dial an address. */
export const HOLEPUNCH_BURST = 10;
/** Such requests of one peer per minute over time. Others are ignored: nobody may send packets to a third one through us. */
export const HOLEPUNCHES_PER_MINUTE = 12;
/** Dials per second that all peers of a torrent together may ask of us. */
export const PUNCHES_PER_S = 5;
/** The same address is dialled again for a relay after this time at the earliest. */
export const PUNCH_AGAIN_MS = 30_000;
/** Addresses for which this is remembered, the newest. */
export const MAX_PUNCHED_ADDRESSES = 1_024;
/** Such dials under way for one torrent on one shard. */
export const MAX_PUNCHES = 16;
/** No peer behind a router listens at a lower port; servers do, and nobody may make us dial them. */
export const LOWEST_PUNCHED_PORT = 1_024;
/** If both sides dialled and both dials connected, the other side has this time to close one before we do. */
export const TWICE_CONNECTED_MS = 3_000;
/** Peers of a torrent to which others may introduce us, the newest. */
export const MAX_PUNCHABLE_PEERS = 2_048;
/** Peers that may introduce us to one of them, the newest. */
export const MAX_INTRODUCERS = 4;
/** Tries in a row to be introduced to one peer: some routers choose another port for each destination, and then it never works. */
export const MAX_INTRODUCTION_TRIES = 4;
/** Time between two of them. */
export const INTRODUCTION_AGAIN_MS = 15_000;
/** Such requests of ours per second, of one torrent. */
export const INTRODUCTIONS_PER_S = 5;
/** Looks for a peer on other shards that are under way for one torrent. Those beyond fail. */
export const MAX_OPEN_INTRODUCTIONS = 64;
/** Peers of a torrent and shard that are dialled over uTP alone, where nobody can dial us: they can introduce us. */
export const RELAY_LINES = 3;
/** A peer that has something for us and has choked us for this time may be dialled again over uTP. */
export const RELAY_LINE_AFTER_MS = 3_000;
/** Time between two such changes. */
export const RELAY_LINE_INTERVAL_MS = 1_000;

// --- Time-outs of one peer -----------------------------------------------------------------------------------

/** The connect time-out of libtorrent and qBittorrent, used while no address waits for a place. */
export const CONNECT_TIMEOUT_MS = 15_000;
/** The connect time-out while many addresses wait: over 99 % of successful connects take less than 3 s (peer-wire-swarm PR #7). */
export const CONNECT_TIMEOUT_HASTY_MS = 3_000;
/** libtorrent's handshake time-out. anacrolix found that 4 s loses 1 % of good peers. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A connected peer that chokes us keeps its place this long while other addresses wait: transmission rechokes every 10 s. */
export const CHOKED_SLOT_NEEDED_MS = 12_000;
/** A connected peer that has nothing for us keeps its place this long while other addresses wait, whether it chokes us or not. */
export const USELESS_SLOT_NEEDED_MS = 3_000;
/** We send `interested` again after this time: aria2 and webtorrent lose one that arrives in one packet with our handshake. */
export const INTERESTED_AGAIN_MS = 1_000;
/** `race` gives up on a peer after this time without an unchoke. */
export const CHOKED_RACE_MS = 60_000;
/** `get` keeps a choking peer this long if no other peer needs its place: an optimistic unchoke can take minutes. */
export const CHOKED_DOWNLOAD_MS = 600_000;
/** BEP 3: a connection may be closed after two minutes without a byte, keep-alives included. We add one tick of grace. */
export const IDLE_TIMEOUT_MS = 150_000;
/** We send a keep-alive after this time without sending anything: less than the 120 s that all clients use. */
export const KEEP_ALIVE_MS = 100_000;
/** A peer that owes us blocks and sent none for this time is snubbed: its requests go to other peers. */
export const SNUBBED_AFTER_MS = 20_000;
/** A snubbed peer that stays silent is closed after this time; aria2 and libtorrent wait as long. */
export const STALLED_TIMEOUT_MS = 60_000;
/** `--strategy sequential`: time for the whole exchange with one peer before the next is tried. */
export const SEQUENTIAL_EXCHANGE_MS = 30_000;

/** First wait before a lost peer is dialled again; doubles. rqbit and libtorrent wait about as long. */
export const RECONNECT_MS = 10_000;
/** A peer that sent data and closed the connection is dialled again after this time: some peers send a few blocks per connection. */
export const RECONNECT_GIVER_MS = 2_000;
/** The longest wait before a lost peer is dialled again: a peer that comes back is found within two minutes. */
export const RECONNECT_MAX_MS = 120_000;
/** Each such wait is shorter or longer by up to this, so that peers that were lost together are not dialled together. */
export const RECONNECT_JITTER_PERCENT = 25;
/** First wait before a peer that broke the rules or serves another torrent is dialled again; doubles. Such peers seldom change. */
export const RULE_BREAKER_MS = 300_000;
/** The longest wait before such a peer is dialled again. */
export const RULE_BREAKER_MAX_MS = 3_600_000;
/** When a source names a lost peer again, the peer is dialled this long after its loss, however often it is named. */
export const NAMED_AGAIN_MS = 30_000;
/** While no peer is connected, one lost peer is tried at this interval, to see whether the network or a proxy is back. */
export const OUTAGE_PROBE_MS = 10_000;
/** Such a try comes at least this long after the peer was lost, so that a lone peer is not dialled too often. */
export const OUTAGE_REDIAL_MS = 30_000;
/** Share of the dial rate for lost peers. New addresses go first and may use this share as well. */
export const REDIAL_SHARE_PERCENT = 10;
/** The addresses of this machine are checked at this interval: a change may mean that the network is back. */
export const NETWORK_POLL_MS = 3_000;
/** A first success after failures only, for at least this time, means that the network is back. */
export const NETWORK_OUTAGE_MS = 30_000;
/** If the calendar goes this much ahead of the monotonic clock, the machine was asleep: on Linux that clock stands still then. */
export const SLEEP_STEP_MS = 60_000;
/** If this machine has no address of a family, it is checked at this interval whether one has appeared. */
export const FAMILY_POLL_MS = 2_000;
/** Dials of one family in a row that find no route or are forbidden before the family is skipped. */
export const FAMILY_FAILURES = 16;
/** Time for which the family is skipped, unless the network changes or a dial of the family is answered. */
export const FAMILY_PAUSE_MS = 30_000;
/** While more peers wait than we may work with, the slowest are replaced at this interval. */
export const TURNOVER_INTERVAL_MS = 30_000;
/** Share of the peers that are replaced each time; libtorrent's turnover. */
export const TURNOVER_PERCENT = 4;

// --- A shard -------------------------------------------------------------------------------------------------

/** Memory for new objects of a shard's thread, MiB; Node takes 48. With hundreds of peers, what is garbage soon would be most of a seed's memory. */
export const SHARD_YOUNG_MIB = 12;
/** Connections that are opening, over all shards (`--half-open`), if a router may be between us and the peers. */
export const DEFAULT_HALF_OPEN_PEERS = 500;
/** New connections per second, over all shards (`--dial-rate`), if a router may be between us and the peers. */
export const DEFAULT_DIAL_RATE_PER_S = 500;
/** The same on a machine with a public IPv4 address of its own: no table of a router can overflow. */
export const SERVER_HALF_OPEN_PEERS = 2_000;
/** The same on a machine with a public IPv4 address of its own. */
export const SERVER_DIAL_RATE_PER_S = 2_000;
/** Sources that are downloaded at one time (`--parallel`); each has its own threads. */
export const DEFAULT_PARALLEL_DOWNLOADS = 3;
/** Peers that we download from at one time, over all shards (`--max-peers`). */
export const DEFAULT_MAX_PEERS = 500;
/** Dials in one turn of a shard's event loop, so that answers are read in between. */
export const DIALS_PER_TURN = 16;
/** The tick of a shard: all time-outs are checked at this interval instead of with a timer each, and counters are reported. */
export const TICK_MS = 250;
/** Peers checked in one slice of the tick. */
export const TICK_SLICE_PEERS = 2_048;
/** First pause of dialling after EMFILE, EADDRNOTAVAIL and similar errors; doubles. */
export const DIAL_BACKOFF_MS = 250;
/** The longest pause of dialling. */
export const DIAL_BACKOFF_MAX_MS = 5_000;
/** Connections that the kernel queues until we accept them. */
export const LISTEN_BACKLOG_PEERS = 128;
/** Incoming connections from one address at one time. For IPv6 one /64, which is one household. */
export const MAX_ACCEPTED_PER_ADDRESS = 3;
/** Incoming connections at one time. */
export const MAX_ACCEPTED_PEERS = 200;
/** Incoming connections that one address (IPv6: /64) may open at once, even if they close again. */
export const ACCEPT_BURST_PEERS = 16;
/** Incoming connections that one address may open per second over time. */
export const ACCEPTS_PER_S = 1;
/** The same four while a torrent of the thread is given only: all its peers come from outside, and many may share the address of one provider. */
export const MAX_SEED_ACCEPTED_PER_ADDRESS = 200;
/** As many as may be served at one time; each costs about 20 KiB, and what it is sent has limits of its own. */
export const MAX_SEED_ACCEPTED_PEERS = 2_000;
/** All places of one address at once, after a restart. */
export const SEED_ACCEPT_BURST_PEERS = 200;
/** One address cannot take the time of the thread: a connection costs far below a millisecond, and a key exchange has its own limit. */
export const SEED_ACCEPTS_PER_S = 20;
/** Addresses whose number of incoming connections is remembered. */
export const MAX_REMEMBERED_HOMES = 4_096;
/** When all places are taken, an incoming peer that has proved no use may be replaced after this time. */
export const INCOMING_GRACE_MS = 12_000;
/** The same for an incoming peer that has pieces we want but chokes us. */
export const USEFUL_INCOMING_GRACE_MS = 60_000;
/** Encryption key exchanges that all incoming peers of a shard may request at once; each takes 3 ms. */
export const KEY_EXCHANGE_BURST = 64;
/** Key exchanges per second over time. */
export const KEY_EXCHANGES_PER_S = 25;
/** Incoming peers that gave nothing and left, and are still remembered one by one. */
export const MAX_REMEMBERED_INCOMING = 1_000;
/** File descriptors for the main thread, trackers and the terminal; an idle process has about 20. */
export const RESERVED_DESCRIPTORS = 40;
/** File descriptors of each thread: its event loop and its pipes. */
export const DESCRIPTORS_PER_THREAD = 8;
/** A shard reports its fastest peers at this interval. */
export const FASTEST_PEERS_INTERVAL_MS = 1_000;
/** Peers that are shown with their rates. */
export const SHOWN_FASTEST_PEERS = 3;
/** Events of a shard in one port message, at most. */
export const EVENTS_PER_MESSAGE = 1_024;
/** A thread that must end while it loads has this long to finish loading. */
export const THREAD_START_TIMEOUT_MS = 2_000;
/** A shard that does not stop when asked is terminated after this time. */
export const SHARD_STOP_TIMEOUT_MS = 2_000;
/** Shards by default, at most: half the cores. The other half hash and run the kernel. */
export const DEFAULT_MAX_SHARDS = 8;
/** Addresses kept for one download. Others are counted and forgotten. */
export const MAX_KNOWN_PEERS = 20_000;

/** Addresses kept from one source, except from the user. */
export const MAX_PEERS_PER_SOURCE = 10_000;
/** Groups of the sources that name addresses (the network of a peer or node). A full source makes room from its largest group, and groups take turns at being dialled. */
export const NAMER_GROUPS = 256;
/** Addresses kept from one public /24 (IPv6: /64), so that the owner of one network cannot be the whole swarm. */
export const MAX_PEERS_PER_SUBNET = 32;
/** A blocklist file; the largest in use have 20 MB. */
export const MAX_BLOCKLIST_BYTES = 134_217_728;

// --- Requests ------------------------------------------------------------------------------------------------

/** Requests sent to a peer when it unchokes us, before its speed is known. */
export const INITIAL_REQUESTS_BLOCKS = 16;
/** Requests to a peer cover this much time at its measured rate. */
export const REQUEST_QUEUE_MS = 2_000;
/** Requests to a peer that did not say how many it queues (`reqq`, BEP 10). */
export const DEFAULT_REQUEST_QUEUE_BLOCKS = 250;
/** Requests to a peer that says that it queues more. */
export const MAX_REQUEST_QUEUE_BLOCKS = 2_000;
/** Blocks from one peer that we did not request before it is closed. Late answers after a cancel are a few. */
export const MAX_UNREQUESTED_BLOCKS = 512;
/** Pieces of an allowed-fast set (BEP 6) kept for one peer; the usual set has 10. */
export const MAX_ALLOWED_FAST_PIECES = 100;
/** Suggested pieces (BEP 6) kept for one peer, the newest ones; libtorrent's number. */
export const MAX_SUGGESTED_PIECES = 16;
/** Blocks of slow peers that a peer of unknown speed is asked for at one time. Two peers per block, as in transmission's bounded endgame (PR 9103). */
export const DOUBLED_REQUESTS_BLOCKS = 8;
/** Blocks of slow peers that are dealt to others in one tick, so that no turn is long. */
export const MAX_TAKEOVER_BLOCKS = 2_048;
/** Peers that such blocks are dealt to in one tick. */
export const MAX_TAKEOVER_HELPERS = 64;
/** In the endgame, a block is requested twice once the peer that owes it was silent for this time. */
export const ENDGAME_SILENCE_MS = 1_000;
/** Or once that peer, at its rate, needs longer than this for all it owes. To request every block twice would be waste. */
export const ENDGAME_SLACK_MS = 2_000;
/** Before the endgame, a peer must have finished no block for this time before its blocks are requested from another peer as well. */
export const SLOW_OWNER_MS = 2_000;
/** A slow peer gets no new requests for this time; otherwise it would hold up the next slot. Doubles. */
export const SLOW_OWNER_REST_MS = 10_000;
/** The longest such time. */
export const MAX_REST_MS = 120_000;
/** A block that takes longer than this to arrive loses its place in the slot. It continues in a buffer aside, and other peers may send it as well. */
export const WRITER_LEASE_MS = 1_000;
/** First wait before a block that a peer rejected (BEP 6) is requested from it again; doubles. */
export const FIRST_REFUSAL_MS = 1_000;
/** The longest such wait. */
export const MAX_REFUSAL_MS = 15_000;
/** After this many rejections in a row without a block, the peer gets no requests for 1 s, then 2 s, 4 s and so on. */
export const REJECTS_BEFORE_REST = 16;
/** A piece that no peer of its shard continues is parked after this time, for other shards to finish. */
export const ORPHANED_PIECE_MS = 3_000;
/** A shard that joined the slot of another holder and received no block for this time leaves it, so that a third may join. */
export const GUEST_PATIENCE_MS = 3_000;
/** It may join that slot again after this time, doubled each time, so that every other shard has its turn. */
export const GUEST_RETURN_MS = 1_000;
/** The longest time before a guest that received nothing joins the same slot again. */
export const MAX_GUEST_RETURN_MS = 60_000;
/** Senders whose blocks are kept out of a piece that failed its hash check, at one time. */
export const MAX_AVOIDED_SENDERS = 4;
/** Tries to fetch such a piece from one sender alone that may end early. Then several senders may give it again. */
export const MAX_SOLO_TRIES = 3;
/** Time for one such try while other peers have nothing to do. */
export const SOLO_TRY_MS = 20_000;
/** If no unsuspected sender continues a failed piece for this time, the suspicion is reversed. */
export const RELENT_MS = 6_000;
/** The suspicion is also reversed when this many holders in a row had the piece and received no block. */
export const MAX_FRUITLESS_TRIES = 2;
/** Main checks at this interval whether a failed piece can be fetched again: its last guest leaves within a tick. */
export const SLOT_LEFT_POLL_MS = 50;
/** Failures of one piece that are remembered, with the hash of each block. */
export const MAX_KEPT_FAILURES = 8;
/** Pieces found on disk that are announced one by one to peers that connected before the check ended. Nodes of a cluster hear of the others as well, so many at one time. */
export const MAX_FOUND_TOLD_PIECES = 8_192;
/** Pieces picked at random before rarity counts; libtorrent's number. */
export const RANDOM_FIRST_PIECES = 4;
/** The piece order of a shard follows the availability in the swarm at this interval. */
export const PICK_ORDER_MAX_AGE_MS = 2_000;
/** Pieces that one look-up for a peer passes before it leaves the rest to the next one, so that no turn is long. */
export const PICK_WALK_PIECES = 65_536;

// --- Uploads -------------------------------------------------------------------------------------------------

/** Bytes of a piece that a shard reads at one time to send them: 16 blocks, as large as one write to a socket. */
export const CHUNK_BYTES = 262_144;
/** Chunks that a shard keeps, for all its torrents. What is beyond them is mostly still in the page cache of the system. */
export const CHUNK_CACHE_BYTES = 33_554_432;
/** Chunks that a shard reads at one time: twice as many as Node reads at once. The others wait without memory. */
export const CHUNK_READS = 8;
/** Requests ahead of the next one whose chunks are read before their turn: two chunks. */
export const READ_AHEAD_BLOCKS = 32;
/** Files that a shard keeps open to send them. */
export const UPLOAD_OPEN_FILES = 64;
/** The longest block that a peer may request. Most request 16 KiB; some old clients 128 KiB. */
export const MAX_SERVED_BLOCK_BYTES = 131_072;
/** Blocks in the first write to a peer; doubles while its connection takes all at once. */
export const FIRST_UPLOAD_BLOCKS = 2;
/** Blocks of 16 KiB in one write to a peer; of larger ones, as few as have as many bytes. */
export const MAX_UPLOAD_BATCH_BLOCKS = 16;
/** A connection that takes a write within this time gets twice as many blocks in the next one. */
export const QUICK_BATCH_MS = 20;
/** One that needs this time gets half as many. */
export const SLOW_BATCH_MS = 100;
/** Pieces that a newcomer may request although we choke it (BEP 6), and a newcomer has fewer pieces than these. As many as libtorrent gives. */
export const ALLOWED_FAST_PIECES = 5;
/** How often it may request each byte of them: a block may be lost, or fail its check. */
export const ALLOWED_FAST_REPEATS = 2;
/** Suggestions (BEP 6) to one peer that it has not followed. As many as libtorrent sends with an unchoke. */
export const OPEN_SUGGESTIONS = 2;
/** A suggestion that a peer has not followed after this time makes room for another: the piece may have left the cache. */
export const SUGGESTION_MS = 10_000;
/** The last pieces that a peer requested: they are not suggested to it. It has them soon, also if it has not said so yet. */
export const RECENT_PIECES = 64;
/** Pieces checked in one tick for a peer that has them: where nobody else has a piece, nothing is suggested. */
export const OTHER_HOLDER_LOOK_PIECES = 8_192;
/** A peer that requested blocks and takes no byte of them for this time is closed. */
export const UNREAD_TIMEOUT_MS = 60_000;
/** A peer that took no byte for this time, and does not wait for us, leaves its place unused: another gets one as well. At a block in this time it is of some use. */
export const UNUSED_PLACE_MS = 5_000;
/** The pieces of a file that cannot be read are not given for this time. Then the disk may be back. */
export const UNREADABLE_FILE_MS = 300_000;
/** Within a rate limit, a thread looks so often whether it may send again. */
export const RATE_TURN_MS = 25;
/** A shard reports so often which peers want data and what they gave and got. */
export const CONTENDERS_MS = 1_000;
/** A peer that no shard has reported for this time loses its place: its thread has died. */
export const UNHEARD_MS = 10_000;
/** When peers that were unchoked leave, others get their places after this time. */
export const REFILL_MS = 50;
/** So often it is decided again which peers are unchoked, as in most clients. */
export const RECHOKE_MS = 10_000;
/** A peer that is unchoked to find out what it gives keeps its place for this time; libtorrent and aria2 also use 30 s. */
export const OPTIMISTIC_MS = 30_000;
/** One in so many places is for such peers, and at least one. */
export const PLACES_PER_OPTIMISTIC = 4;
/** The fewest peers that are unchoked at one time. */
export const MIN_UPLOAD_PLACES = 4;
/** The most, for all torrents together. */
export const MAX_UPLOAD_PLACES = 2_000;
/** Places before the rate of the uplink is known: a fast one would stand idle with few. */
export const FIRST_UPLOAD_PLACES = 64;
/** A fast uplink has one place for each so many bytes a second. */
export const UPLOAD_PLACE_BYTES_PER_S = 262_144;
/** With super-seeding a peer gets the next piece after this time if no other peer has taken its last one, or if it could request that one and did not. */
export const SUPER_SEED_WAIT_MS = 15_000;
/** A seed gives so many bytes to a peer before it is the turn of another that waits. libtorrent gives 20 pieces. */
export const SEED_TURN_BYTES = 16_777_216;
/** And at least this time, so that a slow peer gets something before it is choked. */
export const SEED_TURN_MS = 60_000;
/** A peer that is slower than that has its turn for this time. */
export const SLOW_SEED_TURN_MS = 300_000;

// --- Memory and disk -----------------------------------------------------------------------------------------

/** Pieces in memory that are not yet on disk, without `--memory`. */
export const DEFAULT_MEMORY_PIECES = 32;
/** The least memory for them, with small pieces. */
export const LEAST_DEFAULT_MEMORY_BYTES = 33_554_432;
/** The most memory for them, with large pieces. */
export const MOST_DEFAULT_MEMORY_BYTES = 134_217_728;
/** Where many torrents share the memory of one, each has at least this many pieces. */
export const LEAST_SHARED_PIECES = 4;
/** The smallest write call that is tried: the cheapest while a virtual machine's memory is fresh (bench/NOTES.md). */
export const LEAST_WRITE_BYTES = 16_384;
/** The largest write call that is tried: the cheapest once the memory has been used; 1 MiB is no better. The choice is measured during the run. */
export const WRITE_CHUNK_BYTES = 262_144;
/** Files that a storage thread keeps open for all torrents, if the process may have that many. */
export const MAX_OPEN_FILES_PER_HASHER = 64;
/** Small pieces share a hash task up to this size, so that a task is worth its message. */
export const HASH_TASK_BYTES = 4_194_304;
/** Pieces on disk that one check task reads and hashes. */
export const CHECK_TASK_BYTES = 16_777_216;
/** Stretches of files that one task reads to see whether they hold only zeros, or what they should. In most the first bytes decide. */
export const LOOK_TASK_RANGES = 64;
/** Read buffer of a storage thread for checks: it fits the L2 cache; a piece may have 512 MiB. */
export const CHECK_READ_BYTES = 262_144;
/** Storage threads free the shared memory of removed torrents this long after the first removal: it takes a few milliseconds, once for many torrents. */
export const COLLECT_DELAY_MS = 1_000;

/** Verified pieces are flushed and written to the journal at this interval: a power loss may cost this much. */
export const JOURNAL_INTERVAL_MS = 5_000;
/** Files and folders below the folders of `--reuse` that are looked at: a large collection; each costs about 300 bytes while it is searched. */
export const MAX_REUSE_ENTRIES = 200_000;
/** Folders within folders there. */
export const MAX_REUSE_DEPTH_LEVELS = 32;
/** Files there that may be tried in the place of one file of the torrent: those with its size or its name. */
export const MAX_REUSE_CANDIDATES = 16;
/** Pieces of such a file that are hashed to see whether it has something of the torrent. */
export const MAX_REUSE_SAMPLES = 8;
/** Ways to put one piece together from such files, if it is a part of several files of the torrent. */
export const MAX_REUSE_WAYS = 16;
/** After the files with the right size or name, all files there are hashed. Peers are asked after this time, even if that goes on. */
export const REUSE_HEAD_START_MS = 10_000;
/** So much is hashed there before what was recognized is copied. */
export const REUSE_BATCH_BYTES = 268_435_456;
/** A journal of 2^21 pieces and 100,000 files takes about 9 MiB. A larger file is not a journal. */
export const MAX_JOURNAL_BYTES = 33_554_432;
/** The first line of a file with the blocks of unfinished pieces (`NAME.unchoke.blocks`): 200,000 pieces. A longer one is not read. */
export const MAX_BLOCK_FILE_LINE_BYTES = 4_194_304;
/** What the state folder has of a torrent (hashes at the edges of a selection, of the pieces of a plain file) is removed if no run has used it for so long: a year. */
export const STATE_FILE_KEPT_MS = 31_536_000_000;
/** Pieces of a file that are hashed before the journal is trusted for all of them. */
export const MAX_JOURNAL_PROBES = 3;
/** A new key that signs journals (`--journal-key`). A shorter file is not a key. */
export const JOURNAL_KEY_BYTES = 32;
/** A longer file is not a key. */
export const MAX_JOURNAL_KEY_BYTES = 4_096;
/** Right bytes in a piece shared with other files that prove that a file is ours. Fewer bytes may be a common header. */
export const MIN_SHARED_EVIDENCE_BYTES = 4_096;

/** A run touches the lock of its place on disk at this interval. */
export const LOCK_INTERVAL_MS = 5_000;
/** At so many touches it looks once whether the lock is still its own, and at once after a gap: who waits for `LOCK_STALE_MS` cannot have taken it before. */
export const LOCK_TOUCHES_PER_LOOK = 3;
/** An owner of a lock on another system that has not touched it for this time is gone: three times in a row. */
export const LOCK_STALE_MS = 15_000;
/** Such a lock is checked at this interval. */
export const LOCK_LOOK_MS = 500;
/** A longer file is not a lock. */
export const MAX_LOCK_BYTES = 4_096;

/** Bytes ahead of a reader's position that are fetched first: a second of the fastest line, some seconds of video. */
export const READER_WINDOW_BYTES = 16_777_216;
/** At least this many pieces, if pieces are large: several peers must work for a reader at one time. */
export const READER_WINDOW_PIECES = 8;
/** Bytes read from disk at one time for a reader, and kept for a slower consumer. */
export const READER_CHUNK_BYTES = 262_144;

/** Trackers, and web seeds, of a torrent or magnet link. Those beyond are skipped. */
export const MAX_TRACKERS = 100;
/** A URL in a torrent or magnet link. A longer one is skipped. */
export const MAX_URL_CHARS = 2_048;
/** Peers in a magnet link (`x.pe`, BEP 9); some links have a dozen. Each name is looked up. */
export const MAX_MAGNET_PEERS = 100;
/** Files or ranges of files in a magnet link's `so` (BEP 53). */
export const MAX_MAGNET_RANGES = 10_000;
/** The largest file index in a magnet link's `so` (BEP 53): no torrent has more files here. */
export const MAX_SELECTED_INDEX = 2_500_000;
/** Fetching a .torrent by its URL, from the look-up of its name to its last byte. */
export const TORRENT_URL_TIMEOUT_MS = 30_000;

// --- Trackers ------------------------------------------------------------------------------------------------

/** A tracker's answer; libtorrent's limit. 1 MiB is 170,000 compact peers. */
export const MAX_TRACKER_REPLY_BYTES = 1_048_576;
/** Trackers of one torrent at one host, whatever their ports, so that a torrent cannot make us flood a host. */
export const MAX_TRACKERS_PER_HOST = 20;
/** Addresses of one family of a UDP tracker's name that are tried; the large trackers have two. */
export const MAX_TRACKER_ADDRESSES = 4;
/** One HTTP announce, from the look-up of its name to its last byte. */
export const TRACKER_TIMEOUT_MS = 15_000;
/** If a tracker has not answered after this time, the next of its tier is asked as well, unless the torrent is private (BEP 27). */
export const TRACKER_HEAD_START_MS = 1_000;
/** HTTP redirects that are followed; libtorrent's number. */
export const MAX_REDIRECTS = 5;
/** Peers requested in one announce; the same as libtorrent, anacrolix and webtorrent cli. */
export const TRACKER_NUMWANT_PEERS = 200;
/** First wait for the answer to a UDP announce; BEP 15 doubles it at each try. */
export const UDP_TRACKER_FIRST_WAIT_MS = 3_000;
/** Tries of a UDP request before the tracker counts as silent: 45 s in total, within the minute of a connection id. This is the time-out of a UDP announce. */
export const UDP_TRACKER_TRIES = 4;
/** The shortest announce interval, if the tracker gives none or a shorter one. */
export const MIN_ANNOUNCE_INTERVAL_MS = 60_000;
/** The longest announce interval, if the tracker gives a longer one. */
export const MAX_ANNOUNCE_INTERVAL_MS = 3_600_000;
/** First wait after a tracker failed and gave no time; doubles. */
export const ANNOUNCE_RETRY_MS = 15_000;
/** First wait of our own after a tracker failed and gave a time itself (Retry-After, BEP 31); doubles. The longer of the two counts. */
export const TOLD_ANNOUNCE_RETRY_MS = 5_000;
/** A peer's name without an address is looked up again after this time; doubles. */
export const NAMED_PEER_RETRY_MS = 5_000;
/** The longest such time. */
export const NAMED_PEER_RETRY_MAX_MS = 300_000;
/** Announces of all torrents at one time: as many as one torrent may have trackers. */
export const MAX_ANNOUNCES = 100;
/** Announces at one time to one host: as many as one torrent may have trackers there. */
export const MAX_ANNOUNCES_PER_HOST = 20;
/** Announces started at one host per second, and at once: a thousand torrents of one tracker take most of a minute. */
export const ANNOUNCES_PER_HOST_PER_S = 20;
/** Failed trackers that are remembered. Such a tracker is asked for one torrent at a time until it answers again. */
export const MAX_FAILED_TRACKERS = 1_000;
/** A connection id of a UDP tracker is used for this time (BEP 15). */
export const UDP_CONNECTION_MS = 60_000;
/** Unused sockets to UDP trackers that are kept while their connection ids are valid. */
export const MAX_IDLE_UDP_CONNECTIONS = 32;
/** One wait of a timer. A longer wait is split into parts: Node's limit is 24.8 days. */
export const MAX_TIMER_MS = 86_400_000;
/** The `stopped` announce at the end of a run must not delay the exit. */
export const STOPPED_ANNOUNCE_TIMEOUT_MS = 1_500;
/** A tracker's message is cut to this length before it is shown. */
export const MAX_TRACKER_MESSAGE_CHARS = 300;

/** One query to a name server; the next try waits twice as long. */
export const NAME_SERVER_TIMEOUT_MS = 3_000;
/** Tries of such a query: 9 s in total, less than the time of one announce. */
export const NAME_SERVER_TRIES = 2;
/** HTTP servers to which connections are kept open. */
export const MAX_HTTP_ORIGINS = 64;

// --- Web seeds -----------------------------------------------------------------------------------------------

/** Connections to each web-seed server (BEP 19), for all torrents together; libtorrent's number. */
export const WEB_SEED_CONNECTIONS = 3;
/** Web seeds of one torrent that are used. */
export const MAX_WEB_SEEDS = 10;
/** Deaths of the web-seed thread in a session. After these it is not replaced. */
export const MAX_WEB_SEED_DEATHS = 5;
/** Bytes of one request, in whole pieces: long enough to stream, short enough to lose. */
export const WEB_SEED_RUN_BYTES = 8_388_608;
/** At most what the server sends in this time: a slow server must not hold many pieces. */
export const WEB_SEED_RUN_S = 2;
/** A server that sends nothing for this time is tried again later; libtorrent's `urlseed_timeout`. */
export const WEB_SEED_SILENCE_MS = 20_000;
/** First wait after a failed request; doubles. */
export const WEB_SEED_BACKOFF_MS = 2_000;
/** The longest wait after a failed request. */
export const WEB_SEED_BACKOFF_MAX_MS = 60_000;
/** Failures in a row after which a web seed gives up a run in the middle of a block: two minutes of waits. */
export const MAX_WEB_SEED_HOLDS = 6;
/** The longest Retry-After that is respected: no answer may stop a web seed for the whole run. */
export const WEB_SEED_RETRY_AFTER_MAX_MS = 3_600_000;
/** How often all pieces of a torrent are looked at for its web seeds: with a large torrent this takes a while. */
export const WEB_SEED_REFRESH_MS = 1_000;
/** Files that a server lacks one after the other, without having given anything, before it is asked more slowly. */
export const FRUITLESS_FILES = 50;
/** A file that a server did not have or refused is requested again after this time, if the run still goes on. */
export const WEB_SEED_FILE_RETRY_MS = 600_000;
/** Bad pieces of one file, if they are also a tenth of all its pieces so far, after which the server has another version of the file. */
export const MAX_BAD_PIECES_OF_FILE = 3;
/** Files that the text names when many are missing; `--json` names all. */
export const MAX_FILES_NAMED = 20;
/** Addresses of this machine that the text names as those where peers can connect; `--json` names all. */
export const MAX_ADDRESSES_NAMED = 4;
/** Web seeds are checked at this interval: which is slow, and which pieces arrived from elsewhere. */
export const WEB_SEED_TICK_MS = 250;
/** A connection without a piece or slot checks again after this time. */
export const WEB_SEED_IDLE_MS = 100;

// --- DHT and local discovery ---------------------------------------------------------------------------------

/** One Ethernet frame. A longer packet is not a DHT message. */
export const MAX_DHT_PACKET_BYTES = 1_500;
/** Time from the first DHT search to the second; doubles. */
export const DHT_FIRST_REPEAT_MS = 30_000;
/** The longest time between two DHT searches: nodes forget an announce after half an hour. */
export const DHT_REPEAT_MS = 900_000;
/** A DHT search without result is repeated after this time at first: the table of a new node has holes. */
export const DHT_EMPTY_REPEAT_MS = 5_000;
/** While no node is known, the first nodes are asked again after this time; doubles. */
export const DHT_SEEK_MS = 1_000;
/** The longest such time: it costs a few packets, and one look-up per name. */
export const DHT_SEEK_MAX_MS = 10_000;
/** The DHT library waits this long for an answer. */
export const DHT_PING_MS = 2_500;
/** When this many nodes are known, the nodes of peers (PORT) are not asked as well. */
export const ENOUGH_DHT_NODES = 200;
/** Nodes from peers or earlier runs that are remembered for a time without nodes. */
export const MAX_MET_DHT_NODES = 256;
/** Nodes of a torrent (BEP 5 `nodes`). Those beyond are skipped. */
export const MAX_TORRENT_DHT_NODES = 16;
/** First nodes named by all torrents. Those beyond are skipped: each is looked up and asked while no other node is known. */
export const MAX_NAMED_DHT_NODES = 64;
/** Torrents that search the DHT at one time; the DHT library has 16 open queries for all of them. */
export const MAX_DHT_SEARCHES = 4;
/** Nodes are saved for the next run after a search, but not more often than this, and at the end. */
export const DHT_KEEP_MS = 60_000;
/** Addresses of one node name that are tried. */
export const MAX_NAME_ADDRESSES = 8;
/** Nodes and peers of the IPv6 DHT that are remembered at one time. */
export const MAX_DHT_STAND_INS = 65_536;
/** An answer of our DHT node: a forged sender address must not be flooded by it. Other clients send as many peers as fit into a packet. */
export const MAX_DHT_ANSWER_BYTES = 1_000;
/** Nodes in one DHT answer: K of BEP 5. */
export const MAX_DHT_NODES_PER_ANSWER = 8;
/** A DHT answer repeats the transaction id of the query; those in use have 2 to 8 bytes. */
export const MAX_DHT_TRANSACTION_BYTES = 32;
/** Answers of our DHT node per second, in total: 50 KB at most. */
export const DHT_ANSWERS_PER_S = 50;
/** Answers to one host (IPv6: /64) per second; libtorrent treats more than 5 as an attack. */
export const DHT_ANSWERS_PER_HOST_PER_S = 5;
/** Hosts whose DHT queries are counted one by one. */
export const MAX_DHT_ASKERS = 4_096;
/** Ports that one host may announce to our DHT node: several people may share an address. */
export const MAX_DHT_PORTS_PER_HOST = 8;
/** A peer that announced itself to our DHT node is forgotten after about this time: others announce every 15 to 30 minutes. */
export const DHT_PEER_AGE_MS = 1_800_000;
/** DHT nodes kept for the next run: the 8 of some buckets are enough for a start. */
export const MAX_KEPT_DHT_NODES = 200;
/** The file of kept DHT nodes; 200 nodes take 15 KB. */
export const MAX_NODE_FILE_BYTES = 262_144;
/** We wait this long for another run that writes this file; it needs some milliseconds. */
export const NODE_FILE_LOCK_MS = 2_000;
/** BEP 14: an announce to the local network every five minutes. */
export const LSD_INTERVAL_MS = 300_000;
/** New and removed network interfaces are noticed after this time at most. */
export const LSD_INTERFACES_MS = 5_000;
/** Interfaces used for local discovery, each for IPv4 and IPv6: a host of containers may have hundreds. */
export const MAX_LSD_INTERFACES = 32;
/** A new peer on the local network is answered, but not more often than this. */
export const LSD_ANSWER_MS = 10_000;
/** Torrents in one announce on the local network: about 1,100 bytes; BEP 14 allows 1,400. */
export const MAX_LSD_INFO_HASHES = 20;
/** Time between two announces on one interface, if there are too many torrents for one announce. */
export const LSD_PACE_MS = 1_000;
/** If there is no other source of peers, a run waits this long for the local network. */
export const LSD_HOPE_MS = 10_000;
/** An announce on the local network; one for 20 torrents has about 1,000 bytes. */
export const MAX_LSD_PACKET_BYTES = 1_500;

// --- Port mapping --------------------------------------------------------------------------------------------

/** How long a router keeps our port open (`--nat`) if we do not renew it: after a kill, it closes within the hour. Renewed at half. */
export const NAT_LIFETIME_MS = 3_600_000;
/** The port in the router is closed at the end of a run, and this must not delay the exit for longer. */
export const NAT_REMOVE_MS = 1_500;
/** First wait for the answer to a PCP or NAT-PMP packet; doubles (RFC 6886). */
export const NAT_FIRST_WAIT_MS = 250;
/** Tries of such a packet: a router that does not know the protocol costs 1.75 s, in which nothing waits. RFC 6886 has nine, over two minutes. */
export const NAT_TRIES = 3;
/** The search for a UPnP router: its answer may take the second that we allow it, three times. */
export const NAT_SEARCH_MS = 3_000;
/** Search packets in this time: multicast is lost easily. */
export const NAT_SEARCH_REPEATS = 3;
/** The search, the description of the router, and the look for the service that is connected. */
export const NAT_FIND_UPNP_MS = 8_000;
/** One request to the router, with all its tries. Some small routers take a second or two. */
export const NAT_REQUEST_MS = 5_000;
/** Ports that are asked of a UPnP router, if other machines have the first ones. */
export const NAT_PORT_TRIES = 3;
/** The shortest time between two rounds with a router that grants only seconds, or does not answer a renewal. */
export const NAT_MIN_RENEW_MS = 30_000;
/** First wait before a router that did not help is asked again; doubles. A network that comes back is asked at once. */
export const NAT_RETRY_MS = 300_000;
/** The longest such wait. */
export const NAT_RETRY_MAX_MS = 3_600_000;
/** The program that prints the routes of this machine, on systems without a file for them. */
export const NAT_ROUTES_MS = 2_000;
/** An answer of a UPnP router. Descriptions have up to about 40 KiB. */
export const MAX_NAT_XML_BYTES = 262_144;
/** An answer to the search for a UPnP router: one Ethernet frame. */
export const MAX_NAT_PACKET_BYTES = 1_500;

// --- The run -------------------------------------------------------------------------------------------------

/** Time between two looks at a clock. A longer step means that the process was stopped, and does not count. */
export const MAX_CLOCK_STEP_MS = 2_000;
/** A timer of such a clock checks it at least this often. */
export const LIVED_TIMER_STEP_MS = 500;
/** `get` gives up if no peer has unchoked us after this time (`--first-unchoke-timeout`). */
export const DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS = 300_000;
/** `get` gives up after this time without a verified piece (`--idle-timeout`). */
export const DEFAULT_IDLE_TIMEOUT_MS = 600_000;
/** `unchoke doctor` tries for this time, unless a block arrives earlier: two rechokes of transmission. */
export const DEFAULT_DOCTOR_MS = 20_000;
/** `unchoke bench` measures for this time, from the first block (`--duration`). */
export const DEFAULT_BENCH_MS = 30_000;
/** The shortest time for `doctor --for`, `bench --duration` and `swarm --for`: in less, nothing can happen. */
export const MIN_LOOK_MS = 1_000;
/** The longest time in an option: Node's timers have 31 bits. */
export const MAX_DURATION_MS = 2_147_483_647;
/** `--shards`. A thread takes about 11 MiB before it does anything. */
export const MAX_SHARDS = 256;
/** `--hashers`. A thread takes about 11 MiB before it does anything. */
export const MAX_HASHERS = 256;
/** `--parallel`. Each active download needs memory for its pieces. */
export const MAX_PARALLEL_DOWNLOADS = 64;
/** `--memory`. One download has one block of shared memory; no disk is slow enough to need more. */
export const MAX_MEMORY_BYTES = 68_719_476_736;
/** A torrent that has no peers, and that nothing listens to, is looked at less and less often by its session; at the end this often. */
export const IDLE_LOOK_MS = 10_000;
/** A torrent that has got nothing for this time gives its memory back if another one waits for memory; it waits itself then. */
export const STALLED_TORRENT_MS = 60_000;
/** Events of a torrent that wait for a program that does not take them. The oldest are dropped first. */
export const MAX_WAITING_EVENTS = 10_000;
/** Memory for the pieces of all torrents of a session, if the program gives no `memory`. */
export const DEFAULT_SESSION_MEMORY_BYTES = 1_073_741_824;
/** A torrent with pieces of this size or more starts with memory for one piece; other torrents wait for memory for two. */
export const LARGE_PIECE_BYTES = 134_217_728;
/** A race or `doctor` asks a peer for its first block again after this many rejections, and then no more: the rejections would count as a flood that we have caused. */
export const MAX_PROBE_REJECTIONS = 3;
/** `unchoke watch` looks at its folder at this interval. */
export const DROP_LOOK_MS = 1_000;
/** A file in the folder of `unchoke watch` must not change for this time: it may be copied still. */
export const DROP_SETTLE_MS = 2_000;
/** A file there that has not changed for this time and is no torrent is not copied any more: it has failed. */
export const DROP_GIVE_UP_MS = 60_000;
/** When a torrent there failed in a way that may pass, it is tried again after this time; the pause doubles with each failure that follows. */
export const DROP_RETRY_MS = 60_000;
/** The longest such pause. */
export const DROP_RETRY_MAX_MS = 1_800_000;
/** A .magnet file there; its first line counts. */
export const MAX_MAGNET_FILE_BYTES = 65_536;
/** `unchoke swarm --payload`: the hashes of its pieces are made at the start. */
export const MAX_SWARM_PAYLOAD_BYTES = 68_719_476_736;
/** `unchoke swarm --files`. */
export const MAX_SWARM_FILES = 10_000;
/** When nothing was verified for this time, `get` says why. */
export const HINT_AFTER_MS = 10_000;
/** The file of `--metrics` is written at this interval, which is Prometheus's default. */
export const METRICS_FILE_INTERVAL_MS = 15_000;
/** Connections to the port of `--metrics-port` at one time: a few collectors, one after the other. */
export const MAX_METRICS_CONNECTIONS = 16;
/** Each of these connections ends after this time, so that an open one does not keep others out. */
export const METRICS_REQUEST_MS = 5_000;
/** A request with its headers; Prometheus sends about 300 bytes. */
export const MAX_METRICS_REQUEST_BYTES = 4_096;
/** Points of the throughput chart in the race report. */
export const MAX_FLOW_SAMPLES = 600;
/** A line of progress when the output is not a terminal: in the first minute, then up to ten minutes, then for ever. */
export const PLAIN_PROGRESS_MS = 5_000;
export const PLAIN_PROGRESS_LATER_MS = 30_000;
export const PLAIN_PROGRESS_LONG_MS = 300_000;
/** What a run does is new for so long: its lines come at the first interval. Until the second time they come at the second one. */
export const PLAIN_PROGRESS_NEW_MS = 60_000;
export const PLAIN_PROGRESS_LATE_MS = 600_000;
/** A redraw of the progress on a terminal. */
export const LIVE_PROGRESS_MS = 250;

// --- Clusters ------------------------------------------------------------------------------------------------

/** Between two looks of a cluster: which pieces this node fetches from outside, and whether it needs more. */
export const CLUSTER_LOOK_MS = 250;
/** How often a node tells the others how far it is. */
export const CLUSTER_STATE_MS = 1_000;
/** Nodes that start together should meet before one of them begins to fetch a plain file for all. */
export const MAKER_WAIT_MS = 3_000;
/** When less than a block, or less than a tenth of the best that it has shown, has come from outside in this time, the node that fetches a plain file for all lets another one try: long enough for a server that is restarted. */
export const MAKER_STALL_MS = 20_000;
/** Pieces that are fetched from the source again at one time, when a plain file is wrong as a whole. */
export const PLAIN_PARTS_AT_ONCE = 3;
/** Such a piece is asked for this often, before the run fails. */
export const PLAIN_PART_TRIES = 5;
/** The wait before the second of these tries; doubles. */
export const PLAIN_PART_WAIT_MS = 1_000;
/** Pieces of each node, of those whose hashes it said, that show whether it says wrong ones: then all of them are fetched again. */
export const SAMPLED_PLAIN_PIECES = 3;
/** A full piece of a plain file waits so long for somebody who knows its hash. */
export const PIECE_HASH_WAIT_MS = 30_000;
/** A node that has said nothing for this time is taken for dead, and others fetch its share. It says something every second. */
export const NODE_SILENCE_MS = 5_000;
/** Names of nodes are looked up again, and nodes that are not connected are dialled again, at this interval. */
export const CLUSTER_DIAL_MS = 5_000;
/** A node that is lost is dialled again after this time at most: until it is found, both may fetch the same. */
export const EAGER_REDIAL_MS = 2_000;
/** A message of a node: its pieces in work, or a hundred nodes that it knows. */
export const MAX_NODE_MESSAGE_BYTES = 32_000;
/** Messages of a peer until it is admitted as a node: a greeting, a proof, and what it adds because it has admitted us already. */
export const MAX_PROOF_MESSAGES = 16;
/** Lines about peers that are not let in, and nodes that want other files: strangers may come without end. */
export const MAX_CLUSTER_NEWS = 20;
/** A peer that may be a node is not closed before that, although both have everything: it may be proving it. */
export const NODE_PROOF_MS = 10_000;
/** Nodes of a cluster. Each talks to all others, so more would need another design. */
export const MAX_CLUSTER_NODES = 1_000;
/** Pieces that a node names at one time: being fetched from outside, given to another node, or those whose hashes it wants or says. */
export const MAX_NODE_PIECES = 256;
/** A node without work gets so much of the share of another: what it fetches in this time. It asks again then. */
export const HANDOVER_MS = 2_000;
/** A piece that was given to another node and has not come falls back to its first owner. */
export const HANDOVER_RETURN_MS = 30_000;
/** A piece that has been in work for so long, and for twice the time that another node needs for it, is fetched by that one as well. */
export const SLOW_NODE_PIECE_MS = 3_000;
/** A piece that one node alone has is for one other node first, but no longer than this. */
export const COURIER_MS = 30_000;
/** If that one has got nothing from nodes for this time, all may take the piece. It says how much it got every second. */
export const COURIER_SILENCE_MS = 3_000;
/** When less than a tenth of what its own line can has arrived in this time, a node fetches any piece from outside for as long. */
export const CLUSTER_STALL_MS = 20_000;
/** A secret in a file. */
export const MAX_CLUSTER_SECRET_BYTES = 4_096;
/** The port of a cluster, unless another one is given: nodes must know it of each other. */
export const CLUSTER_PORT = 6_881;
// --- The fleet -----------------------------------------------------------------------------------------------

/** A .torrent in a job of `unchoke fleet`: the queue keeps it in memory. Larger ones go in as magnet links. */
export const MAX_FLEET_TORRENT_BYTES = 8_388_608;
/** A job of a machine that is silent for this time goes to others (`--lock-time`); the usual time of BullMQ. */
export const DEFAULT_FLEET_LOCK_MS = 30_000;
/** The shortest `--lock-time`: six renewals and a margin for slow disks need some time. */
export const MIN_FLEET_LOCK_MS = 3_000;
/** Renewals of a lock in its time. */
export const FLEET_RENEWALS = 6;
/** A machine may write for the time of so many renewals after it sent the last one that was confirmed; the others are a margin. */
export const FLEET_LEASE_RENEWALS = 4;
/** A job waits this long for the machine that has its data (`--affinity`): a restart with an update. */
export const DEFAULT_FLEET_AFFINITY_MS = 300_000;
/** Tries of a job that may fail (`--attempts`): with the waits between them, some hours. */
export const DEFAULT_FLEET_ATTEMPTS = 10;
/** The wait after the first failed try (`--backoff`); doubles. */
export const DEFAULT_FLEET_BACKOFF_MS = 60_000;
/** The longest such wait: peers come and go within hours. */
export const FLEET_RETRY_MAX_MS = 3_600_000;
/** A machine whose disk failed does not try the same job again for this time, so that another one gets it. */
export const FLEET_AVOID_MS = 600_000;
/** A job that a machine should not do is offered again after this time at most. */
export const FLEET_LATER_MS = 30_000;
/** A worker writes how far a job is at this interval. */
export const FLEET_REPORT_MS = 5_000;
/** A worker says at this interval that it lives, and what it does. */
export const FLEET_BEAT_MS = 5_000;
/** A worker that has not said so for this time is shown as silent: twelve times in a row. */
export const FLEET_SILENT_MS = 60_000;
/** A worker with a free slot asks for a job at this interval if there was none. */
export const FLEET_TAKE_MS = 1_000;
/** A queue that does not answer a connection within this time is away. */
export const FLEET_CONNECT_MS = 5_000;
/** A worker tries again at this interval while its queue is away. */
export const FLEET_SERVER_RETRY_MS = 1_000;
/** With PostgreSQL, locks end by the clocks of the machines: a clock may differ by so much from that of the server. Two such machines differ by less than the margin of the default lock time. */
export const FLEET_CLOCK_SKEW_MS = 2_000;
/** `fleet status --watch` asks the queue at this interval. */
export const FLEET_WATCH_MS = 2_000;
/** Failed jobs that `fleet status` lists, the newest first. */
export const MAX_FLEET_LISTED_JOBS = 50;
/** `timeout`, npm and others signal the process and its group. A second signal that comes so soon is no second wish to end. */
export const SIGNAL_ECHO_MS = 250;
