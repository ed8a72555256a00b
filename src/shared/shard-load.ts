/** The load of a shard's thread since its start. */
export interface ShardLoad {
  /** Times that dialling paused because this process ran out of descriptors or ports. */
  readonly shortages: number;
  /** Milliseconds for which its thread was busy. */
  readonly activeMs: number;
  /** Event-loop delay, milliseconds beyond the sampling interval. */
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}
