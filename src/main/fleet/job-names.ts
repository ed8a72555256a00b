/**
 * Which job does a torrent. A hybrid (BEP 52) has two info hashes, and a link may have one of them: two jobs may turn out to be of
 * one torrent. The first of them that knew both hashes does it. So there is a record by each hash, and that by the hash of version 1
 * decides: of all that are made at one time, the server keeps the first. The other job has no data yet, because it never knew the
 * metadata, so nothing is lost with it.
 */
export interface JobName {
  readonly job: string;
  /** All info hashes of its torrent. */
  readonly ids: readonly string[];
}

/** What the server does for it: each call is one step, and other machines may do theirs between any two. */
export interface NamedJobs {
  look(id: string): Promise<'absent' | 'failed' | 'other'>;
  /** False if a worker has it, or if there is none. */
  remove(id: string): Promise<boolean>;
  named(hash: string): Promise<JobName | null>;
  /** Changes nothing if there is a record by this hash. */
  name(hash: string, name: JobName): Promise<void>;
  unname(hash: string): Promise<void>;
}

export class JobNames {
  readonly #jobs: NamedJobs;

  constructor(jobs: NamedJobs) {
    this.#jobs = jobs;
  }

  /** The job of a torrent by any of its info hashes; null if there is none. */
  async find(ids: readonly string[]): Promise<string | null> {
    for (const id of ids) {
      const named = await this.#owner(id);
      if (named !== null) return named;
    }
    let failed: string | null = null;
    for (const id of ids) {
      const found = await this.#jobs.look(id);
      if (found === 'other') return id;
      if (found === 'failed') failed ??= id;
    }
    return failed;
  }

  /** Makes a job with `put` unless the torrent has one. Resolves to its id. */
  async enter(
    ids: readonly string[],
    put: (id: string) => Promise<unknown>,
  ): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const known = await this.find(ids);
    if (known !== null) return { id: await this.claim(known, ids), isNew: false };
    const [id = ''] = ids;
    await put(id);
    // Another command may have added the torrent by its other hash meanwhile. One of the two sees the other's job or name.
    const owner = await this.claim(id, ids);
    return { id: owner, isNew: owner === id };
  }

  /**
   * `job` knows these info hashes of its torrent, that of version 1 first. Resolves to the job that does the torrent: `job`, unless
   * another one was first. Jobs of the same torrent leave the queue, except those that a worker has: it asks before it writes.
   */
  async claim(job: string, ids: readonly string[]): Promise<string> {
    const [first, ...others] = ids;
    if (first === undefined) return job;
    const owner =
      others.length === 0 ? ((await this.#owner(first)) ?? job) : await this.#first(first, job, ids);
    for (const other of others) await this.#name(other, { job: owner, ids });
    for (const id of ids) if (id !== owner) await this.#jobs.remove(id);
    return owner;
  }

  /** `active`: a worker has it. */
  async remove(hash: string): Promise<{ readonly id: string } | 'absent' | 'active'> {
    const id = await this.find([hash]);
    if (id === null) return 'absent';
    const ids = (await this.#jobs.named(id))?.ids ?? [];
    if (!(await this.#jobs.remove(id))) return 'active';
    for (const one of ids) if ((await this.#jobs.named(one))?.job === id) await this.#jobs.unname(one);
    return { id };
  }

  async #first(hash: string, job: string, ids: readonly string[]): Promise<string> {
    for (;;) {
      const { job: owner } = await this.#record(hash, { job, ids });
      if (owner === job || (await this.#exists(owner))) return owner;
      // A command removed that job, and did not remove its names yet.
      await this.#jobs.unname(hash);
    }
  }

  /** The hash of version 1 has decided, so an older record does not count. */
  async #name(hash: string, name: JobName): Promise<void> {
    if ((await this.#record(hash, name)).job === name.job) return;
    await this.#jobs.unname(hash);
    await this.#record(hash, name);
  }

  /** Resolves to the first that was recorded. */
  async #record(hash: string, name: JobName): Promise<JobName> {
    await this.#jobs.name(hash, name);
    return (await this.#jobs.named(hash)) ?? name;
  }

  async #owner(hash: string): Promise<string | null> {
    const name = await this.#jobs.named(hash);
    return name !== null && (await this.#exists(name.job)) ? name.job : null;
  }

  async #exists(id: string): Promise<boolean> {
    return (await this.#jobs.look(id)) !== 'absent';
  }
}
