// RxDB in memory, replicated by its own protocol with a server of the least that this takes, in memory as well.
import { createServer } from 'node:http';
import { createRxDatabase } from 'rxdb/plugins/core';
import { replicateRxCollection } from 'rxdb/plugins/replication';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { client, event, events, more, records, server, took, tell } from './record.mjs';

const batchSize = Number(more[0] ?? 500);
const held = new Map();
const feed = [];

/** Takes rows whose writer knew what is held, and answers with what is held instead of the others. */
function push(rows) {
  const conflicts = [];
  for (const { assumedMasterState, newDocumentState } of rows) {
    const current = held.get(newDocumentState.id);
    if (current && JSON.stringify(current) !== JSON.stringify(assumedMasterState)) conflicts.push(current);
    else {
      held.set(newDocumentState.id, newDocumentState);
      feed.push(newDocumentState);
    }
  }
  return conflicts;
}

const pull = (from, most) => {
  const documents = feed.slice(from, from + most);
  return { documents, checkpoint: { at: from + documents.length } };
};

const http = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { searchParams, pathname } = new URL(request.url, 'http://server');
  const answer =
    pathname === '/push'
      ? push(JSON.parse(Buffer.concat(chunks)))
      : pull(Number(searchParams.get('from')), Number(searchParams.get('most')));
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
});
await new Promise((listening) => http.listen(server, '127.0.0.1', listening));

const url = `http://127.0.0.1:${client}`;
const asked = async (path, body) => (await fetch(url + path, body && { method: 'POST', body: JSON.stringify(body) })).json();
const properties = Object.fromEntries(Object.keys(event(0)).map((name) => [name, { type: 'string' }]));
const schema = {
  version: 0,
  type: 'object',
  primaryKey: 'id',
  properties: { ...properties, id: { type: 'string', maxLength: 40 } },
  required: ['id'],
};

async function collection(name) {
  const database = await createRxDatabase({ name, storage: getRxStorageMemory(), multiInstance: false });
  return (await database.addCollections({ events: { schema } })).events;
}

const replicated = (collection) =>
  replicateRxCollection({
    collection,
    replicationIdentifier: 'bench',
    live: false,
    waitForLeadership: false,
    push: { batchSize, handler: (rows) => asked('/push', rows) },
    pull: { batchSize, handler: (checkpoint, most) => asked(`/pull?from=${checkpoint?.at ?? 0}&most=${most}`) },
  }).awaitInitialReplication();

const [sender, receiver] = [await collection('sender'), await collection('receiver')];
const write_ms = await took(() => sender.bulkInsert(events(records)));
const push_ms = await took(() => replicated(sender));
const pull_ms = await took(() => replicated(receiver));
const arrived = await receiver.count().exec();
tell({ write_ms, push_ms, pull_ms, arrived });
