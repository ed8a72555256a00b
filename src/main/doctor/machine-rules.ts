/** Causes in this machine: its disk, its limits, its processor. */
import { formatDuration, formatRate, formatSize } from '../text/units.ts';
import { count, type Rule } from './rule.ts';
import { peersOf, verb } from './words.ts';

const LAG_P99_MS = 150;
const LAG_MAX_MS = 1_000;
/** With fewer of them, it is something else. */
const MOST_CHOKE = 0.6;
/** If this share of `--memory` waits for the disk, the disk is the bottleneck. */
const FULL_SHARE = 0.75;

/** It comes before the download, so no peer is to blame for its time. */
export const checkingDisk: Rule = ({ check }) => {
  if (check === null) return null;
  const { bytes, totalBytes } = check;
  const far = totalBytes === 0 ? '' : `: ${formatSize(bytes)} of ${formatSize(totalBytes)} so far`;
  return {
    text: `what is on disk is checked first, and nothing is downloaded before${far}`,
    advice:
      'wait until it is done; after an end in order (Ctrl-C, SIGTERM) the next start need not check again',
  };
};

export const diskSlow: Rule = ({ download }) => {
  if (download === null || download.waitingBytes < FULL_SHARE * download.memoryBytes) return null;
  return {
    text: `the disk is slower than the network: ${formatSize(download.waitingBytes)} of ${formatSize(download.memoryBytes)} are waiting to be written`,
    advice: 'write to a faster disk with -o FOLDER; more --memory helps only over short pauses',
  };
};

/** Seeds want nothing from us, so only of a download can it be the cause. */
export const uploadLimit: Rule = (symptoms) => {
  const { usedUpLimit, download, inSession } = symptoms;
  if (usedUpLimit === null || download === null) return null;
  const choking = count(symptoms, ['choked']);
  if (choking < MOST_CHOKE * inSession) return null;
  return {
    text: `our upload limit of ${formatRate(usedUpLimit)} is used up, and ${peersOf(choking, inSession)} ${verb(choking, 'chokes', 'choke')} us`,
    advice: 'peers give to those that give: raise --upload-limit, or leave it out',
  };
};

export const descriptors: Rule = ({ shortages }) =>
  shortages === 0
    ? null
    : {
        text: `dialling paused ${verb(shortages, 'once', `${shortages} times`)}: this process ran out of file descriptors or ports`,
        advice: 'raise the limit (`ulimit -n 65536`), or dial fewer peers at one time with --half-open 50',
      };

export const eventLoop: Rule = ({ lagP99Ms, lagMaxMs }) =>
  lagP99Ms < LAG_P99_MS && lagMaxMs < LAG_MAX_MS
    ? null
    : {
        text: `our threads are late: by ${formatDuration(lagP99Ms)} (p99), ${formatDuration(lagMaxMs)} at most`,
        advice: 'this machine is short of CPU: lower --max-peers, or stop other programs',
      };
