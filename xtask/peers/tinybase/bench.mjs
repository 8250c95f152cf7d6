// TinyBase's mergeable store in memory, synced over a WebSocket with a server that keeps a file.
import { mkdirSync } from 'node:fs';
import { createMergeableStore } from 'tinybase';
import { createFilePersister } from 'tinybase/persisters/persister-file';
import { createWsSynchronizer } from 'tinybase/synchronizers/synchronizer-ws-client';
import { createWsServer } from 'tinybase/synchronizers/synchronizer-ws-server';
import { WebSocket, WebSocketServer } from 'ws';
import { client, events, records, server, took, tell, until } from './record.mjs';

/** Seconds that a synchronizer waits for an answer. */
const PATIENCE = 60;

mkdirSync('data', { recursive: true });
const socket = new WebSocketServer({ port: server, host: '127.0.0.1' });
createWsServer(socket, () => createFilePersister(createMergeableStore(), 'data/yard.json'));

const all = events(records);
const sender = createMergeableStore();
const write_ms = await took(() =>
  sender.transaction(() => all.forEach(({ id, ...event }) => sender.setRow('events', id, event))),
);
const receiver = createMergeableStore();
const joins = async (store) => {
  const way = new WebSocket(`ws://127.0.0.1:${client}/yard`);
  await (await createWsSynchronizer(store, way, PATIENCE)).startSync();
};
// It tells of no moment at which the server has everything, so there and back are one figure.
const both_ms = await took(async () => {
  await joins(sender);
  await joins(receiver);
  await until(() => receiver.getRowCount('events') >= records);
});
tell({ write_ms, both_ms, arrived: receiver.getRowCount('events') });
