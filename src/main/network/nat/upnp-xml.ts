/**
 * The little XML of UPnP: names of elements and their texts. A strict parser would refuse what many routers send, and we need
 * only a few fields. The work grows with the length alone, whatever the text is. Attributes, comments and CDATA mean nothing here.
 */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export interface XmlPart {
  /** Without its prefix; `/service` for the end of an element. */
  readonly name: string;
  /** The text between this tag and the next. */
  readonly text: string;
}

/** All tags in their order. */
export function xmlParts(xml: string): XmlPart[] {
  return xml
    .split('<')
    .slice(1)
    .flatMap((part) => {
      const end = part.indexOf('>');
      if (end === -1) return [];
      const [tag = ''] = part.slice(0, end).split(/\s/, 1);
      const isEnd = tag.startsWith('/');
      const name = tag.slice(Math.max(tag.indexOf(':') + 1, isEnd ? 1 : 0));
      return [{ name: isEnd ? `/${name}` : name, text: unescaped(part.slice(end + 1).trim()) }];
    });
}

/** The text of the first element with this name; null if there is none. */
export function xmlText(parts: readonly XmlPart[], name: string): string | null {
  return parts.find((part) => part.name === name)?.text ?? null;
}

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
