// One upload by tus-js-client: node upload.mjs <server> <token> <file> <metadata as JSON> <act>
import { readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const [server, token, file, metadata, act] = process.argv.slice(2);
const bytes = readFileSync(file);
const options = {
  endpoint: `${server}/v1/uploads`,
  headers: { Authorization: `Bearer ${token}` },
  metadata: JSON.parse(metadata),
  retryDelays: [0, 10, 20, 50, 100],
  ...(act === "whole" || act === "with-creation" ? {} : { chunkSize: 40_000 }),
  uploadDataDuringCreation: act === "with-creation",
  overridePatchMethod: act === "hidden",
  ...(act === "parallel" ? { parallelUploads: 2 } : {}),
};

/** Runs an upload to its end, or to its first chunk. */
function run(more, untilChunk) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      ...options,
      ...more,
      onError: reject,
      onSuccess: () => resolve(upload),
      onChunkComplete: () => {
        if (untilChunk) resolve(upload);
      },
    });
    upload.start();
  });
}

if (act === "resume") {
  const begun = await run({}, true);
  await begun.abort();
  await run({ uploadUrl: begun.url });
} else if (act === "terminate") {
  const begun = await run({}, true);
  await begun.abort(true);
} else {
  await run({});
}
