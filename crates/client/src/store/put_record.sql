INSERT INTO records (
    id, kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body, write_id, device_id,
    epoch, version, seq, received_at, mac, pending_sync, rejection, shadow, shadow_epoch, shadow_version,
    title, stage, changed_at, known_yard, fingerprint, untouched, withdraws, requests_before
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
    ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30
)
ON CONFLICT (id) DO UPDATE SET
    kind = ?2, yard_id = ?3, schema = ?4, state = ?5, state_reason = ?6, captured_at = ?7, zone = ?8, operator_id = ?9,
    body = ?10, write_id = ?11, device_id = ?12, epoch = ?13, version = ?14, seq = ?15, received_at = ?16, mac = ?17,
    pending_sync = ?18, rejection = ?19, shadow = ?20, shadow_epoch = ?21, shadow_version = ?22, title = ?23,
    stage = ?24, changed_at = ?25, known_yard = ?26, fingerprint = ?27, untouched = ?28, withdraws = ?29,
    requests_before = ?30
