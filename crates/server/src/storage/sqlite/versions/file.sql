INSERT INTO versions (
    tenant, write_id, record_id,
    kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body,
    device_id, base_epoch, base_version, restores, reason,
    verdict, outcome, set_aside_to, epoch, version, seq, received_at,
    filed_at, time_doubtful, operator_name, device_name, authorship,
    draft, merged_into, body_digest, mark
) VALUES (
    ?1, ?2, ?3,
    ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
    ?13, ?14, ?15, ?16, ?17,
    ?18, ?19, ?20, ?21, ?22, ?23, ?24,
    ?25, ?26, ?27, ?28, ?29,
    ?30, ?31, ?32, ?33
)
