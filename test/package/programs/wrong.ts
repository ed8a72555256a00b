/** What the types must refuse: a wrong value, a name that no setting has, a field that no event has. */
import { download } from 'unchoke';

await download('x.torrent', { shards: 'two' });
await download('x.torrent', { outptu: 'x' });
await download('x.torrent', { output: undefined });
await download('x.torrent', { onEvent: (event) => void (event.type === 'metadata' && event.peer) });
