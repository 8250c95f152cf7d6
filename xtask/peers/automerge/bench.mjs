// Automerge's repository with files, one document of all records, synced over a WebSocket.
import { mkdirSync } from 'node:fs';
import { Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket';
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs';
import { WebSocketServer } from 'ws';
import { client, events, records, server, took, tell, until } from './record.mjs';

const files = (name) => {
  mkdirSync(`data/${name}`, { recursive: true });
  return new NodeFSStorageAdapter(`data/${name}`);
};
const url = `ws://127.0.0.1:${client}`;
const socket = new WebSocketServer({ port: server, host: '127.0.0.1' });
new Repo({
  network: [new WebSocketServerAdapter(socket)],
  storage: files('server'),
  peerId: 'server',
  sharePolicy: async () => false,
});

const sender = new Repo({ storage: files('sender') });
const yard = sender.create({ events: {} });
const all = events(records);
const write_ms = await took(() =>
  yard.change((document) => all.forEach(({ id, ...event }) => (document.events[id] = event))),
);
let arrived = 0;
// It tells of no moment at which the server has everything, so there and back are one figure.
const both_ms = await took(async () => {
  sender.networkSubsystem.addNetworkAdapter(new WebSocketClientAdapter(url));
  const receiver = new Repo({ storage: files('receiver'), network: [new WebSocketClientAdapter(url)] });
  await until(async () => {
    // Until the server has heard of the document, it cannot be found.
    const found = await receiver.find(yard.url).catch(() => undefined);
    arrived = Object.keys(found?.doc()?.events ?? {}).length;
    return arrived >= records;
  });
});
tell({ write_ms, both_ms, arrived });
