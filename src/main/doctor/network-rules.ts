/** Causes in this machine's own network and in the proxy: they hide everything behind them. */
import { proxyFault } from '../../shared/proxy-words.ts';
import { count, judged, otherSources, type Rule } from './rule.ts';
import type { Symptoms } from './symptoms.ts';
import { peersOf, verb, withoutNextTry } from './words.ts';

export const interfaceGone: Rule = ({ choices, place }) =>
  place.interfaceIsGone
    ? {
        text: `this machine does not have the address ${choices.interface} of --interface any more`,
        advice: 'bring its interface up, or give --interface another address (`ip address` lists them)',
      }
    : null;

export const offline: Rule = ({ place }) =>
  place.isOnline || !place.needsOthers
    ? null
    : {
        text: 'this machine is offline: it has no address except loopback',
        advice: 'connect it to a network; `ip address` lists its addresses',
      };

export const proxyDown: Rule = (symptoms) => {
  const reason = faultOf(symptoms, 'down');
  if (reason === null) return null;
  return {
    text: `the proxy ${symptoms.choices.proxy?.url} cannot be reached${reason}`,
    advice: 'start the proxy, or correct its address in --proxy',
  };
};

export const proxyDenies: Rule = (symptoms) => {
  const { proxy } = symptoms.choices;
  if (proxy === null || faultOf(symptoms, 'denies') === null) return null;
  return {
    text: `the proxy ${proxy.url} denies us access: it wants another user name or password`,
    advice: 'write USER:PASSWORD@ before the host in --proxy',
  };
};

export const proxyCannot: Rule = (symptoms) => {
  const { proxy } = symptoms.choices;
  const reason = faultOf(symptoms, 'cannot');
  if (proxy === null || reason === null) return null;
  const peers = symptoms.fates['proxy-cannot'];
  const target = peers === 0 ? 'any tracker' : peers === 1 ? 'the only peer' : `any of ${peers} peers`;
  return {
    text: `the proxy ${proxy.url} answers, but cannot connect to ${target}${reason}`,
    advice: 'check the network and the rules of the proxy, or give --proxy another one',
  };
};

export const proxyCarriesNoPeers: Rule = ({ choices, undialled, download }) =>
  choices.proxy === null || choices.proxy.carriesPeers || undialled === 0 || download?.hasWebSeeds === true
    ? null
    : {
        text: `an HTTP proxy carries no peers, so ${verb(undialled, 'the peer that was found is not dialled', `none of the ${undialled} peers that were found is dialled`)}`,
        advice: 'use a SOCKS5 proxy: --proxy socks5://HOST:PORT',
      };

export const noFamily: Rule = (symptoms) => {
  const { choices, place } = symptoms;
  const all = judged(symptoms);
  const lacking = count(symptoms, ['no-family']);
  if (place.lackedFamily === null || lacking === 0 || lacking < all) return null;
  const [here, there] = place.lackedFamily === 6 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
  const have = `${peersOf(lacking, lacking)} ${verb(lacking, `has an ${there} address`, `have ${there} addresses`)}`;
  if (choices.interface !== null)
    return {
      text: `${have}, and the address ${choices.interface} of --interface is ${here}`,
      advice: `give --interface an ${there} address of this machine, or leave out --interface`,
    };
  return {
    text: `${have}, and this machine has no ${there} address`,
    advice: `connect this machine over ${there}, or find peers with ${here} addresses: ${otherSources(symptoms)}`,
  };
};

/** The proxy's words behind the cause, after a colon; null if this is not the fault, or if something came through the proxy. */
function faultOf(symptoms: Symptoms, fault: 'down' | 'denies' | 'cannot'): string | null {
  const { place, sources, fates, choices } = symptoms;
  const { proxySays } = place;
  if (choices.proxy === null || proxySays === null || proxyFault(proxySays) !== fault) return null;
  const hasCome = symptoms.inSession > 0 || judged(symptoms) > fates[`proxy-${fault}`];
  const answered = sources.heard.some((one) => one.answered) && fates[`proxy-${fault}`] === 0;
  if (hasCome || answered) return null;
  const reason = withoutNextTry(proxySays).split(': ').slice(1).join(': ');
  return reason === '' ? '' : `: ${reason}`;
}
