/** A source in the words of a message. */
import { withoutSecrets } from '../../text/foreign-text.ts';

/** Long sources are magnet links: the beginning is enough. */
const SHOWN_CHARS = 100;

/** Secrets are removed before the text is cut: a URL that was cut in half would not be recognized. */
export function shownSource(source: string): string {
  return withoutSecrets(source).slice(0, SHOWN_CHARS);
}
