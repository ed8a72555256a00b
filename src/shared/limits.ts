/**
 * Every limit of unchoke, in one place. The unit is the end of the name, the reason stands beside the number,
 * and LIMITS.md has one row for each (a unit test compares the two).
 */

// --- Torrent files and bencode -------------------------------------------------------------------------------

/** BEP 3 leaves it open; every client in use asks for 16 KiB and many hang up on more. */
export const BLOCK_BYTES = 16_384;
/** libtorrent refuses more pieces; 2^21 pieces of 16 MiB are 32 TiB. */
export const MAX_PIECES = 2_097_152;
/** libtorrent's upper bound is 32,767 blocks; one piece must fit the arena anyway. */
export const MAX_PIECE_BYTES = 536_870_912;
/** 2^21 piece hashes take 40 MiB; the rest is room for file names. */
export const MAX_TORRENT_FILE_BYTES = 67_108_864;
/** libtorrent's depth; real torrents need 5. A recursive reader behind this cap cannot overflow its stack. */
export const MAX_BENCODE_DEPTH_LEVELS = 100;
/** libtorrent allows 2.5 million tokens; that is a torrent of several hundred thousand files. A value costs 16 bytes until it is asked for. */
export const MAX_BENCODE_TOKENS = 2_500_000;
/** Values of one bencoded message of a tracker, a node or a peer: 30,000 peers in dictionaries. Each becomes an object of some 100 bytes. */
export const MAX_MESSAGE_TOKENS = 200_000;
/** Folders and file of one path in a torrent; real ones have a dozen, and the longest path of Linux, 4,096 bytes, has no more. */
export const MAX_PATH_DEPTH_LEVELS = 2_048;
/** A name of one path element on the usual filesystems (ext4, XFS, APFS, NTFS). */
export const MAX_PATH_ELEMENT_BYTES = 255;
/** Of a name in a torrent, as far as it is read; no filesystem has longer ones. The rest could only cost time and memory. */
export const MAX_NAME_BYTES = 1_024;

/** A list of sources (`@FILE`): ten thousand magnet links. */
export const MAX_LIST_FILE_BYTES = 16_777_216;
/** `create` doubles the piece length until there are no more pieces than this: a .torrent of 40 KiB. */
export const MAX_AUTO_PIECES = 2_048;
/** And begins here: two blocks. */
export const MIN_AUTO_PIECE_BYTES = 32_768;
/** And ends here: more is slow to verify and to share. */
export const MAX_AUTO_PIECE_BYTES = 16_777_216;

// --- The wire ------------------------------------------------------------------------------------------------

/** Extended messages (BEP 10): a 16 KiB metadata piece with its header, a PEX message, a long handshake. */
export const MAX_EXTENDED_BYTES = 32_768;
/** Messages with an id unknown to us are read past, never kept; beyond this they are noise. */
export const MAX_UNKNOWN_MESSAGE_BYTES = 1_048_576;
/** One read from a socket: large enough for about 16 blocks, small enough to stay in the L2 cache. One a shard. */
export const READ_BUFFER_BYTES = 262_144;
/** Requests a peer may queue with us, told in the extended handshake (BEP 10 `reqq`); libtorrent and transmission say 500. */
export const OUR_REQUEST_QUEUE_BLOCKS = 500;
/** The parts in which metadata is asked for and sent (BEP 9). */
export const METADATA_PART_BYTES = 16_384;
/** Metadata of a magnet link; libtorrent's and rain's cap. 2^21 piece hashes alone take 40 MiB, but nobody makes such magnets. */
export const MAX_METADATA_BYTES = 31_457_280;
/** Metadata parts that one peer gets of us: the largest metadata once. */
export const MAX_METADATA_REQUESTS = 1_920;
/** Peers that each part of the metadata is asked of at one time: it is raced, too. */
export const METADATA_ASKED_PEERS = 3;
/** Parts asked of one peer at one time; aria2 has one, transmission queues 64. */
export const METADATA_ASKED_PARTS = 4;
/** A part that has not come after this long is asked of others. */
export const METADATA_PART_TIMEOUT_MS = 5_000;
/** First wait before a part that a peer refused or left out is asked of it again; doubles. libtorrent asks again after a second. */
export const METADATA_RETRY_MS = 1_000;
/** And this at the longest. */
export const METADATA_RETRY_MAX_MS = 30_000;
/** Wrong metadata that a peer may send whole, and still be asked. libtorrent bans nobody for it; a peer that restarts may send a mixture. */
export const MAX_WRONG_METADATA = 3;
/** Peers of one address that sent wrong metadata before the address is banned: behind one may be many, and most of them honest. */
export const MAX_METADATA_LIARS_PER_HOST = 3;
/** A peer that names no size of its metadata is asked all the same after this long, if nobody else gives any. */
export const METADATA_UNSIZED_MS = 10_000;
/** Peers told in one message of peer exchange (BEP 11); libtorrent's number. Twice as many are believed. */
export const MAX_PEX_PEERS = 50;
/** Between two such messages to one peer. */
export const PEX_INTERVAL_MS = 60_000;
/** Extended messages that nobody asked for or needs, from one peer; a late metadata part or a greeting told again are a few. */
export const MAX_USELESS_EXTENDED = 256;
/** Bitfields of all peers of a shard that are kept before the number of pieces is known. */
export const EARLY_PIECES_BYTES = 16_777_216;
/** Single pieces that a peer may announce before that. */
export const MAX_EARLY_HAVES = 4_096;
/** Pieces looked at in one look for something that we want of a peer. */
export const USEFULNESS_LOOK_PIECES = 16_384;
/** What one peer may cost us ahead, in small messages: a burst after a pause. */
export const MESSAGE_BURST_COST = 16_384;
/** And over time, each second. */
export const MESSAGE_COST_PER_S = 1_024;
/** What a block that we wanted pays for. */
export const BLOCK_EARNS_COST = 64;
/** What an extended message costs: it is decoded. */
export const EXTENDED_MESSAGE_COST = 8;
/** Pieces told again that cost as much as one small message: some clients do so by the thousand, after their bitfield. */
export const HAVES_AGAIN_PER_COST = 8;
/** Bytes of such a message, or of a bitfield, that cost as much as a small message. */
export const BYTES_PER_COST = 64;
/** Unchokes of one peer that take effect at once, beyond those after which it gave blocks. */
export const UNCHOKE_BURST = 8;
/** And then one in so long; the others wait. */
export const UNCHOKE_INTERVAL_MS = 2_000;
/** Client names (BEP 10 `v`) are cut here before they are kept or shown. */
export const MAX_CLIENT_NAME_CHARS = 64;
/** Bytes waiting in one socket because the peer does not read; then it is hung up on. */
export const MAX_UNSENT_BYTES = 1_048_576;

// --- uTP -----------------------------------------------------------------------------------------------------

/** TCP is dialled first and has this long before uTP (BEP 29) is tried as well; rqbit waits 1 s. */
export const UTP_HEAD_START_MS = 500;
/** Peers to which uTP is tried in one tick of uTP, so that thousands of dead addresses do not make one long turn. */
export const UTP_DIALS_PER_TICK = 32;
/** Every time-out of uTP is looked at this often. */
export const UTP_TICK_MS = 50;
/** Bytes of the stream in one packet: with its headers it passes wherever 1,440 bytes pass, over IPv6 as well. */
export const UTP_PAYLOAD_BYTES = 1_372;
/** A packet of uTP; whatever is longer than one Ethernet frame holds is none. */
export const MAX_UTP_PACKET_BYTES = 1_500;
/** Besides its bytes, what a packet takes that is kept until its turn. */
export const UTP_KEPT_PACKET_BYTES = 200;
/** What a peer may send before we acknowledge it; libtorrent and libutp have 1 MiB as well. */
export const UTP_WINDOW_BYTES = 1_048_576;
/** Packets that may be ahead of the next one of their connection: a window of small ones. */
export const MAX_UTP_REORDERED_PACKETS = 1_023;
/** And their bytes, over all connections of a shard: beyond this they are dropped, and sent again. */
export const MAX_UTP_REORDERED_BYTES = 16_777_216;
/** A packet that is not acknowledged is sent again after this long, until the round trip is known (BEP 29). */
export const UTP_FIRST_TIMEOUT_MS = 1_000;
/** And after no less than this, however short the round trip (BEP 29). */
export const UTP_MIN_TIMEOUT_MS = 500;
/** A connection is asked for so often: the second time a second later, and two seconds after that it has failed. */
export const UTP_SYN_TRIES = 2;
/** Any other packet is sent so often: the connection is lost 15 s after the first. */
export const UTP_DATA_TRIES = 5;
/** Packets that are acknowledged together; fewer at the end of a turn. */
export const UTP_PACKETS_PER_ACK = 8;
/** A peer without room is asked again after this long (libutp's number). */
export const UTP_ZERO_WINDOW_MS = 15_000;
/** Peers that asked for a connection over uTP and have not yet shown that they get our answers. */
export const MAX_UTP_STRANGERS = 256;
/** Answers to packets of unknown connections in one tick: nobody shall use us to shout at others. */
export const UTP_RESETS_PER_TICK = 16;
/** Packets that wait in a UDP socket until it is bound: the first turns of a race. */
export const MAX_UTP_UNBOUND_PACKETS = 1_024;
/** What the system may hold for us of uTP between two turns; it may give less. */
export const UTP_RECEIVE_BUFFER_BYTES = 4_194_304;

// --- Time-outs of one peer -----------------------------------------------------------------------------------

/** libtorrent's and qBittorrent's connect time-out: the patient one, used while no address waits for a slot. */
export const CONNECT_TIMEOUT_MS = 15_000;
/** The hasty one: over 99 % of the connects that succeed do so within 3 s (peer-wire-swarm PR #7). */
export const CONNECT_TIMEOUT_HASTY_MS = 3_000;
/** libtorrent's handshake time-out; anacrolix found that 4 s loses 1 % of good peers. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A connected peer that chokes us keeps its place this long while others wait for it: transmission rechokes every 10 s. */
export const CHOKED_SLOT_NEEDED_MS = 12_000;
/** And one that has nothing for us, choking or not, this long. */
export const USELESS_SLOT_NEEDED_MS = 3_000;
/** Our interest is said once more after this long: aria2 and webtorrent lose one that comes in one packet with our handshake. */
export const INTERESTED_AGAIN_MS = 1_000;
/** `race` calls a peer silent after this long without an unchoke. */
export const CHOKED_RACE_MS = 60_000;
/** `get` keeps a choking peer this long when nobody needs its place: optimistic unchokes come round in minutes. */
export const CHOKED_DOWNLOAD_MS = 600_000;
/** BEP 3: two minutes without a byte, keep-alives included, and the connection may be closed; one tick of grace. */
export const IDLE_TIMEOUT_MS = 150_000;
/** We send a keep-alive after this long without sending anything: below everybody's 120 s. */
export const KEEP_ALIVE_MS = 100_000;
/** A peer that owes us blocks and sent none for this long is snubbed: its requests go to others. */
export const SNUBBED_AFTER_MS = 20_000;
/** A snubbed peer that stays silent is dropped; aria2 and libtorrent wait as long. */
export const STALLED_TIMEOUT_MS = 60_000;
/** `--strategy sequential`: the whole exchange with one peer, before the next is tried. */
export const SEQUENTIAL_EXCHANGE_MS = 30_000;

/** First wait before a lost peer is dialled again; doubles each time. rqbit and libtorrent wait about as long. */
export const RECONNECT_MS = 10_000;
/** A peer that gave data and hung up is dialled again after this: some give a few blocks a connection. */
export const RECONNECT_GIVER_MS = 2_000;
/** No such wait is longer than this: a peer that comes back is found again within two minutes. */
export const RECONNECT_MAX_MS = 120_000;
/** Each such wait is shorter or longer by up to this: peers that were lost together do not come again together. */
export const RECONNECT_JITTER_PERCENT = 25;
/** First wait before a peer that broke the rules or serves another torrent is dialled again; doubles. It seldom changes. */
export const RULE_BREAKER_MS = 300_000;
/** And is never longer than this. */
export const RULE_BREAKER_MAX_MS = 3_600_000;
/** A lost peer that a source names again is dialled as soon as this, counted from its loss, however often it is named. */
export const NAMED_AGAIN_MS = 30_000;
/** While no peer is connected, one of the lost is tried this often, to see whether the network or a proxy is back. */
export const OUTAGE_PROBE_MS = 10_000;
/** But none sooner than this after it was lost, so that a lone peer is not hammered at. */
export const OUTAGE_REDIAL_MS = 30_000;
/** The part of the dial rate that lost peers may have. New addresses go before them, and take their places. */
export const REDIAL_SHARE_PERCENT = 10;
/** The addresses of this machine are looked at this often: a change may be a network that is back. */
export const NETWORK_POLL_MS = 3_000;
/** A first success after failures only, for at least this long, is a network that is back. */
export const NETWORK_OUTAGE_MS = 30_000;
/** Where this machine has no address of a family, it is looked at most this often whether one came. */
export const FAMILY_POLL_MS = 2_000;
/** Dials of one family in a row that find no route, or are forbidden, until the family is left alone. */
export const FAMILY_FAILURES = 16;
/** For this long, unless the network changes or a dial of the family is answered. */
export const FAMILY_PAUSE_MS = 30_000;
/** While more peers wait than may be worked with, the slowest make room this often. */
export const TURNOVER_INTERVAL_MS = 30_000;
/** And so many of them, in percent: libtorrent's turnover. */
export const TURNOVER_PERCENT = 4;

// --- A shard -------------------------------------------------------------------------------------------------

/** Connections on the way, over all shards (`--half-open`). */
export const DEFAULT_HALF_OPEN_PEERS = 500;
/** New connections a second, over all shards (`--dial-rate`). */
export const DEFAULT_DIAL_RATE_PER_S = 500;
/** Sources that are downloaded at one time (`--parallel`): each has threads of its own. */
export const DEFAULT_PARALLEL_DOWNLOADS = 3;
/** Peers that we download from at one time, over all shards (`--max-peers`). */
export const DEFAULT_MAX_PEERS = 500;
/** Dials in one turn of a shard's event loop, so that answers are read between them. */
export const DIALS_PER_TURN = 16;
/** The deadline tick of a shard: every time-out is looked at this often, not by a timer each, and its counters are reported. */
export const TICK_MS = 250;
/** Peers looked at in one slice of the deadline tick. */
export const TICK_SLICE_PEERS = 2_048;
/** First pause after EMFILE, EADDRNOTAVAIL and the like; doubles each time. */
export const DIAL_BACKOFF_MS = 250;
/** Longest such pause. */
export const DIAL_BACKOFF_MAX_MS = 5_000;
/** Connections that the kernel holds for us until we accept them. */
export const LISTEN_BACKLOG_PEERS = 128;
/** Connections that one address may have to us at one time; of IPv6 one /64, which is what one household has. */
export const MAX_ACCEPTED_PER_ADDRESS = 3;
/** Connections that were made to us, at one time. */
export const MAX_ACCEPTED_PEERS = 200;
/** Connections that one address (IPv6: /64) may make at once, whatever becomes of them. */
export const ACCEPT_BURST_PEERS = 16;
/** And each second over time. */
export const ACCEPTS_PER_S = 1;
/** Addresses of which it is known how often they connected to us. */
export const MAX_REMEMBERED_HOMES = 4_096;
/** Where guests have no room, one that nobody knows any good of may be sent away for a newcomer after this long. */
export const GUEST_GRACE_MS = 12_000;
/** And one that has pieces we want, but chokes us, after this long. */
export const USEFUL_GUEST_GRACE_MS = 60_000;
/** Key exchanges of encryption that all guests of a shard may ask of us at once; each takes 3 ms. */
export const KEY_EXCHANGE_BURST = 64;
/** And each second over time. */
export const KEY_EXCHANGES_PER_S = 25;
/** Peers that connected to us, gave nothing and left, and are still remembered one by one. */
export const MAX_REMEMBERED_GUESTS = 1_000;
/** File descriptors left to the main thread, trackers and the terminal; an idle process has about 20. */
export const RESERVED_DESCRIPTORS = 40;
/** What each thread takes by itself: its event loop and its pipes. */
export const DESCRIPTORS_PER_THREAD = 8;
/** A shard tells this often who gives it most. */
export const FASTEST_PEERS_INTERVAL_MS = 1_000;
/** Peers that are named with their rates. */
export const SHOWN_FASTEST_PEERS = 3;
/** Events of a shard that are told in one port message at the most. */
export const EVENTS_PER_MESSAGE = 1_024;
/** A thread that must end while it loads is given this long to finish loading first. */
export const THREAD_START_TIMEOUT_MS = 2_000;
/** A shard that does not stop when told is ended by force after this long. */
export const SHARD_STOP_TIMEOUT_MS = 2_000;
/** Threads that race peers, at the most by default: half the cores, the other half hash and serve the kernel. */
export const DEFAULT_MAX_SHARDS = 8;
/** Addresses kept for one download; the rest are counted and forgotten. */
export const MAX_KNOWN_PEERS = 20_000;

/** Of these, from one source at the most, the user's own aside. */
export const MAX_PEERS_PER_SOURCE = 10_000;
/** Groups of the sources that name addresses (the network of a peer or node): a full source makes room out of the largest, and groups take turns at being dialled. */
export const NAMER_GROUPS = 256;
/** And from one public /24 (IPv6: /64): one who owns a network must not be the swarm. */
export const MAX_PEERS_PER_SUBNET = 32;
/** A blocklist; the largest in use have 20 MB. */
export const MAX_BLOCKLIST_BYTES = 134_217_728;

// --- Requests ------------------------------------------------------------------------------------------------

/** Requests sent to a peer at once when it unchokes, before anything is known of its speed. */
export const INITIAL_REQUESTS_BLOCKS = 16;
/** The pipeline of a peer holds this much of its measured rate. */
export const REQUEST_QUEUE_MS = 2_000;
/** Requests to a peer that did not tell its queue (`reqq`, BEP 10). */
export const DEFAULT_REQUEST_QUEUE_BLOCKS = 250;
/** Requests to a peer that told a larger one. */
export const MAX_REQUEST_QUEUE_BLOCKS = 2_000;
/** Blocks nobody asked for, from one peer, before it is hung up on. Late answers after a cancel are a few. */
export const MAX_UNREQUESTED_BLOCKS = 512;
/** Pieces of an allowed-fast set (BEP 6) kept for a peer; the usual set has 10. */
export const MAX_ALLOWED_FAST_PIECES = 100;
/** Blocks of slow peers that a peer of unknown speed is asked for at one time; two peers a block, as transmission's bounded endgame has it (PR 9103). */
export const DOUBLED_REQUESTS_BLOCKS = 8;
/** Blocks of slow peers that are dealt out in one tick, at the most: no long turns. */
export const MAX_TAKEOVER_BLOCKS = 2_048;
/** And peers they are dealt to. */
export const MAX_TAKEOVER_HELPERS = 64;
/** In the endgame, a block is doubled once its owner has been silent this long. */
export const ENDGAME_SILENCE_MS = 1_000;
/** Or once its owner, at its rate, needs longer than this for all it owes: doubling everybody's would be waste. */
export const ENDGAME_SLACK_MS = 2_000;
/** Before the endgame, a peer must have finished no block for this long before its blocks are asked of another as well. */
export const SLOW_OWNER_MS = 2_000;
/** Such a peer gets nothing new for this long, or it would take the next slot and hold that up too. Doubles each time. */
export const SLOW_OWNER_REST_MS = 10_000;
/** The longest such rest. */
export const MAX_REST_MS = 120_000;
/** A block that takes longer than this to come loses its place in the slot: it goes on aside, and others may send it as well. */
export const WRITER_LEASE_MS = 1_000;
/** First wait before a block that a peer rejected (BEP 6) is asked of it again; doubles each time. */
export const FIRST_REFUSAL_MS = 1_000;
/** The longest such wait. */
export const MAX_REFUSAL_MS = 15_000;
/** After this many rejections in a row without a block, the peer is asked for nothing for 1 s, then 2 s, 4 s and so on. */
export const REJECTS_BEFORE_REST = 16;
/** A piece in work that no peer of its shard goes on with is parked after this long, for other shards to finish. */
export const ORPHANED_PIECE_MS = 3_000;
/** A shard that joined the slot of another and got no block in this long leaves it, so that a third may come. */
export const GUEST_PATIENCE_MS = 3_000;
/** And comes back to that piece after this long at the earliest; doubles each time, so that every other shard has its turn. */
export const GUEST_RETURN_MS = 1_000;
/** The longest such wait. */
export const MAX_GUEST_RETURN_MS = 60_000;
/** Senders whose blocks are kept out of a piece that failed its hash, at one time. */
export const MAX_AVOIDED_SENDERS = 4;
/** Tries to fetch such a piece from one sender alone that may end early; then several may give it again. */
export const MAX_SOLO_TRIES = 3;
/** How long one such try may take while other peers have nothing to do. */
export const SOLO_TRY_MS = 20_000;
/** Where none of the senders that are not suspected goes on with a piece that failed for this long, the suspicion is turned round. */
export const RELENT_MS = 6_000;
/** And where this many holders in a row had it and got no block. */
export const MAX_FRUITLESS_TRIES = 2;
/** Main looks this often whether a piece that failed can be fetched again: its last guest leaves within a tick. */
export const SLOT_LEFT_POLL_MS = 50;
/** Failures of one piece that are remembered, with the hash of each block. */
export const MAX_KEPT_FAILURES = 8;
/** Pieces found on disk that are told, one by one, to peers which came before that was known. */
export const MAX_FOUND_TOLD_PIECES = 8_192;
/** Pieces that are picked at random before rarity counts; libtorrent's number. */
export const RANDOM_FIRST_PIECES = 4;
/** How often the order in which a shard asks for pieces follows the swarm's availability. */
export const PICK_ORDER_MAX_AGE_MS = 2_000;

// --- Memory and disk -----------------------------------------------------------------------------------------

/** Pieces on their way to the disk, where `--memory` is not given. */
export const DEFAULT_MEMORY_PIECES = 32;
/** The least memory for them, with small pieces. */
export const LEAST_DEFAULT_MEMORY_BYTES = 33_554_432;
/** The most, with large ones. */
export const MOST_DEFAULT_MEMORY_BYTES = 134_217_728;
/** The smallest write call that is tried: the cheapest while a virtual machine's memory is fresh (bench/NOTES.md). */
export const LEAST_WRITE_BYTES = 16_384;
/** The largest: the cheapest once its memory has been used; 1 MiB is no better. Which of them is taken is measured as it goes. */
export const WRITE_CHUNK_BYTES = 262_144;
/** Files a hasher keeps open over all torrents, where the process may have that many. */
export const MAX_OPEN_FILES_PER_HASHER = 64;
/** Small pieces share a hash task up to this many bytes, so that a task is worth its message. */
export const HASH_TASK_BYTES = 4_194_304;
/** Pieces on disk that one checking task reads and hashes. */
export const CHECK_TASK_BYTES = 16_777_216;
/** Files that one task looks through for anything but zeros: of most, the first bytes tell. */
export const BLANK_TASK_FILES = 64;
/** Memory of a hasher for reading what is on disk; a piece may be 512 MiB. */
export const CHECK_READ_BYTES = 1_048_576;
/** Hashers give back the shared memory of removed torrents this long after the first one: a few milliseconds' work, once for many. */
export const COLLECT_DELAY_MS = 1_000;

/** Verified pieces are flushed and claimed in the journal this often: what a power loss may cost. */
export const JOURNAL_INTERVAL_MS = 5_000;
/** A journal of 2^21 pieces and 100,000 files takes about 9 MiB; a larger file is none. */
export const MAX_JOURNAL_BYTES = 33_554_432;
/** Claimed pieces of a file that are hashed before the journal is believed on all of them. */
export const MAX_JOURNAL_PROBES = 3;
/** A new key that journals are signed with (`--journal-key`); a shorter one is none. */
export const JOURNAL_KEY_BYTES = 32;
/** A longer file is no key. */
export const MAX_JOURNAL_KEY_BYTES = 4_096;
/** Right bytes in a piece that is shared with other files that make a file ours: less than this may be a common header. */
export const MIN_SHARED_EVIDENCE_BYTES = 4_096;

/** A run that has a place on the disk touches its lock this often. */
export const LOCK_INTERVAL_MS = 5_000;
/** The owner of a lock on another system that has not touched it for this long is gone: three times in a row. */
export const LOCK_STALE_MS = 15_000;
/** How often that is looked at. */
export const LOCK_LOOK_MS = 500;
/** A longer file is no lock. */
export const MAX_LOCK_BYTES = 4_096;

/** Bytes ahead of a reader's position that come before all others: a second of the fastest line, some seconds of video. */
export const READER_WINDOW_BYTES = 16_777_216;
/** But so many pieces at least, where they are large: several peers are to work for a reader at one time. */
export const READER_WINDOW_PIECES = 8;
/** Read from the disk at one time for a reader, and kept for a consumer that is slower. */
export const READER_CHUNK_BYTES = 262_144;

/** The trackers, and the web seeds, of a torrent or a magnet link beyond these are passed over. */
export const MAX_TRACKERS = 100;
/** A URL in a torrent or a magnet link; a longer one is passed over. */
export const MAX_URL_CHARS = 2_048;
/** Peers that a magnet link names (`x.pe`, BEP 9); some have a dozen. Each name is looked up. */
export const MAX_MAGNET_PEERS = 100;
/** Files or ranges of files in a magnet link's `so` (BEP 53). */
export const MAX_MAGNET_RANGES = 10_000;
/** The largest file index in a magnet link's `so` (BEP 53): more files no torrent here can have. */
export const MAX_SELECTED_INDEX = 2_500_000;
/** A .torrent fetched by its URL, from the look-up of its name to its last byte. */
export const TORRENT_URL_TIMEOUT_MS = 30_000;

// --- Trackers ------------------------------------------------------------------------------------------------

/** A tracker's answer; libtorrent's cap. 1 MiB is 170,000 compact peers. */
export const MAX_TRACKER_REPLY_BYTES = 1_048_576;
/** Trackers of one torrent at one host, whatever their ports: a torrent must not make a crowd of us. */
export const MAX_TRACKERS_PER_HOST = 20;
/** Addresses of one family that a UDP tracker's name may have; the large trackers have two. */
export const MAX_TRACKER_ADDRESSES = 4;
/** One HTTP announce, from the look-up of its name to its last byte. */
export const TRACKER_TIMEOUT_MS = 15_000;
/** A tracker that has not answered for this long has the next of its tier asked beside it, unless the torrent is private (BEP 27). */
export const TRACKER_HEAD_START_MS = 1_000;
/** Redirects followed; libtorrent's number. */
export const MAX_REDIRECTS = 5;
/** Peers asked for in one announce; libtorrent, anacrolix and webtorrent cli ask for as many. */
export const TRACKER_NUMWANT_PEERS = 200;
/** First wait of a UDP announce for its answer; BEP 15 doubles it at each try. */
export const UDP_TRACKER_FIRST_WAIT_MS = 3_000;
/** Tries of a UDP request before the tracker counts as silent: 45 s in all, within the minute of a connection id. That is the time-out of an announce over UDP. */
export const UDP_TRACKER_TRIES = 4;
/** A tracker that names no interval, or a shorter one, is asked this often at the most. */
export const MIN_ANNOUNCE_INTERVAL_MS = 60_000;
/** A tracker that names a longer one is asked this often at the least. */
export const MAX_ANNOUNCE_INTERVAL_MS = 3_600_000;
/** First wait after a tracker failed and did not say when to come again; doubles. */
export const ANNOUNCE_RETRY_MS = 15_000;
/** The same where it said so (Retry-After, BEP 31) and its own time is shorter. */
export const TOLD_ANNOUNCE_RETRY_MS = 5_000;
/** Announces of all torrents that are under way at one time: all trackers that one torrent may have. */
export const MAX_ANNOUNCES = 100;
/** And at one host: all trackers that one torrent may have there. */
export const MAX_ANNOUNCES_PER_HOST = 20;
/** Announces begun at one host in a second, and as many at once: a thousand torrents of one tracker take most of a minute. */
export const ANNOUNCES_PER_HOST_PER_S = 20;
/** Trackers that failed, and are asked for one torrent at a time until they answer again, are remembered up to this number. */
export const MAX_FAILED_TRACKERS = 1_000;
/** A connection id of a UDP tracker is used this long (BEP 15). */
export const UDP_CONNECTION_MS = 60_000;
/** Sockets to UDP trackers that are not used now, and are kept as long as their connection ids are good. */
export const MAX_IDLE_UDP_CONNECTIONS = 32;
/** One wait of a timer; what is longer is waited for in parts. Node takes no more than 24.8 days. */
export const MAX_TIMER_MS = 86_400_000;
/** The word of leaving (`stopped`) must not hold up the exit. */
export const STOPPED_ANNOUNCE_TIMEOUT_MS = 1_500;
/** A tracker's message is cut here before it is shown. */
export const MAX_TRACKER_MESSAGE_CHARS = 300;

/** One try of a question to a name server; the next one waits twice as long. */
export const NAME_SERVER_TIMEOUT_MS = 3_000;
/** Tries: with the doubled wait 9 s in all, inside the time of one announce. */
export const NAME_SERVER_TRIES = 2;
/** Servers that connections are kept open to, over HTTP. */
export const MAX_HTTP_ORIGINS = 64;

// --- Web seeds -----------------------------------------------------------------------------------------------

/** Connections to each server of web seeds (BEP 19), for all torrents together; libtorrent's number. */
export const WEB_SEED_CONNECTIONS = 3;
/** Web seeds of one torrent that are asked. */
export const MAX_WEB_SEEDS = 10;
/** Deaths of the thread that fetches from web seeds, over the whole session, after which it is not replaced. */
export const MAX_WEB_SEED_DEATHS = 5;
/** What one request asks for, in whole pieces: long enough to stream, short enough to lose. */
export const WEB_SEED_RUN_BYTES = 8_388_608;
/** But no more than it sends in about this time, in seconds: a slow one must not hold much. */
export const WEB_SEED_RUN_S = 2;
/** A server that sends nothing for this long is asked again later; libtorrent's `urlseed_timeout`. */
export const WEB_SEED_SILENCE_MS = 20_000;
/** First wait after a request failed; doubles. */
export const WEB_SEED_BACKOFF_MS = 2_000;
/** And this at the longest. */
export const WEB_SEED_BACKOFF_MAX_MS = 60_000;
/** Failures in a row after which a web seed gives up a run in the middle of a block: two minutes of waits. */
export const MAX_WEB_SEED_HOLDS = 6;
/** What a server asks for with Retry-After is kept up to this: no answer may end a web seed for the whole run. */
export const WEB_SEED_RETRY_AFTER_MAX_MS = 3_600_000;
/** A file that a server did not have, or did not want to give, is asked for again after this long, if the run still goes on. */
export const WEB_SEED_FILE_RETRY_MS = 600_000;
/** Bad pieces of one file, and a tenth of all that came of it, after which a server has another version of that file. */
export const MAX_BAD_PIECES_OF_FILE = 3;
/** Files that the text names where many cannot be had; `--json` names all. */
export const MAX_FILES_NAMED = 20;
/** How often the work of web seeds is looked at: which is slow, and which pieces came from elsewhere. */
export const WEB_SEED_TICK_MS = 250;
/** With no piece or no slot to be had, a connection looks again after this long. */
export const WEB_SEED_IDLE_MS = 100;

// --- DHT and local discovery ---------------------------------------------------------------------------------

/** A packet of the DHT; whatever is longer than one Ethernet frame holds is none. */
export const MAX_DHT_PACKET_BYTES = 1_500;
/** The second search in the DHT after the first; then twice as long each time. */
export const DHT_FIRST_REPEAT_MS = 30_000;
/** And this at the longest: nodes forget an announce after half an hour. */
export const DHT_REPEAT_MS = 900_000;
/** A search that found nobody is repeated after this long at first: the table of a new node has holes. */
export const DHT_EMPTY_REPEAT_MS = 5_000;
/** While no node is known, those to begin with are asked again after this long; doubles each time. */
export const DHT_SEEK_MS = 1_000;
/** And this at the longest: a few packets, and a look-up for each name. */
export const DHT_SEEK_MAX_MS = 10_000;
/** The library waits for an answer this long. */
export const DHT_PING_MS = 2_500;
/** With this many nodes known, those of peers (PORT) are not asked as well. */
export const ENOUGH_DHT_NODES = 200;
/** Nodes that peers or earlier runs told of, and are remembered for a time without any. */
export const MAX_MET_DHT_NODES = 256;
/** Nodes of a torrent (BEP 5 `nodes`) beyond these are passed over. */
export const MAX_TORRENT_DHT_NODES = 16;
/** Nodes that are named to begin with, by all torrents; more are passed over. Each is asked, and looked up, while no other is known. */
export const MAX_NAMED_DHT_NODES = 64;
/** Torrents that search in the DHT at one time; the library has 16 questions on their way for all of them. */
export const MAX_DHT_SEARCHES = 4;
/** Nodes are kept for the next run after a search, but not more often than this, and at the end. */
export const DHT_KEEP_MS = 60_000;
/** Addresses of one name that are tried. */
export const MAX_NAME_ADDRESSES = 8;
/** Nodes and peers of the DHT over IPv6 that are remembered at one time. */
export const MAX_DHT_STAND_INS = 65_536;
/** An answer of our node: a forged sender of a question must not be flooded by it. Others send as many peers as fit a packet. */
export const MAX_DHT_ANSWER_BYTES = 1_000;
/** Nodes in one answer: K of BEP 5. */
export const MAX_DHT_NODES_PER_ANSWER = 8;
/** The answer repeats the transaction id of the question; those in use have 2 to 8 bytes. */
export const MAX_DHT_TRANSACTION_BYTES = 32;
/** Answers of our node in a second, to all: 50 KB at the most. */
export const DHT_ANSWERS_PER_S = 50;
/** And to one host (IPv6: /64); libtorrent takes more than 5 a second for an attack. */
export const DHT_ANSWERS_PER_HOST_PER_S = 5;
/** Hosts whose questions are counted one by one. */
export const MAX_DHT_ASKERS = 4_096;
/** Ports that one host may announce to our node: some people share an address. */
export const MAX_DHT_PORTS_PER_HOST = 8;
/** A peer that announced itself to our node is forgotten after about this long: others announce every 15 to 30 minutes. */
export const DHT_PEER_AGE_MS = 1_800_000;
/** Nodes kept for the next run: the 8 of some buckets are enough to begin with. */
export const MAX_KEPT_DHT_NODES = 200;
/** A file of kept nodes; 200 of them have 15 KB. */
export const MAX_NODE_FILE_BYTES = 262_144;
/** Another run that writes it needs some milliseconds, and is waited for this long. */
export const NODE_FILE_LOCK_MS = 2_000;
/** BEP 14: an announce to the local network every five minutes. */
export const LSD_INTERVAL_MS = 300_000;
/** Interfaces that came or went are noticed after this long at the most. */
export const LSD_INTERFACES_MS = 5_000;
/** Interfaces that are spoken on, each for IPv4 and IPv6: a host of containers may have hundreds. */
export const MAX_LSD_INTERFACES = 32;
/** Whoever is new on the local network is answered, but not more often than this. */
export const LSD_ANSWER_MS = 10_000;
/** Torrents in one announce on the local network: about 1,100 bytes, of 1,400 that BEP 14 allows. */
export const MAX_LSD_INFO_HASHES = 20;
/** Between two announces on one interface, where there are too many torrents for one. */
export const LSD_PACE_MS = 1_000;
/** With nobody else to ask, the local network is waited for this long. */
export const LSD_HOPE_MS = 10_000;
/** An announce on the local network; one for 20 torrents has about 1,000 bytes. */
export const MAX_LSD_PACKET_BYTES = 1_500;

// --- The run -------------------------------------------------------------------------------------------------

/** Between two looks at a clock of silences; a longer step is one in which the process stood still, and does not count. */
export const MAX_CLOCK_STEP_MS = 2_000;
/** A timer of such a clock looks at it this often at least. */
export const LIVED_TIMER_STEP_MS = 500;
/** `get` gives up when nobody has unchoked us for this long from the start (`--first-unchoke-timeout`). */
export const DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS = 300_000;
/** `get` gives up after this long without one verified piece (`--idle-timeout`). */
export const DEFAULT_IDLE_TIMEOUT_MS = 600_000;
/** `unchoke doctor` looks for so long, unless a block comes before: two rechokes of transmission. */
export const DEFAULT_DOCTOR_MS = 20_000;
/** How long `unchoke bench` measures, from the first block (`--duration`). */
export const DEFAULT_BENCH_MS = 30_000;
/** The longest time that an option may name: Node's timers have 31 bits. */
export const MAX_DURATION_MS = 2_147_483_647;
/** `--shards`. A thread takes about 11 MiB before it has done anything. */
export const MAX_SHARDS = 256;
/** `--hashers`. */
export const MAX_HASHERS = 256;
/** `--parallel`. */
export const MAX_PARALLEL_DOWNLOADS = 64;
/** `--memory`. One download has one stretch of shared memory; no disk is so slow that more would help. */
export const MAX_MEMORY_BYTES = 68_719_476_736;
/** Events of a torrent that wait for a program that does not take them; the oldest go first. */
export const MAX_WAITING_EVENTS = 10_000;
/** Memory for pieces of all torrents of a session that a program opens and gives no `memory`. */
export const DEFAULT_SESSION_MEMORY_BYTES = 1_073_741_824;
/** A torrent with pieces of this size or more may have memory for one of them at a time; others wait for two. */
export const LARGE_PIECE_BYTES = 134_217_728;
/** `unchoke swarm --payload`: the hashes of its pieces are made at the start. */
export const MAX_SWARM_PAYLOAD_BYTES = 68_719_476_736;
/** A download that stands still for so long is told why. */
export const HINT_AFTER_MS = 10_000;
/** The file of `--metrics` is written this often: as often as Prometheus asks, by default. */
export const METRICS_FILE_INTERVAL_MS = 15_000;
/** Connections to the port of `--metrics-port` at one time: a few collectors ask, one after the other. */
export const MAX_METRICS_CONNECTIONS = 16;
/** Each ends after this long, whatever was asked: one that is kept open keeps others out. */
export const METRICS_REQUEST_MS = 5_000;
/** A request with its headers; Prometheus sends about 300. */
export const MAX_METRICS_REQUEST_BYTES = 4_096;
/** Points of the throughput picture in the race report. */
export const MAX_FLOW_SAMPLES = 600;
/** A line of progress where the output is not a terminal. */
export const PLAIN_PROGRESS_MS = 5_000;
/** A redraw of the progress line on a terminal. */
export const LIVE_PROGRESS_MS = 250;
