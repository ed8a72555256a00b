/** The session of a command. It closes when the work ends, also when the work fails. */
import { Session, type SessionUse } from '../../session/session.ts';
import { shardsFor } from '../../session/settings.ts';
import { openSource, type Source } from '../../torrent/source.ts';
import type { RunSettings } from '../settings-from-flags.ts';

/** A session that races one torrent and does not download it. */
export const RACE_ALONE: SessionUse = { downloads: false, torrents: 1 };
/** A session for one download. */
export const DOWNLOAD_ALONE: SessionUse = { downloads: true, torrents: 1 };

export async function withSession<Result>(
  { session: settings, torrent }: RunSettings,
  use: SessionUse,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = new Session({ ...settings, shards: shardsFor(settings, torrent) }, use);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The same, with the source that the user named, opened. */
export function withSource<Result>(
  named: string,
  settings: RunSettings,
  use: SessionUse,
  work: (source: Source, session: Session) => Promise<Result>,
): Promise<Result> {
  return withSession(settings, use, async (session) =>
    work(await openSource(named, session.http, null), session),
  );
}
