/** Causes in the sources of peers: nobody is known who could be dialled. */
import { otherSources, type Rule, waitOrOthers } from './rule.ts';
import type { Symptoms } from './symptoms.ts';
import { isDht, type TrackerState } from './tracker-log.ts';
import { allTrackers, anyTracker, either, named, noTrackerHas, verb } from './words.ts';

const DNS = /cannot be looked up|ENOTFOUND|EAI_AGAIN/;
const CLOCK = /certificate (?:has expired|is not yet valid)/i;
const REFUSED = /^refused: /;
const NO_UDP = 'the proxy does not carry UDP';

export const allBlocked: Rule = ({ known, blocked }) =>
  known > 0 || blocked === 0
    ? null
    : {
        text: 'every peer that was found is on the blocklist',
        advice: 'correct the file of --blocklist, or leave out --blocklist',
      };

export const noSource: Rule = (symptoms) => {
  const { sources, choices, download } = symptoms;
  if (!isAlone(symptoms) || sources.asked > 0 || sources.dht || download?.hasWebSeeds === true) return null;
  const why = [
    sources.trackers === 0 ? 'the torrent names no tracker' : 'the trackers are not asked (--no-trackers)',
  ];
  if (sources.private && sources.trackers === 0)
    return {
      text: 'the torrent is private and names no tracker, so nobody can name peers',
      advice: 'get its .torrent file from its site again, or name a peer with --peer HOST:PORT',
    };
  if (sources.private) why.push('it is private, so nothing else may be asked');
  else if (choices.dhtIsOff) why.push('the DHT is off (--no-dht)');
  else if (choices.proxy !== null) why.push('the proxy does not carry the DHT');
  const [text, other] = sources.lsd
    ? ['only the local network is asked, and no peer answers there', '']
    : ['there is no source of peers', ', and no peer is named'];
  return { text: `${text}: ${why.join(', ')}${other}`, advice: otherSources(symptoms) };
};

/** Nobody can ever name a peer, however long the run waits. On the local network one may still appear. */
export function hasNoSource(symptoms: Symptoms): boolean {
  return noSource(symptoms) !== null && !symptoms.sources.lsd;
}

export const proxyNoUdp: Rule = (symptoms) => {
  const failed = failedTrackers(symptoms);
  if (!isAlone(symptoms) || failed.length === 0 || !failed.every(({ text }) => text.includes(NO_UDP)))
    return null;
  return {
    text: `the proxy carries no UDP, and ${allTrackers(failed.length)} of this torrent ${verb(failed.length, 'needs', 'need')} it`,
    advice: otherSources(symptoms),
  };
};

export const dns: Rule = (symptoms) => {
  const failed = failedTrackers(symptoms);
  if (!isAlone(symptoms) || symptoms.sources.heard.some(({ answered }) => answered)) return null;
  const advice = 'check the network of this machine and its name server (`getent hosts NAME` asks it)';
  if (symptoms.sources.asked === 0 && hasFailed(symptoms, (one) => isDht(one) && DNS.test(one.text)))
    return { text: 'the names of the first nodes of the DHT cannot be looked up', advice };
  if (failed.length === 0 || !failed.every(({ text }) => DNS.test(text))) return null;
  return {
    text: `${failed.length === 1 ? 'the name of the tracker' : `the names of ${allTrackers(failed.length)}`} cannot be looked up: ${failed.map(({ tracker }) => tracker).join(', ')}`,
    advice,
  };
};

export const clock: Rule = (symptoms) => {
  const failed = failedTrackers(symptoms);
  if (!isAlone(symptoms) || failed.length === 0 || !failed.every(({ text }) => CLOCK.test(text))) return null;
  return {
    text: `the ${verb(failed.length, 'certificate', 'certificates')} of ${allTrackers(failed.length)} ${verb(failed.length, 'is', 'are')} not valid at the time of our clock, ${new Date().toISOString()}: ${named(failed)}`,
    advice: `set the clock of this machine if it is wrong (\`date\` shows it); if it is right: ${otherSources(symptoms)}`,
  };
};

export const trackersRefuse: Rule = (symptoms) => {
  const failed = failedTrackers(symptoms);
  if (!isAlone(symptoms) || failed.length === 0 || !failed.every(({ text }) => REFUSED.test(text)))
    return null;
  const reasons = failed.map((one) => ({ ...one, text: one.text.replace(REFUSED, '') }));
  return {
    text: `${allTrackers(failed.length)} ${verb(failed.length, 'refuses', 'refuse')} us: ${named(reasons)}`,
    advice: `do what the tracker says, or ${otherSources(symptoms)}`,
  };
};

export const trackersFailed: Rule = (symptoms) => {
  const failed = failedTrackers(symptoms);
  if (!isAlone(symptoms) || failed.length === 0 || !symptoms.sources.heard.every(({ answered }) => !answered))
    return null;
  const dht = hasFailed(symptoms, isDht) ? '; the DHT does not answer either' : '';
  return {
    text: `no valid answer from ${anyTracker(failed.length)}: ${named(failed)}${dht}`,
    advice: `run this again in some minutes, or ${otherSources(symptoms)}`,
  };
};

export const dhtFailed: Rule = (symptoms) => {
  if (!isAlone(symptoms) || symptoms.sources.heard.some((one) => !isDht(one))) return null;
  if (!hasFailed(symptoms, isDht)) return null;
  return {
    text: 'no node of the DHT answers, and no other source of peers is asked',
    advice: either([
      'check that the firewall lets UDP through',
      `name ${symptoms.choices.namesNodes ? 'another' : 'a'} node with --dht-bootstrap HOST:PORT`,
      otherSources(symptoms),
    ]),
  };
};

export const trackersEmpty: Rule = (symptoms) => {
  const { heard, askingTrackers } = symptoms.sources;
  const answered = heard.filter((one) => one.answered);
  if (!isAlone(symptoms) || answered.length === 0 || askingTrackers) return null;
  const trackers = answered.filter((one) => !isDht(one));
  const failed = heard.filter((one) => !one.answered && !isDht(one));
  const who = [
    ...(trackers.length === 0
      ? []
      : [
          failed.length === 0
            ? allTrackers(trackers.length)
            : verb(trackers.length, 'one tracker', `${trackers.length} trackers`),
        ]),
    ...(answered.length > trackers.length ? ['the DHT'] : []),
  ];
  const several = who.length > 1 || trackers.length > 1;
  const names = trackers.length === 0 ? '' : `: ${trackers.map(({ tracker }) => tracker).join(', ')}`;
  const others = [
    ...(failed.length === 0 ? [] : [`; no valid answer from ${named(failed)}`]),
    ...(hasFailed(symptoms, isDht) ? ['; the DHT does not answer'] : []),
  ].join('');
  return {
    text: `${who.join(' and ')} ${several ? 'answer, but know' : 'answers, but knows'} no peer${names}${others}`,
    advice: `this torrent may have no seed any more: ${waitOrOthers(symptoms)}`,
  };
};

export const noAnswerYet: Rule = (symptoms) => {
  const { sources } = symptoms;
  if (!isAlone(symptoms)) return null;
  const failed = sources.heard.filter((one) => !one.answered && !isDht(one));
  if (sources.heard.some(({ answered }) => answered)) return null;
  if (sources.askingTrackers && failed.length < sources.asked) {
    const left = sources.asked - failed.length;
    const others = failed.length === 0 ? '' : `; no valid answer from ${named(failed)}`;
    return {
      text: `${noTrackerHas(left)} answered yet${others}`,
      advice: waitOrOthers(symptoms),
    };
  }
  if (!sources.askingDht || sources.heard.length > 0) return null;
  return { text: 'the DHT has not answered yet', advice: waitOrOthers(symptoms) };
};

/** No peer is known, for no reason of its own. */
function isAlone({ known, blocked, undialled, download }: Symptoms): boolean {
  return known === 0 && blocked === 0 && undialled === 0 && download?.hasWebSeeds !== true;
}

function hasFailed({ sources }: Symptoms, which: (one: TrackerState) => boolean): boolean {
  const of = sources.heard.filter(which);
  return of.length > 0 && of.every(({ answered }) => !answered);
}

/** The failed trackers, if none has answered and none is being asked. */
function failedTrackers({ sources }: Symptoms): readonly TrackerState[] {
  const trackers = sources.heard.filter((one) => !isDht(one));
  const pending = sources.askingTrackers && trackers.length < sources.asked;
  return pending || trackers.some(({ answered }) => answered) ? [] : trackers;
}
