/** The user's settings of a cluster, as typed values. */
import type { HostPort } from '../../shared/compact-peers.ts';

export interface ClusterSettings {
  /** Nodes with another name are strangers. */
  readonly name: string;
  /** Nodes that may be dialled; this one may be among them. They name the others. */
  readonly nodes: readonly HostPort[];
  /** Keeps strangers out. Null: the name alone does. */
  readonly secret: string | null;
  /** How many nodes there are with this one; 0 if that is not known. */
  readonly size: number;
  /** End only when all nodes are complete; else when all that are there are. */
  readonly wait: boolean;
  /** Milliseconds after which a complete node waits no longer for others; 0 waits for ever. */
  readonly timeout: number;
}
