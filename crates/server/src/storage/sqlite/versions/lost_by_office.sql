-- What a device gave back after a restore of the server (it restores itself) is no answer of the office.
SELECT
    lost.write_id, lost.record_id, lost.device_id, lost.verdict, lost.outcome, lost.set_aside_to, lost.version,
    lost.restores, lost.reason, lost.received_at,
    lost.kind, lost.yard_id, lost.schema, lost.state, lost.state_reason, lost.captured_at, lost.zone, lost.operator_id,
    lost.body, lost.filed_at, lost.time_doubtful, lost.operator_name, lost.device_name, lost.authorship,
    lost.base_epoch, lost.base_version, lost.merged_into, lost.body_digest, lost.mark
FROM versions AS lost
WHERE lost.tenant = ?1 AND lost.device_id IS NULL AND lost.operator_id IS NULL
    AND lost.kind IN ('inspection', 'gate_event', 'interchange')
    AND lost.outcome = 'set_aside'
    AND NOT EXISTS (
        SELECT 1 FROM versions AS answer
        WHERE answer.tenant = lost.tenant AND answer.record_id = lost.record_id AND answer.key > lost.key
            AND answer.device_id IS NULL AND answer.operator_id IS NULL AND answer.version IS NOT NULL
            AND answer.restores IS NOT answer.write_id
    )
ORDER BY lost.key
LIMIT ?2
