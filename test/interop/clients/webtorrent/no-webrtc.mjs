// Puts an empty shell where webtorrent looks for WebRTC: these tests speak TCP.
import { register } from 'node:module';

const stub = `export class RTCPeerConnection {} export class RTCSessionDescription {} export class RTCIceCandidate {}
export class RTCDataChannel {} export class MediaStream {} export class MediaStreamTrack {} export default {};`;
const url = `data:text/javascript,${encodeURIComponent(stub)}`;
const hooks = `export async function resolve(specifier, context, next) {
  return specifier === 'webrtc-polyfill' ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
