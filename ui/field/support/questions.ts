import { t } from "../../shared/strings";

export interface Question {
  id: keyof typeof t.look.ready;
  sql: string;
}

/** What support asks first. */
export const QUESTIONS: readonly Question[] = [
  {
    id: "pending",
    sql: `SELECT kind, title, stage, changed_at, id, write_id,
       (SELECT reason FROM stuck WHERE stuck.write_id = records.write_id) AS stuck_because
FROM records
WHERE pending_sync = 1 AND rejection IS NULL
ORDER BY changed_at`,
  },
  {
    id: "rejected",
    sql: `SELECT kind, title, rejection ->> '$.message' AS reason, rejection ->> '$.code' AS code,
       rejection ->> '$.field' AS field, changed_at, id
FROM records
WHERE rejection IS NOT NULL
ORDER BY changed_at`,
  },
  {
    id: "photos",
    sql: `SELECT CASE WHEN photos.confirmed_ms IS NULL THEN 'the server has not confirmed it' ELSE 'kept a day after it was confirmed' END AS why,
       photos.arrived, photos.size, records.body ->> '$.taken_at' AS taken_at, records.captured_at AS added_at,
       records.body ->> '$.parent_id' AS parent_id, photos.sha256
FROM photos LEFT JOIN records ON records.id = photos.record_id
WHERE photos.held = 1
ORDER BY added_at`,
  },
  {
    id: "sync",
    sql: `SELECT facts.key AS what, facts.value
FROM settings, json_each(settings.value) AS facts
WHERE settings.name = 'attempts'
UNION ALL
SELECT 'cursor of ' || scope, cursor FROM cursors
UNION ALL
SELECT name, value FROM settings WHERE name IN ('epoch', 'repairs', 'scheduler_woken', 'server_time')`,
  },
  { id: "settings", sql: "SELECT name, value FROM settings ORDER BY name" },
];
