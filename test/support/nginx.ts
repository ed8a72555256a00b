/** A real HTTP server, nginx. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, freePort, READY_MS } from './processes.ts';

/** Serves the files of `www`; `folder`: for its own. `limit`: bytes per second of each answer, in nginx's syntax; 0 for none. `more`: further directives for the server. */
export async function nginx(folder: string, www: string, limit = '0', more = '') {
  const port = await freePort();
  const home = join(folder, `nginx-${port}`);
  mkdirSync(home);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(home, name)};`)
    .join(' ');
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; pid ${join(home, 'pid')}; error_log ${join(home, 'error.log')}; user root; events {}
     http { ${temporary} log_format short '$connection $status $request'; access_log ${join(home, 'access.log')} short;
     limit_conn_zone $server_port zone=all:64k; limit_req_zone $server_port zone=rate:64k rate=4r/s;
     server { listen 127.0.0.1:${port}; root ${www}; limit_rate ${limit}; ${more} location /moved/ { return 302 /$request_uri; }
     rewrite ^/moved/(.*)$ /$1 redirect; } }`,
  );
  const child = spawn('nginx', ['-p', home, '-c', join(home, 'nginx.conf')], { stdio: 'ignore' });
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).arrayBuffer();
      break;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
  return {
    base: `http://127.0.0.1:${port}`,
    /** `[connection, status, request]` of each answer. */
    log: () =>
      readFileSync(join(home, 'access.log'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string, ...string[]])
        .slice(1),
    stop: () => ended(child, () => child.kill('SIGQUIT')),
  };
}
