// A name server that takes questions and never answers, in a namespace whose resolv.conf names it. Runs a command, interrupts it at the
// first question, and prints how long it took to end, with its exit status.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';

const [program, ...args] = process.argv.slice(2);
const server = createSocket('udp4');
let interruptedAt = 0;
server.once('message', () => {
  interruptedAt = performance.now();
  child.kill('SIGINT');
});
await new Promise((resolve) => server.bind(53, '127.0.0.53', resolve));
const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
child.once('exit', (status) => {
  process.stdout.write(JSON.stringify({ status, ms: performance.now() - interruptedAt }));
  server.close();
});
