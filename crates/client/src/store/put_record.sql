INSERT OR REPLACE INTO records (
    id, kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body, write_id, device_id,
    epoch, version, seq, received_at, mac, pending_sync, rejection, shadow, shadow_epoch, shadow_version,
    title, stage, changed_at, known_yard, fingerprint, untouched, withdraws, requests_before,
    parked
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
    ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30,
    ?31
)
