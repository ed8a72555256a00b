/** What the types must refuse: a wrong value, an unknown setting, an unknown field of an event. */
import { download } from 'unchoke';

await download('x.torrent', { shards: 'two' });
await download('x.torrent', { outptu: 'x' });
await download('x.torrent', { output: undefined });
await download('x.torrent', { onEvent: (event) => void (event.type === 'metadata' && event.peer) });
