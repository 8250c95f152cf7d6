// Turso's embedded database, synced with the server of its own command line.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { connect } from '@tursodatabase/sync';
import { client, event, events, records, server, took, tell, until } from './record.mjs';

mkdirSync('data', { recursive: true });
const program = ['node_modules/.bin/turso', 'data/server.db', '--sync-server', `127.0.0.1:${server}`];
// The command is a script that starts the server proper: only together, as a group of their own, do both end.
const serving = spawn(program[0], program.slice(1), { stdio: ['ignore', 'ignore', 'ignore'], detached: true });
process.on('exit', () => process.kill(-serving.pid));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));
serving.on('exit', (code) => {
  console.error(`the server ended by itself (${code})`);
  process.exit(1);
});
const answers = () =>
  new Promise((resolve) => {
    const socket = dial(server, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
await until(answers);

const url = `http://127.0.0.1:${client}`;
const columns = Object.keys(event(0));
const sender = await connect({ path: 'data/sender.db', url });
const declared = columns.map((name) => (name === 'id' ? 'id TEXT PRIMARY KEY' : `${name} TEXT`));
await sender.exec(`CREATE TABLE IF NOT EXISTS events (${declared.join(', ')})`);
await sender.push();
const receiver = await connect({ path: 'data/receiver.db', url });
await receiver.pull();

const write_ms = await took(async () => {
  await sender.exec('BEGIN');
  const insert = await sender.prepare(`INSERT INTO events VALUES (${columns.map(() => '?').join(', ')})`);
  for (const event of events(records)) await insert.run(...Object.values(event));
  await sender.exec('COMMIT');
});
const push_ms = await took(() => sender.push());
const pull_ms = await took(() => receiver.pull());
const { arrived } = await (await receiver.prepare('SELECT count(*) AS arrived FROM events')).get();
serving.removeAllListeners('exit');
tell({ write_ms, push_ms, pull_ms, arrived });
