// PouchDB on LevelDB, replicated through express-pouchdb on LevelDB by the CouchDB protocol.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { client, events, records, server, took, tell } from './record.mjs';

const require = createRequire(import.meta.url);
const PouchDB = require('pouchdb');
const express = require('express');
const PAGE = 500;

for (const folder of ['data/server', 'data/clients']) mkdirSync(folder, { recursive: true });
const app = express();
const ServerDB = PouchDB.defaults({ prefix: 'data/server/' });
const settings = { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: 'data/log.txt' };
app.use('/db', require('express-pouchdb')(ServerDB, settings));
await new Promise((listening) => app.listen(server, '127.0.0.1', listening));

const [sender, receiver] = ['sender', 'receiver'].map((name) => new PouchDB(`data/clients/${name}`));
const url = `http://127.0.0.1:${client}/db/yard`;
const docs = events(records).map(({ id, ...event }) => ({ _id: id, ...event }));
const write_ms = await took(async () => {
  for (let at = 0; at < docs.length; at += PAGE) await sender.bulkDocs(docs.slice(at, at + PAGE));
});
const push_ms = await took(() => sender.replicate.to(url));
const pull_ms = await took(() => receiver.replicate.from(url));
const arrived = (await receiver.info()).doc_count;
tell({ write_ms, push_ms, pull_ms, arrived });
